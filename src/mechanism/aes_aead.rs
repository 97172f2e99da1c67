//! AES-GCM (PKCS#11 v3.1 section 6.13, NIST SP 800-38D). Encryption streams; decryption gives
//! nothing away before the tag is checked. IVs of any length are taken, which is why CTR and GHASH
//! are put together here: the `aes-gcm` crate wants the length of the IV as a type.
#![allow(
    clippy::indexing_slicing,
    reason = "all bounds follow from the block size and from lengths computed beside the slices"
)]

use std::{
    mem::{offset_of, size_of},
    sync::Arc,
};

use aes::cipher::{Array, BlockCipherEncrypt, InnerIvInit, StreamCipher};
use ctr::{Ctr32BE, CtrCore};
use ghash::{GHash, universal_hash::UniversalHash};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Cipher, Field, FieldValue, Mechanism, Ops, Params, Shape,
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

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[Mechanism {
    id: CKM_AES_GCM,
    keys: &[CKK_AES],
    size: KEY_SIZES,
    param: Shape::Struct {
        size: size_of::<CK_GCM_PARAMS>(),
        // ulIvBits is not read: the standard gives the length in ulIvLen alone.
        fields: &[
            Field::Bytes {
                ptr: offset_of!(CK_GCM_PARAMS, pIv),
                len: offset_of!(CK_GCM_PARAMS, ulIvLen),
            },
            Field::Bytes {
                ptr: offset_of!(CK_GCM_PARAMS, pAAD),
                len: offset_of!(CK_GCM_PARAMS, ulAADLen),
            },
            Field::Ulong(offset_of!(CK_GCM_PARAMS, ulTagBits)),
        ],
        optional: false,
    },
    flags: 0,
    ops: Ops {
        encrypt: Some(encrypt),
        decrypt: Some(decrypt),
        wrap: Some(wrap),
        unwrap: Some(unwrap),
        ..Ops::NONE
    },
}];

/// Most bytes under one IV: 2^39 - 256 bits.
const MAX_DATA: u64 = (1 << 36) - 32;

fn encrypt(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    Ok(Box::new(Gcm::new(key, params)?))
}

fn decrypt(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let gcm = Gcm::new(key, params)?;
    let tag_len = gcm.tag_len;
    Ok(Whole::start(
        move |len| len.saturating_sub(tag_len),
        move |input, out| open(gcm, input, out),
    ))
}

fn wrap(
    key: &Key,
    params: &Params,
    material: &[u8],
    _entropy: &Arc<dyn Entropy>,
) -> Result<Vec<u8>> {
    whole::wrap(encrypt, key, params, material)
}

fn unwrap(key: &Key, params: &Params, wrapped: &[u8]) -> Result<SecretBytes> {
    whole::unwrap(decrypt, key, params, wrapped)
}

/// One message in progress.
struct Gcm {
    /// Stands at the first byte of data not processed.
    ctr: Ctr32BE<Aes>,
    hash: Hash,
    /// The encrypted first counter block, which masks the tag.
    mask: Zeroizing<[u8; BLOCK]>,
    /// Bytes of associated data.
    aad_len: u64,
    /// Bytes of data so far.
    data_len: u64,
    tag_len: usize,
}

impl Gcm {
    fn new(key: &Key, params: &Params) -> Result<Self> {
        let invalid = || Error::MechanismParamInvalid(CKM_AES_GCM);
        let Params::Struct(fields) = params else {
            return Err(invalid());
        };
        let [
            FieldValue::Bytes(iv),
            FieldValue::Bytes(aad),
            FieldValue::Ulong(tag_bits),
        ] = fields.as_slice()
        else {
            return Err(invalid());
        };
        let tag_len = match tag_bits {
            96 => 12,
            104 => 13,
            112 => 14,
            120 => 15,
            128 => 16,
            _ => return Err(invalid()),
        };

        let aes = Aes::new(key)?;
        let mut subkey = Zeroizing::new([0; BLOCK]);
        aes.encrypt_block((&mut *subkey).into());
        let mut hash = Hash::new(&subkey);
        let mut counter = [0; BLOCK];
        match iv.len() {
            0 => return Err(invalid()),
            12 => {
                counter[..12].copy_from_slice(iv);
                counter[BLOCK - 1] = 1;
            }
            _ => {
                let mut hash = Hash::new(&subkey);
                hash.absorb(iv);
                counter = hash.finish(0, iv.len() as u64);
            }
        }
        let mut ctr = Ctr32BE::from_core(CtrCore::inner_iv_init(aes, &Array(counter)));
        let mut mask = Zeroizing::new([0; BLOCK]);
        ctr.try_apply_keystream(&mut *mask).map_err(|_| invalid())?;
        hash.absorb(aad);
        hash.pad();
        Ok(Self {
            ctr,
            hash,
            mask,
            aad_len: aad.len() as u64,
            data_len: 0,
            tag_len,
        })
    }

