//! HMAC with the SHA-1, SHA-2 and SHA-3 hashes (PKCS#11 v3.1 sections 6.20 to 6.31, RFC 2104,
//! FIPS 198-1). One form for all hashes that wipes both its states: what the `hmac` crate has for
//! SHA-3 leaves the padded key in memory.

use std::{mem::size_of, sync::Arc};

use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{
    Digest, Sha3_224, Sha3_256, Sha3_384, Sha3_512,
    digest::{block_api::BlockSizeUser, zeroize::ZeroizeOnDrop},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Field, FieldValue, Mechanism, Ops, Params, Shape, Sign, Verify};
use crate::{
    env::Entropy,
    error::{Error, Result},
    key::Key,
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    hmac::<Sha1, CKM_SHA_1_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA_1_HMAC]),
    general::<Sha1, CKM_SHA_1_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA_1_HMAC]),
    hmac::<Sha224, CKM_SHA224_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA224_HMAC]),
    general::<Sha224, CKM_SHA224_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA224_HMAC]),
    hmac::<Sha256, CKM_SHA256_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA256_HMAC]),
    general::<Sha256, CKM_SHA256_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA256_HMAC]),
    hmac::<Sha384, CKM_SHA384_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA384_HMAC]),
    general::<Sha384, CKM_SHA384_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA384_HMAC]),
    hmac::<Sha512, CKM_SHA512_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA512_HMAC]),
    general::<Sha512, CKM_SHA512_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA512_HMAC]),
    hmac::<Sha512_224, CKM_SHA512_224_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA512_224_HMAC]),
    general::<Sha512_224, CKM_SHA512_224_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA512_224_HMAC]),
    hmac::<Sha512_256, CKM_SHA512_256_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA512_256_HMAC]),
    general::<Sha512_256, CKM_SHA512_256_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA512_256_HMAC]),
    hmac::<Sha3_224, CKM_SHA3_224_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA3_224_HMAC]),
    general::<Sha3_224, CKM_SHA3_224_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA3_224_HMAC]),
    hmac::<Sha3_256, CKM_SHA3_256_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA3_256_HMAC]),
    general::<Sha3_256, CKM_SHA3_256_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA3_256_HMAC]),
    hmac::<Sha3_384, CKM_SHA3_384_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA3_384_HMAC]),
    general::<Sha3_384, CKM_SHA3_384_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA3_384_HMAC]),
    hmac::<Sha3_512, CKM_SHA3_512_HMAC>(&[CKK_GENERIC_SECRET, CKK_SHA3_512_HMAC]),
    general::<Sha3_512, CKM_SHA3_512_HMAC_GENERAL>(&[CKK_GENERIC_SECRET, CKK_SHA3_512_HMAC]),
];

/// Largest key in bytes that the table names; longer ones are hashed, so none is refused.
const MAX_KEY: CK_ULONG = 512;

/// A hash function that wipes its state.
trait Hash: Digest + BlockSizeUser + ZeroizeOnDrop + Send + 'static {}

impl<D: Digest + BlockSizeUser + ZeroizeOnDrop + Send + 'static> Hash for D {}

/// The whole code.
const fn hmac<D: Hash, const M: CK_MECHANISM_TYPE>(keys: &'static [CK_KEY_TYPE]) -> Mechanism {
    row::<D, M>(keys, Shape::None)
}

/// The code cut to `CK_MAC_GENERAL_PARAMS` bytes.
const fn general<D: Hash, const M: CK_MECHANISM_TYPE>(keys: &'static [CK_KEY_TYPE]) -> Mechanism {
    let param = Shape::Struct {
        size: size_of::<CK_MAC_GENERAL_PARAMS>(),
        fields: &[Field::Ulong(0)],
        optional: false,
    };
    row::<D, M>(keys, param)
}

const fn row<D: Hash, const M: CK_MECHANISM_TYPE>(
    keys: &'static [CK_KEY_TYPE],
    param: Shape,
) -> Mechanism {
    Mechanism {
        id: M,
        keys,
        size: (1, MAX_KEY),
        param,
        flags: 0,
        ops: Ops {
            sign: Some(sign::<D, M>),
            verify: Some(verify::<D, M>),
            ..Ops::NONE
        },
    }
}

