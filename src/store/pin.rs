//! PINs: Argon2id, and the root key wrapped under each role's PIN.

use std::ops::RangeInclusive;

use aes_gcm::{Aes256Gcm, KeyInit};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::{
    Role, RoleRecord, RootKey,
    seal::{Header, KEY_LEN, NONCE_LEN, TAG_LEN, decrypt, encrypt, label},
};
use crate::{
    env::Entropy,
    error::{Error, Result},
    secret::SecretBytes,
};

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

impl Cost {
    /// Memory in KiB that is accepted: at most 1 GiB, so that a file cannot exhaust the host.
    pub const MEMORY_KIB: RangeInclusive<u32> = 8..=1 << 20;
    /// Passes that are accepted.
    pub const ITERATIONS: RangeInclusive<u32> = 1..=64;
    /// Lanes that are accepted.
    pub const LANES: RangeInclusive<u32> = 1..=64;

    /// True when a PIN may be checked at this cost: each number in its range, and 8 KiB a lane.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        Self::MEMORY_KIB.contains(&self.memory_kib)
            && Self::ITERATIONS.contains(&self.iterations)
            && Self::LANES.contains(&self.lanes)
            && self.memory_kib >= 8 * self.lanes
    }
}

/// Wraps the root key for a role under a new PIN.
///
/// # Errors
/// `CKR_DEVICE_ERROR` without randomness, `CKR_HOST_MEMORY` when Argon2 gets no memory,
/// `CKR_GENERAL_ERROR` for a cost that [`unwrap`] would refuse.
pub fn wrap(
    role: Role,
    pin: &SecretBytes,
    root: &RootKey,
    serial: &str,
    cost: Cost,
    max_failures: u32,
    entropy: &dyn Entropy,
) -> Result<RoleRecord> {
    if !cost.is_acceptable() {
        return Err(Error::General(format!(
            "Argon2 cost out of range: {cost:?}"
        )));
    }
    let mut record = RoleRecord {
        role,
        salt: [0; 16],
        memory_kib: cost.memory_kib,
        iterations: cost.iterations,
        lanes: cost.lanes,
        nonce: [0; NONCE_LEN],
        wrapped: Vec::new(),
        failures: 0,
        max_failures,
    };
    entropy.fill(&mut record.salt)?;
    entropy.fill(&mut record.nonce)?;
    let cipher = cipher(pin, &record.salt, cost)?;
    record.wrapped = encrypt(&cipher, &record.nonce, &header(&record, serial), &root.0)?;
    Ok(record)
}

/// Unwraps the root key with a PIN. The caller has counted the attempt
/// ([`Store::count_attempt`](super::Store::count_attempt)).
///
/// # Errors
/// `CKR_PIN_INCORRECT` for a wrong PIN (or changed bytes, which look the same), `CKR_DEVICE_ERROR` for
/// a record that no PIN can open, `CKR_HOST_MEMORY` when Argon2 gets no memory.
pub fn unwrap(record: &RoleRecord, pin: &SecretBytes, serial: &str) -> Result<RootKey> {
    let cost = Cost {
        memory_kib: record.memory_kib,
        iterations: record.iterations,
        lanes: record.lanes,
    };
    if !cost.is_acceptable() || record.wrapped.len() != KEY_LEN + TAG_LEN {
        return Err(Error::DeviceError(format!(
            "the PIN record of {:?} is damaged",
            record.role
        )));
    }
    let cipher = cipher(pin, &record.salt, cost)?;
    let header = header(record, serial);
    decrypt(&cipher, &record.nonce, &header, &record.wrapped)
        .map(RootKey)
        .ok_or(Error::PinIncorrect {
            left: record.max_failures.saturating_sub(record.failures),
        })
}

