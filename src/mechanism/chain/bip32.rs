//! Hierarchical derivation as Thales Luna and Securosys speak it: `CKK_BIP32` key pairs from a seed,
//! and children along a whole path in one call.
//!
//! Luna's parameters hold templates and receive handles; Securosys' hold the path alone. They share
//! a number and are told apart by their length. `CKA_EC_PARAMS` in the templates chooses a curve of
//! SLIP-10; without it the key is on secp256k1, where BIP-32 and SLIP-10 are the same.

use std::mem::offset_of;

use super::hd::{self, Made, Trail};
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        bip32::{self, Node},
        hd::SEED_LEN,
        xkey::Network,
    },
    mechanism::{DeriveInput, Derived, Field, FieldValue, Mechanism, Ops, Params, Shape},
    pkcs11::*,
    secret::SecretBytes,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    Mechanism {
        id: CKM_BIP32_MASTER_DERIVE,
        keys: &[CKK_GENERIC_SECRET],
        size: (128, 512),
        param: MASTER_PARAMS,
        flags: 0,
        ops: Ops {
            derive: Some(derive_master),
            ..Ops::NONE
        },
    },
    Mechanism {
        id: CKM_BIP32_CHILD_DERIVE,
        keys: &[CKK_BIP32],
        size: (256, 256),
        param: Shape::OneOf(&[CHILD_PARAMS, PATH_PARAMS, INDEX_PARAM]),
        flags: 0,
        ops: Ops {
            derive: Some(derive_child),
            derive_pair: Some(derive_child_pair),
            ..Ops::NONE
        },
    },
    Mechanism {
        id: CKM_EC_SLIP10_KEY_PAIR_GEN,
        keys: &[CKK_BIP32],
        size: (256, 256),
        param: Shape::Secret {
            min: 0,
            max: *SEED_LEN.end(),
        },
        flags: 0,
        ops: Ops {
            generate_pair: Some(generate),
            ..Ops::NONE
        },
    },
];

const MASTER_PARAMS: Shape = Shape::Struct {
    size: size_of::<CK_BIP32_MASTER_DERIVE_PARAMS>(),
    fields: &[
        Field::Template {
            ptr: offset_of!(CK_BIP32_MASTER_DERIVE_PARAMS, pPublicKeyTemplate),
            len: offset_of!(CK_BIP32_MASTER_DERIVE_PARAMS, ulPublicKeyAttributeCount),
        },
        Field::Template {
            ptr: offset_of!(CK_BIP32_MASTER_DERIVE_PARAMS, pPrivateKeyTemplate),
            len: offset_of!(CK_BIP32_MASTER_DERIVE_PARAMS, ulPrivateKeyAttributeCount),
        },
        Field::UlongOut(offset_of!(CK_BIP32_MASTER_DERIVE_PARAMS, hPublicKey)),
        Field::UlongOut(offset_of!(CK_BIP32_MASTER_DERIVE_PARAMS, hPrivateKey)),
    ],
    optional: false,
};

/// The positions of the handles in both of Luna's structures.
const PUBLIC_HANDLE: usize = 2;
const PRIVATE_HANDLE: usize = 3;

const CHILD_PARAMS: Shape = Shape::Struct {
    size: size_of::<CK_BIP32_CHILD_DERIVE_PARAMS>(),
    fields: &[
        Field::Template {
            ptr: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, pPublicKeyTemplate),
            len: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, ulPublicKeyAttributeCount),
        },
        Field::Template {
            ptr: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, pPrivateKeyTemplate),
            len: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, ulPrivateKeyAttributeCount),
        },
        Field::UlongOut(offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, hPublicKey)),
        Field::UlongOut(offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, hPrivateKey)),
        Field::Ulongs {
            ptr: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, pulPath),
            len: offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, ulPathLen),
        },
        Field::UlongOut(offset_of!(CK_BIP32_CHILD_DERIVE_PARAMS, ulPathErrorIndex)),
    ],
    optional: false,
};

