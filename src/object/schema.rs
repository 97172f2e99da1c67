//! The engine: applies attribute rows to templates, for create, generate, unwrap, derive, copy and
//! set, and says what may be read.

use crate::{
    attribute::{Template, Value},
    error::Result,
    pkcs11::*,
};

/// How an object comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `C_CreateObject`.
    Create,
    /// `C_GenerateKey` or `C_GenerateKeyPair` by this mechanism.
    Generate(CK_MECHANISM_TYPE),
    /// `C_UnwrapKey`.
    Unwrap,
    /// `C_DeriveKey`; whether the base key was always sensitive and never extractable.
    Derive {
        /// `CKA_ALWAYS_SENSITIVE` of the base key.
        always_sensitive: bool,
        /// `CKA_NEVER_EXTRACTABLE` of the base key.
        never_extractable: bool,
    },
}

/// What `C_GetAttributeValue` may say of one attribute.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The value.
    Value(Value),
    /// It exists but must not be revealed (`CKR_ATTRIBUTE_SENSITIVE`).
    Sensitive,
    /// The object has no such attribute (`CKR_ATTRIBUTE_TYPE_INVALID`).
    Absent,
}

/// The attributes of a new object: `template` (the application's) checked against the rows of its
/// class and key type, `computed` (the mechanism's key material) added, defaults filled in.
/// `so` says whether the SO is logged in (`CKA_TRUSTED`).
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE`, `CKR_TEMPLATE_INCONSISTENT`, `CKR_ATTRIBUTE_TYPE_INVALID`,
/// `CKR_ATTRIBUTE_VALUE_INVALID`, `CKR_ATTRIBUTE_READ_ONLY`, as section 4.1 says.
pub fn build(
    _origin: Origin,
    _template: Template,
    _computed: Template,
    _so: bool,
) -> Result<Template> {
    todo!()
}

/// The attributes of a copy of `source` changed by `template` (`C_CopyObject`).
///
/// # Errors
/// As [`build`], and `CKR_ACTION_PROHIBITED` when `CKA_COPYABLE` is false.
pub fn copy(_source: &Template, _template: Template, _so: bool) -> Result<Template> {
    todo!()
}

/// The attributes of an object after `C_SetAttributeValue`: all of `changes` or none.
///
/// # Errors
/// As [`build`], and `CKR_ACTION_PROHIBITED` when `CKA_MODIFIABLE` is false.
pub fn modify(_current: &Template, _changes: Template, _so: bool) -> Result<Template> {
    todo!()
}

/// What may be read of an attribute.
#[must_use]
pub fn reveal(_attributes: &Template, _attribute: CK_ATTRIBUTE_TYPE) -> Answer {
    todo!()
}
