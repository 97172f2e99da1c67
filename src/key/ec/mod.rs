//! Keys on short Weierstrass curves (`CKK_EC`, PKCS#11 v3.1 sections 6.3.3 and 6.3.4).
//!
//! `CKA_EC_PARAMS` stays as it was given; `CKA_EC_POINT` becomes the DER OCTET STRING of the
//! uncompressed point and `CKA_VALUE` the scalar at full length. Private keys know their point and
//! their `CKA_PUBLIC_KEY_INFO` too.

mod curve;
mod group;
pub mod secp256k1;

use std::sync::Arc;

pub use curve::Curve;
pub use group::{Group, Point, Scalar};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use pkcs8::ObjectIdentifier;
use sha2::{Digest, digest::block_api::BlockSizeUser};

use super::{Key, KeyType, der, edwards};
use crate::{
    attribute::{Kind, Row, Template},
    env::Entropy,
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_EC,
    public: Some(PUBLIC),
    private: Some(PRIVATE),
    secret: None,
    usages: &[CKA_SIGN, CKA_VERIFY, CKA_DERIVE],
    complete,
    parse,
};

const PUBLIC: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[1, 3]),
    Row::new(CKA_EC_POINT, Kind::Bytes, &[1, 4]),
];

const PRIVATE: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[1, 4, 6]),
    Row::new(CKA_VALUE, Kind::Secret, &[1, 4, 6, 7]),
    // Not the standard's: AWS CloudHSM keeps the point on private keys, and clients look for it.
    Row::new(CKA_EC_POINT, Kind::Bytes, &[4]),
];

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A private key.
#[derive(Debug)]
pub enum PrivateKey {
    /// On secp256k1.
    Secp256k1(Scalar<k256::Secp256k1>),
    /// On P-256.
    P256(Scalar<NistP256>),
    /// On P-384.
    P384(Scalar<NistP384>),
    /// On P-521.
    P521(Scalar<NistP521>),
}

/// A public key.
#[derive(Debug)]
pub enum PublicKey {
    /// On secp256k1.
    Secp256k1(Point<k256::Secp256k1>),
    /// On P-256.
    P256(Point<NistP256>),
    /// On P-384.
    P384(Point<NistP384>),
    /// On P-521.
    P521(Point<NistP521>),
}

/// How a scalar is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Drawn again until it is in range (`CKM_EC_KEY_PAIR_GEN`).
    Rejection,
    /// Reduced from 64 bits more than needed (`CKM_EC_KEY_PAIR_GEN_W_EXTRA_BITS`).
    ExtraBits,
}

/// `$body` with the inside of a key of whatever curve.
macro_rules! on_any_curve {
    ($key:expr, $inside:ident => $body:expr) => {
        match $key {
            Self::Secp256k1($inside) => $body,
            Self::P256($inside) => $body,
            Self::P384($inside) => $body,
            Self::P521($inside) => $body,
        }
    };
}

impl PrivateKey {
    /// Reads a big-endian scalar of any length; `None` unless it is in 1..n.
    #[must_use]
    pub fn from_scalar(curve: Curve, scalar: &[u8]) -> Option<Self> {
        Some(match curve {
            Curve::Secp256k1 => Self::Secp256k1(Scalar::from_be_bytes(scalar)?),
            Curve::P256 => Self::P256(Scalar::from_be_bytes(scalar)?),
            Curve::P384 => Self::P384(Scalar::from_be_bytes(scalar)?),
            Curve::P521 => Self::P521(Scalar::from_be_bytes(scalar)?),
        })
    }

    /// Makes a new key.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` when there is no good randomness.
    pub fn generate(curve: Curve, draw: Draw, entropy: &dyn Entropy) -> Result<Self> {
        Ok(match curve {
            Curve::Secp256k1 => Self::Secp256k1(Scalar::generate(draw, entropy)?),
            Curve::P256 => Self::P256(Scalar::generate(draw, entropy)?),
            Curve::P384 => Self::P384(Scalar::generate(draw, entropy)?),
            Curve::P521 => Self::P521(Scalar::generate(draw, entropy)?),
        })
    }

    /// The scalar, big-endian at full length.
    #[must_use]
    pub fn to_secret(&self) -> SecretBytes {
        on_any_curve!(self, scalar => scalar.to_secret())
    }

