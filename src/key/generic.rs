//! Generic secrets and HMAC keys (PKCS#11 v3.1 section 6.8 and the HMAC sections): bytes of any
//! length.

use std::sync::Arc;

use sha1::{Digest, Sha1};

use super::{Key, KeyType};
use crate::{
    attribute::{Kind, Row, Template},
    error::{Error, Result},
    pkcs11::*,
};

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_GENERIC_SECRET,
    public: None,
    private: None,
    secret: Some(ROWS),
    usages: &[CKA_SIGN, CKA_VERIFY, CKA_DERIVE],
    complete,
    parse,
};

/// The key type of keys for one HMAC: a generic secret by another number.
#[must_use]
pub const fn hmac(id: CK_KEY_TYPE) -> KeyType {
    KeyType {
        id,
        usages: &[CKA_SIGN, CKA_VERIFY],
        ..TYPE
    }
}

/// The rows of every secret key whose value is plain bytes.
pub(super) const ROWS: &[Row] = &[
    Row::new(CKA_VALUE, Kind::Secret, &[1, 4, 6, 7]),
    Row::new(CKA_VALUE_LEN, Kind::Ulong, &[2, 3]),
];

/// The longest generic secret in bytes.
pub const LEN_MAX: usize = 4096;

/// Length of `CKA_CHECK_VALUE` in bytes.
pub(super) const CHECK_LEN: usize = 3;

fn complete(class: CK_OBJECT_CLASS, attributes: &mut Template) -> Result<()> {
    complete_secret(class, attributes, |value| {
        let [a, b, c, ..] = <[u8; 20]>::from(Sha1::digest(value));
        (1..=LEN_MAX).contains(&value.len()).then_some([a, b, c])
    })
}

/// Adds the length and the check value of a secret key. `check` gives the check value, or `None`
/// for a value that is no key of this type.
pub(super) fn complete_secret(
    class: CK_OBJECT_CLASS,
    attributes: &mut Template,
    check: fn(&[u8]) -> Option<[u8; CHECK_LEN]>,
) -> Result<()> {
    if class != CKO_SECRET_KEY {
        return Err(Error::TemplateInconsistent(CKA_CLASS));
    }
    let value = super::secret_value(attributes)?;
    let computed = value
        .expose(check)
        .ok_or(Error::AttributeValueInvalid(CKA_VALUE))?;
    let len =
        CK_ULONG::try_from(value.len()).map_err(|_| Error::AttributeValueInvalid(CKA_VALUE))?;
    if attributes.ulong(CKA_VALUE_LEN).is_some_and(|n| n != len) {
        return Err(Error::TemplateInconsistent(CKA_VALUE_LEN));
    }
    attributes.set(CKA_VALUE_LEN, len);
    match attributes.bytes(CKA_CHECK_VALUE) {
        // Given and empty: the application wants none (section 4.10.2).
        Some([]) => {}
        Some(given) if given != computed => {
            return Err(Error::AttributeValueInvalid(CKA_CHECK_VALUE));
        }
        _ => attributes.set(CKA_CHECK_VALUE, computed.to_vec()),
    }
    Ok(())
}

pub(super) fn parse(class: CK_OBJECT_CLASS, attributes: &Template) -> Result<Key> {
    if class != CKO_SECRET_KEY {
        return Err(Error::KeyTypeInconsistent);
    }
    super::secret_value(attributes).map(|value| Key::Secret(Arc::clone(value)))
}
