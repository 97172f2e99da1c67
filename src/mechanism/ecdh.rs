//! ECDH on short Weierstrass curves (PKCS#11 v3.1 sections 6.3.18 and 6.3.19; SEC 1 section 3.3.1).
//! All our curves have cofactor 1: both mechanisms are the same.
//!
//! The peer's point may be bare or in a DER OCTET STRING, compressed or not. Without a KDF the
//! secret is the x-coordinate, and a shorter key takes its trailing bytes. `CKM_BC_ECDH_POINT` keeps
//! the whole point: its first byte asks for it compressed (2 or 3) or not (4).

use std::mem::{offset_of, size_of};

use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use zeroize::Zeroize;

use super::{
    DeriveInput, Derived, Field, FieldValue, Mechanism, Ops, Params, Protection, Shape,
    descriptor::Derive,
    ecdsa::{CURVE_BITS, CURVE_FLAGS},
    kdf::{secret_key, value_len},
};
use crate::{
    attribute::Template,
    error::{Error, Result},
    key::{Key, ec::PublicKey},
    pkcs11::*,
    secret::SecretBytes,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    row(CKM_ECDH1_DERIVE, PARAMS, ecdh1::<CKM_ECDH1_DERIVE>),
    row(
        CKM_ECDH1_COFACTOR_DERIVE,
        PARAMS,
        ecdh1::<CKM_ECDH1_COFACTOR_DERIVE>,
    ),
    row(CKM_BC_ECDH_POINT, FORMAT_AND_POINT, point),
];

const PARAMS: Shape = Shape::Struct {
    size: size_of::<CK_ECDH1_DERIVE_PARAMS>(),
    fields: &[
        Field::Ulong(offset_of!(CK_ECDH1_DERIVE_PARAMS, kdf)),
        Field::Bytes {
            ptr: offset_of!(CK_ECDH1_DERIVE_PARAMS, pSharedData),
            len: offset_of!(CK_ECDH1_DERIVE_PARAMS, ulSharedDataLen),
        },
        Field::Bytes {
            ptr: offset_of!(CK_ECDH1_DERIVE_PARAMS, pPublicData),
            len: offset_of!(CK_ECDH1_DERIVE_PARAMS, ulPublicDataLen),
        },
    ],
    optional: false,
};

/// From a compressed point on the shortest curve to a P-521 one in an OCTET STRING.
const FORMAT_AND_POINT: Shape = Shape::Bytes { min: 34, max: 137 };

const fn row(id: CK_MECHANISM_TYPE, param: Shape, derive: Derive) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_EC, CKK_BIP32],
        size: CURVE_BITS,
        param,
        flags: CURVE_FLAGS,
        ops: Ops {
            derive: Some(derive),
            ..Ops::NONE
        },
    }
}

fn ecdh1<const M: CK_MECHANISM_TYPE>(
    input: &DeriveInput<'_>,
    params: &mut Params,
) -> Result<Vec<Derived>> {
    let invalid = || Error::MechanismParamInvalid(M);
    let Params::Struct(fields) = params else {
        return Err(invalid());
    };
    let [
        FieldValue::Ulong(kdf),
        FieldValue::Bytes(shared),
        FieldValue::Bytes(peer),
    ] = fields.as_slice()
    else {
        return Err(invalid());
    };
    let kdf = match *kdf {
        CKD_NULL if shared.is_empty() => None,
        CKD_SHA1_KDF => Some(x963::<Sha1> as Kdf),
        CKD_SHA224_KDF => Some(x963::<Sha224> as Kdf),
        CKD_SHA256_KDF => Some(x963::<Sha256> as Kdf),
        CKD_SHA384_KDF => Some(x963::<Sha384> as Kdf),
        CKD_SHA512_KDF => Some(x963::<Sha512> as Kdf),
        CKD_SHA3_224_KDF => Some(x963::<Sha3_224> as Kdf),
        CKD_SHA3_256_KDF => Some(x963::<Sha3_256> as Kdf),
        CKD_SHA3_384_KDF => Some(x963::<Sha3_384> as Kdf),
        CKD_SHA3_512_KDF => Some(x963::<Sha3_512> as Kdf),
        _ => return Err(invalid()),
    };
    let point = agree::<M>(input, peer)?;
    let len = value_len(input.template)?;
    let secret = point.expose(|point| {
        // The tag, x, and y of the same length.
        let x = point.get(1..=point.len() / 2).unwrap_or_default();
        match kdf {
            None => trailing(x, len),
            Some(kdf) => {
                let len = len.ok_or(Error::TemplateIncomplete(CKA_VALUE_LEN))?;
                Ok(kdf(x, shared, len))
            }
        }
    })?;
    Ok(secret_of(secret_key(input.template, secret)))
}

