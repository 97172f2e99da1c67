//! Sealing of records under the token root key.

use crate::{env::Entropy, error::Result, pkcs11::Uid, secret::SecretBytes, store::Record};

/// The token's root key, 256 bits.
#[derive(Debug)]
pub struct RootKey(pub(super) SecretBytes);

impl RootKey {
    /// A fresh random key.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` without randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        SecretBytes::new_with(32, |out| entropy.fill(out)).map(Self)
    }

    /// Seals an object: `secret` is encrypted, `clear` authenticated with it.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` without randomness.
    pub fn seal(
        &self,
        _serial: &str,
        _uid: Uid,
        _private: bool,
        _clear: Vec<u8>,
        _secret: &SecretBytes,
        _entropy: &dyn Entropy,
    ) -> Result<Record> {
        todo!()
    }

    /// Opens a record: the secret part.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` for a record that fails its check.
    pub fn open(&self, _serial: &str, _record: &Record) -> Result<SecretBytes> {
        todo!()
    }
}
