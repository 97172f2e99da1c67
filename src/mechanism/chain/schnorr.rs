//! Bitcoin's Schnorr signatures (BIP-340) and taproot output keys (BIP-341), on secp256k1.
//!
//! Without a parameter a signature takes fresh auxiliary randomness and the key as it is.

use std::{mem::offset_of, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        ec::{
            self, PrivateKey, PublicKey,
            secp256k1::{HASH_LEN, SIGNATURE_LEN},
        },
    },
    mechanism::{
        DeriveInput, Derived, Field, FieldValue, Mechanism, Ops, Params, Protection, Shape, Sign,
        Verify, ecdsa::CURVE_FLAGS, whole::append,
    },
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    row(
        CKM_BC_SCHNORR_BIP340,
        Shape::Struct {
            size: size_of::<CK_BC_SCHNORR_PARAMS>(),
            fields: &[
                Field::Ulong(offset_of!(CK_BC_SCHNORR_PARAMS, flags)),
                Field::Bytes {
                    ptr: offset_of!(CK_BC_SCHNORR_PARAMS, pAuxRand),
                    len: offset_of!(CK_BC_SCHNORR_PARAMS, ulAuxRandLen),
                },
                Field::Bytes {
                    ptr: offset_of!(CK_BC_SCHNORR_PARAMS, pMerkleRoot),
                    len: offset_of!(CK_BC_SCHNORR_PARAMS, ulMerkleRootLen),
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
    row(
        CKM_BC_TAPROOT_TWEAK,
        Shape::Bytes {
            min: 0,
            max: HASH_LEN,
        },
        Ops {
            derive: Some(derive),
            ..Ops::NONE
        },
    ),
];

const fn row(id: CK_MECHANISM_TYPE, param: Shape, ops: Ops) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_EC, CKK_BIP32],
        size: (256, 256),
        param,
        flags: CURVE_FLAGS,
        ops,
    }
}

/// `CK_BC_SCHNORR_PARAMS`, checked.
#[derive(Default)]
struct Choices {
    aux: Aux,
    /// The merkle root (maybe empty) of the output key to sign with; `None` for the key itself.
    tweak: Option<Vec<u8>>,
}

/// Where the auxiliary randomness comes from.
#[derive(Default)]
enum Aux {
    #[default]
    Fresh,
    Given([u8; HASH_LEN]),
}

impl Choices {
    fn new(params: &Params) -> Result<Self> {
        let invalid = || Error::MechanismParamInvalid(CKM_BC_SCHNORR_BIP340);
        let fields = match params {
            Params::None => return Ok(Self::default()),
            Params::Struct(fields) => fields.as_slice(),
            Params::Bytes(_) => return Err(invalid()),
        };
        let [
            FieldValue::Ulong(flags),
            FieldValue::Bytes(aux),
            FieldValue::Bytes(merkle_root),
        ] = fields
        else {
            return Err(invalid());
        };
        if flags & !(CKF_BC_SCHNORR_NO_AUX | CKF_BC_SCHNORR_TWEAK) != 0 {
            return Err(invalid());
        }
        let aux = match (flags & CKF_BC_SCHNORR_NO_AUX != 0, aux.as_slice()) {
            (false, []) => Aux::Fresh,
            (true, []) => Aux::Given([0; HASH_LEN]),
            (false, given) => Aux::Given(given.try_into().map_err(|_| invalid())?),
            (true, _) => return Err(invalid()),
        };
        let tweak = match (flags & CKF_BC_SCHNORR_TWEAK != 0, merkle_root.len()) {
            (false, 0) => None,
            (true, 0 | HASH_LEN) => Some(merkle_root.clone()),
            _ => return Err(invalid()),
        };
        Ok(Self { aux, tweak })
    }
}

