//! Sealing of records under the token root key: a key of its own for each object, and additional
//! data that binds a record to its token, its identity and its place.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    env::Entropy,
    error::{Error, Result},
    pkcs11::Uid,
    secret::SecretBytes,
    store::{Record, Revision},
};

/// Version of the record format that this file writes.
pub const FORMAT: u8 = 1;

/// Label of an object's key.
const OBJECT_KEY: &[u8] = b"chainhsm object key v1";

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
        serial: &str,
        uid: Uid,
        private: bool,
        clear: Vec<u8>,
        secret: &SecretBytes,
        entropy: &dyn Entropy,
    ) -> Result<Record> {
        let mut nonce = [0; 12];
        entropy.fill(&mut nonce)?;
        let aad = binding(serial, uid, private, FORMAT, &clear);
        let cipher = self.object_cipher(uid)?;
        let sealed = secret
            .expose(|msg| cipher.encrypt(&nonce.into(), Payload { msg, aad: &aad }))
            .map_err(|_| Error::DeviceError("an object could not be sealed".into()))?;
        Ok(Record {
            uid,
            format: FORMAT,
            private,
            clear,
            nonce,
            sealed,
            revision: Revision::default(),
        })
    }

    /// Opens a record: the secret part.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` for a record that fails its check or has an unknown format.
    pub fn open(&self, serial: &str, record: &Record) -> Result<SecretBytes> {
        if record.format != FORMAT {
            return Err(Error::DeviceError(format!(
                "record format {} is unknown",
                record.format
            )));
        }
        let aad = binding(
            serial,
            record.uid,
            record.private,
            record.format,
            &record.clear,
        );
        let payload = Payload {
            msg: &record.sealed,
            aad: &aad,
        };
        let opened = self
            .object_cipher(record.uid)?
            .decrypt(&record.nonce.into(), payload);
        let opened = opened.map_err(|_| Error::DeviceError("a record fails its check".into()))?;
        Ok(SecretBytes::copy_from(&Zeroizing::new(opened)))
    }

    fn object_cipher(&self, uid: Uid) -> Result<Aes256Gcm> {
        let mut key = Zeroizing::new([0; 32]);
        let expanded = self.0.expose(|root| {
            Hkdf::<Sha256>::new(None, root).expand_multi_info(&[OBJECT_KEY, &uid.0], &mut *key)
        });
        expanded.map_err(|_| Error::General("an object key has 32 bytes".into()))?;
        Ok(Aes256Gcm::new((&*key).into()))
    }
}

/// What a record is bound to. Every field has a fixed length or its length before it.
fn binding(serial: &str, uid: Uid, private: bool, format: u8, clear: &[u8]) -> Vec<u8> {
    let serial_len = u8::try_from(serial.len()).unwrap_or(u8::MAX);
    [
        &[format, u8::from(private), serial_len],
        serial.as_bytes(),
        &uid.0,
        clear,
    ]
    .concat()
}
