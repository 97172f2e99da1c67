//! What a key's public point says in the words of blockchains: our own read-only attributes, on
//! public and private keys alike. They are computed when asked for and never stored. A search finds
//! a key by them, too.

use ripemd::Ripemd160;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::{bls, ec, edwards};
use crate::{attribute::Template, pkcs11::*};

/// An attribute and how to compute it; `None` for a key that does not have it.
type Fact = (CK_ATTRIBUTE_TYPE, fn(&Template) -> Option<Vec<u8>>);

const FACTS: &[Fact] = &[
    (CKA_BC_ETH_ADDRESS, eth_address),
    (CKA_BC_HASH160, hash160),
    (CKA_BC_POINT_COMPRESSED, compressed),
    (CKA_BC_POINT_XONLY, x_only),
    (CKA_BC_POINT_RAW, raw),
];

/// True for an attribute that is computed: nobody can set it.
#[must_use]
pub fn are_told_by(attribute: CK_ATTRIBUTE_TYPE) -> bool {
    FACTS.iter().any(|(fact, _)| *fact == attribute)
}

/// The value of a computed attribute; `None` where the object has no such attribute.
#[must_use]
pub fn find(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE) -> Option<Vec<u8>> {
    let (_, compute) = FACTS.iter().find(|(fact, _)| *fact == attribute)?;
    compute(attributes)
}

/// The last 20 bytes of the Keccak-256 of x‖y.
fn eth_address(attributes: &Template) -> Option<Vec<u8>> {
    let point = on_secp256k1(attributes)?;
    let hash = Keccak256::digest(point.get(1..)?);
    hash.get(12..).map(<[u8]>::to_vec)
}

/// RIPEMD-160 of the SHA-256 of the compressed point.
fn hash160(attributes: &Template) -> Option<Vec<u8>> {
    let compressed = compress(&on_secp256k1(attributes)?)?;
    Some(Ripemd160::digest(Sha256::digest(compressed)).to_vec())
}

fn x_only(attributes: &Template) -> Option<Vec<u8>> {
    on_secp256k1(attributes)?.get(1..=32).map(<[u8]>::to_vec)
}

fn compressed(attributes: &Template) -> Option<Vec<u8>> {
    compress(&weierstrass(attributes)?.1)
}

/// The point without its DER OCTET STRING.
fn raw(attributes: &Template) -> Option<Vec<u8>> {
    let (params, point) = (
        attributes.bytes(CKA_EC_PARAMS)?,
        attributes.bytes(CKA_EC_POINT)?,
    );
    if params == bls::PARAMS {
        let point = bls::PublicKey::from_point(point)?;
        return Some(point.to_compressed().to_vec());
    }
    if edwards::is_named_by(params) {
        let point = edwards::PublicKey::from_point(point)?;
        return Some(point.as_bytes().to_vec());
    }
    Some(weierstrass(attributes)?.1)
}

/// The curve of a key and its uncompressed point.
fn weierstrass(attributes: &Template) -> Option<(ec::Curve, Vec<u8>)> {
    let curve = ec::Curve::from_params(attributes.bytes(CKA_EC_PARAMS)?).ok()?;
    let point = ec::PublicKey::from_point(curve, attributes.bytes(CKA_EC_POINT)?)?;
    Some((curve, point.to_uncompressed()))
}

fn on_secp256k1(attributes: &Template) -> Option<Vec<u8>> {
    let (curve, point) = weierstrass(attributes)?;
    (curve == ec::Curve::Secp256k1).then_some(point)
}

/// x after a tag that tells the parity of y (SEC 1 section 2.3.3).
fn compress(point: &[u8]) -> Option<Vec<u8>> {
    let mut compressed = point.get(..=point.len() / 2)?.to_vec();
    *compressed.first_mut()? = 2 + (point.last()? & 1);
    Some(compressed)
}