fn start_sign(key: &Key, params: &Params, entropy: &Arc<dyn Entropy>) -> Result<Box<dyn Sign>> {
    let Key::EcPrivate(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    let Choices { aux, tweak } = Choices::new(params)?;
    let key = match tweak {
        Some(root) => Arc::new(tweaked_private(key, &root)?),
        None => key.secp256k1().map(|_| Arc::clone(key))?,
    };
    Ok(Box::new(Signing {
        key,
        aux,
        entropy: Arc::clone(entropy),
        message: Zeroizing::default(),
    }))
}

fn start_verify(key: &Key, params: &Params) -> Result<Box<dyn Verify>> {
    let Key::EcPublic(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    let key = match Choices::new(params)?.tweak {
        Some(root) => Arc::new(tweaked_public(key, &root)?),
        None => key.secp256k1().map(|_| Arc::clone(key))?,
    };
    Ok(Box::new(Verifying {
        key,
        message: Zeroizing::default(),
    }))
}

/// A signature in progress. The message is read twice, so it is collected.
struct Signing {
    key: Arc<PrivateKey>,
    aux: Aux,
    entropy: Arc<dyn Entropy>,
    message: Zeroizing<Vec<u8>>,
}

impl Sign for Signing {
    fn signature_len(&self) -> usize {
        SIGNATURE_LEN
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        append(&mut self.message, data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        let needed = SIGNATURE_LEN;
        let out = out
            .get_mut(..needed)
            .ok_or(Error::BufferTooSmall { needed })?;
        let mut aux = Zeroizing::new([0; HASH_LEN]);
        match self.aux {
            Aux::Fresh => self.entropy.fill(&mut *aux)?,
            Aux::Given(given) => *aux = given,
        }
        let signature = self.key.secp256k1()?.sign_schnorr(&self.message, &aux)?;
        out.copy_from_slice(&signature);
        Ok(needed)
    }
}

/// A verification in progress.
struct Verifying {
    key: Arc<PublicKey>,
    message: Zeroizing<Vec<u8>>,
}

impl Verify for Verifying {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        append(&mut self.message, data);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        self.key
            .secp256k1()?
            .verify_schnorr(&self.message, signature)
    }
}

/// The output key of an internal key: private from private, public from either. The class is the
/// template's, or else that of the base key.
fn derive(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let root = match params {
        Params::None => &[],
        Params::Bytes(root) if root.len() == HASH_LEN => root.as_slice(),
        Params::Bytes(_) | Params::Struct(_) => {
            return Err(Error::MechanismParamInvalid(CKM_BC_TAPROOT_TWEAK));
        }
    };
    let wanted = input.template.ulong(CKA_CLASS);
    let computed = match (input.key, wanted) {
        (Key::EcPrivate(key), None | Some(CKO_PRIVATE_KEY)) => {
            ec::private_material(input.base, &tweaked_private(key, root)?)?
        }
        (Key::EcPrivate(key), Some(CKO_PUBLIC_KEY)) => {
            let public = tweaked_public(&key.public_key(), root)?;
            ec::public_material(input.base, &public)?
        }
        (Key::EcPublic(key), None | Some(CKO_PUBLIC_KEY)) => {
            ec::public_material(input.base, &tweaked_public(key, root)?)?
        }
        (Key::EcPrivate(_) | Key::EcPublic(_), Some(_)) => {
            return Err(Error::TemplateInconsistent(CKA_CLASS));
        }
        (
            Key::EdwardsPrivate(_)
            | Key::EdwardsPublic(_)
            | Key::BlsPrivate(_)
            | Key::BlsPublic(_)
            | Key::Secret(_),
            _,
        ) => {
            return Err(Error::KeyTypeInconsistent);
        }
    };
    Ok(vec![Derived {
        template: None,
        computed,
        handle_field: None,
        protection: Protection::Inherited,
    }])
}

fn tweaked_private(key: &PrivateKey, merkle_root: &[u8]) -> Result<PrivateKey> {
    let tweaked = key.secp256k1()?.tweaked(merkle_root);
    tweaked.map(PrivateKey::Secp256k1).ok_or_else(no_such_key)
}

fn tweaked_public(key: &PublicKey, merkle_root: &[u8]) -> Result<PublicKey> {
    let tweaked = key.secp256k1()?.tweaked(merkle_root);
    tweaked.map(PublicKey::Secp256k1).ok_or_else(no_such_key)
}

fn no_such_key() -> Error {
    Error::FunctionFailed("this key has no such output key".into())
}
