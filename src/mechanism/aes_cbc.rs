//! AES in the ECB and CBC modes (PKCS#11 v3.1 section 6.10, NIST SP 800-38A).
#![allow(
    clippy::indexing_slicing,
    reason = "all bounds follow from the block size and from lengths computed beside the slices"
)]

use std::sync::Arc;

use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit,
    consts::U16, inout::InOutBuf,
};
use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater};
use zeroize::Zeroizing;

use super::{
    Cipher, Mechanism, Ops, Params, Shape,
    aes::{Aes, BLOCK, KEY_SIZES},
    whole,
};
use crate::{
    env::Entropy,
    error::{Error, Result},
    key::Key,
    pkcs11::*,
    secret::SecretBytes,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    row(
        CKM_AES_ECB,
        Shape::None,
        Ops {
            encrypt: Some(ecb_encrypt),
            decrypt: Some(ecb_decrypt),
            wrap: Some(ecb_wrap),
            unwrap: Some(ecb_unwrap),
            ..Ops::NONE
        },
    ),
    cbc::<CKM_AES_CBC>(),
    cbc::<CKM_AES_CBC_PAD>(),
];

const fn row(id: CK_MECHANISM_TYPE, param: Shape, ops: Ops) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_AES],
        size: KEY_SIZES,
        param,
        flags: 0,
        ops,
    }
}

const fn cbc<const M: CK_MECHANISM_TYPE>() -> Mechanism {
    row(
        M,
        Shape::Bytes {
            min: BLOCK,
            max: BLOCK,
        },
        Ops {
            encrypt: Some(cbc_encrypt::<M>),
            decrypt: Some(cbc_decrypt::<M>),
            wrap: Some(cbc_wrap::<M>),
            unwrap: Some(cbc_unwrap::<M>),
            ..Ops::NONE
        },
    )
}

fn ecb_encrypt(key: &Key, _params: &Params) -> Result<Box<dyn Cipher>> {
    Ok(Blocks::start(Mode::EcbEncrypt(Aes::new(key)?), false))
}

fn ecb_decrypt(key: &Key, _params: &Params) -> Result<Box<dyn Cipher>> {
    Ok(Blocks::start(Mode::EcbDecrypt(Aes::new(key)?), false))
}

fn cbc_encrypt<const M: CK_MECHANISM_TYPE>(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let mode = cbc::Encryptor::inner_iv_init(Aes::new(key)?, &iv::<M>(params)?);
    Ok(Blocks::start(Mode::CbcEncrypt(mode), M == CKM_AES_CBC_PAD))
}

fn cbc_decrypt<const M: CK_MECHANISM_TYPE>(key: &Key, params: &Params) -> Result<Box<dyn Cipher>> {
    let mode = cbc::Decryptor::inner_iv_init(Aes::new(key)?, &iv::<M>(params)?);
    Ok(Blocks::start(Mode::CbcDecrypt(mode), M == CKM_AES_CBC_PAD))
}

fn iv<const M: CK_MECHANISM_TYPE>(params: &Params) -> Result<Array<u8, U16>> {
    match params {
        Params::Bytes(iv) => Array::try_from(iv.as_slice()).ok(),
        Params::None | Params::Struct(_) => None,
    }
    .ok_or(Error::MechanismParamInvalid(M))
}

fn ecb_wrap(
    key: &Key,
    params: &Params,
    material: &[u8],
    _entropy: &Arc<dyn Entropy>,
) -> Result<Vec<u8>> {
    whole::wrap(ecb_encrypt, key, params, &zero_padded(material)?)
}

fn ecb_unwrap(key: &Key, params: &Params, wrapped: &[u8]) -> Result<SecretBytes> {
    whole::unwrap(ecb_decrypt, key, params, wrapped)
}

fn cbc_wrap<const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
    material: &[u8],
    _entropy: &Arc<dyn Entropy>,
) -> Result<Vec<u8>> {
    if M == CKM_AES_CBC_PAD {
        whole::wrap(cbc_encrypt::<M>, key, params, material)
    } else {
        whole::wrap(cbc_encrypt::<M>, key, params, &zero_padded(material)?)
    }
}

