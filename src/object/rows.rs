//! Attribute rows of all objects, of storage objects and of keys (PKCS#11 v3.1 sections 4.4, 4.6 and
//! 4.8 to 4.11). What a key type adds stands beside the key type.
//!
//! Where a row differs from the standard's table, `spec.rs` says why and a test holds the list.

use crate::{
    attribute::{
        Default::{Absent, Bool, Empty, IfCapable, Ulong},
        Kind, LOGIN_ONLY, Row,
    },
    pkcs11::*,
};

/// Every object.
pub(super) const COMMON: &[Row] = &[
    Row::new(CKA_CLASS, Kind::Ulong, &[1]),
    Row::new(CKA_UNIQUE_ID, Kind::Bytes, &[2, 4, 6]),
];

/// Storage objects: everything but hardware features, mechanisms and profiles.
pub(super) const STORAGE: &[Row] = &[
    Row::new(CKA_TOKEN, Kind::Bool, &[14]).or(Bool(false)),
    Row::new(CKA_PRIVATE, Kind::Bool, &[14]).or(Bool(false)),
    Row::new(CKA_MODIFIABLE, Kind::Bool, &[14]).or(Bool(true)),
    Row::new(CKA_LABEL, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_COPYABLE, Kind::Bool, &[12]).or(Bool(true)),
    Row::new(CKA_DESTROYABLE, Kind::Bool, &[14]).or(Bool(true)),
];

/// Keys of all classes.
pub(super) const KEY: &[Row] = &[
    Row::new(CKA_KEY_TYPE, Kind::Ulong, &[1, 5]),
    Row::new(CKA_ID, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_START_DATE, Kind::Date, &[8]).or(Empty),
    Row::new(CKA_END_DATE, Kind::Date, &[8]).or(Empty),
    Row::new(CKA_DERIVE, Kind::Bool, &[8]).or(Bool(false)),
    Row::new(CKA_LOCAL, Kind::Bool, &[2, 4, 6]).or(Bool(false)),
    Row::new(CKA_KEY_GEN_MECHANISM, Kind::Ulong, &[2, 4, 6]).or(Ulong(CK_UNAVAILABLE_INFORMATION)),
    Row::new(CKA_ALLOWED_MECHANISMS, Kind::Mechanisms, &[]).or(Absent),
];

/// What vendors have added to secret keys.
pub(super) const SEED: &[Row] = &[USE_AS_DATA];

/// IBM's clients set it on what they derive from; there it stands for `CKA_DERIVE`.
const USE_AS_DATA: Row = Row::new(CKA_IBM_USE_AS_DATA, Kind::Bool, &[8]);

/// What hierarchical derivation leaves on both halves of the key pairs that it makes.
pub(super) const HIERARCHY: &[Row] = &[
    USE_AS_DATA,
    // IBM's clients read a key's chain code here.
    Row::new(CKA_CHECK_VALUE, Kind::Secret, &[2, 4, 6, LOGIN_ONLY]),
    Row::new(CKA_BC_HD_PATH, Kind::Bytes, &[2, 4, 6]),
    Row::new(CKA_BC_MASTER_FINGERPRINT, Kind::Bytes, &[2, 4, 6]),
    Row::new(CKA_BC_XPUB, Kind::Secret, &[2, 4, 6, LOGIN_ONLY]),
];

/// Public keys.
pub(super) const PUBLIC: &[Row] = &[
    Row::new(CKA_SUBJECT, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_ENCRYPT, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_VERIFY, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_VERIFY_RECOVER, Kind::Bool, &[8]).or(Bool(false)),
    Row::new(CKA_WRAP, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_TRUSTED, Kind::Bool, &[10]).or(Bool(false)),
    Row::new(CKA_WRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_PUBLIC_KEY_INFO, Kind::Bytes, &[]),
];

/// Private keys.
pub(super) const PRIVATE: &[Row] = &[
    Row::new(CKA_PRIVATE, Kind::Bool, &[14]).or(Bool(true)),
    Row::new(CKA_DERIVE, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_SUBJECT, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_SENSITIVE, Kind::Bool, &[8, 11]).or(Bool(true)),
    Row::new(CKA_DECRYPT, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_SIGN, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_SIGN_RECOVER, Kind::Bool, &[8]).or(Bool(false)),
    Row::new(CKA_UNWRAP, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_EXTRACTABLE, Kind::Bool, &[8, 12]).or(Bool(false)),
    Row::new(CKA_ALWAYS_SENSITIVE, Kind::Bool, &[2, 4, 6]).or(Bool(false)),
    Row::new(CKA_NEVER_EXTRACTABLE, Kind::Bool, &[2, 4, 6]).or(Bool(false)),
    Row::new(CKA_WRAP_WITH_TRUSTED, Kind::Bool, &[11]).or(Bool(false)),
    Row::new(CKA_UNWRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_ALWAYS_AUTHENTICATE, Kind::Bool, &[]).or(Bool(false)),
    Row::new(CKA_PUBLIC_KEY_INFO, Kind::Bytes, &[8]),
    Row::new(CKA_DERIVE_TEMPLATE, Kind::Template, &[]),
];

/// Secret keys.
pub(super) const SECRET: &[Row] = &[
    Row::new(CKA_PRIVATE, Kind::Bool, &[14]).or(Bool(true)),
    Row::new(CKA_SENSITIVE, Kind::Bool, &[8, 11]).or(Bool(true)),
    Row::new(CKA_ENCRYPT, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_DECRYPT, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_SIGN, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_VERIFY, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_WRAP, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_UNWRAP, Kind::Bool, &[8]).or(IfCapable),
    Row::new(CKA_EXTRACTABLE, Kind::Bool, &[8, 12]).or(Bool(false)),
    Row::new(CKA_ALWAYS_SENSITIVE, Kind::Bool, &[2, 4, 6]).or(Bool(false)),
    Row::new(CKA_NEVER_EXTRACTABLE, Kind::Bool, &[2, 4, 6]).or(Bool(false)),
    Row::new(CKA_CHECK_VALUE, Kind::Bytes, &[8]),
    Row::new(CKA_WRAP_WITH_TRUSTED, Kind::Bool, &[11]).or(Bool(false)),
    Row::new(CKA_TRUSTED, Kind::Bool, &[10]).or(Bool(false)),
    Row::new(CKA_WRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_UNWRAP_TEMPLATE, Kind::Template, &[]),
    Row::new(CKA_DERIVE_TEMPLATE, Kind::Template, &[]),
];
