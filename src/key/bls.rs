//! BLS12-381 keys (`CKK_BC_BLS12_381`): public keys in G1, signatures in G2, as Ethereum's consensus
//! layer uses them (draft-irtf-cfrg-bls-signature, "minimal-pubkey-size"; EIP-2333).
//!
//! `CKA_VALUE` is the scalar, 32 bytes, big-endian, 1 to r - 1. `CKA_EC_POINT` becomes the DER OCTET
//! STRING of the 48 compressed bytes, on both halves. `CKA_EC_PARAMS` may be left out; it becomes the
//! object identifier that IBM gave to the curve. There is no `SubjectPublicKeyInfo` that others would
//! read, so `CKA_PUBLIC_KEY_INFO` is left alone.

use std::{fmt, sync::Arc};

use blst::{
    BLST_ERROR,
    min_pk::{self, AggregateSignature, Signature},
};
use zeroize::Zeroizing;

use super::{Key, KeyType, der};
use crate::{
    attribute::{Kind, Row, Template},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_BC_BLS12_381,
    public: Some(PUBLIC),
    private: Some(PRIVATE),
    secret: None,
    usages: &[CKA_SIGN, CKA_VERIFY, CKA_DERIVE],
    complete,
    parse,
};

const PUBLIC: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[]),
    Row::new(CKA_EC_POINT, Kind::Bytes, &[1, 4]),
];

const PRIVATE: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[]),
    Row::new(CKA_VALUE, Kind::Secret, &[1, 4, 6, 7]),
    Row::new(CKA_EC_POINT, Kind::Bytes, &[4]),
];

/// The DER object identifier 1.3.6.1.4.1.2.267.999.3.2 of IBM.
pub const PARAMS: &[u8] = b"\x06\x0C\x2B\x06\x01\x04\x01\x02\x82\x0B\x87\x67\x03\x02";

/// Bytes of a scalar.
pub const SCALAR_LEN: usize = 32;
/// Bytes of a compressed public key.
pub const PUBLIC_KEY_LEN: usize = 48;
/// Bytes of an uncompressed public key, accepted on input.
const UNCOMPRESSED_LEN: usize = 96;
/// Bytes of a compressed signature.
pub const SIGNATURE_LEN: usize = 96;
/// Fewest bytes of the key material that a key is made from.
pub const SEED_LEN_MIN: usize = 32;

/// A private key. The scalar stays in locked memory and is expanded for the time of one operation:
/// that costs nothing beside the pairing-friendly arithmetic.
pub struct PrivateKey {
    scalar: SecretBytes,
    public: PublicKey,
}

/// A public key: a point of G1 of order r, not the point at infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(min_pk::PublicKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

impl PrivateKey {
    /// Reads a scalar; `None` unless it is 32 bytes and from 1 to r - 1.
    #[must_use]
    pub fn from_scalar(bytes: &[u8]) -> Option<Self> {
        min_pk::SecretKey::from_bytes(bytes)
            .ok()
            .map(|key| Self::new(&key))
    }

    /// `derive_master_SK` of EIP-2333, which is `KeyGen` of the BLS draft since its version 4 with
    /// the salt that it recommends and no key information. `None` for fewer than 32 bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8]) -> Option<Self> {
        min_pk::SecretKey::derive_master_eip2333(seed)
            .ok()
            .map(|key| Self::new(&key))
    }

    /// `derive_child_SK` of EIP-2333 along a path from this key. Every step is hardened.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` if the scalar is damaged.
    pub fn descendant(&self, path: &[u32]) -> Result<Self> {
        let own = self.expanded()?;
        let key = path
            .iter()
            .fold(own, |parent, index| parent.derive_child_eip2333(*index));
        Ok(Self::new(&key))
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The scalar, 32 bytes, big-endian.
    #[must_use]
    pub const fn scalar(&self) -> &SecretBytes {
        &self.scalar
    }

    /// `CoreSign` of a message with a domain separation tag of 1 to 255 bytes: 96 bytes.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` if the scalar is damaged.
    pub fn sign(&self, message: &[u8], tag: &[u8]) -> Result<[u8; SIGNATURE_LEN]> {
        Ok(self.expanded()?.sign(message, tag, &[]).compress())
    }

    fn new(key: &min_pk::SecretKey) -> Self {
        let bytes = Zeroizing::new(key.to_bytes());
        Self {
            scalar: SecretBytes::copy_from(&*bytes),
            public: PublicKey(key.sk_to_pk()),
        }
    }

    /// The scalar as blst wants it; wiped when it is dropped.
    fn expanded(&self) -> Result<min_pk::SecretKey> {
        self.scalar
            .expose(min_pk::SecretKey::from_bytes)
            .map_err(|_| Error::General("a BLS scalar is damaged".into()))
    }
}

