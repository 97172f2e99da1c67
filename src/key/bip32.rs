//! Keys of a tree (`CKK_BIP32`, Thales Luna's type): an ordinary key with a chain code and a place.
//!
//! Both halves hold all of it, and everything but key material, chain code and network is computed.
//! Parsed, they are ordinary keys of their curve, so that every mechanism of the curve takes them.
//! The chain code is readable only while the user is logged in: with it, the public key and one
//! child's private key the private key is known.

use pkcs8::der::Encode;

use super::{
    Key, KeyType, ec, edwards,
    hd::Curve,
    xkey::{self, Network},
};
use crate::{
    attribute::{Kind, LOGIN_ONLY, Row, Template},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

pub use super::node::Node;

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_BIP32,
    public: Some(PUBLIC),
    private: Some(PRIVATE),
    secret: None,
    usages: &[CKA_SIGN, CKA_VERIFY, CKA_DERIVE],
    complete,
    parse,
};

const PUBLIC: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[]),
    Row::new(CKA_EC_POINT, Kind::Bytes, &[1, 4, 6]),
    CHAIN_CODE,
    VERSION_BYTES,
    CHILD_INDEX,
    CHILD_DEPTH,
    ID,
    FINGERPRINT,
    PARENT_FINGERPRINT,
];

const PRIVATE: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[]),
    Row::new(CKA_VALUE, Kind::Secret, &[1, 4, 6, 7]),
    Row::new(CKA_EC_POINT, Kind::Bytes, &[4, 6]),
    CHAIN_CODE,
    VERSION_BYTES,
    CHILD_INDEX,
    CHILD_DEPTH,
    ID,
    FINGERPRINT,
    PARENT_FINGERPRINT,
];

const CHAIN_CODE: Row = Row::new(CKA_BIP32_CHAIN_CODE, Kind::Secret, &[1, 4, 6, LOGIN_ONLY]);
const VERSION_BYTES: Row = Row::new(CKA_BIP32_VERSION_BYTES, Kind::Bytes, &[]);
const CHILD_INDEX: Row = Row::new(CKA_BIP32_CHILD_INDEX, Kind::Ulong, &[2, 4, 6]);
const CHILD_DEPTH: Row = Row::new(CKA_BIP32_CHILD_DEPTH, Kind::Ulong, &[2, 4, 6]);
const ID: Row = Row::new(CKA_BIP32_ID, Kind::Bytes, &[2, 4, 6]);
const FINGERPRINT: Row = Row::new(CKA_BIP32_FINGERPRINT, Kind::Bytes, &[2, 4, 6]);
const PARENT_FINGERPRINT: Row = Row::new(CKA_BIP32_PARENT_FINGERPRINT, Kind::Bytes, &[2, 4, 6]);

/// The curve of a tree that `CKA_EC_PARAMS` names.
///
/// # Errors
/// `CKR_DOMAIN_PARAMS_INVALID`, `CKR_CURVE_NOT_SUPPORTED`.
pub fn curve_of(params: &[u8]) -> Result<Curve> {
    if edwards::is_named_by(params) {
        return Ok(Curve::Ed25519);
    }
    match ec::Curve::from_params(params)? {
        ec::Curve::Secp256k1 => Ok(Curve::Secp256k1),
        ec::Curve::P256 => Ok(Curve::P256),
        ec::Curve::P384 | ec::Curve::P521 => Err(Error::CurveNotSupported),
    }
}

/// `CKA_EC_PARAMS` of secp256k1, the curve where nobody names one.
///
/// # Errors
/// None, in truth.
pub fn default_params() -> Result<Vec<u8>> {
    let params = ec::Curve::Secp256k1.oid().to_der();
    params.map_err(|e| Error::General(format!("curve parameters: {e}")))
}

/// A chain code as a value that is sealed in the store.
#[must_use]
pub fn secret(chain_code: &[u8; 32]) -> SecretBytes {
    SecretBytes::copy_from(chain_code)
}

/// The text of a private key, padded with zeros: what wrapping mechanisms carry.
///
/// # Errors
/// `CKR_KEY_NOT_WRAPPABLE`.
pub fn export(attributes: &Template) -> Result<SecretBytes> {
    let node = Node::of_object(attributes).map_err(|_| Error::KeyNotWrappable)?;
    let text = xkey::encode(&node, network(attributes, node.class())?)?;
    SecretBytes::new_with(xkey::TEXT_LEN_MAX, |padded| {
        text.expose(|text| {
            padded
                .get_mut(..text.len())
                .ok_or(Error::KeyNotWrappable)?
                .copy_from_slice(text);
            Ok(())
        })
    })
}

