//! A key of a tree as attributes hold it, and as derivation takes and gives it.

use super::{
    bip32::{curve_of, secret},
    der,
    ec::{self, PublicKey},
    edwards,
    hd::{Curve, ExtendedPrivateKey, ExtendedPublicKey, Place},
};
use crate::{
    attribute::{Template, Value},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

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
