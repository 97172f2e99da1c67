//! Attribute rows common to all objects, to storage objects and to keys (PKCS#11 v3.1 sections
//! 4.2, 4.4 and 4.7 to 4.10). The numbers are the standard's footnotes.

use crate::{
    attribute::{Default, Kind, LOGIN_ONLY, Row},
    pkcs11::*,
};

/// Every object.
pub const OBJECT: &[Row] = &[Row::new(CKA_CLASS, Kind::Ulong, &[1])];

/// Every object that can be stored.
pub const STORAGE: &[Row] = &[
    Row::new(CKA_TOKEN, Kind::Bool, &[]).or(Default::Bool(false)),
    Row::new(CKA_MODIFIABLE, Kind::Bool, &[]).or(Default::Bool(true)),
    Row::new(CKA_LABEL, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_COPYABLE, Kind::Bool, &[12]).or(Default::Bool(true)),
    Row::new(CKA_DESTROYABLE, Kind::Bool, &[]).or(Default::Bool(true)),
    Row::new(CKA_UNIQUE_ID, Kind::Bytes, &[2, 4, 6]),
];

/// `CKA_PRIVATE` of objects that are public unless asked otherwise.
pub const PUBLIC_BY_DEFAULT: &[Row] =
    &[Row::new(CKA_PRIVATE, Kind::Bool, &[]).or(Default::Bool(false))];

/// `CKA_PRIVATE` of private and secret keys.
pub const PRIVATE_BY_DEFAULT: &[Row] =
    &[Row::new(CKA_PRIVATE, Kind::Bool, &[]).or(Default::Bool(true))];

/// Every key.
pub const KEY: &[Row] = &[
    Row::new(CKA_KEY_TYPE, Kind::Ulong, &[1, 5]),
    Row::new(CKA_ID, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_START_DATE, Kind::Date, &[8]).or(Default::Empty),
    Row::new(CKA_END_DATE, Kind::Date, &[8]).or(Default::Empty),
    Row::new(CKA_LOCAL, Kind::Bool, &[2, 4, 6]),
    Row::new(CKA_KEY_GEN_MECHANISM, Kind::Ulong, &[2, 4, 6]),
    Row::new(CKA_ALLOWED_MECHANISMS, Kind::Mechanisms, &[]),
    // IBM's clients set it on what they derive from; `CKA_DERIVE` decides.
    Row::new(CKA_IBM_USE_AS_DATA, Kind::Bool, &[8]),
];

/// What hierarchical derivation leaves on the key pairs that it makes.
pub const HIERARCHY: &[Row] = &[
    // IBM's clients read a key's chain code here.
    Row::new(CKA_CHECK_VALUE, Kind::Secret, &[2, 4, 6, LOGIN_ONLY]),
    Row::new(CKA_BC_HD_PATH, Kind::Bytes, &[2, 4, 6]),
    Row::new(CKA_BC_MASTER_FINGERPRINT, Kind::Bytes, &[2, 4, 6]),
    Row::new(CKA_BC_XPUB, Kind::Secret, &[2, 4, 6, LOGIN_ONLY]),
];

/// Public keys.
pub const PUBLIC_KEY: &[Row] = &[
    Row::new(CKA_DERIVE, Kind::Bool, &[8]).or(Default::Bool(false)),
    Row::new(CKA_SUBJECT, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_ENCRYPT, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_VERIFY, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_VERIFY_RECOVER, Kind::Bool, &[8, 9]).or(Default::Bool(false)),
    Row::new(CKA_WRAP, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_TRUSTED, Kind::Bool, &[8, 10]).or(Default::Bool(false)),
    Row::new(CKA_WRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_PUBLIC_KEY_INFO, Kind::Bytes, &[]),
];

/// Private keys.
pub const PRIVATE_KEY: &[Row] = &[
    Row::new(CKA_DERIVE, Kind::Bool, &[8]).or(Default::IfCapable),
    Row::new(CKA_SUBJECT, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_SENSITIVE, Kind::Bool, &[8, 11]),
    Row::new(CKA_DECRYPT, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_SIGN, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_SIGN_RECOVER, Kind::Bool, &[8, 9]).or(Default::Bool(false)),
    Row::new(CKA_UNWRAP, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_EXTRACTABLE, Kind::Bool, &[8, 12]),
    Row::new(CKA_ALWAYS_SENSITIVE, Kind::Bool, &[2, 4, 6]),
    Row::new(CKA_NEVER_EXTRACTABLE, Kind::Bool, &[2, 4, 6]),
    Row::new(CKA_WRAP_WITH_TRUSTED, Kind::Bool, &[8, 11]).or(Default::Bool(false)),
    Row::new(CKA_UNWRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_ALWAYS_AUTHENTICATE, Kind::Bool, &[]).or(Default::Bool(false)),
    Row::new(CKA_PUBLIC_KEY_INFO, Kind::Bytes, &[8]),
    Row::new(CKA_DERIVE_TEMPLATE, Kind::Template, &[]),
];

/// Secret keys.
pub const SECRET_KEY: &[Row] = &[
    Row::new(CKA_DERIVE, Kind::Bool, &[8]).or(Default::IfCapable),
    Row::new(CKA_SENSITIVE, Kind::Bool, &[8, 11]),
    Row::new(CKA_ENCRYPT, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_DECRYPT, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_SIGN, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_VERIFY, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_WRAP, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_UNWRAP, Kind::Bool, &[8, 9]).or(Default::IfCapable),
    Row::new(CKA_EXTRACTABLE, Kind::Bool, &[8, 12]),
    Row::new(CKA_ALWAYS_SENSITIVE, Kind::Bool, &[2, 4, 6]),
    Row::new(CKA_NEVER_EXTRACTABLE, Kind::Bool, &[2, 4, 6]),
    Row::new(CKA_CHECK_VALUE, Kind::Bytes, &[]),
    Row::new(CKA_WRAP_WITH_TRUSTED, Kind::Bool, &[8, 11]).or(Default::Bool(false)),
    Row::new(CKA_TRUSTED, Kind::Bool, &[8, 10]).or(Default::Bool(false)),
    Row::new(CKA_WRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_UNWRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_DERIVE_TEMPLATE, Kind::Template, &[]),
];
