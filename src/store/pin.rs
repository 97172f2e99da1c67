//! PINs: Argon2id, and the root key wrapped under each role's PIN.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::{Role, RoleRecord, RootKey};
use crate::{
    env::Entropy,
    error::{Error, Result},
    secret::SecretBytes,
};

/// Most memory that a stored PIN may ask for: a damaged file must not exhaust the host.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// Most passes and lanes that a stored PIN may ask for.
const MAX_ITERATIONS: u32 = 64;
const MAX_LANES: u32 = 64;

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
    role: Role,
    pin: &SecretBytes,
    root: &RootKey,
    serial: &str,
    cost: Cost,
    max_failures: u32,
    entropy: &dyn Entropy,
) -> Result<RoleRecord> {
    let (mut salt, mut nonce) = ([0; 16], [0; 12]);
    entropy.fill(&mut salt)?;
    entropy.fill(&mut nonce)?;
    let aad = binding(&role, serial, cost);
    let cipher = cipher(pin, &salt, cost)?;
    let wrapped = root
        .0
        .expose(|msg| cipher.encrypt(&nonce.into(), Payload { msg, aad: &aad }))
        .map_err(|_| Error::DeviceError("the root key could not be wrapped".into()))?;
    let Cost {
        memory_kib,
        iterations,
        lanes,
    } = cost;
    Ok(RoleRecord {
        role,
        salt,
        memory_kib,
        iterations,
        lanes,
        nonce,
        wrapped,
        failures: 0,
        max_failures,
    })
}

/// Unwraps the root key with a PIN.
///
/// # Errors
/// `CKR_PIN_INCORRECT` for a wrong PIN (or a damaged record), `CKR_DEVICE_ERROR` for an absurd cost.
pub fn unwrap(record: &RoleRecord, pin: &SecretBytes, serial: &str) -> Result<RootKey> {
    let RoleRecord {
        memory_kib,
        iterations,
        lanes,
        ..
    } = *record;
    if memory_kib > MAX_MEMORY_KIB || iterations > MAX_ITERATIONS || lanes > MAX_LANES {
        return Err(Error::DeviceError(
            "a PIN record asks for an absurd cost".into(),
        ));
    }
    let cost = Cost {
        memory_kib,
        iterations,
        lanes,
    };
    let aad = binding(&record.role, serial, cost);
    let payload = Payload {
        msg: &record.wrapped,
        aad: &aad,
    };
    let left = record.max_failures.saturating_sub(record.failures);
    let root = cipher(pin, &record.salt, cost)?
        .decrypt(&record.nonce.into(), payload)
        .map_err(|_| Error::PinIncorrect { left })?;
    Ok(RootKey(SecretBytes::copy_from(&Zeroizing::new(root))))
}

/// The cipher under the PIN's key. Its memory is wiped by Argon2 itself.
fn cipher(pin: &SecretBytes, salt: &[u8; 16], cost: Cost) -> Result<Aes256Gcm> {
    let params = Params::new(cost.memory_kib, cost.iterations, cost.lanes, Some(32))
        .map_err(|e| Error::DeviceError(format!("Argon2 refuses the cost: {e}")))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut key = Zeroizing::new([0; 32]);
    pin.expose(|pin| argon2.hash_password_into(pin, salt, &mut *key))
        .map_err(|_| Error::HostMemory)?;
    Ok(Aes256Gcm::new((&*key).into()))
}

/// What a wrapped root key is bound to.
fn binding(role: &Role, serial: &str, cost: Cost) -> Vec<u8> {
    let role: &[u8] = match role {
        Role::So => b"so",
        Role::User => b"user",
    };
    let numbers = [cost.memory_kib, cost.iterations, cost.lanes].map(u32::to_be_bytes);
    [
        b"chainhsm root key v1\0",
        role,
        b"\0",
        numbers.as_flattened(),
        serial.as_bytes(),
    ]
    .concat()
}
