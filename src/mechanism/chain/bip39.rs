//! Mnemonic seeds (BIP-39): entropy made in the token, and the seed that it gives with a passphrase.

use super::hd;
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        bip39::{self, ENTROPY_LENGTHS, PASSPHRASE_LEN_MAX},
    },
    mechanism::{DeriveInput, Derived, FieldValue, Mechanism, Ops, Params, Shape},
    pkcs11::*,
    secret::SecretBytes,
};

/// The rows of the family; sizes in bits of entropy.
pub const TABLE: &[Mechanism] = &[
    Mechanism {
        id: CKM_BC_BIP39_KEY_GEN,
        keys: &[CKK_GENERIC_SECRET],
        size: (128, 256),
        param: Shape::None,
        flags: 0,
        ops: Ops {
            generate: Some(generate),
            ..Ops::NONE
        },
    },
    Mechanism {
        id: CKM_BC_BIP39_SEED,
        keys: &[CKK_GENERIC_SECRET],
        size: (128, 256),
        param: Shape::Secret {
            min: 0,
            max: PASSPHRASE_LEN_MAX,
        },
        flags: 0,
        ops: Ops {
            derive: Some(derive),
            ..Ops::NONE
        },
    },
];

fn generate(_: &Params, template: &Template, entropy: &dyn Entropy) -> Result<Template> {
    let len = template
        .ulong(CKA_VALUE_LEN)
        .ok_or(Error::TemplateIncomplete(CKA_VALUE_LEN))?;
    let len = usize::try_from(len)
        .ok()
        .filter(|len| ENTROPY_LENGTHS.contains(len))
        .ok_or(Error::AttributeValueInvalid(CKA_VALUE_LEN))?;
    let value = SecretBytes::new_with(len, |bytes| entropy.fill(bytes))?;
    let computed = Template::new()
        .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .with(CKA_VALUE, value);
    Ok(deriving(template, computed))
}

/// What is good for derivation alone may derive unless the template says otherwise.
fn deriving(template: &Template, mut computed: Template) -> Template {
    if !template.has(CKA_DERIVE) {
        computed.set(CKA_DERIVE, true);
    }
    computed
}

fn derive(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let invalid = || Error::MechanismParamInvalid(CKM_BC_BIP39_SEED);
    let Key::Secret(entropy) = input.key else {
        return Err(Error::KeyTypeInconsistent);
    };
    let seed = |passphrase: &[u8]| {
        let passphrase = std::str::from_utf8(passphrase).map_err(|_| invalid())?;
        entropy.expose(|entropy| bip39::seed(entropy, passphrase))
    };
    let seed = match params {
        Params::None => seed(b"")?,
        Params::Struct(fields) => match fields.as_slice() {
            [FieldValue::Secret(passphrase)] => passphrase.expose(seed)?,
            _ => return Err(invalid()),
        },
        Params::Bytes(_) => return Err(invalid()),
    };
    let computed = Template::new()
        .with(CKA_CLASS, CKO_SECRET_KEY)
        .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .with(CKA_VALUE, seed);
    let computed = deriving(input.template, computed);
    Ok(vec![hd::derived(input.template.clone(), computed, None)])
}
