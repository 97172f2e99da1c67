//! Is a value of its row's type, and do the values of an object agree with each other?

use sha1::{Digest, Sha1};

use super::table::Table;
use crate::{
    attribute::{Kind, Row, Template, Value},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// How deep templates may stand in templates.
pub(super) const DEPTH_MAX: usize = 4;

/// Length of `CKA_CHECK_VALUE` of a certificate in bytes.
const CHECK_LEN: usize = 3;

/// The value in the type that its row asks for. `CKA_VALUE` comes as a secret, whatever its class.
///
/// # Errors
/// `CKR_ATTRIBUTE_VALUE_INVALID`.
pub(super) fn typed(row: &Row, value: Value) -> Result<Value> {
    let invalid = || Error::AttributeValueInvalid(row.attribute);
    let value = match (row.kind, value) {
        (Kind::Bytes | Kind::Date, Value::Secret(secret)) => {
            Value::Bytes(secret.expose(<[u8]>::to_vec))
        }
        (Kind::Secret, Value::Bytes(bytes)) => Value::from(SecretBytes::copy_from(&bytes)),
        (_, value) => value,
    };
    let fits = match (row.kind, &value) {
        (Kind::Bool, Value::Bool(_))
        | (Kind::Bytes, Value::Bytes(_))
        | (Kind::Secret, Value::Secret(_))
        | (Kind::Mechanisms, Value::Mechanisms(_)) => true,
        (Kind::Ulong, Value::Ulong(number)) => in_range(row.attribute, *number),
        (Kind::Date, Value::Bytes(date)) => date.is_empty() || is_date(date),
        (Kind::Template, Value::Template(template)) => depth(template) <= DEPTH_MAX,
        _ => false,
    };
    if fits { Ok(value) } else { Err(invalid()) }
}

/// Enumerations whose values the standard lists.
const fn in_range(attribute: CK_ATTRIBUTE_TYPE, number: CK_ULONG) -> bool {
    match attribute {
        CKA_CERTIFICATE_CATEGORY => number <= CK_CERTIFICATE_CATEGORY_OTHER_ENTITY,
        CKA_JAVA_MIDP_SECURITY_DOMAIN => number <= CK_SECURITY_DOMAIN_THIRD_PARTY,
        _ => true,
    }
}

/// `CK_DATE`: YYYYMMDD.
fn is_date(date: &[u8]) -> bool {
    let [_, _, _, _, m1, m2, d1, d2] = date else {
        return false;
    };
    date.iter().all(u8::is_ascii_digit)
        && (b"01".as_slice()..=b"12").contains(&[*m1, *m2].as_slice())
        && (b"01".as_slice()..=b"31").contains(&[*d1, *d2].as_slice())
}

fn depth(template: &Template) -> usize {
    let inner = template.iter().map(|(_, value)| {
        if let Value::Template(inner) = value {
            depth(inner)
        } else {
            0
        }
    });
    1 + inner.max().unwrap_or(0)
}

/// Do the attributes of a whole object agree?
///
/// # Errors
/// `CKR_TEMPLATE_INCONSISTENT`; `CKR_TEMPLATE_INCOMPLETE` for a certificate that is neither here
/// nor said where.
pub(super) fn consistent(table: &Table, object: &Template) -> Result<()> {
    let start = object.bytes(CKA_START_DATE).unwrap_or_default();
    let end = object.bytes(CKA_END_DATE).unwrap_or_default();
    if !start.is_empty() && !end.is_empty() && start > end {
        return Err(Error::TemplateInconsistent(CKA_END_DATE));
    }
    let set = |attribute| object.bool(attribute) == Some(true);
    // Section 4.9: only a private object can ask for the PIN again.
    if set(CKA_ALWAYS_AUTHENTICATE) && !set(CKA_PRIVATE) {
        return Err(Error::TemplateInconsistent(CKA_ALWAYS_AUTHENTICATE));
    }
    if table.class == CKO_CERTIFICATE {
        certificate(table, object)?;
    }
    Ok(())
}

/// The notes under the certificate tables of section 4.7: the value or a URL, and with a URL the
/// hashes that tell which certificate it leads to.
fn certificate(table: &Table, object: &Template) -> Result<()> {
    let empty = |attribute| object.bytes(attribute).unwrap_or_default().is_empty();
    if empty(CKA_VALUE) && empty(CKA_URL) {
        return Err(Error::TemplateIncomplete(CKA_VALUE));
    }
    if empty(CKA_URL) {
        return Ok(());
    }
    let hashes = [
        CKA_HASH_OF_SUBJECT_PUBLIC_KEY,
        CKA_HASH_OF_ISSUER_PUBLIC_KEY,
    ];
    let missing = |hash: &CK_ATTRIBUTE_TYPE| table.find(*hash).is_some() && empty(*hash);
    match hashes.into_iter().find(missing) {
        Some(hash) => Err(Error::TemplateIncomplete(hash)),
        None => Ok(()),
    }
}

/// Checks key material and adds what follows from it, for keys by their type; adds the check value
/// of a certificate.
///
/// # Errors
/// Those of the key type; `CKR_ATTRIBUTE_VALUE_INVALID` for a given `CKA_PUBLIC_KEY_INFO` or
/// `CKA_CHECK_VALUE` that is not that of this object (sections 4.9, 4.10).
pub(super) fn complete(table: &Table, object: &mut Template) -> Result<()> {
    if let Some(key_type) = table.key_type {
        let completed = (key_type.complete)(table.class, object);
        if completed == Err(Error::TemplateInconsistent(CKA_PUBLIC_KEY_INFO)) {
            return Err(Error::AttributeValueInvalid(CKA_PUBLIC_KEY_INFO));
        }
        return completed;
    }
    if table.class == CKO_CERTIFICATE {
        let value = object.bytes(CKA_VALUE).unwrap_or_default();
        let hash: [u8; 20] = Sha1::digest(value).into();
        let check = hash.first_chunk::<CHECK_LEN>().map(|c| c.to_vec());
        let check = check.filter(|_| !value.is_empty());
        match (object.bytes(CKA_CHECK_VALUE), check) {
            // Given and empty: the application wants none.
            (Some([]), _) | (None, None) => {}
            (Some(given), Some(check)) if given == check => {}
            (Some(_), _) => return Err(Error::AttributeValueInvalid(CKA_CHECK_VALUE)),
            (None, Some(check)) => object.set(CKA_CHECK_VALUE, check),
        }
    }
    Ok(())
}
