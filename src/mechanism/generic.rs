//! Generation of secret keys (PKCS#11 v3.1 sections 6.8 and 6.13).

use super::{Mechanism, Ops, Params, Shape, descriptor::Generate};
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::{aes, generic},
    pkcs11::*,
    secret::SecretBytes,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    // In bits, so says section 6.8.4.
    key(
        CKM_GENERIC_SECRET_KEY_GEN,
        &[CKK_GENERIC_SECRET],
        (8, GENERIC_BITS_MAX),
        generic_secret,
    ),
    // In bytes.
    key(CKM_AES_KEY_GEN, &[CKK_AES], (16, 32), aes_key),
];

#[allow(
    clippy::cast_possible_truncation,
    reason = "a small constant; try_from is not const"
)]
const GENERIC_BITS_MAX: CK_ULONG = 8 * generic::LEN_MAX as CK_ULONG;

const fn key(
    id: CK_MECHANISM_TYPE,
    keys: &'static [CK_KEY_TYPE],
    size: (CK_ULONG, CK_ULONG),
    generate: Generate,
) -> Mechanism {
    Mechanism {
        id,
        keys,
        size,
        param: Shape::None,
        flags: 0,
        ops: Ops {
            generate: Some(generate),
            ..Ops::NONE
        },
    }
}

fn generic_secret(_: &Params, template: &Template, entropy: &dyn Entropy) -> Result<Template> {
    generate(CKK_GENERIC_SECRET, template, entropy, |len| {
        (1..=generic::LEN_MAX).contains(&len)
    })
}

fn aes_key(_: &Params, template: &Template, entropy: &dyn Entropy) -> Result<Template> {
    generate(CKK_AES, template, entropy, |len| {
        aes::LENGTHS.contains(&len)
    })
}

/// Random bytes, as many as `CKA_VALUE_LEN` of the template says. A bad length is
/// `CKR_ATTRIBUTE_VALUE_INVALID`: C_GenerateKey does not return `CKR_KEY_SIZE_RANGE`.
fn generate(
    key_type: CK_KEY_TYPE,
    template: &Template,
    entropy: &dyn Entropy,
    is_valid: fn(usize) -> bool,
) -> Result<Template> {
    let len = template
        .ulong(CKA_VALUE_LEN)
        .ok_or(Error::TemplateIncomplete(CKA_VALUE_LEN))?;
    let len = usize::try_from(len)
        .ok()
        .filter(|len| is_valid(*len))
        .ok_or(Error::AttributeValueInvalid(CKA_VALUE_LEN))?;
    let value = SecretBytes::new_with(len, |bytes| entropy.fill(bytes))?;
    Ok(Template::new()
        .with(CKA_KEY_TYPE, key_type)
        .with(CKA_VALUE, value))
}
