//! ECDSA and its key pairs (PKCS#11 v3.1 sections 6.3.1 and 6.3.11 to 6.3.13).
//!
//! Signatures are deterministic (RFC 6979). `CKM_ECDSA` takes a digest of any length: its leftmost
//! bits count, a short one is an integer, an empty one is zero. It takes it in several parts too,
//! which the standard does not ask for.

use std::sync::Arc;

use sha2::digest::block_api::BlockSizeUser;

use super::{Mechanism, Ops, Params, Shape, Sign, Verify};
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        ec::{self, Draw, PrivateKey, PublicKey},
    },
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    key_pair(CKM_EC_KEY_PAIR_GEN, by_rejection),
    key_pair(CKM_EC_KEY_PAIR_GEN_W_EXTRA_BITS, by_extra_bits),
    signature::<Prefix>(CKM_ECDSA),
    signature::<Hash<sha1::Sha1>>(CKM_ECDSA_SHA1),
    signature::<Hash<sha2::Sha224>>(CKM_ECDSA_SHA224),
    signature::<Hash<sha2::Sha256>>(CKM_ECDSA_SHA256),
    signature::<Hash<sha2::Sha384>>(CKM_ECDSA_SHA384),
    signature::<Hash<sha2::Sha512>>(CKM_ECDSA_SHA512),
    signature::<Hash<sha3::Sha3_224>>(CKM_ECDSA_SHA3_224),
    signature::<Hash<sha3::Sha3_256>>(CKM_ECDSA_SHA3_256),
    signature::<Hash<sha3::Sha3_384>>(CKM_ECDSA_SHA3_384),
    signature::<Hash<sha3::Sha3_512>>(CKM_ECDSA_SHA3_512),
];

/// What every mechanism on short Weierstrass curves can do.
pub(super) const CURVE_FLAGS: CK_FLAGS = CKF_EC_F_P
    | CKF_EC_ECPARAMETERS
    | CKF_EC_OID
    | CKF_EC_CURVENAME
    | CKF_EC_UNCOMPRESS
    | CKF_EC_COMPRESS;

/// Smallest and largest field in bits.
pub(super) const CURVE_BITS: (CK_ULONG, CK_ULONG) = (256, 521);

const fn on_curves(id: CK_MECHANISM_TYPE, ops: Ops) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_EC, CKK_BIP32],
        size: CURVE_BITS,
        param: Shape::None,
        flags: CURVE_FLAGS,
        ops,
    }
}

const fn key_pair(id: CK_MECHANISM_TYPE, generate: super::descriptor::GeneratePair) -> Mechanism {
    let ops = Ops {
        generate_pair: Some(generate),
        ..Ops::NONE
    };
    on_curves(id, ops)
}

const fn signature<I: Input>(id: CK_MECHANISM_TYPE) -> Mechanism {
    let ops = Ops {
        sign: Some(start_sign::<I>),
        verify: Some(start_verify::<I>),
        ..Ops::NONE
    };
    on_curves(id, ops)
}

fn by_rejection(
    _: &Params,
    public: &Template,
    private: &Template,
    entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    ec::generate(public, private, Draw::Rejection, entropy)
}

fn by_extra_bits(
    _: &Params,
    public: &Template,
    private: &Template,
    entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    ec::generate(public, private, Draw::ExtraBits, entropy)
}

fn start_sign<I: Input>(key: &Key, _: &Params, _: &Arc<dyn Entropy>) -> Result<Box<dyn Sign>> {
    let Key::EcPrivate(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Box::new(Running {
        key: Arc::clone(key),
        input: I::default(),
    }))
}

fn start_verify<I: Input>(key: &Key, _: &Params) -> Result<Box<dyn Verify>> {
    let Key::EcPublic(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Box::new(Running {
        key: Arc::clone(key),
        input: I::default(),
    }))
}

/// What becomes of the message before the curve sees it.
trait Input: Default + Send + 'static {
    fn absorb(&mut self, data: &[u8]);
    fn sign(self, key: &PrivateKey, out: &mut [u8]) -> Result<usize>;
    fn verify(self, key: &PublicKey, signature: &[u8]) -> Result<()>;
}

/// A signature or a verification in progress.
struct Running<K, I> {
    key: Arc<K>,
    input: I,
}

impl<I: Input> Sign for Running<PrivateKey, I> {
    fn signature_len(&self) -> usize {
        self.key.signature_len()
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.input.absorb(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        self.input.sign(&self.key, out)
    }
}

impl<I: Input> Verify for Running<PublicKey, I> {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.input.absorb(data);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        self.input.verify(&self.key, signature)
    }
}

/// Length of the longest order in bytes: no curve looks at more of a digest.
const PREFIX_LEN: usize = 66;

/// The start of a digest; what follows counts on no curve.
struct Prefix {
    bytes: [u8; PREFIX_LEN],
    len: usize,
}

impl Default for Prefix {
    fn default() -> Self {
        Self {
            bytes: [0; PREFIX_LEN],
            len: 0,
        }
    }
}

impl Prefix {
    fn get(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

impl Input for Prefix {
    fn absorb(&mut self, data: &[u8]) {
        let room = self.bytes.iter_mut().skip(self.len);
        self.len += room.zip(data).map(|(to, from)| *to = *from).count();
    }

    fn sign(self, key: &PrivateKey, out: &mut [u8]) -> Result<usize> {
        key.sign_prehash(self.get(), out)
    }

    fn verify(self, key: &PublicKey, signature: &[u8]) -> Result<()> {
        key.verify_prehash(self.get(), signature)
    }
}

/// A message being hashed; the hash makes the nonce too, as RFC 6979 has it.
#[derive(Default)]
struct Hash<D>(D);

impl<D: sha2::Digest + BlockSizeUser + Default + Send + 'static> Input for Hash<D> {
    fn absorb(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn sign(self, key: &PrivateKey, out: &mut [u8]) -> Result<usize> {
        key.sign_digest::<D>(&self.0.finalize(), out)
    }

    fn verify(self, key: &PublicKey, signature: &[u8]) -> Result<()> {
        key.verify_prehash(&self.0.finalize(), signature)
    }
}
