//! Ed25519 over a BLAKE2b-256 digest, as Tezos signs (tz1).

use std::sync::Arc;

use blake2::Blake2b256;
use sha2::Digest;

use crate::{
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        edwards::{PrivateKey, PublicKey, SIGNATURE_LEN},
    },
    mechanism::{Mechanism, Ops, Params, Shape, Sign, Verify, eddsa::on_edwards25519},
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[on_edwards25519(
    CKM_BC_EDDSA_BLAKE2B_256,
    Shape::None,
    Ops {
        sign: Some(start_sign),
        verify: Some(start_verify),
        ..Ops::NONE
    },
)];

fn start_sign(key: &Key, _: &Params, _: &Arc<dyn Entropy>) -> Result<Box<dyn Sign>> {
    let Key::EdwardsPrivate(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Box::new(Running {
        key: Arc::clone(key),
        message: Blake2b256::new(),
    }))
}

fn start_verify(key: &Key, _: &Params) -> Result<Box<dyn Verify>> {
    let Key::EdwardsPublic(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Box::new(Running {
        key: Arc::clone(key),
        message: Blake2b256::new(),
    }))
}

/// A signature or a verification in progress.
struct Running<K> {
    key: Arc<K>,
    message: Blake2b256,
}

impl Sign for Running<PrivateKey> {
    fn signature_len(&self) -> usize {
        SIGNATURE_LEN
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        let needed = SIGNATURE_LEN;
        out.get_mut(..needed)
            .ok_or(Error::BufferTooSmall { needed })?
            .copy_from_slice(&self.key.sign(&self.message.finalize()));
        Ok(needed)
    }
}

impl Verify for Running<PublicKey> {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.update(data);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        self.key.verify(&self.message.finalize(), signature)
    }
}
