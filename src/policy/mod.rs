//! Rules on the use of a key.
#![forbid(unsafe_code)]

pub mod slashing;

use crate::{
    attribute::Value,
    error::{Error, Result},
    object::Object,
    pkcs11::*,
};

/// May `mechanism` use this key in this way (`CKA_SIGN` and the like)?
///
/// # Errors
/// `CKR_KEY_FUNCTION_NOT_PERMITTED`, `CKR_MECHANISM_INVALID`.
pub fn permit_use(
    object: &Object,
    usage: CK_ATTRIBUTE_TYPE,
    mechanism: CK_MECHANISM_TYPE,
) -> Result<()> {
    if !object.is(usage) {
        return Err(Error::KeyFunctionNotPermitted);
    }
    match object.attributes().get(CKA_ALLOWED_MECHANISMS) {
        Some(Value::Mechanisms(allowed))
            if !allowed.is_empty() && !allowed.contains(&mechanism) =>
        {
            Err(Error::MechanismInvalid(mechanism))
        }
        _ => Ok(()),
    }
}

/// True when every use of the key wants the PIN again.
#[must_use]
pub fn requires_context_login(object: &Object) -> bool {
    object.is(CKA_ALWAYS_AUTHENTICATE)
}

/// May `wrapping` carry `key` out of the token?
///
/// # Errors
/// `CKR_KEY_UNEXTRACTABLE`, `CKR_KEY_NOT_WRAPPABLE`, `CKR_KEY_HANDLE_INVALID` when the wrapping
/// key's `CKA_WRAP_TEMPLATE` does not admit it.
pub fn permit_wrap(wrapping: &Object, key: &Object) -> Result<()> {
    if !matches!(key.class(), CKO_SECRET_KEY | CKO_PRIVATE_KEY) {
        return Err(Error::KeyNotWrappable);
    }
    if !key.is(CKA_EXTRACTABLE) {
        return Err(Error::KeyUnextractable);
    }
    if key.is(CKA_WRAP_WITH_TRUSTED) && !wrapping.is(CKA_TRUSTED) {
        return Err(Error::KeyNotWrappable);
    }
    match wrapping.attributes().get(CKA_WRAP_TEMPLATE) {
        Some(Value::Template(rules)) if !rules.is_within(key.attributes()) => {
            Err(Error::KeyHandleInvalid)
        }
        _ => Ok(()),
    }
}
