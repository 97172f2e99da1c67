//! Hierarchical derivation of our own: a path in the usual notation, from a seed or from a
//! `CKK_BIP32` key, to an ordinary key (or to a `CKK_BIP32` one if the template asks for it).

use super::hd::{self, Made, Trail};
use crate::{
    error::{Error, Result},
    key::{
        bip32::{self, Node},
        hd::HARDENED,
        xkey::Network,
    },
    mechanism::{DeriveInput, Derived, Mechanism, Ops, Params, Shape},
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[Mechanism {
    id: CKM_BC_HD_DERIVE,
    keys: &[CKK_GENERIC_SECRET, CKK_BIP32],
    size: (128, 512),
    param: Shape::Bytes {
        min: 1,
        max: PATH_LEN_MAX,
    },
    flags: 0,
    ops: Ops {
        derive: Some(derive),
        ..Ops::NONE
    },
}];

/// 255 steps of 10 digits, a slash and a mark.
const PATH_LEN_MAX: usize = 1 + 255 * 12;

fn derive(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let Params::Bytes(path) = params else {
        return Err(Error::MechanismParamInvalid(CKM_BC_HD_DERIVE));
    };
    let path = steps(path)?;
    let template = input.template;
    let asked = template.bytes(CKA_EC_PARAMS);
    let is_seed = input.base.ulong(CKA_CLASS) == Some(CKO_SECRET_KEY);
    let (base, params, network) = if is_seed {
        let params = match asked {
            Some(asked) => asked.to_vec(),
            None => bip32::default_params()?,
        };
        let master = hd::master(input.key, bip32::curve_of(&params)?)?;
        (master, params, Network::default())
    } else {
        let params = hd::params_of_child(asked, input.base)?;
        let base = Node::of_object(input.base)?;
        let network = bip32::network(input.base, base.class())?;
        (base, params, network)
    };
    let mut trail = Trail::of(input.base, &base)?;
    let node = match path.as_slice() {
        [] => base,
        path => hd::walk(base, &mut trail, path).map_err(|(_, e)| e)?,
    };
    let made = Made {
        node: &node,
        trail: &trail,
        params: &params,
        network,
    };
    let class = hd::class_of(template, &node);
    let key = match template.ulong(CKA_KEY_TYPE) {
        Some(CKK_BIP32) => made.bip32(class, template, None)?,
        _ => made.plain(class, template)?,
    };
    Ok(vec![key])
}

/// The steps of `m/44'/60'/0'/0/0`; `'`, `h` and `H` mark a hardened one. The path starts at the
/// base key.
///
/// # Errors
/// `CKR_MECHANISM_PARAM_INVALID` for anything else, `CKR_BIP32_CHILD_INDEX_INVALID` for a number
/// that is no index.
fn steps(path: &[u8]) -> Result<Vec<CK_ULONG>> {
    let invalid = || Error::MechanismParamInvalid(CKM_BC_HD_DERIVE);
    let path = std::str::from_utf8(path).map_err(|_| invalid())?;
    let mut parts = path.split('/');
    if parts.next() != Some("m") {
        return Err(invalid());
    }
    parts
        .map(|part| {
            let number = part.strip_suffix(['\'', 'h', 'H']);
            let digits = number.unwrap_or(part);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(invalid());
            }
            let index: u32 = digits.parse().map_err(|_| Error::Bip32ChildIndexInvalid)?;
            if index >= HARDENED {
                return Err(Error::Bip32ChildIndexInvalid);
            }
            let mark = if number.is_some() { HARDENED } else { 0 };
            Ok((index | mark).into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        assert_eq!(steps(b"m"), Ok(vec![]));
        let hard = CK_ULONG::from(HARDENED);
        assert_eq!(
            steps(b"m/44'/60h/0H/0/2147483647"),
            Ok(vec![44 | hard, 60 | hard, hard, 0, 2_147_483_647])
        );
        for bad in [
            "", "/", "m/", "M/0", "m//0", "m/-1", "m/+1", "m/0''", "m/'", "m/0x1", "m/1 ", "44'/0",
            "m/0\0",
        ] {
            let refused = Error::MechanismParamInvalid(CKM_BC_HD_DERIVE);
            assert_eq!(steps(bad.as_bytes()), Err(refused), "{bad}");
        }
        for bad in ["m/2147483648", "m/4294967296'", "m/99999999999999999999"] {
            assert_eq!(steps(bad.as_bytes()), Err(Error::Bip32ChildIndexInvalid));
        }
    }
}
