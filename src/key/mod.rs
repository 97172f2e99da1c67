//! Key types: attribute rows, checks, parsing, generation. One file a key type.
#![forbid(unsafe_code)]

pub mod aes;
pub mod bip32;
pub mod bip39;
pub mod bls;
pub mod der;
pub mod ec;
pub mod edwards;
pub mod eip2335;
pub mod facts;
pub mod generic;
pub mod hd;
mod node;
#[cfg(test)]
pub(crate) mod testing;
mod transport;
pub mod xkey;

use std::sync::Arc;

use crate::{
    attribute::{Row, Template, Value},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// A parsed key, ready to be used. Parsed once per object and shared.
#[derive(Debug, Clone)]
pub enum Key {
    /// An elliptic-curve private key (`CKK_EC`).
    EcPrivate(Arc<ec::PrivateKey>),
    /// An elliptic-curve public key (`CKK_EC`).
    EcPublic(Arc<ec::PublicKey>),
    /// An Ed25519 private key (`CKK_EC_EDWARDS`).
    EdwardsPrivate(Arc<edwards::PrivateKey>),
    /// An Ed25519 public key (`CKK_EC_EDWARDS`).
    EdwardsPublic(Arc<edwards::PublicKey>),
    /// A BLS12-381 private key (`CKK_BC_BLS12_381`).
    BlsPrivate(Arc<bls::PrivateKey>),
    /// A BLS12-381 public key (`CKK_BC_BLS12_381`).
    BlsPublic(Arc<bls::PublicKey>),
    /// The bytes of a secret key of any type.
    Secret(Arc<SecretBytes>),
}

/// One key type: everything the rest of the house must know of it.
#[derive(Debug)]
pub struct KeyType {
    /// `CKK_…`.
    pub id: CK_KEY_TYPE,
    /// Rows of its public keys beyond the common ones; `None` where the class does not exist.
    pub public: Option<&'static [Row]>,
    /// Rows of its private keys.
    pub private: Option<&'static [Row]>,
    /// Rows of its secret keys.
    pub secret: Option<&'static [Row]>,
    /// The usage attributes (`CKA_SIGN` …) that this type can do; they default to TRUE.
    pub usages: &'static [CK_ATTRIBUTE_TYPE],
    /// Checks the key material of a new object of the given class, brings it to its stored form
    /// (canonical point, parameters as given) and adds what can be computed (`CKA_EC_POINT`,
    /// `CKA_PUBLIC_KEY_INFO`, `CKA_VALUE_LEN`, `CKA_CHECK_VALUE`).
    pub complete: fn(CK_OBJECT_CLASS, &mut Template) -> Result<()>,
    /// Parses the attributes of a stored object of the given class.
    pub parse: fn(CK_OBJECT_CLASS, &Template) -> Result<Key>,
}

impl KeyType {
    /// The rows of `class`, or `None` where this type has no such class.
    #[must_use]
    pub fn rows(&self, class: CK_OBJECT_CLASS) -> Option<&'static [Row]> {
        match class {
            CKO_PUBLIC_KEY => self.public,
            CKO_PRIVATE_KEY => self.private,
            CKO_SECRET_KEY => self.secret,
            _ => None,
        }
    }
}

/// Every key type.
pub const KEY_TYPES: &[&KeyType] = &[
    &ec::TYPE,
    &edwards::TYPE,
    &bip32::TYPE,
    &bls::TYPE,
    &aes::TYPE,
    &generic::TYPE,
    &generic::HKDF,
    &generic::hmac(CKK_SHA_1_HMAC),
    &generic::hmac(CKK_SHA224_HMAC),
    &generic::hmac(CKK_SHA256_HMAC),
    &generic::hmac(CKK_SHA384_HMAC),
    &generic::hmac(CKK_SHA512_HMAC),
    &generic::hmac(CKK_SHA512_224_HMAC),
    &generic::hmac(CKK_SHA512_256_HMAC),
    &generic::hmac(CKK_SHA3_224_HMAC),
    &generic::hmac(CKK_SHA3_256_HMAC),
    &generic::hmac(CKK_SHA3_384_HMAC),
    &generic::hmac(CKK_SHA3_512_HMAC),
];

/// The description of a key type, or `None` when it is not supported.
#[must_use]
pub fn find(id: CK_KEY_TYPE) -> Option<&'static KeyType> {
    KEY_TYPES.iter().find(|t| t.id == id).copied()
}

/// The key material of an object as wrapping mechanisms carry it: the value of a secret key, the
/// PKCS#8 form of a private key.
///
/// # Errors
/// `CKR_KEY_NOT_WRAPPABLE` for anything else.
pub fn export(attributes: &Template) -> Result<SecretBytes> {
    match attributes.ulong(CKA_KEY_TYPE) {
        Some(CKK_BIP32) => bip32::export(attributes),
        _ => transport::export(attributes),
    }
}

/// The key-material attributes of unwrapped bytes, for the class and key type that the template
/// names.
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE`, `CKR_WRAPPED_KEY_INVALID`.
pub fn import(material: &SecretBytes, template: &Template) -> Result<Template> {
    if bip32::is_exported(material, template) {
        return bip32::import(material);
    }
    transport::import(material, template)
}

/// Parses the key in an object's attributes.
///
/// # Errors
/// `CKR_KEY_TYPE_INCONSISTENT` when the attributes hold no key of a known type.
pub fn parse(attributes: &Template) -> Result<Key> {
    let class = attributes
        .ulong(CKA_CLASS)
        .ok_or(Error::KeyTypeInconsistent)?;
    let id = attributes
        .ulong(CKA_KEY_TYPE)
        .ok_or(Error::KeyTypeInconsistent)?;
    let key_type = find(id).ok_or(Error::KeyTypeInconsistent)?;
    (key_type.parse)(class, attributes)
}

/// The bytes of an attribute that a key of this type must have.
fn required(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE) -> Result<&[u8]> {
    attributes
        .bytes(attribute)
        .ok_or(Error::TemplateIncomplete(attribute))
}

/// `CKA_VALUE` of a private or a secret key.
fn secret_value(attributes: &Template) -> Result<&Arc<SecretBytes>> {
    match attributes.get(CKA_VALUE) {
        Some(Value::Secret(value)) => Ok(value),
        Some(_) => Err(Error::AttributeValueInvalid(CKA_VALUE)),
        None => Err(Error::TemplateIncomplete(CKA_VALUE)),
    }
}

/// Sets an attribute that can be computed. A value that the template brings must be the same, byte
/// for byte; an empty one counts as none.
fn set_computed(
    attributes: &mut Template,
    attribute: CK_ATTRIBUTE_TYPE,
    computed: Vec<u8>,
) -> Result<()> {
    match attributes.bytes(attribute) {
        Some(given) if !given.is_empty() && given != computed => {
            Err(Error::TemplateInconsistent(attribute))
        }
        _ => {
            attributes.set(attribute, computed);
            Ok(())
        }
    }
}

/// `CKA_EC_PARAMS` of a key pair to be made. It belongs in the public template; a client that
/// repeats it in the private one must mean the same.
fn params_of_pair<'a>(public: &'a Template, private: &Template) -> Result<&'a [u8]> {
    let params = required(public, CKA_EC_PARAMS)?;
    match private.bytes(CKA_EC_PARAMS) {
        Some(other) if other != params => Err(Error::TemplateInconsistent(CKA_EC_PARAMS)),
        _ => Ok(params),
    }
}