    /// Adds ciphertext to the authenticated data.
    fn authenticate(&mut self, ciphertext: &[u8]) -> Result<()> {
        self.data_len = self.data_len.saturating_add(ciphertext.len() as u64);
        if self.data_len > MAX_DATA {
            return Err(Error::DataLenRange);
        }
        self.hash.absorb(ciphertext);
        Ok(())
    }

    /// The whole tag, and the key stream that is left.
    fn tag(self) -> ([u8; BLOCK], Ctr32BE<Aes>) {
        let mut tag = self.hash.finish(self.aad_len, self.data_len);
        tag.iter_mut()
            .zip(self.mask.iter())
            .for_each(|(tag, mask)| *tag ^= mask);
        (tag, self.ctr)
    }
}

impl Cipher for Gcm {
    fn total_len(&self, input: usize) -> usize {
        input.saturating_add(self.tag_len)
    }

    fn update_len(&self, input: usize) -> usize {
        input
    }

    fn update(&mut self, input: &[u8], out: &mut [u8]) -> Result<usize> {
        let out = &mut out[..input.len()];
        self.ctr
            .try_apply_keystream_b2b(input, out)
            .map_err(|_| Error::DataLenRange)?;
        self.authenticate(out)?;
        Ok(out.len())
    }

    fn finish_len(&self) -> usize {
        self.tag_len
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        let len = self.tag_len;
        out[..len].copy_from_slice(&self.tag().0[..len]);
        Ok(len)
    }
}

/// Checks the tag at the end of a whole message, then decrypts what stands before it.
fn open(mut gcm: Gcm, input: &[u8], out: &mut [u8]) -> Result<usize> {
    let len = input
        .len()
        .checked_sub(gcm.tag_len)
        .ok_or(Error::EncryptedDataLenRange)?;
    let (ciphertext, tag) = input.split_at(len);
    gcm.authenticate(ciphertext)
        .map_err(|_| Error::EncryptedDataLenRange)?;
    let (expected, mut ctr) = gcm.tag();
    if !bool::from(expected[..tag.len()].ct_eq(tag)) {
        return Err(Error::EncryptedDataInvalid);
    }
    ctr.try_apply_keystream_b2b(ciphertext, &mut out[..len])
        .map_err(|_| Error::EncryptedDataLenRange)?;
    Ok(len)
}

/// GHASH fed with parts of any length.
struct Hash {
    ghash: GHash,
    held: [u8; BLOCK],
    /// How many bytes of `held` are in use, less than all.
    filled: usize,
}

impl Hash {
    fn new(subkey: &[u8; BLOCK]) -> Self {
        Self {
            ghash: GHash::new(subkey.into()),
            held: [0; BLOCK],
            filled: 0,
        }
    }

    fn absorb(&mut self, mut data: &[u8]) {
        if self.filled > 0 {
            let (head, rest) = data.split_at(data.len().min(BLOCK - self.filled));
            self.held[self.filled..][..head.len()].copy_from_slice(head);
            self.filled += head.len();
            if self.filled < BLOCK {
                return;
            }
            self.ghash.update(&[Array(self.held)]);
            data = rest;
        }
        let (blocks, tail) = Array::slice_as_chunks(data);
        self.ghash.update(blocks);
        self.held[..tail.len()].copy_from_slice(tail);
        self.filled = tail.len();
    }

    /// Fills the last block with zeros.
    fn pad(&mut self) {
        if self.filled > 0 {
            self.held[self.filled..].fill(0);
            self.ghash.update(&[Array(self.held)]);
            self.filled = 0;
        }
    }

