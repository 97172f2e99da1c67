//! AES under a key of any of its three lengths, as one type that the modes of operation take.

use aes::cipher::{
    BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncClosure, BlockCipherEncrypt,
    BlockSizeUser, KeyInit, consts::U16,
};

use crate::{
    error::{Error, Result},
    key::Key,
    pkcs11::*,
};

/// Bytes in a block.
pub(super) const BLOCK: usize = 16;

/// Smallest and largest key in bytes, for the mechanism table.
pub(super) const KEY_SIZES: (CK_ULONG, CK_ULONG) = (16, 32);

/// AES with its key schedule, which is wiped on drop.
pub(super) enum Aes {
    Aes128(aes::Aes128),
    Aes192(aes::Aes192),
    Aes256(aes::Aes256),
}

impl Aes {
    /// AES under a parsed key.
    ///
    /// # Errors
    /// `CKR_KEY_TYPE_INCONSISTENT`, `CKR_KEY_SIZE_RANGE`.
    pub(super) fn new(key: &Key) -> Result<Self> {
        let Key::Secret(bytes) = key else {
            return Err(Error::KeyTypeInconsistent);
        };
        bytes
            .expose(|bytes| match bytes.len() {
                16 => aes::Aes128::new_from_slice(bytes).map(Self::Aes128),
                24 => aes::Aes192::new_from_slice(bytes).map(Self::Aes192),
                _ => aes::Aes256::new_from_slice(bytes).map(Self::Aes256),
            })
            .map_err(|_| Error::KeySizeRange)
    }
}

impl BlockSizeUser for Aes {
    type BlockSize = U16;
}

impl BlockCipherEncrypt for Aes {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        match self {
            Self::Aes128(aes) => aes.encrypt_with_backend(f),
            Self::Aes192(aes) => aes.encrypt_with_backend(f),
            Self::Aes256(aes) => aes.encrypt_with_backend(f),
        }
    }
}

impl BlockCipherDecrypt for Aes {
    fn decrypt_with_backend(&self, f: impl BlockCipherDecClosure<BlockSize = U16>) {
        match self {
            Self::Aes128(aes) => aes.decrypt_with_backend(f),
            Self::Aes192(aes) => aes.decrypt_with_backend(f),
            Self::Aes256(aes) => aes.decrypt_with_backend(f),
        }
    }
}
