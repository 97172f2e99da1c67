//! The digests of blockchains: Keccak with its original padding, BLAKE2b, RIPEMD-160, Bitcoin's
//! double hashes, BIP-340's tagged hash and Ethereum's signed message (EIP-191).

use std::marker::PhantomData;

use blake2::{Blake2b, Blake2b256, Blake2b512};
use ripemd::Ripemd160;
use sha2::Sha256;
use sha3::{
    Digest as Hash, Keccak224, Keccak256, Keccak384, Keccak512,
    digest::consts::{U20, U48},
};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    mechanism::{Digest, Mechanism, Ops, Params, Shape, descriptor::StartDigest, whole::append},
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    row(CKM_KECCAK_224, Shape::None, plain::<Keccak224>),
    row(CKM_KECCAK_256, Shape::None, plain::<Keccak256>),
    row(CKM_KECCAK_384, Shape::None, plain::<Keccak384>),
    row(CKM_KECCAK_512, Shape::None, plain::<Keccak512>),
    row(CKM_BLAKE2B_160, Shape::None, plain::<Blake2b<U20>>),
    row(CKM_BLAKE2B_256, Shape::None, plain::<Blake2b256>),
    row(CKM_BLAKE2B_384, Shape::None, plain::<Blake2b<U48>>),
    row(CKM_BLAKE2B_512, Shape::None, plain::<Blake2b512>),
    row(CKM_RIPEMD160, Shape::None, plain::<Ripemd160>),
    row(CKM_BC_SHA256D, Shape::None, twice::<Sha256, Sha256>),
    row(CKM_BC_HASH160, Shape::None, twice::<Sha256, Ripemd160>),
    // There is no tag that everybody means: NULL is refused.
    row(
        CKM_BC_TAGGED_SHA256,
        Shape::Bytes { min: 1, max: 1024 },
        tagged,
    ),
    row(CKM_BC_EIP191, Shape::None, eip191),
];

const fn row(id: CK_MECHANISM_TYPE, param: Shape, start: StartDigest) -> Mechanism {
    Mechanism {
        id,
        keys: &[],
        size: (0, 0),
        param,
        flags: 0,
        ops: Ops {
            digest: Some(start),
            ..Ops::NONE
        },
    }
}

fn plain<D: Hash + Send + 'static>(_params: &Params) -> Result<Box<dyn Digest>> {
    Ok(Box::new(Plain(D::new())))
}

fn twice<A, B>(_params: &Params) -> Result<Box<dyn Digest>>
where
    A: Hash + Send + 'static,
    B: Hash + 'static,
{
    Ok(Box::new(Twice::<A, B>(A::new(), PhantomData)))
}

/// BIP-340: SHA256(SHA256(tag) || SHA256(tag) || message).
fn tagged(params: &Params) -> Result<Box<dyn Digest>> {
    match params {
        Params::Bytes(tag) if !tag.is_empty() => {
            let tag = Sha256::digest(tag);
            let start = Sha256::new().chain_update(tag).chain_update(tag);
            Ok(Box::new(Plain(start)))
        }
        Params::Bytes(_) | Params::None | Params::Struct(_) => {
            Err(Error::MechanismParamInvalid(CKM_BC_TAGGED_SHA256))
        }
    }
}

fn eip191(_params: &Params) -> Result<Box<dyn Digest>> {
    Ok(Box::new(Eip191(Zeroizing::default())))
}

/// A hash function.
#[derive(Default)]
pub(super) struct Plain<D>(D);

impl<D: Hash + Send> Digest for Plain<D> {
    fn digest_len(&self) -> usize {
        <D as Hash>::output_size()
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        put(&self.0.finalize(), out)
    }
}

/// The hash `B` of the hash `A`.
#[derive(Default)]
pub(super) struct Twice<A, B>(A, PhantomData<fn() -> B>);

impl<A: Hash + Send, B: Hash> Digest for Twice<A, B> {
    fn digest_len(&self) -> usize {
        <B as Hash>::output_size()
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        put(&B::digest(self.0.finalize()), out)
    }
}

