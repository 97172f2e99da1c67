//! Sealing of records under the token root key: HKDF-SHA256 gives each object a key of its own,
//! AES-256-GCM encrypts the secret part and authenticates everything else about the record.

use aes_gcm::{
    Aes256Gcm, Nonce, Tag,
    aead::{AeadInOut, KeyInit, inout::InOutBuf},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Revision;
use crate::{
    env::Entropy,
    error::{Error, Result},
    pkcs11::Uid,
    secret::SecretBytes,
    store::Record,
};

/// What each derived key or authenticated header is for; no two uses share a label.
pub(super) mod label {
    /// HKDF info of an object's key, followed by the object's uid.
    pub(in crate::store) const OBJECT_KEY: &[u8] = b"chainhsm object key v1";
    /// First field of the data authenticated with a record.
    pub(in crate::store) const RECORD: &[u8] = b"chainhsm record v1";
    /// First field of the data authenticated with a wrapped root key.
    pub(in crate::store) const WRAPPED_ROOT: &[u8] = b"chainhsm wrapped root key v1";
}

/// Version of the records that this version writes.
pub const FORMAT: u8 = 1;

/// The token's root key, 256 bits.
#[derive(Debug)]
pub struct RootKey(pub(super) SecretBytes);

impl RootKey {
    /// A fresh random key.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` without randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        SecretBytes::new_with(KEY_LEN, |out| entropy.fill(out)).map(Self)
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
        let mut record = Record {
            uid,
            format: FORMAT,
            private,
            clear,
            nonce: [0; NONCE_LEN],
            sealed: Vec::new(),
            revision: Revision::default(),
        };
        entropy.fill(&mut record.nonce)?;
        let cipher = self.object_cipher(uid)?;
        record.sealed = encrypt(&cipher, &record.nonce, &header(serial, &record), secret)?;
        Ok(record)
    }

    /// Opens a record: the secret part. The clear part is then authentic as well.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` for a record that fails its check.
    pub fn open(&self, serial: &str, record: &Record) -> Result<SecretBytes> {
        if record.format != FORMAT {
            return Err(Error::DeviceError(format!(
                "a record has format {}, this version knows {FORMAT}",
                record.format
            )));
        }
        let cipher = self.object_cipher(record.uid)?;
        decrypt(
            &cipher,
            &record.nonce,
            &header(serial, record),
            &record.sealed,
        )
        .ok_or_else(|| Error::DeviceError("a record fails its authenticity check".to_owned()))
    }

    fn object_cipher(&self, uid: Uid) -> Result<Aes256Gcm> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        self.0
            .expose(|root| Hkdf::<Sha256>::new(None, root))
            .expand_multi_info(&[label::OBJECT_KEY, &uid.0], key.as_mut())
            .map_err(|e| Error::General(format!("HKDF: {e}")))?;
        Ok(Aes256Gcm::new((&*key).into()))
    }
}

/// Data authenticated with a record. Each field is fixed in length or carries its length, so no two
/// records share a header.
fn header(serial: &str, record: &Record) -> Vec<u8> {
    let mut header = Header::new(label::RECORD);
    header.byte(record.format);
    header.bytes(serial.as_bytes());
    header.bytes(&record.uid.0);
    header.byte(u8::from(record.private));
    header.bytes(&record.clear);
    header.finish()
}

/// Writes fields one after the other, unambiguously.
#[derive(Debug)]
pub(super) struct Header(Vec<u8>);

impl Header {
    pub(super) fn new(label: &[u8]) -> Self {
        let mut header = Self(Vec::new());
        header.bytes(label);
        header
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    /// The length as 64 bits, then the bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u64).to_be_bytes());
        self.0.extend(bytes);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Ciphertext and tag. The plaintext is read where it lies and never copied.
pub(super) fn encrypt(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_LEN],
    header: &[u8],
    secret: &SecretBytes,
) -> Result<Vec<u8>> {
    let mut sealed = Vec::with_capacity(secret.len() + TAG_LEN);
    sealed.resize(secret.len(), 0);
    let tag = secret
        .expose(|plain| {
            let buffer = InOutBuf::new(plain, &mut sealed).ok()?;
            let nonce: &Nonce<_> = nonce.into();
            cipher.encrypt_inout_detached(nonce, header, buffer).ok()
        })
        .ok_or_else(|| Error::General("AES-GCM: input too long".to_owned()))?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// The plaintext, written into locked memory at once; `None` when anything has been changed.
pub(super) fn decrypt(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_LEN],
    header: &[u8],
    sealed: &[u8],
) -> Option<SecretBytes> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
    SecretBytes::new_with(ciphertext.len(), |out| {
        let buffer = InOutBuf::new(ciphertext, out).map_err(|_| ())?;
        let nonce: &Nonce<_> = nonce.into();
        let tag: &Tag = tag.into();
        cipher
            .decrypt_inout_detached(nonce, header, buffer, tag)
            .map_err(|_| ())
    })
    .ok()
}