/// The cipher under the key that Argon2id makes of a PIN.
fn cipher(pin: &SecretBytes, salt: &[u8], cost: Cost) -> Result<Aes256Gcm> {
    let failed = |e| Error::General(format!("Argon2: {e}"));
    let params =
        Params::new(cost.memory_kib, cost.iterations, cost.lanes, Some(KEY_LEN)).map_err(failed)?;
    // Of our own, because the crate leaves its working memory unwiped and the PIN can be searched
    // for in it.
    let mut memory = Zeroizing::new(Vec::new());
    memory
        .try_reserve_exact(params.block_count())
        .map_err(|_| Error::HostMemory)?;
    memory.resize(params.block_count(), Block::default());

    let mut key = Zeroizing::new([0; KEY_LEN]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    pin.expose(|pin| {
        argon2.hash_password_into_with_memory(pin, salt, key.as_mut(), memory.as_mut_slice())
    })
    .map_err(failed)?;
    Ok(Aes256Gcm::new((&*key).into()))
}

/// Data authenticated with a wrapped root key. The salt needs no mention: it is part of the key.
fn header(record: &RoleRecord, serial: &str) -> Vec<u8> {
    let mut header = Header::new(label::WRAPPED_ROOT);
    header.bytes(serial.as_bytes());
    header.bytes(record.role.name().as_bytes());
    header.number(record.memory_kib);
    header.number(record.iterations);
    header.number(record.lanes);
    header.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::OsEntropy;

    const CHEAP: Cost = Cost {
        memory_kib: 8,
        iterations: 1,
        lanes: 1,
    };
    const SERIAL: &str = "00112233aabbccdd";

    fn pin(text: &str) -> SecretBytes {
        SecretBytes::copy_from(text.as_bytes())
    }

    fn wrapped(root: &RootKey) -> RoleRecord {
        wrap(
            Role::User,
            &pin("1234"),
            root,
            SERIAL,
            CHEAP,
            10,
            &OsEntropy,
        )
        .unwrap()
    }

    #[test]
    fn the_right_pin_gives_the_root_key() {
        let root = RootKey::generate(&OsEntropy).unwrap();
        let record = wrapped(&root);
        assert_eq!((record.failures, record.max_failures), (0, 10));
        let again = unwrap(&record, &pin("1234"), SERIAL).unwrap();
        assert!(again.0.ct_eq(&root.0));
    }

    #[test]
    fn a_wrong_pin_says_how_many_attempts_are_left() {
        let mut record = wrapped(&RootKey::generate(&OsEntropy).unwrap());
        record.failures = 3;
        for wrong in ["", "1235", "12345", "1234\0"] {
            let error = unwrap(&record, &pin(wrong), SERIAL).unwrap_err();
            assert_eq!(error, Error::PinIncorrect { left: 7 });
        }
        record.failures = 11;
        let error = unwrap(&record, &pin(""), SERIAL).unwrap_err();
        assert_eq!(error, Error::PinIncorrect { left: 0 });
    }

    #[test]
    fn a_wrapped_key_belongs_to_its_token_role_and_cost() {
        let record = wrapped(&RootKey::generate(&OsEntropy).unwrap());
        let refused = |record: &RoleRecord, serial| {
            let error = unwrap(record, &pin("1234"), serial).unwrap_err();
            assert!(matches!(error, Error::PinIncorrect { .. }), "{error}");
        };
        refused(&record, "00112233aabbccde");
        let changes: [fn(&mut RoleRecord); 6] = [
            |record| record.role = Role::So,
            |record| record.iterations = 2,
            |record| record.memory_kib = 9,
            |record| record.salt[0] ^= 1,
            |record| record.nonce[11] ^= 1,
            |record| record.wrapped[47] ^= 1,
        ];
        for change in changes {
            let mut changed = record.clone();
            change(&mut changed);
            refused(&changed, SERIAL);
        }
    }

    #[test]
    fn absurd_parameters_are_refused_unused() {
        let record = wrapped(&RootKey::generate(&OsEntropy).unwrap());
        let changes: [fn(&mut RoleRecord); 8] = [
            |record| record.memory_kib = u32::MAX,
            |record| record.memory_kib = (1 << 20) + 1,
            |record| record.memory_kib = 7,
            |record| record.iterations = 0,
            |record| record.iterations = u32::MAX,
            |record| record.lanes = 0,
            |record| record.lanes = u32::MAX,
            |record| record.wrapped.truncate(47),
        ];
        for change in changes {
            let mut changed = record.clone();
            change(&mut changed);
            let error = unwrap(&changed, &pin("1234"), SERIAL).unwrap_err();
            assert!(matches!(error, Error::DeviceError(_)), "{error}");
        }
        let absurd = Cost {
            memory_kib: 1 << 21,
            ..CHEAP
        };
        let root = RootKey::generate(&OsEntropy).unwrap();
        let made = wrap(
            Role::So,
            &pin("1234"),
            &root,
            SERIAL,
            absurd,
            10,
            &OsEntropy,
        );
        assert!(matches!(made, Err(Error::General(_))));
    }

    /// Pins the format: computed with another implementation (see docs/store-format.md).
    #[test]
    fn the_format_is_the_documented_one() {
        #[derive(Debug)]
        struct Sevens;
        impl Entropy for Sevens {
            fn fill(&self, out: &mut [u8]) -> Result<()> {
                out.fill(7);
                Ok(())
            }
        }
        let root = RootKey::generate(&Sevens).unwrap();
        let record = wrap(Role::User, &pin("1234"), &root, SERIAL, CHEAP, 10, &Sevens).unwrap();
        assert_eq!(hex::encode(&record.wrapped), KNOWN);
        assert!(unwrap(&record, &pin("1234"), SERIAL).is_ok());
    }

    const KNOWN: &str = "74d2211bf9bf03465c162d45d722279199f77df5cce28e29d19776360657e714f156e4c036b5ceb1780bcb11bf4c620f";
}