fn sign<D: Hash, const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
    _entropy: &Arc<dyn Entropy>,
) -> Result<Box<dyn Sign>> {
    Ok(Box::new(Hmac::<D>::new::<M>(key, params)?))
}

fn verify<D: Hash, const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
) -> Result<Box<dyn Verify>> {
    Ok(Box::new(Hmac::<D>::new::<M>(key, params)?))
}

/// A code in progress.
struct Hmac<D> {
    /// Has absorbed the key for the inner hash, and the message so far.
    inner: D,
    /// Has absorbed the key for the outer hash.
    outer: D,
    /// Bytes of the code that are given out.
    len: usize,
}

impl<D: Hash> Hmac<D> {
    fn new<const M: CK_MECHANISM_TYPE>(key: &Key, params: &Params) -> Result<Self> {
        let full = <D as Digest>::output_size();
        let len = match params {
            Params::None => full,
            Params::Bytes(_) => 0,
            Params::Struct(fields) => match fields.as_slice() {
                [FieldValue::Ulong(len)] => usize::try_from(*len).unwrap_or(0),
                _ => 0,
            },
        };
        if !(1..=full).contains(&len) {
            return Err(Error::MechanismParamInvalid(M));
        }
        let Key::Secret(key) = key else {
            return Err(Error::KeyTypeInconsistent);
        };
        Ok(key.expose(|key| Self::keyed(key, len)))
    }

    fn keyed(key: &[u8], len: usize) -> Self {
        let mut pad = Zeroizing::new(vec![0; D::block_size()]);
        if key.len() > pad.len() {
            let short = D::digest(key);
            pad.iter_mut().zip(short).for_each(|(pad, key)| *pad = key);
        } else {
            pad.iter_mut().zip(key).for_each(|(pad, key)| *pad = *key);
        }
        let (mut inner, mut outer) = (D::new(), D::new());
        pad.iter_mut().for_each(|byte| *byte ^= 0x36);
        inner.update(&pad);
        pad.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
        outer.update(&pad);
        Self { inner, outer, len }
    }

    /// The whole code.
    fn code(self) -> impl AsRef<[u8]> {
        let Self { inner, outer, .. } = self;
        outer.chain_update(inner.finalize()).finalize()
    }
}

impl<D: Hash> Sign for Hmac<D> {
    fn signature_len(&self) -> usize {
        self.len
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.inner.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        let needed = self.len;
        let too_small = || Error::BufferTooSmall { needed };
        let code = self.code();
        let code = code.as_ref().get(..needed).ok_or_else(too_small)?;
        out.get_mut(..needed)
            .ok_or_else(too_small)?
            .copy_from_slice(code);
        Ok(needed)
    }
}