/// True for the text of a private key under a template that asks for nothing else: unwrap
/// templates of this type may name neither class nor key type.
#[must_use]
pub fn is_exported(material: &SecretBytes, template: &Template) -> bool {
    match template.ulong(CKA_KEY_TYPE) {
        Some(key_type) => key_type == CKK_BIP32,
        None => {
            template
                .ulong(CKA_CLASS)
                .is_none_or(|class| class == CKO_PRIVATE_KEY)
                && material.expose(|text| xkey::decode(unpadded(text)).is_some())
        }
    }
}

/// The attributes of an unwrapped text.
///
/// # Errors
/// `CKR_WRAPPED_KEY_INVALID`.
pub fn import(material: &SecretBytes) -> Result<Template> {
    match material.expose(|text| xkey::decode(unpadded(text))) {
        Some((node @ Node::Private(_), network)) => of_text(&node, network),
        Some((Node::Public(_), _)) | None => Err(Error::WrappedKeyInvalid),
    }
}

/// The attributes of a public key that came as text.
///
/// # Errors
/// `CKR_DATA_INVALID`.
pub fn import_public(text: &[u8]) -> Result<Template> {
    match xkey::decode(unpadded(text)) {
        Some((node @ Node::Public(_), network)) => of_text(&node, network),
        Some((Node::Private(_), _)) | None => Err(Error::DataInvalid),
    }
}

fn of_text(node: &Node, network: Network) -> Result<Template> {
    let version = network.version(node.class());
    Ok(node
        .attributes(&default_params()?)?
        .with(CKA_BIP32_VERSION_BYTES, version.as_slice()))
}

/// The text of an object's public half.
///
/// # Errors
/// `CKR_KEY_TYPE_INCONSISTENT`, `CKR_KEY_NOT_WRAPPABLE`.
pub fn public_text(attributes: &Template) -> Result<SecretBytes> {
    let node = Node::of_object(attributes)?;
    let network = network(attributes, node.class())?;
    xkey::encode(&Node::Public(node.public()?), network)
}

/// The network of an object: that of its version bytes, or the main one.
///
/// # Errors
/// `CKR_ATTRIBUTE_VALUE_INVALID` for bytes that no key of this class has.
pub fn network(attributes: &Template, class: CK_OBJECT_CLASS) -> Result<Network> {
    let Some(version) = attributes.bytes(CKA_BIP32_VERSION_BYTES) else {
        return Ok(Network::default());
    };
    Network::of(version, class).ok_or(Error::AttributeValueInvalid(CKA_BIP32_VERSION_BYTES))
}

fn unpadded(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != 0);
    end.and_then(|end| text.get(..=end)).unwrap_or_default()
}

fn complete(class: CK_OBJECT_CLASS, attributes: &mut Template) -> Result<()> {
    if !attributes.has(CKA_EC_PARAMS) {
        attributes.set(CKA_EC_PARAMS, default_params()?);
    }
    let plain = plain_type(attributes)?;
    (plain.complete)(class, attributes)?;
    // A key that is created from its parts is the root of its tree.
    for attribute in [CKA_BIP32_CHILD_DEPTH, CKA_BIP32_CHILD_INDEX] {
        if !attributes.has(attribute) {
            attributes.set(attribute, CK_ULONG::from(0_u8));
        }
    }
    if !attributes.has(CKA_BIP32_PARENT_FINGERPRINT) {
        attributes.set(CKA_BIP32_PARENT_FINGERPRINT, [0; 4].as_slice());
    }
    let network = network(attributes, class)?;
    attributes.set(CKA_BIP32_VERSION_BYTES, network.version(class).as_slice());
    let public = Node::of_object(attributes)?.public()?;
    attributes.set(CKA_BIP32_ID, public.identifier().as_slice());
    attributes.set(CKA_BIP32_FINGERPRINT, public.fingerprint().as_slice());
    if public.curve == Curve::Secp256k1 {
        let text = xkey::encode(&Node::Public(public), network)?;
        attributes.set(CKA_BC_XPUB, text);
    }
    Ok(())
}

fn parse(class: CK_OBJECT_CLASS, attributes: &Template) -> Result<Key> {
    (plain_type(attributes)?.parse)(class, attributes)
}

/// The key type that would hold the key without its tree.
fn plain_type(attributes: &Template) -> Result<KeyType> {
    Ok(
        match curve_of(super::required(attributes, CKA_EC_PARAMS)?)? {
            Curve::Secp256k1 | Curve::P256 => ec::TYPE,
            Curve::Ed25519 => edwards::TYPE,
        },
    )
}
