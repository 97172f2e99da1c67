//! AES key wrapping (PKCS#11 v3.1 section 6.16, RFC 3394 and 5649, NIST SP 800-38F), with the
//! initial value that the caller may choose: the `aes-kw` crate knows the default ones alone.
#![allow(
    clippy::indexing_slicing,
    reason = "all bounds follow from lengths computed beside the slices"
)]

use std::sync::Arc;

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use subtle::{Choice, ConstantTimeEq, ConstantTimeLess};
use zeroize::Zeroizing;

use super::{
    Cipher, Mechanism, Ops, Params, Shape,
    aes::{Aes, BLOCK, KEY_SIZES},
    whole::{self, Whole},
};
use crate::{
    env::Entropy,
    error::{Error, Result},
    key::Key,
    pkcs11::*,
    secret::SecretBytes,
};

/// The rows of the family. `CKM_AES_KEY_WRAP_PAD` is what most tokens made of it: RFC 5649.
pub const TABLE: &[Mechanism] = &[
    kw::<CKM_AES_KEY_WRAP>(),
    kwp::<CKM_AES_KEY_WRAP_PAD>(),
    kwp::<CKM_AES_KEY_WRAP_KWP>(),
    kw::<CKM_AES_KW>(),
    kwp::<CKM_AES_KWP>(),
];

/// Bytes in the half block that the algorithm works on.
const HALF: usize = BLOCK / 2;

/// Initial value of RFC 3394 section 2.2.3.1.
const KW_IV: [u8; HALF] = [0xa6; HALF];

/// First half of the initial value of RFC 5649 section 3.
const KWP_IV: [u8; 4] = [0xa6, 0x59, 0x59, 0xa6];

const fn kw<const M: CK_MECHANISM_TYPE>() -> Mechanism {
    row(
        M,
        HALF,
        Ops {
            encrypt: Some(kw_encrypt::<M>),
            decrypt: Some(kw_decrypt::<M>),
            wrap: Some(kw_wrap::<M>),
            unwrap: Some(kw_unwrap::<M>),
            ..Ops::NONE
        },
    )
}

const fn kwp<const M: CK_MECHANISM_TYPE>() -> Mechanism {
    row(
        M,
        KWP_IV.len(),
        Ops {
            encrypt: Some(kwp_encrypt::<M>),
            decrypt: Some(kwp_decrypt::<M>),
            wrap: Some(kwp_wrap::<M>),
            unwrap: Some(kwp_unwrap::<M>),
            ..Ops::NONE
        },
    )
}

const fn row(id: CK_MECHANISM_TYPE, iv: usize, ops: Ops) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_AES],
        size: KEY_SIZES,
        param: Shape::Bytes { min: 0, max: iv },
        flags: 0,
        ops,
    }
}

/// The initial value: the caller's, whole or not at all.
fn iv<const M: CK_MECHANISM_TYPE, const N: usize>(
    params: &Params,
    default: [u8; N],
) -> Result<[u8; N]> {
    match params {
        Params::None => Ok(default),
        Params::Bytes(iv) if iv.is_empty() => Ok(default),
        Params::Bytes(iv) => iv
            .as_slice()
            .try_into()
            .map_err(|_| Error::MechanismParamInvalid(M)),
        Params::Struct(_) => Err(Error::MechanismParamInvalid(M)),
    }
}

fn kw_encrypt<const M: CK_MECHANISM_TYPE>(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let (aes, iv) = (Aes::new(key)?, iv::<M, HALF>(params, KW_IV)?);
    Ok(Whole::start(
        |len| len.saturating_add(HALF),
        move |data, out| {
            if data.len() < BLOCK || !data.len().is_multiple_of(HALF) {
                return Err(Error::DataLenRange);
            }
            let out = &mut out[..HALF + data.len()];
            out[..HALF].copy_from_slice(&iv);
            out[HALF..].copy_from_slice(data);
            mix(&aes, out);
            Ok(out.len())
        },
    ))
}

fn kw_decrypt<const M: CK_MECHANISM_TYPE>(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let (aes, iv) = (Aes::new(key)?, iv::<M, HALF>(params, KW_IV)?);
    Ok(Whole::start(
        |len| len.saturating_sub(HALF),
        move |data, out| {
            if data.len() < HALF + BLOCK || !data.len().is_multiple_of(HALF) {
                return Err(Error::EncryptedDataLenRange);
            }
            let mut clear = Zeroizing::new(data.to_vec());
            unmix(&aes, &mut clear);
            let (found, data) = clear.split_at(HALF);
            if !bool::from(found.ct_eq(&iv)) {
                return Err(Error::EncryptedDataInvalid);
            }
            out[..data.len()].copy_from_slice(data);
            Ok(data.len())
        },
    ))
}

