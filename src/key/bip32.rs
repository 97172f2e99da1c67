//! Keys of a tree (`CKK_BIP32`, Thales Luna's type): an ordinary key with a chain code and a place.
//!
//! Both halves hold all of it, and everything but key material, chain code and network is computed.
//! Parsed, they are ordinary keys of their curve, so that every mechanism of the curve takes them.
//! The chain code is readable only while the user is logged in: with it, the public key and one
//! child's private key the private key is known.

use pkcs8::der::Encode;

use super::{
    Key, KeyType, der,
    ec::{self, PublicKey},
    edwards,
    hd::{Curve, ExtendedPrivateKey, ExtendedPublicKey, Place},
    xkey::{self, Network},
};
use crate::{
    attribute::{Kind, LOGIN_ONLY, Row, Template, Value},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

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

/// A key of a tree, either half.
#[derive(Debug)]
pub enum Node {
    /// With the private key.
    Private(ExtendedPrivateKey),
    /// The public key alone.
    Public(ExtendedPublicKey),
}

impl Node {
    /// The node that a `CKK_BIP32` object holds.
    ///
    /// # Errors
    /// `CKR_KEY_TYPE_INCONSISTENT` for other objects.
    pub fn of_object(attributes: &Template) -> Result<Self> {
        if attributes.ulong(CKA_KEY_TYPE) != Some(CKK_BIP32) {
            return Err(Error::KeyTypeInconsistent);
        }
        let place = Place {
            depth: number(attributes, CKA_BIP32_CHILD_DEPTH)?,
            index: number(attributes, CKA_BIP32_CHILD_INDEX)?,
            parent_fingerprint: attributes
                .bytes(CKA_BIP32_PARENT_FINGERPRINT)
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or(Error::AttributeValueInvalid(CKA_BIP32_PARENT_FINGERPRINT))?,
        };
        Self::of_key(attributes, chain_code(attributes)?, place)
    }

    /// The node that a key of whatever type on one of our curves is together with a chain code.
    ///
    /// # Errors
    /// `CKR_KEY_TYPE_INCONSISTENT` for other keys.
    pub fn of_key(attributes: &Template, chain_code: [u8; 32], place: Place) -> Result<Self> {
        let curve = attributes
            .bytes(CKA_EC_PARAMS)
            .ok_or(Error::KeyTypeInconsistent)
            .and_then(curve_of)
            .map_err(|_| Error::KeyTypeInconsistent)?;
        match attributes.ulong(CKA_CLASS) {
            Some(CKO_PRIVATE_KEY) => Ok(Self::Private(ExtendedPrivateKey {
                curve,
                secret: super::secret_value(attributes)?.expose(SecretBytes::copy_from),
                chain_code,
                place,
            })),
            Some(CKO_PUBLIC_KEY) => Ok(Self::Public(ExtendedPublicKey {
                curve,
                point: compressed(curve, super::required(attributes, CKA_EC_POINT)?)?,
                chain_code,
                place,
            })),
            _ => Err(Error::KeyTypeInconsistent),
        }
    }

    /// The child with an index.
    ///
    /// # Errors
    /// As [`ExtendedPrivateKey::child`] and [`ExtendedPublicKey::child`].
    pub fn child(&self, index: u32) -> Result<Self> {
        match self {
            Self::Private(key) => key.child(index).map(Self::Private),
            Self::Public(key) => key.child(index).map(Self::Public),
        }
    }

    /// The public half.
    ///
    /// # Errors
    /// As [`ExtendedPrivateKey::public`].
    pub fn public(&self) -> Result<ExtendedPublicKey> {
        match self {
            Self::Private(key) => key.public(),
            Self::Public(key) => Ok(key.clone()),
        }
    }

    /// Its curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        match self {
            Self::Private(key) => key.curve,
            Self::Public(key) => key.curve,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn place(&self) -> Place {
        match self {
            Self::Private(key) => key.place,
            Self::Public(key) => key.place,
        }
    }

    /// Its chain code.
    #[must_use]
    pub const fn chain_code(&self) -> &[u8; 32] {
        match self {
            Self::Private(key) => &key.chain_code,
            Self::Public(key) => &key.chain_code,
        }
    }

    /// `CKA_CLASS`.
    #[must_use]
    pub const fn class(&self) -> CK_OBJECT_CLASS {
        match self {
            Self::Private(_) => CKO_PRIVATE_KEY,
            Self::Public(_) => CKO_PUBLIC_KEY,
        }
    }

    /// Class, key type and key material of an ordinary key; `params` is its `CKA_EC_PARAMS`.
    ///
    /// # Errors
    /// `CKR_DATA_INVALID`: never, for a node that was made here.
    pub fn key_material(&self, key_type: CK_KEY_TYPE, params: &[u8]) -> Result<Template> {
        let material = Template::new()
            .with(CKA_CLASS, self.class())
            .with(CKA_KEY_TYPE, key_type)
            .with(CKA_EC_PARAMS, params);
        Ok(match self {
            Self::Private(key) => {
                material.with(CKA_VALUE, key.secret.expose(SecretBytes::copy_from))
            }
            Self::Public(key) => material.with(CKA_EC_POINT, point(key)?),
        })
    }

    /// All attributes of a `CKK_BIP32` key that its derivation decides.
    ///
    /// # Errors
    /// As [`key_material`](Self::key_material).
    pub fn attributes(&self, params: &[u8]) -> Result<Template> {
        let place = self.place();
        Ok(self
            .key_material(CKK_BIP32, params)?
            .with(CKA_BIP32_CHAIN_CODE, secret(self.chain_code()))
            .with(CKA_BIP32_CHILD_DEPTH, CK_ULONG::from(place.depth))
            .with(CKA_BIP32_CHILD_INDEX, CK_ULONG::from(place.index))
            .with(
                CKA_BIP32_PARENT_FINGERPRINT,
                place.parent_fingerprint.as_slice(),
            ))
    }
}

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

fn chain_code(attributes: &Template) -> Result<[u8; 32]> {
    let Some(Value::Secret(chain_code)) = attributes.get(CKA_BIP32_CHAIN_CODE) else {
        // Sealed like a private key, on public keys too.
        return Err(Error::UserNotLoggedIn);
    };
    chain_code
        .expose(|bytes| bytes.try_into().ok())
        .ok_or(Error::AttributeValueInvalid(CKA_BIP32_CHAIN_CODE))
}

fn number<N: TryFrom<CK_ULONG>>(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE) -> Result<N> {
    attributes
        .ulong(attribute)
        .and_then(|n| n.try_into().ok())
        .ok_or(Error::AttributeValueInvalid(attribute))
}

/// `CKA_EC_POINT` of a public key.
fn point(key: &ExtendedPublicKey) -> Result<Vec<u8>> {
    let bare = match key.curve {
        Curve::Secp256k1 => uncompressed(ec::Curve::Secp256k1, &key.point),
        Curve::P256 => uncompressed(ec::Curve::P256, &key.point),
        Curve::Ed25519 => key.point.get(1..).map(<[u8]>::to_vec),
    };
    der::octet_string(&bare.ok_or(Error::DataInvalid)?)
}

fn uncompressed(curve: ec::Curve, point: &[u8]) -> Option<Vec<u8>> {
    PublicKey::from_point(curve, point).map(|key| key.to_uncompressed())
}

/// The point as trees write it, from `CKA_EC_POINT`.
fn compressed(curve: Curve, point: &[u8]) -> Result<[u8; 33]> {
    let compress = |curve| {
        let whole = uncompressed(curve, point)?;
        let (x, y) = whole.get(1..)?.split_at_checked(32)?;
        let tag = 2 + (y.last()? & 1);
        <[u8; 33]>::try_from([&[tag], x].concat()).ok()
    };
    match curve {
        Curve::Secp256k1 => compress(ec::Curve::Secp256k1),
        Curve::P256 => compress(ec::Curve::P256),
        Curve::Ed25519 => edwards::PublicKey::from_point(point)
            .and_then(|key| [&[0], key.as_bytes().as_slice()].concat().try_into().ok()),
    }
    .ok_or(Error::AttributeValueInvalid(CKA_EC_POINT))
}