fn cbc_unwrap<const M: CK_MECHANISM_TYPE>(
    key: &Key,
    params: &Params,
    wrapped: &[u8],
) -> Result<SecretBytes> {
    whole::unwrap(cbc_decrypt::<M>, key, params, wrapped)
}

/// Key material with null bytes up to a whole number of blocks, as the mechanisms without padding
/// wrap it; who unwraps it cuts it to `CKA_VALUE_LEN`.
fn zero_padded(material: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    if material.is_empty() {
        return Err(Error::KeySizeRange);
    }
    let mut padded = Zeroizing::new(vec![0; material.len().next_multiple_of(BLOCK)]);
    padded[..material.len()].copy_from_slice(material);
    Ok(padded)
}

enum Mode {
    EcbEncrypt(Aes),
    EcbDecrypt(Aes),
    CbcEncrypt(cbc::Encryptor<Aes>),
    CbcDecrypt(cbc::Decryptor<Aes>),
}

impl Mode {
    /// Processes whole blocks; both slices have the same length.
    fn run(&mut self, input: &[u8], out: &mut [u8]) -> Result<()> {
        let blocks = InOutBuf::new(input, out)
            .map_err(|_| Error::General("blocks of different lengths".into()))?;
        let (blocks, _) = blocks.into_chunks::<U16>();
        match self {
            Self::EcbEncrypt(aes) => aes.encrypt_blocks_inout(blocks),
            Self::EcbDecrypt(aes) => aes.decrypt_blocks_inout(blocks),
            Self::CbcEncrypt(mode) => mode.encrypt_blocks_inout(blocks),
            Self::CbcDecrypt(mode) => mode.decrypt_blocks_inout(blocks),
        }
        Ok(())
    }

    const fn encrypts(&self) -> bool {
        matches!(self, Self::EcbEncrypt(_) | Self::CbcEncrypt(_))
    }
}

/// A block mode fed with parts of any length, with or without PKCS#7 padding.
struct Blocks {
    mode: Mode,
    padded: bool,
    /// Input that is no whole block yet, or that may be the padded last block.
    held: Zeroizing<[u8; BLOCK]>,
    /// How many bytes of `held` are in use.
    filled: usize,
}

impl Blocks {
    fn start(mode: Mode, padded: bool) -> Box<dyn Cipher> {
        Box::new(Self {
            mode,
            padded,
            held: Zeroizing::default(),
            filled: 0,
        })
    }

    /// A decryption with padding holds the last block back.
    const fn strips(&self) -> bool {
        self.padded && !self.mode.encrypts()
    }
}

impl Cipher for Blocks {
    fn total_len(&self, input: usize) -> usize {
        if self.padded && self.mode.encrypts() {
            (input / BLOCK).saturating_add(1).saturating_mul(BLOCK)
        } else {
            input
        }
    }

    fn update_len(&self, input: usize) -> usize {
        let total = self.filled.saturating_add(input);
        let usable = if self.strips() {
            total.saturating_sub(1)
        } else {
            total
        };
        usable - usable % BLOCK
    }

    fn update(&mut self, mut input: &[u8], out: &mut [u8]) -> Result<usize> {
        let written = self.update_len(input.len());
        if written > 0 {
            let (head, rest) = input.split_at(BLOCK - self.filled);
            self.held[self.filled..].copy_from_slice(head);
            let (first, others) = out[..written].split_at_mut(BLOCK);
            self.mode.run(&*self.held, first)?;
            let (whole, tail) = rest.split_at(others.len());
            self.mode.run(whole, others)?;
            self.filled = 0;
            input = tail;
        }
        let end = self.filled + input.len();
        self.held[self.filled..end].copy_from_slice(input);
        self.filled = end;
        Ok(written)
    }

    fn finish_len(&self) -> usize {
        if self.padded { BLOCK } else { 0 }
    }