fn kwp_encrypt<const M: CK_MECHANISM_TYPE>(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let (aes, iv) = (Aes::new(key)?, iv::<M, 4>(params, KWP_IV)?);
    Ok(Whole::start(
        |len| len.saturating_add(HALF - 1 + HALF) / HALF * HALF,
        move |data, out| {
            let len = u32::try_from(data.len()).map_err(|_| Error::DataLenRange)?;
            if len == 0 {
                return Err(Error::DataLenRange);
            }
            let out = &mut out[..HALF + data.len().next_multiple_of(HALF)];
            out.fill(0);
            out[..4].copy_from_slice(&iv);
            out[4..HALF].copy_from_slice(&len.to_be_bytes());
            out[HALF..][..data.len()].copy_from_slice(data);
            match out.as_mut_array::<BLOCK>() {
                Some(block) => aes.encrypt_block(block.into()),
                None => mix(&aes, out),
            }
            Ok(out.len())
        },
    ))
}

fn kwp_decrypt<const M: CK_MECHANISM_TYPE>(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let (aes, iv) = (Aes::new(key)?, iv::<M, 4>(params, KWP_IV)?);
    Ok(Whole::start(
        |len| len.saturating_sub(HALF),
        move |data, out| {
            if data.len() < BLOCK || !data.len().is_multiple_of(HALF) {
                return Err(Error::EncryptedDataLenRange);
            }
            let mut clear = Zeroizing::new(data.to_vec());
            match clear.as_mut_array::<BLOCK>() {
                Some(block) => aes.decrypt_block(block.into()),
                None => unmix(&aes, &mut clear),
            }
            let (found, data) = clear.split_at(HALF);
            let len = kwp_len(found, data, iv)?;
            out[..len].copy_from_slice(&data[..len]);
            Ok(len)
        },
    ))
}

/// The length of the data in unwrapped bytes. All checks are made before one answer is given.
fn kwp_len(found: &[u8], data: &[u8], iv: [u8; 4]) -> Result<usize> {
    let (prefix, len) = found.split_at(iv.len());
    let len = len.try_into().map_or(0, u32::from_be_bytes);
    let room = u32::try_from(data.len()).map_err(|_| Error::EncryptedDataLenRange)?;
    let padding = room.wrapping_sub(len);
    let mut good = prefix.ct_eq(&iv) & padding.ct_lt(&8);
    for (place, byte) in (0..8u32).zip(data.iter().rev()) {
        let is_data: Choice = !place.ct_lt(&padding);
        good &= is_data | byte.ct_eq(&0);
    }
    if !bool::from(good) {
        return Err(Error::EncryptedDataInvalid);
    }
    usize::try_from(len).map_err(|_| Error::EncryptedDataInvalid)
}

fn kw_wrap<const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
    material: &[u8],
    _entropy: &Arc<dyn Entropy>,
) -> Result<Vec<u8>> {
    whole::wrap(kw_encrypt::<M>, key, params, material)
}

fn kw_unwrap<const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
    wrapped: &[u8],
) -> Result<SecretBytes> {
    whole::unwrap(kw_decrypt::<M>, key, params, wrapped)
}

fn kwp_wrap<const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
    material: &[u8],
    _entropy: &Arc<dyn Entropy>,
) -> Result<Vec<u8>> {
    whole::wrap(kwp_encrypt::<M>, key, params, material)
}

fn kwp_unwrap<const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
    wrapped: &[u8],
) -> Result<SecretBytes> {
    whole::unwrap(kwp_decrypt::<M>, key, params, wrapped)
}

/// The function W of NIST SP 800-38F section 6.1, in place: the initial value, then the data.
fn mix(aes: &Aes, text: &mut [u8]) {
    let (a, rest) = text.split_at_mut(HALF);
    let mut block = Zeroizing::new([0; BLOCK]);
    let mut step: u64 = 0;
    for _ in 0..6 {
        for half in rest.chunks_exact_mut(HALF) {
            step += 1;
            block[..HALF].copy_from_slice(a);
            block[HALF..].copy_from_slice(half);
            aes.encrypt_block((&mut *block).into());
            a.copy_from_slice(&block[..HALF]);
            half.copy_from_slice(&block[HALF..]);
            count(a, step);
        }
    }
}

/// The inverse of [`mix`].
fn unmix(aes: &Aes, text: &mut [u8]) {
    let (a, rest) = text.split_at_mut(HALF);
    let mut block = Zeroizing::new([0; BLOCK]);
    let mut step = 6 * (rest.len() / HALF) as u64;
    for _ in 0..6 {
        for half in rest.rchunks_exact_mut(HALF) {
            count(a, step);
            step -= 1;
            block[..HALF].copy_from_slice(a);
            block[HALF..].copy_from_slice(half);
            aes.decrypt_block((&mut *block).into());
            a.copy_from_slice(&block[..HALF]);
            half.copy_from_slice(&block[HALF..]);
        }
    }
}

