//! A typed attribute value.

use std::sync::Arc;

use super::{Kind, Template, kind_of};
use crate::{
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// The value of one attribute. Cloning shares secrets, it never copies them.
#[derive(Debug, Clone)]
pub enum Value {
    /// `CK_BBOOL`.
    Bool(bool),
    /// `CK_ULONG` and its aliases.
    Ulong(CK_ULONG),
    /// Byte arrays, strings, DER and dates.
    Bytes(Vec<u8>),
    /// Byte arrays that may hold key material.
    Secret(Arc<SecretBytes>),
    /// `CKA_ALLOWED_MECHANISMS`.
    Mechanisms(Vec<CK_MECHANISM_TYPE>),
    /// The wrap, unwrap and derive templates.
    Template(Template),
}

impl Value {
    /// Types the raw bytes of a C attribute by its [`Kind`]; an unknown attribute stays bytes.
    /// (Templates hold pointers and are read by `abi`.)
    ///
    /// # Errors
    /// `CKR_ATTRIBUTE_VALUE_INVALID` for a size that does not fit the kind.
    pub fn from_raw(attribute: CK_ATTRIBUTE_TYPE, raw: &[u8]) -> Result<Self> {
        let invalid = || Error::AttributeValueInvalid(attribute);
        Ok(match kind_of(attribute).unwrap_or(Kind::Bytes) {
            Kind::Bool => match raw {
                [0] => Self::Bool(false),
                [_] => Self::Bool(true),
                _ => return Err(invalid()),
            },
            Kind::Ulong => Self::Ulong(CK_ULONG::from_ne_bytes(
                raw.try_into().map_err(|_| invalid())?,
            )),
            Kind::Bytes => Self::Bytes(raw.to_vec()),
            Kind::Date => match raw.len() {
                0 | 8 => Self::Bytes(raw.to_vec()),
                _ => return Err(invalid()),
            },
            Kind::Secret => Self::Secret(Arc::new(SecretBytes::copy_from(raw))),
            Kind::Mechanisms => {
                let (chunks, rest) = raw.as_chunks::<{ size_of::<CK_MECHANISM_TYPE>() }>();
                if !rest.is_empty() {
                    return Err(invalid());
                }
                Self::Mechanisms(
                    chunks
                        .iter()
                        .map(|c| CK_MECHANISM_TYPE::from_ne_bytes(*c))
                        .collect(),
                )
            }
            Kind::Template => return Err(invalid()),
        })
    }

    /// Hands the bytes that C sees to `read`; a template gives none.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Self::Bool(b) => read(&[u8::from(*b)]),
            Self::Ulong(n) => read(&n.to_ne_bytes()),
            Self::Bytes(b) => read(b),
            Self::Secret(s) => s.expose(read),
            Self::Mechanisms(list) => {
                let raw: Vec<u8> = list.iter().flat_map(|m| m.to_ne_bytes()).collect();
                read(&raw)
            }
            Self::Template(_) => read(&[]),
        }
    }

    /// Equality as `C_FindObjects` means it; constant-time for secrets.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Ulong(a), Self::Ulong(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Mechanisms(a), Self::Mechanisms(b)) => a == b,
            (Self::Template(a), Self::Template(b)) => a.matches(b),
            (Self::Secret(a), Self::Secret(b)) => a.ct_eq(b),
            // CKA_VALUE is typed as a secret until the class of its object is known.
            (Self::Secret(a), Self::Bytes(b)) | (Self::Bytes(b), Self::Secret(a)) => {
                a.ct_eq(&SecretBytes::copy_from(b))
            }
            _ => false,
        }
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<CK_ULONG> for Value {
    fn from(n: CK_ULONG) -> Self {
        Self::Ulong(n)
    }
}

impl From<&[u8]> for Value {
    fn from(b: &[u8]) -> Self {
        Self::Bytes(b.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(b: Vec<u8>) -> Self {
        Self::Bytes(b)
    }
}

impl From<SecretBytes> for Value {
    fn from(s: SecretBytes) -> Self {
        Self::Secret(Arc::new(s))
    }
}
