//! Rules on the use of a key.
#![forbid(unsafe_code)]

use crate::{error::Result, object::Object, pkcs11::*};

/// May `mechanism` use this key in this way (`CKA_SIGN` and the like)?
///
/// # Errors
/// `CKR_KEY_FUNCTION_NOT_PERMITTED`, `CKR_MECHANISM_INVALID`.
pub fn permit_use(
    _object: &Object,
    _usage: CK_ATTRIBUTE_TYPE,
    _mechanism: CK_MECHANISM_TYPE,
) -> Result<()> {
    todo!()
}

/// True when every use of the key wants the PIN again.
#[must_use]
pub fn requires_context_login(_object: &Object) -> bool {
    todo!()
}