/// Adds the number of the step to the first half.
fn count(a: &mut [u8], step: u64) {
    a.iter_mut()
        .zip(step.to_be_bytes())
        .for_each(|(a, step)| *a ^= step);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::known_answers::{
        cases, entropy, parts, registered, secret, single, stream,
    };

    const VECTORS: &str = include_str!("../../tests/vectors/aes_wrap.txt");
    const KEY: [u8; 16] = [7; 16];

    #[test]
    fn known_answers() {
        for case in cases(VECTORS) {
            let ids: &[CK_MECHANISM_TYPE] = match case.text("mechanism") {
                "AES_KEY_WRAP" => &[CKM_AES_KEY_WRAP, CKM_AES_KW],
                "AES_KEY_WRAP_KWP" => &[CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, CKM_AES_KWP],
                other => panic!("{other}"),
            };
            let key = secret(&case.hex("key"));
            let params = case.opt_hex("iv").map_or(Params::None, Params::Bytes);
            let cipher = case.hex("cipher");
            for id in ids {
                let ops = &registered(*id).ops;
                let (wrap, unwrap) = (ops.wrap.unwrap(), ops.unwrap.unwrap());
                let decrypted = single(ops.decrypt, &key, &params, &cipher);
                let unwrapped = unwrap(&key, &params, &cipher);
                if let Some(error) = case.get("error") {
                    let decrypt = decrypted.unwrap_err();
                    assert_eq!(format!("{decrypt:?}"), error);
                    let expected = if decrypt == Error::EncryptedDataInvalid {
                        Error::WrappedKeyInvalid
                    } else {
                        Error::WrappedKeyLenRange
                    };
                    assert_eq!(unwrapped.unwrap_err(), expected);
                    continue;
                }
                let plain = case.hex("plain");
                assert_eq!(decrypted.unwrap(), plain);
                unwrapped.unwrap().expose(|bytes| assert_eq!(bytes, plain));
                assert_eq!(wrap(&key, &params, &plain, &entropy()).unwrap(), cipher);
                assert_eq!(single(ops.encrypt, &key, &params, &plain).unwrap(), cipher);
                for seed in 0..20 {
                    let out = stream(ops.encrypt, &key, &params, &parts(&plain, seed));
                    assert_eq!(out.unwrap(), cipher);
                    let out = stream(ops.decrypt, &key, &params, &parts(&cipher, seed));
                    assert_eq!(out.unwrap(), plain);
                }
            }
        }
    }

    #[test]
    fn material_that_does_not_fit_is_a_key_size() {
        let key = secret(&KEY);
        for len in [0, 1, 7, 8, 15, 17, 33] {
            let error = kw_wrap::<CKM_AES_KEY_WRAP>(&key, &Params::None, &vec![0; len], &entropy());
            assert_eq!(error.unwrap_err(), Error::KeySizeRange);
            let encrypt = Some(kw_encrypt::<CKM_AES_KEY_WRAP> as _);
            let error = single(encrypt, &key, &Params::None, &vec![0; len]);
            assert_eq!(error.unwrap_err(), Error::DataLenRange);
        }
        let error = kwp_wrap::<CKM_AES_KWP>(&key, &Params::None, &[], &entropy());
        assert_eq!(error.unwrap_err(), Error::KeySizeRange);
    }

    #[test]
    fn material_of_any_length_comes_back_from_padded_wrapping() {
        let key = secret(&KEY);
        for len in 1..70usize {
            let material: Vec<u8> = (0..len).map(|i| u8::try_from(i).unwrap()).collect();
            let wrapped = kwp_wrap::<CKM_AES_KWP>(&key, &Params::None, &material, &entropy());
            let wrapped = wrapped.unwrap();
            assert_eq!(wrapped.len(), len.next_multiple_of(8) + 8);
            let back = kwp_unwrap::<CKM_AES_KWP>(&key, &Params::None, &wrapped).unwrap();
            back.expose(|back| assert_eq!(back, material));
            let other = Params::Bytes(vec![1, 2, 3, 4]);
            let error = kwp_unwrap::<CKM_AES_KWP>(&key, &other, &wrapped).unwrap_err();
            assert_eq!(error, Error::WrappedKeyInvalid);
        }
    }

    #[test]
    fn an_initial_value_is_whole_or_not_given() {
        let key = secret(&KEY);
        for len in [1, 4, 7, 9] {
            let error = kw_encrypt::<CKM_AES_KW>(&key, &Params::Bytes(vec![0; len])).err();
            assert_eq!(error, Some(Error::MechanismParamInvalid(CKM_AES_KW)));
        }
        for len in [1, 3, 5, 8] {
            let error = kwp_encrypt::<CKM_AES_KWP>(&key, &Params::Bytes(vec![0; len])).err();
            assert_eq!(error, Some(Error::MechanismParamInvalid(CKM_AES_KWP)));
        }
        let given = kw_wrap::<CKM_AES_KW>(&key, &Params::Bytes(KW_IV.into()), &KEY, &entropy());
        let default = kw_wrap::<CKM_AES_KW>(&key, &Params::Bytes(vec![]), &KEY, &entropy());
        assert_eq!(given.unwrap(), default.unwrap());
    }
}
