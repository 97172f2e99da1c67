//! AES keys (PKCS#11 v3.1 section 6.13).

use aes_gcm::aes::{
    Aes128, Aes192, Aes256,
    cipher::{BlockCipherEncrypt, KeyInit},
};

use super::{
    KeyType,
    generic::{CHECK_LEN, ROWS, complete_secret, parse},
};
use crate::{attribute::Template, error::Result, pkcs11::*};

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_AES,
    public: None,
    private: None,
    secret: Some(ROWS),
    usages: &[
        CKA_ENCRYPT,
        CKA_DECRYPT,
        CKA_WRAP,
        CKA_UNWRAP,
        CKA_SIGN,
        CKA_VERIFY,
    ],
    complete,
    parse,
};

/// The lengths of a key in bytes.
pub const LENGTHS: [usize; 3] = [16, 24, 32];

fn complete(class: CK_OBJECT_CLASS, attributes: &mut Template) -> Result<()> {
    complete_secret(class, attributes, |value| match value.len() {
        16 => check_value::<Aes128>(value),
        24 => check_value::<Aes192>(value),
        32 => check_value::<Aes256>(value),
        _ => None,
    })
}

/// The start of the encrypted zero block.
fn check_value<C: BlockCipherEncrypt + KeyInit>(key: &[u8]) -> Option<[u8; CHECK_LEN]> {
    let mut block = Default::default();
    C::new_from_slice(key).ok()?.encrypt_block(&mut block);
    block.first_chunk().copied()
}