    /// The public key: one multiplication.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Secp256k1(scalar) => PublicKey::Secp256k1(scalar.public()),
            Self::P256(scalar) => PublicKey::P256(scalar.public()),
            Self::P384(scalar) => PublicKey::P384(scalar.public()),
            Self::P521(scalar) => PublicKey::P521(scalar.public()),
        }
    }

    /// The scalar, if it is on secp256k1.
    ///
    /// # Errors
    /// `CKR_KEY_TYPE_INCONSISTENT`.
    pub const fn secp256k1(&self) -> Result<&Scalar<k256::Secp256k1>> {
        match self {
            Self::Secp256k1(scalar) => Ok(scalar),
            Self::P256(_) | Self::P384(_) | Self::P521(_) => Err(Error::KeyTypeInconsistent),
        }
    }

    /// The point that this key makes of a peer's, who makes the same of ours: uncompressed.
    /// `None` when the peer's is on another curve.
    #[must_use]
    pub fn shared_point(&self, peer: &PublicKey) -> Option<SecretBytes> {
        Some(match (self, peer) {
            (Self::Secp256k1(scalar), PublicKey::Secp256k1(peer)) => scalar.shared_point(peer),
            (Self::P256(scalar), PublicKey::P256(peer)) => scalar.shared_point(peer),
            (Self::P384(scalar), PublicKey::P384(peer)) => scalar.shared_point(peer),
            (Self::P521(scalar), PublicKey::P521(peer)) => scalar.shared_point(peer),
            _ => return None,
        })
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        match self {
            Self::Secp256k1(_) => Curve::Secp256k1,
            Self::P256(_) => Curve::P256,
            Self::P384(_) => Curve::P384,
            Self::P521(_) => Curve::P521,
        }
    }

    /// Length of a signature in bytes.
    #[must_use]
    pub const fn signature_len(&self) -> usize {
        on_any_curve!(self, scalar => scalar.signature_len())
    }

    /// Signs a digest of any length, the leftmost bits of which count: r‖s. The nonce is that of
    /// RFC 6979 with the curve's own hash. Returns the length.
    ///
    /// # Errors
    /// `CKR_BUFFER_TOO_SMALL`.
    pub fn sign_prehash(&self, digest: &[u8], out: &mut [u8]) -> Result<usize> {
        fn sign<C: Group>(scalar: &Scalar<C>, digest: &[u8], out: &mut [u8]) -> Result<usize> {
            scalar.sign::<C::NonceHash>(digest, out)
        }
        on_any_curve!(self, scalar => sign(scalar, digest, out))
    }

    /// [`sign_prehash`](Self::sign_prehash) with the hash `D` for the nonce, which RFC 6979 wants
    /// to be the one that made the digest.
    ///
    /// # Errors
    /// `CKR_BUFFER_TOO_SMALL`.
    pub fn sign_digest<D: Digest + BlockSizeUser>(
        &self,
        digest: &[u8],
        out: &mut [u8],
    ) -> Result<usize> {
        on_any_curve!(self, scalar => scalar.sign::<D>(digest, out))
    }
}

impl PublicKey {
    /// Reads `CKA_EC_POINT`, or a peer's point: uncompressed or compressed, bare or in a DER OCTET
    /// STRING. The total length alone tells which. `None` unless it is a point of the curve.
    #[must_use]
    pub fn from_point(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let n = curve.coordinate_len();
        let is_bare = |len| len == 1 + n || len == 1 + 2 * n;
        let bare = if is_bare(bytes.len()) {
            bytes
        } else {
            der::in_octet_string(bytes).filter(|inside| is_bare(inside.len()))?
        };
        Some(match curve {
            Curve::Secp256k1 => Self::Secp256k1(Point::from_sec1(bare)?),
            Curve::P256 => Self::P256(Point::from_sec1(bare)?),
            Curve::P384 => Self::P384(Point::from_sec1(bare)?),
            Curve::P521 => Self::P521(Point::from_sec1(bare)?),
        })
    }

    /// The point, if it is on secp256k1.
    ///
    /// # Errors
    /// `CKR_KEY_TYPE_INCONSISTENT`.
    pub const fn secp256k1(&self) -> Result<&Point<k256::Secp256k1>> {
        match self {
            Self::Secp256k1(point) => Ok(point),
            Self::P256(_) | Self::P384(_) | Self::P521(_) => Err(Error::KeyTypeInconsistent),
        }
    }

    /// The uncompressed point, bare.
    #[must_use]
    pub fn to_uncompressed(&self) -> Vec<u8> {
        on_any_curve!(self, point => point.to_uncompressed())
    }

    /// Checks r‖s over a digest of any length. Both halves may have lost the same number of leading
    /// zeros; a high s is as good as a low one.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_LEN_RANGE` for an odd or an excessive length, else `CKR_SIGNATURE_INVALID`.
    pub fn verify_prehash(&self, digest: &[u8], signature: &[u8]) -> Result<()> {
        on_any_curve!(self, point => point.verify(digest, signature))
    }
}

