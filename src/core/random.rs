//! Randomness.

use super::Library;
use crate::{error::Result, pkcs11::*};

impl Library {
    /// C_GenerateRandom.
    pub fn generate_random(&self, _session: SessionHandle, _out: &mut [u8]) -> Result<()> {
        todo!()
    }

    /// C_SeedRandom: the operating system's generator takes no seed that could weaken it; checked
    /// and ignored.
    pub fn seed_random(&self, _session: SessionHandle, _seed: &[u8]) -> Result<()> {
        todo!()
    }
}