fn point(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let invalid = || Error::MechanismParamInvalid(CKM_BC_ECDH_POINT);
    let (compressed, peer) = match params {
        Params::Bytes(bytes) => match bytes.as_slice() {
            [2 | 3, peer @ ..] => (true, peer),
            [4, peer @ ..] => (false, peer),
            _ => return Err(invalid()),
        },
        Params::None | Params::Struct(_) => return Err(invalid()),
    };
    let point = agree::<CKM_BC_ECDH_POINT>(input, peer)?;
    let secret = if compressed {
        point.expose(compress)
    } else {
        point
    };
    if value_len(input.template)?.is_some_and(|len| len != secret.len()) {
        return Err(Error::TemplateInconsistent(CKA_VALUE_LEN));
    }
    let computed = Template::new()
        .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .with(CKA_VALUE, secret);
    Ok(secret_of(computed))
}

/// The shared point, uncompressed.
fn agree<const M: CK_MECHANISM_TYPE>(input: &DeriveInput<'_>, peer: &[u8]) -> Result<SecretBytes> {
    let Key::EcPrivate(key) = input.key else {
        return Err(Error::KeyTypeInconsistent);
    };
    PublicKey::from_point(key.curve(), peer)
        .and_then(|peer| key.shared_point(&peer))
        .ok_or(Error::MechanismParamInvalid(M))
}

fn secret_of(computed: Template) -> Vec<Derived> {
    vec![Derived {
        template: None,
        computed: computed.with(CKA_CLASS, CKO_SECRET_KEY),
        handle_field: None,
        protection: Protection::Template,
    }]
}

/// The last `len` bytes, or all.
fn trailing(x: &[u8], len: Option<usize>) -> Result<SecretBytes> {
    let start = x.len().checked_sub(len.unwrap_or(x.len()));
    start
        .and_then(|start| x.get(start..))
        .map(SecretBytes::copy_from)
        .ok_or(Error::KeySizeRange)
}

/// An uncompressed point, compressed: x after a tag that tells the parity of y.
fn compress(point: &[u8]) -> SecretBytes {
    let x = point.get(..=point.len() / 2).unwrap_or_default();
    let mut compressed = zeroize::Zeroizing::new(x.to_vec());
    if let (Some(tag), Some(y)) = (compressed.first_mut(), point.last()) {
        *tag = 2 + (y & 1);
    }
    SecretBytes::copy_from(&compressed)
}

/// A key derivation: of a secret, with shared data, to a length.
type Kdf = fn(&[u8], &[u8], usize) -> SecretBytes;

/// The KDF of ANSI X9.63 (SEC 1 section 3.6.1): hashes of the secret, a counter and the shared data.
fn x963<D: Digest>(secret: &[u8], shared: &[u8], len: usize) -> SecretBytes {
    let filled = SecretBytes::new_with(len, |out| -> Result<(), std::convert::Infallible> {
        for (block, counter) in out.chunks_mut(<D as Digest>::output_size()).zip(1_u32..) {
            let mut hash = D::new()
                .chain_update(secret)
                .chain_update(counter.to_be_bytes())
                .chain_update(shared)
                .finalize();
            for (to, from) in block.iter_mut().zip(&hash) {
                *to = *from;
            }
            hash.zeroize();
        }
        Ok(())
    });
    match filled {
        Ok(secret) => secret,
        Err(never) => match never {},
    }
}
