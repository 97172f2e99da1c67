//! Randomness.

use super::Library;
use crate::{error::Result, pkcs11::*};

impl Library {
    /// C_GenerateRandom.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`, `CKR_DEVICE_ERROR` without randomness.
    pub fn generate_random(&self, session: SessionHandle, out: &mut [u8]) -> Result<()> {
        self.session(session)?;
        self.env.entropy.fill(out)
    }

    /// C_SeedRandom: the operating system's generator needs no seed, so the caller's is not used,
    /// as the standard allows.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub fn seed_random(&self, session: SessionHandle, _seed: &[u8]) -> Result<()> {
        self.session(session).map(drop)
    }
}