    fn finish(mut self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        match (self.padded, self.mode.encrypts()) {
            (false, _) if self.filled == 0 => Ok(0),
            (false, true) => Err(Error::DataLenRange),
            (true, true) => {
                let padding = BLOCK - self.filled;
                self.held[self.filled..].fill(u8::try_from(padding).unwrap_or_default());
                self.mode.run(&*self.held, &mut out[..BLOCK])?;
                Ok(BLOCK)
            }
            (true, false) if self.filled == BLOCK => {
                let mut last = Zeroizing::new([0; BLOCK]);
                self.mode.run(&*self.held, &mut *last)?;
                let len = unpadded(&last)?;
                out[..len].copy_from_slice(&last[..len]);
                Ok(len)
            }
            (_, false) => Err(Error::EncryptedDataLenRange),
        }
    }
}

/// The length of the data in the last block. Each block takes the same time, whatever its padding
/// and wherever it is wrong.
fn unpadded(block: &[u8; BLOCK]) -> Result<usize> {
    let padding = block[BLOCK - 1];
    let mut good = padding.ct_gt(&0) & !padding.ct_gt(&16);
    for (place, byte) in (1..=16u8).rev().zip(block) {
        let in_data: Choice = place.ct_gt(&padding);
        good &= in_data | byte.ct_eq(&padding);
    }
    if bool::from(good) {
        Ok(BLOCK - usize::from(padding))
    } else {
        Err(Error::EncryptedDataInvalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::known_answers::{
        Case, cases, entropy, parts, registered, secret, single, stream,
    };

    const VECTORS: &str = include_str!("../../tests/vectors/aes_cbc.txt");
    const KEY: [u8; 16] = [7; 16];

    fn mechanism(case: &Case<'_>) -> (&'static Mechanism, Params) {
        match case.text("mechanism") {
            "AES_ECB" => (registered(CKM_AES_ECB), Params::None),
            "AES_CBC" => (registered(CKM_AES_CBC), Params::Bytes(case.hex("iv"))),
            "AES_CBC_PAD" => (registered(CKM_AES_CBC_PAD), Params::Bytes(case.hex("iv"))),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn known_answers_in_one_part_and_in_many() {
        for case in cases(VECTORS) {
            let (row, params) = mechanism(&case);
            let key = secret(&case.hex("key"));
            let (plain, cipher) = (case.hex("plain"), case.hex("cipher"));
            let encrypt = row.ops.encrypt;
            let decrypt = row.ops.decrypt;
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
    fn lengths_are_exact_and_padding_holds_the_last_block_back() {
        let params = Params::Bytes(vec![0; BLOCK]);
        let encrypt = cbc_encrypt::<CKM_AES_CBC_PAD>(&secret(&KEY), &params).unwrap();
        assert_eq!(encrypt.total_len(0), 16);
        assert_eq!(encrypt.total_len(15), 16);
        assert_eq!(encrypt.total_len(16), 32);
        assert_eq!(encrypt.update_len(15), 0);
        assert_eq!(encrypt.update_len(16), 16);
        let mut decrypt = cbc_decrypt::<CKM_AES_CBC_PAD>(&secret(&KEY), &params).unwrap();
        assert_eq!(decrypt.update_len(16), 0);
        assert_eq!(decrypt.update_len(17), 16);
        assert_eq!(decrypt.update(&[0; 16], &mut []).unwrap(), 0);
        assert_eq!(decrypt.update_len(0), 0);
        assert_eq!(decrypt.update_len(1), 16);
        assert_eq!(decrypt.finish_len(), 16);
        let plain = cbc_encrypt::<CKM_AES_CBC>(&secret(&KEY), &params).unwrap();
        assert_eq!(plain.total_len(32), 32);
        assert_eq!(plain.finish_len(), 0);
    }

    #[test]
    fn data_that_is_no_whole_block_is_refused() {
        let key = secret(&KEY);
        let iv = Params::Bytes(vec![0; BLOCK]);
        for (id, params) in [(CKM_AES_ECB, &Params::None), (CKM_AES_CBC, &iv)] {
            let ops = &registered(id).ops;
            for len in [1, 15, 17, 31] {
                let data = vec![0; len];
                let error = single(ops.encrypt, &key, params, &data).unwrap_err();
                assert_eq!(error, Error::DataLenRange);
                let error = single(ops.decrypt, &key, params, &data).unwrap_err();
                assert_eq!(error, Error::EncryptedDataLenRange);
            }
            assert!(single(ops.encrypt, &key, params, &[]).unwrap().is_empty());
        }
        let ops = &registered(CKM_AES_CBC_PAD).ops;
        for len in [0, 1, 17] {
            let error = single(ops.decrypt, &key, &iv, &vec![0; len]).unwrap_err();
            assert_eq!(error, Error::EncryptedDataLenRange);
        }
    }

    #[test]
    fn every_wrong_padding_is_the_same_error() {
        let key = secret(&KEY);
        let iv = Params::Bytes(vec![0; BLOCK]);
        let encrypt = registered(CKM_AES_CBC).ops.encrypt;
        let decrypt = registered(CKM_AES_CBC_PAD).ops.decrypt;
        let mut wrong = vec![[0; BLOCK], [17; BLOCK], [255; BLOCK]];
        for padding in 2..=16u8 {
            for place in BLOCK - usize::from(padding)..BLOCK - 1 {
                let mut block = [padding; BLOCK];
                block[place] ^= 1;
                wrong.push(block);
            }
        }
        for block in wrong {
            let cipher = single(encrypt, &key, &iv, &block).unwrap();
            let error = single(decrypt, &key, &iv, &cipher).unwrap_err();
            assert_eq!(error, Error::EncryptedDataInvalid);
        }
        for padding in 1..=16u8 {
            let mut block = [0xaa; BLOCK];
            block[BLOCK - usize::from(padding)..].fill(padding);
            let cipher = single(encrypt, &key, &iv, &block).unwrap();
            let plain = single(decrypt, &key, &iv, &cipher).unwrap();
            assert_eq!(plain, vec![0xaa; BLOCK - usize::from(padding)]);
        }
    }

    #[test]
    fn an_iv_is_one_block_and_a_key_16_24_or_32_bytes() {
        for params in [
            Params::None,
            Params::Bytes(vec![0; 15]),
            Params::Bytes(vec![0; 17]),
        ] {
            let error = cbc_encrypt::<CKM_AES_CBC>(&secret(&KEY), &params).err();
            assert_eq!(error, Some(Error::MechanismParamInvalid(CKM_AES_CBC)));
        }
        for len in [0, 15, 17, 31, 33] {
            let error = ecb_encrypt(&secret(&vec![0; len]), &Params::None).err();
            assert_eq!(error, Some(Error::KeySizeRange));
        }
    }

    #[test]
    fn wrapping_pads_with_zeros_or_with_pkcs7() {
        let key = secret(&KEY);
        let iv = Params::Bytes(vec![3; BLOCK]);
        let cases = [
            (CKM_AES_ECB, Params::None, true),
            (CKM_AES_CBC, iv.clone(), true),
            (CKM_AES_CBC_PAD, iv, false),
        ];
        for (id, params, zeros) in cases {
            let ops = &registered(id).ops;
            let (wrap, unwrap) = (ops.wrap.unwrap(), ops.unwrap.unwrap());
            for len in 1..50usize {
                let material = vec![0xa5; len];
                let wrapped = wrap(&key, &params, &material, &entropy()).unwrap();
                let mut expected = material;
                if zeros {
                    expected.resize(len.next_multiple_of(BLOCK), 0);
                    assert_eq!(wrapped.len(), expected.len());
                }
                let back = unwrap(&key, &params, &wrapped).unwrap();
                back.expose(|back| assert_eq!(back, expected));
            }
            for len in [0, 15, 17] {
                let error = unwrap(&key, &params, &vec![0; len]).unwrap_err();
                assert_eq!(error, Error::WrappedKeyLenRange);
            }
        }
        let unwrap = registered(CKM_AES_CBC_PAD).ops.unwrap.unwrap();
        let iv = Params::Bytes(vec![3; BLOCK]);
        let zeros = single(registered(CKM_AES_CBC).ops.encrypt, &key, &iv, &[0; 16]);
        let error = unwrap(&key, &iv, &zeros.unwrap()).unwrap_err();
        assert_eq!(error, Error::WrappedKeyInvalid);
    }
}