impl PublicKey {
    /// Reads `CKA_EC_POINT`: 48 bytes compressed or 96 uncompressed, bare or in a DER OCTET STRING;
    /// the total length tells which. `None` unless it is the encoding of a point of order r.
    #[must_use]
    pub fn from_point(bytes: &[u8]) -> Option<Self> {
        let bare = match bytes.len() {
            PUBLIC_KEY_LEN | UNCOMPRESSED_LEN => bytes,
            _ => der::in_octet_string(bytes)?,
        };
        match bare.len() {
            PUBLIC_KEY_LEN => Self::from_compressed(bare),
            // The first bit of an uncompressed point is 0.
            UNCOMPRESSED_LEN => min_pk::PublicKey::deserialize(bare)
                .and_then(|key| key.validate().map(|()| Self(key)))
                .ok(),
            _ => None,
        }
    }

    /// Reads 48 compressed bytes. `None` unless they encode a point of order r (`KeyValidate` of the
    /// BLS draft).
    #[must_use]
    pub fn from_compressed(bytes: &[u8]) -> Option<Self> {
        min_pk::PublicKey::uncompress(bytes)
            .and_then(|key| key.validate().map(|()| Self(key)))
            .ok()
    }

    /// The 48 compressed bytes.
    #[must_use]
    pub fn to_compressed(&self) -> [u8; PUBLIC_KEY_LEN] {
        self.0.compress()
    }

    /// `CoreVerify` of a signature with a domain separation tag.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_LEN_RANGE`, `CKR_SIGNATURE_INVALID`.
    pub fn verify(&self, message: &[u8], tag: &[u8], signature: &[u8]) -> Result<()> {
        outcome(point(signature)?.verify(true, message, tag, &[], &self.0, false))
    }
}

/// `FastAggregateVerify`: one message signed by all of the keys. Sound only for keys whose owners
/// have proved that they possess them.
///
/// # Errors
/// `CKR_SIGNATURE_LEN_RANGE`, `CKR_SIGNATURE_INVALID`.
pub fn fast_aggregate_verify(
    keys: &[PublicKey],
    message: &[u8],
    tag: &[u8],
    signature: &[u8],
) -> Result<()> {
    let keys: Vec<_> = keys.iter().map(|key| &key.0).collect();
    outcome(point(signature)?.fast_aggregate_verify(true, message, tag, &keys))
}

/// `AggregateVerify`: each key has signed its own message.
///
/// # Errors
/// `CKR_SIGNATURE_LEN_RANGE`, `CKR_SIGNATURE_INVALID`.
pub fn aggregate_verify(signed: &[(PublicKey, &[u8])], tag: &[u8], signature: &[u8]) -> Result<()> {
    let keys: Vec<_> = signed.iter().map(|(key, _)| &key.0).collect();
    let messages: Vec<_> = signed.iter().map(|(_, message)| *message).collect();
    outcome(point(signature)?.aggregate_verify(true, &messages, tag, &keys, false))
}