/// Securosys'.
const PATH_PARAMS: Shape = Shape::Struct {
    size: size_of::<CK_SLIP10_CHILD_DERIVE_PARAMS>(),
    fields: &[Field::Ulongs {
        ptr: offset_of!(CK_SLIP10_CHILD_DERIVE_PARAMS, pulPathIndexes),
        len: offset_of!(CK_SLIP10_CHILD_DERIVE_PARAMS, ulIndexCount),
    }],
    optional: false,
};

/// Ours: one step, little-endian.
const INDEX_PARAM: Shape = Shape::Bytes { min: 4, max: 4 };

fn derive_master(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let invalid = || Error::MechanismParamInvalid(CKM_BIP32_MASTER_DERIVE);
    let Params::Struct(fields) = params else {
        return Err(invalid());
    };
    let [public, private, ..] = fields.as_slice() else {
        return Err(invalid());
    };
    let halves = Halves::of(public, private).ok_or_else(invalid)?;
    let params = match halves.params()? {
        Some(params) => params.to_vec(),
        None => bip32::default_params()?,
    };
    let node = hd::master(input.key, bip32::curve_of(&params)?)?;
    let trail = Trail::of(input.base, &node)?;
    halves.derived(&Made {
        node: &node,
        trail: &trail,
        params: &params,
        network: Network::default(),
    })
}

fn derive_child(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let invalid = || Error::MechanismParamInvalid(CKM_BIP32_CHILD_DERIVE);
    let fields = match params {
        Params::Struct(fields) => fields,
        Params::Bytes(index) => {
            let index = index.as_slice().try_into().map_err(|_| invalid())?;
            return derive_one(input, &[u32::from_le_bytes(index).into()]);
        }
        Params::None => return Err(invalid()),
    };
    match fields.as_mut_slice() {
        [FieldValue::Ulongs(path)] => derive_one(input, path),
        [public, private, _, _, FieldValue::Ulongs(path), failed] => {
            let halves = Halves::of(public, private).ok_or_else(invalid)?;
            let asked = halves.params()?;
            let child = Child::reach(input, asked, path).map_err(|(at, e)| {
                *failed = FieldValue::Ulong(at.try_into().unwrap_or(CK_UNAVAILABLE_INFORMATION));
                e
            })?;
            halves.derived(&child.made())
        }
        _ => Err(invalid()),
    }
}

/// One key, through the call's own handle.
fn derive_one(input: &DeriveInput<'_>, path: &[CK_ULONG]) -> Result<Vec<Derived>> {
    let asked = input.template.bytes(CKA_EC_PARAMS);
    let child = Child::reach(input, asked, path).map_err(|(_, e)| e)?;
    let class = hd::class_of(input.template, &child.node);
    Ok(vec![child.made().bip32(class, input.template, None)?])
}

fn derive_child_pair(
    input: &DeriveInput<'_>,
    params: &Params,
    private: &Template,
) -> Result<[Derived; 2]> {
    let path = match params {
        Params::Struct(fields) => match fields.as_slice() {
            [FieldValue::Ulongs(path)] => Some(path),
            _ => None,
        },
        Params::None | Params::Bytes(_) => None,
    };
    let path = path.ok_or(Error::MechanismParamInvalid(CKM_SLIP10_CHILD_DERIVE))?;
    let halves = Halves {
        public: Some(input.template),
        private: Some(private),
    };
    let child = Child::reach(input, halves.params()?, path).map_err(|(_, e)| e)?;
    let made = child.made();
    Ok([
        made.bip32(CKO_PUBLIC_KEY, input.template, None)?,
        made.bip32(CKO_PRIVATE_KEY, private, None)?,
    ])
}

