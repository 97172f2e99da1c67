//! PINs: Argon2id, and the root key wrapped under each role's PIN.

use super::{Role, RoleRecord, RootKey};
use crate::{env::Entropy, error::Result, secret::SecretBytes};

/// Argon2id cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
}

/// Wraps the root key for a role under a new PIN.
///
/// # Errors
/// `CKR_DEVICE_ERROR` without randomness, `CKR_HOST_MEMORY` when Argon2 gets no memory.
pub fn wrap(
    _role: Role,
    _pin: &SecretBytes,
    _root: &RootKey,
    _serial: &str,
    _cost: Cost,
    _max_failures: u32,
    _entropy: &dyn Entropy,
) -> Result<RoleRecord> {
    todo!()
}

/// Unwraps the root key with a PIN.
///
/// # Errors
/// `CKR_PIN_INCORRECT` for a wrong PIN (or a damaged record).
pub fn unwrap(_record: &RoleRecord, _pin: &SecretBytes, _serial: &str) -> Result<RootKey> {
    todo!()
}
