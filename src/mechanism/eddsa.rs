//! EdDSA on edwards25519 and its key pairs (PKCS#11 v3.1 sections 6.3.14 and 6.3.15; RFC 8032).
//!
//! No parameter means Ed25519. `CK_EDDSA_PARAMS` with phFlag means Ed25519ph; without it Ed25519ctx
//! — or Ed25519 when the context is empty, which RFC 8032 says Ed25519ctx must not have and clients
//! send for Ed25519.

use std::{mem::offset_of, sync::Arc};

use sha2::{Digest, Sha512};

use super::{Field, FieldValue, Mechanism, Ops, Params, Shape, Sign, Verify};
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        edwards::{self, CONTEXT_LEN_MAX, PrivateKey, PublicKey, SIGNATURE_LEN},
    },
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    on_edwards25519(
        CKM_EC_EDWARDS_KEY_PAIR_GEN,
        Shape::None,
        Ops {
            generate_pair: Some(generate),
            ..Ops::NONE
        },
    ),
    on_edwards25519(
        CKM_EDDSA,
        Shape::Struct {
            size: size_of::<CK_EDDSA_PARAMS>(),
            fields: &[
                Field::Bool(offset_of!(CK_EDDSA_PARAMS, phFlag)),
                Field::Bytes {
                    ptr: offset_of!(CK_EDDSA_PARAMS, pContextData),
                    len: offset_of!(CK_EDDSA_PARAMS, ulContextDataLen),
                },
            ],
            optional: true,
        },
        Ops {
            sign: Some(start_sign),
            verify: Some(start_verify),
            ..Ops::NONE
        },
    ),
];

pub(super) const fn on_edwards25519(id: CK_MECHANISM_TYPE, param: Shape, ops: Ops) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_EC_EDWARDS, CKK_BIP32],
        size: (255, 255),
        param,
        flags: CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME | CKF_EC_COMPRESS,
        ops,
    }
}

fn generate(
    _: &Params,
    public: &Template,
    private: &Template,
    entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    edwards::generate(public, private, entropy)
}

pub(super) fn start_sign(
    key: &Key,
    params: &Params,
    _: &Arc<dyn Entropy>,
) -> Result<Box<dyn Sign>> {
    let Key::EdwardsPrivate(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Box::new(Running {
        key: Arc::clone(key),
        message: Message::new(params)?,
    }))
}

pub(super) fn start_verify(key: &Key, params: &Params) -> Result<Box<dyn Verify>> {
    let Key::EdwardsPublic(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Box::new(Running {
        key: Arc::clone(key),
        message: Message::new(params)?,
    }))
}

/// A signature or a verification in progress.
struct Running<K> {
    key: Arc<K>,
    message: Message,
}

/// The message so far, by scheme: only Ed25519ph can hash it as it comes, the others read it twice.
enum Message {
    Pure(Vec<u8>),
    Context(Vec<u8>, Vec<u8>),
    Prehash(Sha512, Vec<u8>),
}

impl Message {
    fn new(params: &Params) -> Result<Self> {
        let invalid = Err(Error::MechanismParamInvalid(CKM_EDDSA));
        let (prehash, context) = match params {
            Params::None => return Ok(Self::Pure(Vec::new())),
            Params::Struct(fields) => match fields.as_slice() {
                [FieldValue::Bool(prehash), FieldValue::Bytes(context)] => (*prehash, context),
                _ => return invalid,
            },
            Params::Bytes(_) => return invalid,
        };
        if context.len() > CONTEXT_LEN_MAX {
            return invalid;
        }
        Ok(match prehash {
            true => Self::Prehash(Sha512::new(), context.clone()),
            false if context.is_empty() => Self::Pure(Vec::new()),
            false => Self::Context(Vec::new(), context.clone()),
        })
    }

    fn absorb(&mut self, data: &[u8]) {
        match self {
            Self::Pure(message) | Self::Context(message, _) => message.extend_from_slice(data),
            Self::Prehash(hash, _) => hash.update(data),
        }
    }
}

impl Sign for Running<PrivateKey> {
    fn signature_len(&self) -> usize {
        SIGNATURE_LEN
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.absorb(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        let needed = SIGNATURE_LEN;
        let out = out
            .get_mut(..needed)
            .ok_or(Error::BufferTooSmall { needed })?;
        out.copy_from_slice(&match self.message {
            Message::Pure(message) => self.key.sign(&message),
            Message::Context(message, context) => self.key.sign_with_context(&message, &context)?,
            Message::Prehash(hash, context) => self.key.sign_prehash(hash, &context)?,
        });
        Ok(needed)
    }
}

impl Verify for Running<PublicKey> {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.absorb(data);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        match self.message {
            Message::Pure(message) => self.key.verify(&message, signature),
            Message::Context(message, context) => {
                self.key.verify_with_context(&message, &context, signature)
            }
            Message::Prehash(hash, context) => self.key.verify_prehash(hash, &context, signature),
        }
    }
}
