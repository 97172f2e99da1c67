//! Generic secrets, HMAC and HKDF keys (PKCS#11 v3.1 section 6.8 and the sections of the hashes and
//! of HKDF): bytes of any length.

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

/// The key type of keys for HKDF.
pub const HKDF: KeyType = KeyType {
    id: CKK_HKDF,
    usages: &[CKA_DERIVE],
    ..TYPE
};

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

#[cfg(test)]
mod tests {
    use super::{
        super::{KEY_TYPES, aes, testing::completed},
        *,
    };
    use crate::secret::SecretBytes;

    fn key(value: &[u8]) -> Template {
        Template::new().with(CKA_VALUE, SecretBytes::copy_from(value))
    }

    #[test]
    fn check_values() {
        // SHA-1("abc") of FIPS 180-4; AES of the zero block under zero keys (NIST KAT).
        let cases: [(&KeyType, &[u8], &str); 4] = [
            (&TYPE, b"abc", "a9993e"),
            (&aes::TYPE, &[0; 16], "66e94b"),
            (&aes::TYPE, &[0; 24], "aae069"),
            (&aes::TYPE, &[0; 32], "dc95c0"),
        ];
        for (key_type, value, check) in cases {
            let check = hex::decode(check).unwrap();
            let complete = |template| completed(key_type, CKO_SECRET_KEY, template);
            let done = complete(key(value)).unwrap();
            assert_eq!(done.bytes(CKA_CHECK_VALUE), Some(check.as_slice()));
            assert_eq!(
                done.ulong(CKA_VALUE_LEN),
                Some(CK_ULONG::try_from(value.len()).unwrap())
            );
            assert!(complete(done.clone()).unwrap().matches(&done));
            let given = key(value).with(CKA_CHECK_VALUE, check);
            assert!(complete(given).is_ok());
            let none = complete(key(value).with(CKA_CHECK_VALUE, Vec::new())).unwrap();
            assert_eq!(none.bytes(CKA_CHECK_VALUE), Some(&[][..]));
            for wrong in [&[0, 0, 0][..], &[0x66], &[1; 4]] {
                assert_eq!(
                    complete(key(value).with(CKA_CHECK_VALUE, wrong)).err(),
                    Some(Error::AttributeValueInvalid(CKA_CHECK_VALUE))
                );
            }
        }
    }

    #[test]
    fn lengths() {
        let invalid = Some(Error::AttributeValueInvalid(CKA_VALUE));
        for len in [0, 1, 8, 15, 17, 31, 33, 64] {
            let refused = completed(&aes::TYPE, CKO_SECRET_KEY, key(&vec![1; len]));
            assert_eq!(refused.err(), invalid, "{len}");
        }
        for len in [1, 64, LEN_MAX] {
            assert!(completed(&TYPE, CKO_SECRET_KEY, key(&vec![1; len])).is_ok());
        }
        for len in [0, LEN_MAX + 1] {
            let refused = completed(&TYPE, CKO_SECRET_KEY, key(&vec![1; len]));
            assert_eq!(refused.err(), invalid, "{len}");
        }
        let other = key(&[1; 16]).with(CKA_VALUE_LEN, CK_ULONG::from(24_u8));
        assert_eq!(
            completed(&aes::TYPE, CKO_SECRET_KEY, other).err(),
            Some(Error::TemplateInconsistent(CKA_VALUE_LEN))
        );
    }

    #[test]
    fn a_parsed_key_shares_its_bytes() {
        let stored = completed(&TYPE, CKO_SECRET_KEY, key(b"shared")).unwrap();
        let Key::Secret(parsed) = parse(CKO_SECRET_KEY, &stored).unwrap() else {
            panic!("not a secret key");
        };
        assert_eq!(format!("{parsed:?}"), "Secret(6 bytes)");
        // Ours, and the one in the template: no third copy.
        assert_eq!(Arc::strong_count(&parsed), 2);
        assert!(parse(CKO_PUBLIC_KEY, &stored).is_err());
        assert!(parse(CKO_SECRET_KEY, &Template::new()).is_err());
    }

    #[test]
    fn key_types_are_told_apart_and_make_sense() {
        for (at, one) in KEY_TYPES.iter().enumerate() {
            assert!(KEY_TYPES[at + 1..].iter().all(|other| other.id != one.id));
            assert!(!one.usages.is_empty());
            for class in [CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY] {
                let rows = one.rows(class).unwrap_or_default();
                let mut seen: Vec<_> = rows.iter().map(|row| row.attribute).collect();
                seen.sort_unstable();
                seen.dedup();
                assert_eq!(seen.len(), rows.len());
                // Whatever is key material, or for the user alone, is secret, and the other way round.
                for row in rows {
                    let is_hidden = row.notes.has(7) || row.notes.has(crate::attribute::LOGIN_ONLY);
                    assert_eq!(row.kind == Kind::Secret, is_hidden);
                }
            }
            assert_eq!(one.rows(CKO_DATA), None);
        }
    }
}