/// Keccak-256 of an Ethereum message. It is collected because its length comes first.
#[derive(Default)]
pub(super) struct Eip191(Zeroizing<Vec<u8>>);

impl Digest for Eip191 {
    fn digest_len(&self) -> usize {
        <Keccak256 as Hash>::output_size()
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        append(&mut self.0, data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        let hash = Keccak256::new()
            .chain_update(b"\x19Ethereum Signed Message:\n")
            .chain_update(self.0.len().to_string())
            .chain_update(&self.0);
        put(&hash.finalize(), out)
    }
}

fn put(digest: &[u8], out: &mut [u8]) -> Result<usize> {
    let needed = digest.len();
    out.get_mut(..needed)
        .ok_or(Error::BufferTooSmall { needed })?
        .copy_from_slice(digest);
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::known_answers::{Case, cases, parts, registered};

    const VECTORS: &str = include_str!("../../../tests/vectors/hashes.txt");

    fn mechanism(case: &Case<'_>) -> CK_MECHANISM_TYPE {
        match case.text("mechanism") {
            "KECCAK_224" => CKM_KECCAK_224,
            "KECCAK_256" => CKM_KECCAK_256,
            "KECCAK_384" => CKM_KECCAK_384,
            "KECCAK_512" => CKM_KECCAK_512,
            "BLAKE2B_160" => CKM_BLAKE2B_160,
            "BLAKE2B_256" => CKM_BLAKE2B_256,
            "BLAKE2B_384" => CKM_BLAKE2B_384,
            "BLAKE2B_512" => CKM_BLAKE2B_512,
            "RIPEMD160" => CKM_RIPEMD160,
            "BC_SHA256D" => CKM_BC_SHA256D,
            "BC_HASH160" => CKM_BC_HASH160,
            "BC_TAGGED_SHA256" => CKM_BC_TAGGED_SHA256,
            "BC_EIP191" => CKM_BC_EIP191,
            other => panic!("{other}"),
        }
    }

    fn digest(row: &Mechanism, params: &Params, parts: &[&[u8]]) -> Vec<u8> {
        let mut op = row.ops.digest.unwrap()(params).unwrap();
        for part in parts {
            op.update(part).unwrap();
        }
        let mut out = vec![0; op.digest_len()];
        let written = op.finish(&mut out).unwrap();
        assert_eq!(written, out.len());
        out
    }

    #[test]
    fn known_answers_for_every_row_in_one_part_and_in_many() {
        let mut unseen: Vec<_> = TABLE.iter().map(|row| row.id).collect();
        for case in cases(VECTORS) {
            let row = registered(mechanism(&case));
            unseen.retain(|id| *id != row.id);
            let params = case.opt_hex("tag").map_or(Params::None, Params::Bytes);
            let (message, expected) = (case.hex("message"), case.hex("digest"));
            assert_eq!(digest(row, &params, &[&message]), expected);
            for seed in 0..20 {
                let parts = parts(&message, seed);
                assert_eq!(digest(row, &params, &parts), expected);
            }
        }
        assert!(unseen.is_empty(), "{unseen:x?}");
    }

    #[test]
    fn keccak_is_not_sha3() {
        let keccak = digest(registered(CKM_KECCAK_256), &Params::None, &[]);
        assert_ne!(keccak, sha3::Sha3_256::digest([]).to_vec());
    }

    #[test]
    fn a_tagged_hash_needs_its_tag() {
        for params in [Params::None, Params::Bytes(vec![])] {
            let error = tagged(&params).err();
            let expected = Error::MechanismParamInvalid(CKM_BC_TAGGED_SHA256);
            assert_eq!(error, Some(expected));
        }
    }

    #[test]
    fn a_buffer_that_is_too_small_is_an_error() {
        let op = plain::<Keccak256>(&Params::None).unwrap();
        let error = op.finish(&mut [0; 31]).unwrap_err();
        assert_eq!(error, Error::BufferTooSmall { needed: 32 });
    }
}