/// Bytes of the root key and of every key derived from it.
pub(super) const KEY_LEN: usize = 32;
pub(super) const NONCE_LEN: usize = 12;
pub(super) const TAG_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::OsEntropy;

    const SERIAL: &str = "00112233aabbccdd";
    const UID: Uid = Uid([7; 16]);

    fn sealed(root: &RootKey, clear: &[u8], secret: &[u8]) -> Record {
        let secret = SecretBytes::copy_from(secret);
        root.seal(SERIAL, UID, true, clear.to_vec(), &secret, &OsEntropy)
            .unwrap()
    }

    fn root() -> RootKey {
        RootKey::generate(&OsEntropy).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again() {
        let root = root();
        for len in [0, 1, 15, 16, 17, 5000] {
            let secret = vec![0x5a; len];
            let record = sealed(&root, b"clear", &secret);
            assert_eq!(record.sealed.len(), len + TAG_LEN);
            assert_eq!(record.format, FORMAT);
            let opened = root.open(SERIAL, &record).unwrap();
            opened.expose(|bytes| assert_eq!(bytes, secret));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let root = root();
        let record = sealed(&root, b"clear part", b"secret part");
        let refused = |changed: &Record| {
            let error = root.open(SERIAL, changed).unwrap_err();
            assert!(matches!(error, Error::DeviceError(_)), "{error}");
        };
        for bit in 0..record.sealed.len() * 8 {
            let mut changed = record.clone();
            changed.sealed[bit / 8] ^= 1 << (bit % 8);
            refused(&changed);
        }
        for bit in 0..record.clear.len() * 8 {
            let mut changed = record.clone();
            changed.clear[bit / 8] ^= 1 << (bit % 8);
            refused(&changed);
        }
        for bit in 0..NONCE_LEN * 8 {
            let mut changed = record.clone();
            changed.nonce[bit / 8] ^= 1 << (bit % 8);
            refused(&changed);
        }
        for bit in 0..record.uid.0.len() * 8 {
            let mut changed = record.clone();
            changed.uid.0[bit / 8] ^= 1 << (bit % 8);
            refused(&changed);
        }
        for bit in 0..8 {
            let mut changed = record.clone();
            changed.format ^= 1 << bit;
            refused(&changed);
        }
        let mut changed = record.clone();
        changed.private = false;
        refused(&changed);
    }

    #[test]
    fn a_record_belongs_to_one_token_and_one_key() {
        let key = root();
        let record = sealed(&key, b"clear", b"secret");
        assert!(key.open("00112233aabbccde", &record).is_err());
        assert!(root().open(SERIAL, &record).is_err());
    }

    #[test]
    fn bytes_cannot_move_between_fields() {
        let root = root();
        let record = sealed(&root, b"clear", b"secret");
        let mut moved = record.clone();
        moved.clear.push(moved.sealed.remove(0));
        assert!(root.open(SERIAL, &moved).is_err());
        let mut short = record;
        short.sealed.truncate(TAG_LEN - 1);
        assert!(root.open(SERIAL, &short).is_err());
    }

    #[test]
    fn no_two_sealings_are_alike() {
        let root = root();
        let (one, two) = (sealed(&root, b"", b"same"), sealed(&root, b"", b"same"));
        assert_ne!(one.nonce, two.nonce);
        assert_ne!(one.sealed, two.sealed);
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
        let secret = SecretBytes::copy_from(b"secret");
        let record = root
            .seal(SERIAL, UID, true, b"clear".to_vec(), &secret, &Sevens)
            .unwrap();
        assert_eq!(hex::encode(record.sealed), KNOWN);
    }

    const KNOWN: &str = "1ea0d6e32c2a34f5406d17d05e44b863a68cb0923f18";
}