impl<D: Hash> Verify for Hmac<D> {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.inner.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        let len = self.len;
        if signature.len() != len {
            return Err(Error::SignatureLenRange);
        }
        let code = self.code();
        let code = code.as_ref().get(..len).unwrap_or_default();
        if bool::from(code.ct_eq(signature)) {
            Ok(())
        } else {
            Err(Error::SignatureInvalid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::known_answers::{Case, cases, entropy, parts, registered, secret};

    const VECTORS: &str = include_str!("../../tests/vectors/hmac.txt");

    fn mechanism(case: &Case<'_>) -> CK_MECHANISM_TYPE {
        match case.text("mechanism") {
            "SHA_1_HMAC" => CKM_SHA_1_HMAC,
            "SHA_1_HMAC_GENERAL" => CKM_SHA_1_HMAC_GENERAL,
            "SHA224_HMAC" => CKM_SHA224_HMAC,
            "SHA224_HMAC_GENERAL" => CKM_SHA224_HMAC_GENERAL,
            "SHA256_HMAC" => CKM_SHA256_HMAC,
            "SHA256_HMAC_GENERAL" => CKM_SHA256_HMAC_GENERAL,
            "SHA384_HMAC" => CKM_SHA384_HMAC,
            "SHA384_HMAC_GENERAL" => CKM_SHA384_HMAC_GENERAL,
            "SHA512_HMAC" => CKM_SHA512_HMAC,
            "SHA512_HMAC_GENERAL" => CKM_SHA512_HMAC_GENERAL,
            "SHA512_224_HMAC" => CKM_SHA512_224_HMAC,
            "SHA512_224_HMAC_GENERAL" => CKM_SHA512_224_HMAC_GENERAL,
            "SHA512_256_HMAC" => CKM_SHA512_256_HMAC,
            "SHA512_256_HMAC_GENERAL" => CKM_SHA512_256_HMAC_GENERAL,
            "SHA3_224_HMAC" => CKM_SHA3_224_HMAC,
            "SHA3_224_HMAC_GENERAL" => CKM_SHA3_224_HMAC_GENERAL,
            "SHA3_256_HMAC" => CKM_SHA3_256_HMAC,
            "SHA3_256_HMAC_GENERAL" => CKM_SHA3_256_HMAC_GENERAL,
            "SHA3_384_HMAC" => CKM_SHA3_384_HMAC,
            "SHA3_384_HMAC_GENERAL" => CKM_SHA3_384_HMAC_GENERAL,
            "SHA3_512_HMAC" => CKM_SHA3_512_HMAC,
            "SHA3_512_HMAC_GENERAL" => CKM_SHA3_512_HMAC_GENERAL,
            other => panic!("{other}"),
        }
    }

    fn length(len: CK_ULONG) -> Params {
        Params::Struct(vec![FieldValue::Ulong(len)])
    }

    fn signed(row: &Mechanism, key: &Key, params: &Params, parts: &[&[u8]]) -> Vec<u8> {
        let mut op = row.ops.sign.unwrap()(key, params, &entropy()).unwrap();
        for part in parts {
            op.update(part).unwrap();
        }
        let mut out = vec![0; op.signature_len()];
        let written = op.finish(&mut out).unwrap();
        assert_eq!(written, out.len());
        out
    }

    fn verified(
        row: &Mechanism,
        key: &Key,
        params: &Params,
        data: &[u8],
        code: &[u8],
    ) -> Result<()> {
        let mut op = row.ops.verify.unwrap()(key, params).unwrap();
        op.update(data).unwrap();
        op.finish(code)
    }

    #[test]
    fn known_answers_for_every_row() {
        let mut unseen: Vec<_> = TABLE.iter().map(|row| row.id).collect();
        for case in cases(VECTORS) {
            let row = registered(mechanism(&case));
            unseen.retain(|id| *id != row.id);
            let key = secret(&case.hex("key"));
            let params = case
                .get("length")
                .map_or(Params::None, |len| length(len.parse().unwrap()));
            let (message, code) = (case.hex("message"), case.hex("code"));
            assert_eq!(signed(row, &key, &params, &[&message]), code);
            for seed in 0..10 {
                assert_eq!(signed(row, &key, &params, &parts(&message, seed)), code);
            }
            assert_eq!(verified(row, &key, &params, &message, &code), Ok(()));
            let mut wrong = code.clone();
            wrong[0] ^= 1;
            let result = verified(row, &key, &params, &message, &wrong);
            assert_eq!(result, Err(Error::SignatureInvalid));
            for len in [0, code.len() - 1] {
                let result = verified(row, &key, &params, &message, &code[..len]);
                assert_eq!(result, Err(Error::SignatureLenRange));
            }
            let longer = [code.as_slice(), &[0]].concat();
            let result = verified(row, &key, &params, &message, &longer);
            assert_eq!(result, Err(Error::SignatureLenRange));
        }
        assert!(unseen.is_empty(), "{unseen:x?}");
    }

    #[test]
    fn the_length_is_one_to_the_whole_code() {
        let row = registered(CKM_SHA256_HMAC_GENERAL);
        let key = secret(b"key");
        let whole = signed(row, &key, &length(32), &[b"data"]);
        for len in 1..=32u8 {
            let cut = signed(row, &key, &length(len.into()), &[b"data"]);
            assert_eq!(cut, whole[..usize::from(len)]);
        }
        for len in [0, 33, CK_ULONG::MAX] {
            let error = row.ops.verify.unwrap()(&key, &length(len)).err();
            let expected = Error::MechanismParamInvalid(CKM_SHA256_HMAC_GENERAL);
            assert_eq!(error, Some(expected));
        }
    }
}
