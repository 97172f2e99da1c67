//! AES in the CTR mode (PKCS#11 v3.1 section 6.11, NIST SP 800-38A).
#![allow(
    clippy::indexing_slicing,
    reason = "output buffers are as long as the lengths that the cipher names"
)]

use std::mem::{offset_of, size_of};

use aes::cipher::{Array, InnerIvInit, StreamCipher};
use ctr::CtrCore;

use super::{
    Cipher, Mechanism, Ops, Params, Shape,
    aes::{Aes, BLOCK, KEY_SIZES},
};
use crate::{
    error::{Error, Result},
    key::Key,
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[Mechanism {
    id: CKM_AES_CTR,
    keys: &[CKK_AES],
    size: KEY_SIZES,
    param: Shape::Bytes {
        min: size_of::<CK_AES_CTR_PARAMS>(),
        max: size_of::<CK_AES_CTR_PARAMS>(),
    },
    flags: 0,
    ops: Ops {
        encrypt: Some(start),
        decrypt: Some(start),
        ..Ops::NONE
    },
}];

/// Encryption and decryption are the same.
fn start(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let invalid = || Error::MechanismParamInvalid(CKM_AES_CTR);
    let Params::Bytes(raw) = params else {
        return Err(invalid());
    };
    let bits = raw.get(offset_of!(CK_AES_CTR_PARAMS, ulCounterBits)..);
    let bits = bits
        .and_then(|bits| bits.first_chunk())
        .ok_or_else(invalid)?;
    let block = raw.get(offset_of!(CK_AES_CTR_PARAMS, cb)..);
    let block: &[u8; BLOCK] = block.and_then(|cb| cb.first_chunk()).ok_or_else(invalid)?;
    let bits = u32::try_from(CK_ULONG::from_ne_bytes(*bits)).map_err(|_| invalid())?;
    let highest = match bits {
        1..=128 => u128::MAX >> (128 - bits),
        _ => return Err(invalid()),
    };
    let first = u128::from_be_bytes(*block) & highest;
    let core = CtrCore::inner_iv_init(Aes::new(key)?, &Array(*block));
    Ok(Box::new(Counter {
        mode: ctr::Ctr128BE::from_core(core),
        left: (highest - first)
            .saturating_add(1)
            .saturating_mul(BLOCK as u128),
    }))
}

struct Counter {
    mode: ctr::Ctr128BE<Aes>,
    /// Bytes until the counter bits would overflow into the rest of the block.
    left: u128,
}

impl Cipher for Counter {
    fn total_len(&self, input: usize) -> usize {
        input
    }

    fn update_len(&self, input: usize) -> usize {
        input
    }

    fn update(&mut self, input: &[u8], out: &mut [u8]) -> Result<usize> {
        let out = &mut out[..input.len()];
        self.left = self
            .left
            .checked_sub(input.len() as u128)
            .ok_or(Error::DataLenRange)?;
        self.mode
            .try_apply_keystream_b2b(input, out)
            .map_err(|_| Error::DataLenRange)?;
        Ok(input.len())
    }

    fn finish_len(&self) -> usize {
        0
    }

    fn finish(self: Box<Self>, _out: &mut [u8]) -> Result<usize> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::known_answers::{cases, parts, registered, secret, single, stream};

    const VECTORS: &str = include_str!("../../tests/vectors/aes_ctr.txt");

    fn counter(bits: CK_ULONG, block: &[u8]) -> Params {
        let mut raw = vec![0; size_of::<CK_AES_CTR_PARAMS>()];
        let at = offset_of!(CK_AES_CTR_PARAMS, ulCounterBits);
        raw[at..][..size_of::<CK_ULONG>()].copy_from_slice(&bits.to_ne_bytes());
        raw[offset_of!(CK_AES_CTR_PARAMS, cb)..][..BLOCK].copy_from_slice(block);
        Params::Bytes(raw)
    }

    #[test]
    fn known_answers_in_one_part_and_in_many() {
        for case in cases(VECTORS) {
            let params = counter(128, &case.hex("counter"));
            let key = secret(&case.hex("key"));
            let (plain, cipher) = (case.hex("plain"), case.hex("cipher"));
            for (input, expected) in [(&plain, &cipher), (&cipher, &plain)] {
                let out = single(Some(start), &key, &params, input);
                assert_eq!(out.unwrap(), *expected);
                for seed in 0..50 {
                    let out = stream(Some(start), &key, &params, &parts(input, seed));
                    assert_eq!(out.unwrap(), *expected);
                }
            }
        }
    }

    #[test]
    fn the_counter_ends_where_its_bits_do() {
        // The standard's example: two bits that start at 1 are good for three blocks.
        let ops = &registered(CKM_AES_CTR).ops;
        let mut block = [0xff; BLOCK];
        block[BLOCK - 1] = 0b1111_1101;
        let params = counter(2, &block);
        let key = secret(&[7; 16]);
        let most = single(ops.encrypt, &key, &params, &[0; 48]).unwrap();
        let error = single(ops.encrypt, &key, &params, &[0; 49]).unwrap_err();
        assert_eq!(error, Error::DataLenRange);
        let error = stream(ops.decrypt, &key, &params, &[&[0; 48], &[0]]).unwrap_err();
        assert_eq!(error, Error::DataLenRange);
        // Each block is the encrypted counter.
        let mut counters = [block; 3];
        counters[1][BLOCK - 1] += 1;
        counters[2][BLOCK - 1] += 2;
        let ecb = registered(CKM_AES_ECB).ops.encrypt;
        let expected = single(ecb, &key, &Params::None, counters.as_flattened()).unwrap();
        assert_eq!(most, expected);
        for bits in [0, 129, CK_ULONG::MAX] {
            let error = single(ops.encrypt, &key, &counter(bits, &block), &[]).unwrap_err();
            assert_eq!(error, Error::MechanismParamInvalid(CKM_AES_CTR));
        }
    }
}
