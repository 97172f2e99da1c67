//! ECDSA as blockchains use it: over their hashes, with a v that tells the key (Ethereum), or in DER
//! (Bitcoin). v is 0 or 1, the parity of the nonce point's y; 2 and 3 exist and never happen.
//!
//! Nonces are those of RFC 6979 with the curve's own hash, as all implementations make them, and not
//! with the hash of the message. On secp256k1 s is low; verification takes a high one too. What
//! gives v or DER works on secp256k1 alone, the rest on every curve: Tezos signs on P-256 too.

use std::{marker::PhantomData, sync::Arc};

use blake2::Blake2b256;
use sha2::Sha256;
use sha3::Keccak256;

use super::hashes::{Eip191, Plain, Twice};
use crate::{
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        ec::{
            PrivateKey, PublicKey,
            secp256k1::{DER_LEN_MAX, HASH_LEN, RECOVERABLE_LEN},
        },
    },
    mechanism::{
        Digest, Mechanism, Ops, Params, Shape, Sign, Verify,
        ecdsa::{CURVE_BITS, CURVE_FLAGS},
    },
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    row::<Given, Recoverable>(CKM_BC_ECDSA_RECOVERABLE),
    row::<Plain<Keccak256>, Bare>(CKM_BC_ECDSA_KECCAK256),
    row::<Plain<Keccak256>, Recoverable>(CKM_BC_ECDSA_KECCAK256_RECOVERABLE),
    row::<Twice<Sha256, Sha256>, Bare>(CKM_BC_ECDSA_SHA256D),
    row::<Twice<Sha256, Sha256>, Recoverable>(CKM_BC_ECDSA_SHA256D_RECOVERABLE),
    row::<Eip191, Recoverable>(CKM_BC_ECDSA_EIP191_RECOVERABLE),
    row::<Plain<Blake2b256>, Bare>(CKM_BC_ECDSA_BLAKE2B_256),
    row::<Given, Der>(CKM_BC_ECDSA_DER),
];

const fn row<M: Message, F: Form>(id: CK_MECHANISM_TYPE) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_EC, CKK_BIP32],
        size: F::BITS,
        param: Shape::None,
        flags: CURVE_FLAGS,
        ops: Ops {
            sign: Some(start_sign::<M, F>),
            verify: Some(start_verify::<M, F>),
            ..Ops::NONE
        },
    }
}

fn start_sign<M: Message, F: Form>(
    key: &Key,
    _: &Params,
    _: &Arc<dyn Entropy>,
) -> Result<Box<dyn Sign>> {
    let Key::EcPrivate(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    if F::ONLY_SECP256K1 {
        key.secp256k1()?;
    }
    Ok(Running::<_, M, F>::start(key))
}

fn start_verify<M: Message, F: Form>(key: &Key, _: &Params) -> Result<Box<dyn Verify>> {
    let Key::EcPublic(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    if F::ONLY_SECP256K1 {
        key.secp256k1()?;
    }
    Ok(Running::<_, M, F>::start(key))
}

type Hash = [u8; HASH_LEN];

/// What becomes of the message: a running hash of 32 bytes.
trait Message: Digest + Default + 'static {}

impl<D: Digest + Default + 'static> Message for D {}

/// What a signature looks like.
trait Form: 'static {
    const ONLY_SECP256K1: bool = true;
    const BITS: (CK_ULONG, CK_ULONG) = (256, 256);
    fn len(key: &PrivateKey) -> usize;
    fn sign(key: &PrivateKey, digest: &Hash, out: &mut [u8]) -> Result<usize>;
    fn verify(key: &PublicKey, digest: &Hash, signature: &[u8]) -> Result<()>;
}

/// A signature or a verification in progress.
struct Running<K, M, F> {
    key: Arc<K>,
    message: Box<M>,
    form: PhantomData<fn() -> F>,
}

impl<K, M: Message, F> Running<K, M, F> {
    fn start(key: &Arc<K>) -> Box<Self> {
        Box::new(Self {
            key: Arc::clone(key),
            message: Box::default(),
            form: PhantomData,
        })
    }
}

fn hash(message: Box<impl Message>) -> Result<Hash> {
    let mut digest = [0; HASH_LEN];
    message.finish(&mut digest)?;
    Ok(digest)
}

impl<M: Message, F: Form> Sign for Running<PrivateKey, M, F> {
    fn signature_len(&self) -> usize {
        F::len(&self.key)
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.update(data)
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        F::sign(&self.key, &hash(self.message)?, out)
    }
}

impl<M: Message, F: Form> Verify for Running<PublicKey, M, F> {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.update(data)
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        F::verify(&self.key, &hash(self.message)?, signature)
    }
}

/// r‖s.
struct Bare;

impl Form for Bare {
    const ONLY_SECP256K1: bool = false;
    const BITS: (CK_ULONG, CK_ULONG) = CURVE_BITS;

    fn len(key: &PrivateKey) -> usize {
        key.signature_len()
    }

    fn sign(key: &PrivateKey, digest: &Hash, out: &mut [u8]) -> Result<usize> {
        key.sign_prehash(digest, out)
    }

    fn verify(key: &PublicKey, digest: &Hash, signature: &[u8]) -> Result<()> {
        key.verify_prehash(digest, signature)
    }
}

/// r‖s‖v.
struct Recoverable;

impl Form for Recoverable {
    fn len(_: &PrivateKey) -> usize {
        RECOVERABLE_LEN
    }

    fn sign(key: &PrivateKey, digest: &Hash, out: &mut [u8]) -> Result<usize> {
        put(&key.secp256k1()?.sign_recoverable(digest), out)
    }

    fn verify(key: &PublicKey, digest: &Hash, signature: &[u8]) -> Result<()> {
        key.secp256k1()?.verify_recoverable(digest, signature)
    }
}

/// A DER SEQUENCE of r and s.
struct Der;

impl Form for Der {
    fn len(_: &PrivateKey) -> usize {
        DER_LEN_MAX
    }

    fn sign(key: &PrivateKey, digest: &Hash, out: &mut [u8]) -> Result<usize> {
        put(&key.secp256k1()?.sign_der(digest), out)
    }

    fn verify(key: &PublicKey, digest: &Hash, signature: &[u8]) -> Result<()> {
        key.secp256k1()?.verify_der(digest, signature)
    }
}

/// A hash that the caller made. Any other length is an error: whoever signs for a chain has a hash
/// of 32 bytes.
#[derive(Default)]
struct Given {
    bytes: Hash,
    len: usize,
}

impl Digest for Given {
    fn digest_len(&self) -> usize {
        HASH_LEN
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.bytes
            .get_mut(self.len..)
            .and_then(|room| room.get_mut(..data.len()))
            .ok_or(Error::DataLenRange)?
            .copy_from_slice(data);
        self.len += data.len();
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        if self.len != HASH_LEN {
            return Err(Error::DataLenRange);
        }
        put(&self.bytes, out)
    }
}

fn put(bytes: &[u8], out: &mut [u8]) -> Result<usize> {
    let needed = bytes.len();
    out.get_mut(..needed)
        .ok_or(Error::BufferTooSmall { needed })?
        .copy_from_slice(bytes);
    Ok(needed)
}
