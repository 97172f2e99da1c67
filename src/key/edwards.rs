//! edwards keys.

use super::{Key, KeyType};
use crate::{attribute::Template, env::Entropy, error::Result, pkcs11::*};

/// A private key.
#[derive(Debug)]
pub struct PrivateKey {}

/// A public key.
#[derive(Debug)]
pub struct PublicKey {}

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_EC_EDWARDS,
    public: Some(&[]),
    private: Some(&[]),
    secret: None,
    usages: &[CKA_SIGN, CKA_VERIFY],
    complete,
    parse,
};

/// Makes a key pair on the curve that `CKA_EC_PARAMS` of the public template names: the key
/// material attributes of the public and of the private half.
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE` without parameters, `CKR_CURVE_NOT_SUPPORTED`,
/// `CKR_DOMAIN_PARAMS_INVALID`.
pub fn generate(
    _public: &Template,
    _private: &Template,
    _entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    todo!()
}

fn complete(_class: CK_OBJECT_CLASS, _attributes: &mut Template) -> Result<()> {
    todo!()
}

fn parse(_class: CK_OBJECT_CLASS, _attributes: &Template) -> Result<Key> {
    todo!()
}