/// `Aggregate`: the sum of signatures of 96 bytes each, every one of them checked to be in the group.
/// It says nothing of their being signatures of anything.
///
/// # Errors
/// `CKR_DATA_LEN_RANGE` unless there are whole signatures and at least one; `CKR_DATA_INVALID` for
/// one that is no element of the group.
pub fn aggregate(signatures: &[u8]) -> Result<[u8; SIGNATURE_LEN]> {
    let (signatures, rest) = signatures.as_chunks::<SIGNATURE_LEN>();
    if signatures.is_empty() || !rest.is_empty() {
        return Err(Error::DataLenRange);
    }
    let points: Vec<_> = signatures
        .iter()
        .map(|bytes| Signature::uncompress(bytes))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::DataInvalid)?;
    let points: Vec<_> = points.iter().collect();
    AggregateSignature::aggregate(&points, true)
        .map(|sum| sum.to_signature().compress())
        .map_err(|_| Error::DataInvalid)
}

/// The point of a signature; that it is of order r is checked when it is used.
fn point(signature: &[u8]) -> Result<Signature> {
    if signature.len() != SIGNATURE_LEN {
        return Err(Error::SignatureLenRange);
    }
    Signature::uncompress(signature).map_err(|_| Error::SignatureInvalid)
}

fn outcome(result: BLST_ERROR) -> Result<()> {
    (result == BLST_ERROR::BLST_SUCCESS)
        .then_some(())
        .ok_or(Error::SignatureInvalid)
}

/// The key material attributes of the public half.
///
/// # Errors
/// None for a key of this type.
pub fn public_half(key: &PublicKey) -> Result<Template> {
    Ok(Template::new()
        .with(CKA_KEY_TYPE, CKK_BC_BLS12_381)
        .with(CKA_EC_POINT, der::octet_string(&key.to_compressed())?))
}

/// The key material attributes of the private half.
#[must_use]
pub fn private_half(key: PrivateKey) -> Template {
    Template::new()
        .with(CKA_KEY_TYPE, CKK_BC_BLS12_381)
        .with(CKA_VALUE, key.scalar)
}

fn complete(class: CK_OBJECT_CLASS, attributes: &mut Template) -> Result<()> {
    match attributes.bytes(CKA_EC_PARAMS) {
        None | Some([]) => attributes.set(CKA_EC_PARAMS, PARAMS),
        Some(PARAMS) => {}
        Some(other) => {
            der::Parameters::from_der(other)?;
            return Err(Error::CurveNotSupported);
        }
    }
    let key = match class {
        CKO_PUBLIC_KEY => public_key(attributes)?,
        CKO_PRIVATE_KEY => {
            let key = private_key(attributes)?.public_key();
            if attributes.has(CKA_EC_POINT) && public_key(attributes)? != key {
                return Err(Error::TemplateInconsistent(CKA_EC_POINT));
            }
            key
        }
        _ => return Err(Error::TemplateInconsistent(CKA_CLASS)),
    };
    attributes.set(CKA_EC_POINT, der::octet_string(&key.to_compressed())?);
    Ok(())
}

fn parse(class: CK_OBJECT_CLASS, attributes: &Template) -> Result<Key> {
    match class {
        CKO_PUBLIC_KEY => public_key(attributes).map(|key| Key::BlsPublic(Arc::new(key))),
        CKO_PRIVATE_KEY => private_key(attributes).map(|key| Key::BlsPrivate(Arc::new(key))),
        _ => Err(Error::KeyTypeInconsistent),
    }
}

fn public_key(attributes: &Template) -> Result<PublicKey> {
    PublicKey::from_point(super::required(attributes, CKA_EC_POINT)?)
        .ok_or(Error::AttributeValueInvalid(CKA_EC_POINT))
}

fn private_key(attributes: &Template) -> Result<PrivateKey> {
    super::secret_value(attributes)?
        .expose(PrivateKey::from_scalar)
        .ok_or(Error::AttributeValueInvalid(CKA_VALUE))
}

#[cfg(test)]
mod tests;