/// Makes a key pair on the curve that `CKA_EC_PARAMS` of the public template names: the key
/// material attributes of the public and of the private half.
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE` without parameters, `CKR_CURVE_NOT_SUPPORTED`,
/// `CKR_DOMAIN_PARAMS_INVALID`; `CKR_TEMPLATE_INCONSISTENT` when the private template names other
/// parameters.
pub fn generate(
    public: &Template,
    private: &Template,
    draw: Draw,
    entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    let params = super::params_of_pair(public, private)?;
    let key = PrivateKey::generate(Curve::from_params(params)?, draw, entropy)?;
    let point = der::octet_string(&key.public_key().to_uncompressed())?;
    let public = Template::new()
        .with(CKA_KEY_TYPE, CKK_EC)
        .with(CKA_EC_POINT, point);
    let private = Template::new()
        .with(CKA_KEY_TYPE, CKK_EC)
        .with(CKA_EC_PARAMS, params)
        .with(CKA_VALUE, key.to_secret());
    Ok((public, private))
}

/// The key-material attributes of a private key on the curve of `base`, an object of this type.
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE` when `base` names no curve.
pub fn private_material(base: &Template, key: &PrivateKey) -> Result<Template> {
    Ok(Template::new()
        .with(CKA_CLASS, CKO_PRIVATE_KEY)
        .with(CKA_KEY_TYPE, CKK_EC)
        .with(CKA_EC_PARAMS, super::required(base, CKA_EC_PARAMS)?)
        .with(CKA_VALUE, key.to_secret()))
}

/// As [`private_material`], of a public key.
///
/// # Errors
/// As [`private_material`].
pub fn public_material(base: &Template, key: &PublicKey) -> Result<Template> {
    Ok(Template::new()
        .with(CKA_CLASS, CKO_PUBLIC_KEY)
        .with(CKA_KEY_TYPE, CKK_EC)
        .with(CKA_EC_PARAMS, super::required(base, CKA_EC_PARAMS)?)
        .with(CKA_EC_POINT, der::octet_string(&key.to_uncompressed())?))
}

fn complete(class: CK_OBJECT_CLASS, attributes: &mut Template) -> Result<()> {
    if is_edwards(attributes) {
        return (edwards::TYPE.complete)(class, attributes);
    }
    let curve = curve_of(attributes)?;
    let point = match class {
        CKO_PUBLIC_KEY => public_key(curve, attributes)?.to_uncompressed(),
        CKO_PRIVATE_KEY => {
            let key = private_key(curve, attributes)?;
            attributes.set(CKA_VALUE, key.to_secret());
            let point = key.public_key().to_uncompressed();
            if attributes.has(CKA_EC_POINT)
                && public_key(curve, attributes)?.to_uncompressed() != point
            {
                return Err(Error::TemplateInconsistent(CKA_EC_POINT));
            }
            point
        }
        _ => return Err(Error::TemplateInconsistent(CKA_CLASS)),
    };
    attributes.set(CKA_EC_POINT, der::octet_string(&point)?);
    let info = der::public_key_info(EC_PUBLIC_KEY, Some(curve.oid()), &point)?;
    super::set_computed(attributes, CKA_PUBLIC_KEY_INFO, info)
}

fn parse(class: CK_OBJECT_CLASS, attributes: &Template) -> Result<Key> {
    if is_edwards(attributes) {
        return (edwards::TYPE.parse)(class, attributes);
    }
    let curve = curve_of(attributes)?;
    match class {
        CKO_PUBLIC_KEY => public_key(curve, attributes).map(|key| Key::EcPublic(Arc::new(key))),
        CKO_PRIVATE_KEY => private_key(curve, attributes).map(|key| Key::EcPrivate(Arc::new(key))),
        _ => Err(Error::KeyTypeInconsistent),
    }
}

/// IBM's clients know one key type for all curves.
fn is_edwards(attributes: &Template) -> bool {
    attributes
        .bytes(CKA_EC_PARAMS)
        .is_some_and(edwards::is_named_by)
}

fn curve_of(attributes: &Template) -> Result<Curve> {
    Curve::from_params(super::required(attributes, CKA_EC_PARAMS)?)
}

fn public_key(curve: Curve, attributes: &Template) -> Result<PublicKey> {
    PublicKey::from_point(curve, super::required(attributes, CKA_EC_POINT)?)
        .ok_or(Error::AttributeValueInvalid(CKA_EC_POINT))
}

fn private_key(curve: Curve, attributes: &Template) -> Result<PrivateKey> {
    super::secret_value(attributes)?
        .expose(|scalar| PrivateKey::from_scalar(curve, scalar))
        .ok_or(Error::AttributeValueInvalid(CKA_VALUE))
}

#[cfg(test)]
mod tests;