    /// The hash, closed with the lengths of the two parts in bytes.
    fn finish(mut self, first: u64, second: u64) -> [u8; BLOCK] {
        self.pad();
        let lengths = (u128::from(first) << 64 | u128::from(second)) << 3;
        self.ghash.update(&[Array(lengths.to_be_bytes())]);
        self.ghash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::known_answers::{
        cases, entropy, parts, registered, secret, single, stream,
    };

    const VECTORS: &str = include_str!("../../tests/vectors/aes_aead.txt");

    fn params(iv: &[u8], aad: &[u8], tag_bits: CK_ULONG) -> Params {
        Params::Struct(vec![
            FieldValue::Bytes(iv.to_vec()),
            FieldValue::Bytes(aad.to_vec()),
            FieldValue::Ulong(tag_bits),
        ])
    }

    #[test]
    fn known_answers_in_one_part_and_in_many() {
        for case in cases(VECTORS) {
            let key = secret(&case.hex("key"));
            let params = params(&case.hex("iv"), &case.hex("aad"), 128);
            let (plain, cipher) = (case.hex("plain"), case.hex("cipher"));
            let (encrypt, decrypt) = (
                registered(CKM_AES_GCM).ops.encrypt,
                registered(CKM_AES_GCM).ops.decrypt,
            );
            assert_eq!(single(encrypt, &key, &params, &plain).unwrap(), cipher);
            assert_eq!(single(decrypt, &key, &params, &cipher).unwrap(), plain);
            for seed in 0..50 {
                let out = stream(encrypt, &key, &params, &parts(&plain, seed));
                assert_eq!(out.unwrap(), cipher);
                let out = stream(decrypt, &key, &params, &parts(&cipher, seed));
                assert_eq!(out.unwrap(), plain);
            }
        }
    }

    #[test]
    fn it_is_the_gcm_of_the_aes_gcm_crate() {
        use aes_gcm::{
            Aes256Gcm, KeyInit,
            aead::{Aead, Payload},
        };
        let key = [9; 32];
        let theirs = Aes256Gcm::new(&key.into());
        for len in 0..100u8 {
            let iv = [len; 12];
            let data: Vec<u8> = (0..len).collect();
            let (aad, msg) = data.split_at(data.len() / 3);
            let expected = theirs.encrypt(&iv.into(), Payload { msg, aad }).unwrap();
            let params = params(&iv, aad, 128);
            let ours = stream(Some(encrypt), &secret(&key), &params, &parts(msg, 1));
            assert_eq!(ours.unwrap(), expected);
        }
    }

    #[test]
    fn any_flipped_bit_is_found_and_nothing_comes_out() {
        let key = secret(&[1; 16]);
        let right = params(&[2; 12], b"aad", 128);
        let cipher = single(Some(encrypt), &key, &right, b"twenty bytes of data").unwrap();
        for bit in 0..cipher.len() * 8 {
            let mut cipher = cipher.clone();
            cipher[bit / 8] ^= 1 << (bit % 8);
            let mut op = decrypt(&key, &right).unwrap();
            let mut out = vec![0; op.total_len(cipher.len())];
            assert_eq!(op.update(&cipher, &mut out).unwrap(), 0);
            assert_eq!(op.finish(&mut out), Err(Error::EncryptedDataInvalid));
            assert_eq!(out, vec![0; 20]);
        }
        for wrong in [params(&[2; 12], b"aae", 128), params(&[3; 12], b"aad", 128)] {
            let error = single(Some(decrypt), &key, &wrong, &cipher).unwrap_err();
            assert_eq!(error, Error::EncryptedDataInvalid);
        }
        let error = single(Some(decrypt), &key, &right, &cipher[..15]).unwrap_err();
        assert_eq!(error, Error::EncryptedDataLenRange);
    }

    #[test]
    fn tags_are_96_to_128_bits_and_cut_from_the_whole_one() {
        let key = secret(&[1; 16]);
        let whole = single(Some(encrypt), &key, &params(&[2; 12], &[], 128), b"data").unwrap();
        for bits in [96, 104, 112, 120, 128] {
            let params = params(&[2; 12], &[], bits);
            let cut = single(Some(encrypt), &key, &params, b"data").unwrap();
            assert_eq!(cut, whole[..4 + usize::try_from(bits).unwrap() / 8]);
            let back = single(Some(decrypt), &key, &params, &cut).unwrap();
            assert_eq!(back, b"data");
        }
        for bits in [0, 8, 64, 95, 97, 127, 129, 136] {
            let error = encrypt(&key, &params(&[2; 12], &[], bits)).err();
            assert_eq!(error, Some(Error::MechanismParamInvalid(CKM_AES_GCM)));
        }
        let error = encrypt(&key, &params(&[], &[], 128)).err();
        assert_eq!(error, Some(Error::MechanismParamInvalid(CKM_AES_GCM)));
    }

    #[test]
    fn wrapping_is_encryption() {
        let key = secret(&[1; 32]);
        let params = params(&[2; 12], b"label", 128);
        let wrapped = wrap(&key, &params, &[7; 32], &entropy()).unwrap();
        assert_eq!(wrapped.len(), 48);
        let back = unwrap(&key, &params, &wrapped).unwrap();
        back.expose(|back| assert_eq!(back, [7; 32]));
        let error = unwrap(&key, &params, &wrapped[1..]).unwrap_err();
        assert_eq!(error, Error::WrappedKeyInvalid);
        let error = unwrap(&key, &params, &wrapped[..15]).unwrap_err();
        assert_eq!(error, Error::WrappedKeyLenRange);
    }
}