fn generate(
    params: &Params,
    public: &Template,
    private: &Template,
    entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    let invalid = Error::MechanismParamInvalid(CKM_EC_SLIP10_KEY_PAIR_GEN);
    let (seed, is_local) = match params {
        Params::None => {
            let seed = SecretBytes::new_with(*SEED_LEN.end(), |seed| entropy.fill(seed))?;
            (seed.into(), true)
        }
        Params::Struct(fields) => match fields.as_slice() {
            [FieldValue::Secret(seed)] => (seed.clone(), false),
            _ => return Err(invalid),
        },
        Params::Bytes(_) => return Err(invalid),
    };
    let halves = Halves {
        public: Some(public),
        private: private.has(CKA_EC_PARAMS).then_some(private),
    };
    let curve = halves
        .params()?
        .ok_or(Error::TemplateIncomplete(CKA_EC_PARAMS))?;
    let node = hd::master(&Key::Secret(seed), bip32::curve_of(curve)?)?;
    let trail = Trail::of(public, &node)?;
    let made = Made {
        node: &node,
        trail: &trail,
        params: curve,
        network: Network::default(),
    };
    let half = |class, template| {
        made.bip32(class, template, None).map(|half| {
            // A seed from outside was not made here, and others know it.
            half.computed.with(CKA_LOCAL, is_local)
        })
    };
    Ok((
        half(CKO_PUBLIC_KEY, public)?,
        half(CKO_PRIVATE_KEY, private)?,
    ))
}

/// The templates of the halves that are asked for.
struct Halves<'a> {
    public: Option<&'a Template>,
    private: Option<&'a Template>,
}

impl<'a> Halves<'a> {
    /// `None` when neither is.
    fn of(public: &'a FieldValue, private: &'a FieldValue) -> Option<Self> {
        let template = |value: &'a FieldValue| match value {
            FieldValue::Template(template) => Some(template),
            FieldValue::Bool(_)
            | FieldValue::Ulong(_)
            | FieldValue::Bytes(_)
            | FieldValue::Secret(_)
            | FieldValue::Ulongs(_)
            | FieldValue::Absent => None,
        };
        let (public, private) = (template(public), template(private));
        (public.is_some() || private.is_some()).then_some(Self { public, private })
    }

    /// `CKA_EC_PARAMS` of the templates, which must say the same.
    fn params(&self) -> Result<Option<&'a [u8]>> {
        let of = |template: Option<&'a Template>| template.map(|t| t.bytes(CKA_EC_PARAMS));
        match (of(self.public), of(self.private)) {
            (Some(public), Some(private)) if public != private => {
                Err(Error::TemplateInconsistent(CKA_EC_PARAMS))
            }
            (Some(params), _) | (None, Some(params)) => Ok(params),
            (None, None) => Ok(None),
        }
    }

    fn derived(&self, made: &Made<'_>) -> Result<Vec<Derived>> {
        let half = |template: Option<&Template>, class, field| {
            template.map(|template| made.bip32(class, template, Some(field)))
        };
        [
            half(self.public, CKO_PUBLIC_KEY, PUBLIC_HANDLE),
            half(self.private, CKO_PRIVATE_KEY, PRIVATE_HANDLE),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A node that was reached from a `CKK_BIP32` key.
struct Child {
    node: Node,
    trail: Trail,
    params: Vec<u8>,
    network: Network,
}

impl Child {
    /// A failure comes with the position of its step, 0 when it is not one step's.
    fn reach(
        input: &DeriveInput<'_>,
        asked: Option<&[u8]>,
        path: &[CK_ULONG],
    ) -> Result<Self, (usize, Error)> {
        let not_a_step = |e| (0, e);
        let params = hd::params_of_child(asked, input.base).map_err(not_a_step)?;
        let base = Node::of_object(input.base).map_err(not_a_step)?;
        let network = bip32::network(input.base, base.class()).map_err(not_a_step)?;
        let mut trail = Trail::of(input.base, &base).map_err(not_a_step)?;
        Ok(Self {
            node: hd::walk(base, &mut trail, path)?,
            trail,
            params,
            network,
        })
    }

    fn made(&self) -> Made<'_> {
        Made {
            node: &self.node,
            trail: &self.trail,
            params: &self.params,
            network: self.network,
        }
    }
}
