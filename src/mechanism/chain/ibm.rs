//! Hierarchical derivation as IBM EP11 speaks it: one step a call between ordinary `CKK_EC` keys, on
//! Ed25519 too; the chain code goes in and out through the parameter, and stands in
//! `CKA_CHECK_VALUE` of what is made.

use std::mem::offset_of;

use super::hd;
use crate::{
    error::{Error, Result},
    key::{
        bip32::{self, Node},
        hd::{Curve, Place},
    },
    mechanism::{DeriveInput, Derived, Field, FieldValue, Mechanism, Ops, Params, Shape, eddsa},
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    Mechanism {
        id: CKM_IBM_BTC_DERIVE,
        keys: &[CKK_GENERIC_SECRET, CKK_EC],
        size: (256, 256),
        param: Shape::Struct {
            size: size_of::<CK_IBM_BTC_DERIVE_PARAMS>(),
            fields: &[
                Field::Ulong(offset_of!(CK_IBM_BTC_DERIVE_PARAMS, type_)),
                Field::Ulong(offset_of!(CK_IBM_BTC_DERIVE_PARAMS, childKeyIndex)),
                Field::BytesInOut {
                    ptr: offset_of!(CK_IBM_BTC_DERIVE_PARAMS, pChainCode),
                    len: offset_of!(CK_IBM_BTC_DERIVE_PARAMS, ulChainCodeLen),
                    capacity: CHAIN_CODE_LEN,
                },
                Field::Ulong(offset_of!(CK_IBM_BTC_DERIVE_PARAMS, version)),
            ],
            optional: false,
        },
        flags: CKF_EC_F_P | CKF_EC_OID,
        ops: Ops {
            derive: Some(derive),
            ..Ops::NONE
        },
    },
    Mechanism {
        id: CKM_IBM_ED25519_SHA512,
        keys: &[CKK_EC, CKK_EC_EDWARDS, CKK_BIP32],
        size: (255, 255),
        param: Shape::None,
        flags: CKF_EC_F_P | CKF_EC_OID,
        ops: Ops {
            sign: Some(eddsa::start_sign),
            verify: Some(eddsa::start_verify),
            ..Ops::NONE
        },
    },
];

/// `CK_IBM_BTC_CHAINCODE_LENGTH`.
const CHAIN_CODE_LEN: usize = 32;

/// What one of the eight types does.
struct Step {
    is_master: bool,
    base: CK_OBJECT_CLASS,
    result: CK_OBJECT_CLASS,
    /// False for BIP-32, which knows one curve.
    any_curve: bool,
}

impl Step {
    const fn of(type_: CK_ULONG) -> Option<Self> {
        let (is_master, base, result) = match type_ {
            CK_IBM_BIP0032_PRV2PRV | CK_IBM_SLIP0010_PRV2PRV => {
                (false, CKO_PRIVATE_KEY, CKO_PRIVATE_KEY)
            }
            CK_IBM_BIP0032_PRV2PUB | CK_IBM_SLIP0010_PRV2PUB => {
                (false, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY)
            }
            CK_IBM_BIP0032_PUB2PUB | CK_IBM_SLIP0010_PUB2PUB => {
                (false, CKO_PUBLIC_KEY, CKO_PUBLIC_KEY)
            }
            CK_IBM_BIP0032_MASTERK | CK_IBM_SLIP0010_MASTERK => {
                (true, CKO_SECRET_KEY, CKO_PRIVATE_KEY)
            }
            _ => return None,
        };
        Some(Self {
            is_master,
            base,
            result,
            any_curve: type_ >= CK_IBM_SLIP0010_PRV2PRV,
        })
    }
}

fn derive(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let invalid = || Error::MechanismParamInvalid(CKM_IBM_BTC_DERIVE);
    let Params::Struct(fields) = params else {
        return Err(invalid());
    };
    let [
        FieldValue::Ulong(type_),
        FieldValue::Ulong(index),
        FieldValue::Bytes(chain_code),
        FieldValue::Ulong(CK_IBM_BTC_DERIVE_PARAMS_VERSION_1),
    ] = fields.as_mut_slice()
    else {
        return Err(invalid());
    };
    let step = Step::of(*type_).ok_or_else(invalid)?;
    if input.base.ulong(CKA_CLASS) != Some(step.base) {
        return Err(Error::KeyTypeInconsistent);
    }
    let asked = input.template.bytes(CKA_EC_PARAMS);
    let (node, params) = if step.is_master {
        let params = match asked {
            Some(asked) => asked.to_vec(),
            None if step.any_curve => return Err(Error::TemplateIncomplete(CKA_EC_PARAMS)),
            None => bip32::default_params()?,
        };
        (hd::master(input.key, bip32::curve_of(&params)?)?, params)
    } else {
        let chain_code = chain_code.as_slice().try_into().map_err(|_| invalid())?;
        let index = u32::try_from(*index).map_err(|_| Error::Bip32ChildIndexInvalid)?;
        let params = hd::params_of_child(asked, input.base)?;
        let base = Node::of_key(input.base, chain_code, Place::default())?;
        (base.child(index)?, params)
    };
    if !step.any_curve && node.curve() != Curve::Secp256k1 {
        return Err(Error::CurveNotSupported);
    }
    let node = match step.result {
        CKO_PUBLIC_KEY => Node::Public(node.public()?),
        _ => node,
    };
    let mut template = input.template.clone();
    // A length of 0 comes from a layer between the client and this interface.
    if template.ulong(CKA_VALUE_LEN) == Some(0) {
        template.remove(CKA_VALUE_LEN);
    }
    let computed = node
        .key_material(CKK_EC, &params)?
        .with(CKA_CHECK_VALUE, bip32::secret(node.chain_code()));
    *chain_code = node.chain_code().to_vec();
    Ok(vec![hd::derived(template, computed, None)])
}
