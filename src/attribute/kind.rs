//! The type of each attribute known to the standard or to us.

use crate::pkcs11::*;

/// How an attribute's value is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `CK_BBOOL`, exactly one byte.
    Bool,
    /// `CK_ULONG`.
    Ulong,
    /// Bytes, UTF-8 text, DER.
    Bytes,
    /// `CK_DATE`: empty or 8 digits.
    Date,
    /// Key material.
    Secret,
    /// Array of `CK_MECHANISM_TYPE`.
    Mechanisms,
    /// Array of `CK_ATTRIBUTE`.
    Template,
}

/// The kind of `attribute`, or `None` when it is unknown.
#[must_use]
pub fn kind_of(attribute: CK_ATTRIBUTE_TYPE) -> Option<Kind> {
    KINDS.iter().find(|(a, _)| *a == attribute).map(|(_, k)| *k)
}

const KINDS: &[(CK_ATTRIBUTE_TYPE, Kind)] = &[
    (CKA_CLASS, Kind::Ulong),
    (CKA_TOKEN, Kind::Bool),
    (CKA_PRIVATE, Kind::Bool),
    (CKA_LABEL, Kind::Bytes),
    (CKA_UNIQUE_ID, Kind::Bytes),
    (CKA_APPLICATION, Kind::Bytes),
    (CKA_VALUE, Kind::Secret),
    (CKA_OBJECT_ID, Kind::Bytes),
    (CKA_CERTIFICATE_TYPE, Kind::Ulong),
    (CKA_ISSUER, Kind::Bytes),
    (CKA_SERIAL_NUMBER, Kind::Bytes),
    (CKA_AC_ISSUER, Kind::Bytes),
    (CKA_OWNER, Kind::Bytes),
    (CKA_ATTR_TYPES, Kind::Bytes),
    (CKA_TRUSTED, Kind::Bool),
    (CKA_CERTIFICATE_CATEGORY, Kind::Ulong),
    (CKA_JAVA_MIDP_SECURITY_DOMAIN, Kind::Ulong),
    (CKA_URL, Kind::Bytes),
    (CKA_HASH_OF_SUBJECT_PUBLIC_KEY, Kind::Bytes),
    (CKA_HASH_OF_ISSUER_PUBLIC_KEY, Kind::Bytes),
    (CKA_NAME_HASH_ALGORITHM, Kind::Ulong),
    (CKA_CHECK_VALUE, Kind::Bytes),
    (CKA_KEY_TYPE, Kind::Ulong),
    (CKA_SUBJECT, Kind::Bytes),
    (CKA_ID, Kind::Bytes),
    (CKA_SENSITIVE, Kind::Bool),
    (CKA_ENCRYPT, Kind::Bool),
    (CKA_DECRYPT, Kind::Bool),
    (CKA_WRAP, Kind::Bool),
    (CKA_UNWRAP, Kind::Bool),
    (CKA_SIGN, Kind::Bool),
    (CKA_SIGN_RECOVER, Kind::Bool),
    (CKA_VERIFY, Kind::Bool),
    (CKA_VERIFY_RECOVER, Kind::Bool),
    (CKA_DERIVE, Kind::Bool),
    (CKA_START_DATE, Kind::Date),
    (CKA_END_DATE, Kind::Date),
    (CKA_MODULUS, Kind::Bytes),
    (CKA_MODULUS_BITS, Kind::Ulong),
    (CKA_PUBLIC_EXPONENT, Kind::Bytes),
    (CKA_PRIVATE_EXPONENT, Kind::Secret),
    (CKA_PRIME_1, Kind::Secret),
    (CKA_PRIME_2, Kind::Secret),
    (CKA_EXPONENT_1, Kind::Secret),
    (CKA_EXPONENT_2, Kind::Secret),
    (CKA_COEFFICIENT, Kind::Secret),
    (CKA_PUBLIC_KEY_INFO, Kind::Bytes),
    (CKA_PRIME, Kind::Bytes),
    (CKA_SUBPRIME, Kind::Bytes),
    (CKA_BASE, Kind::Bytes),
    (CKA_PRIME_BITS, Kind::Ulong),
    (CKA_SUBPRIME_BITS, Kind::Ulong),
    (CKA_VALUE_BITS, Kind::Ulong),
    (CKA_VALUE_LEN, Kind::Ulong),
    (CKA_EXTRACTABLE, Kind::Bool),
    (CKA_LOCAL, Kind::Bool),
    (CKA_NEVER_EXTRACTABLE, Kind::Bool),
    (CKA_ALWAYS_SENSITIVE, Kind::Bool),
    (CKA_KEY_GEN_MECHANISM, Kind::Ulong),
    (CKA_MODIFIABLE, Kind::Bool),
    (CKA_COPYABLE, Kind::Bool),
    (CKA_DESTROYABLE, Kind::Bool),
    (CKA_EC_PARAMS, Kind::Bytes),
    (CKA_EC_POINT, Kind::Bytes),
    (CKA_ALWAYS_AUTHENTICATE, Kind::Bool),
    (CKA_WRAP_WITH_TRUSTED, Kind::Bool),
    (CKA_WRAP_TEMPLATE, Kind::Template),
    (CKA_UNWRAP_TEMPLATE, Kind::Template),
    (CKA_DERIVE_TEMPLATE, Kind::Template),
    (CKA_HW_FEATURE_TYPE, Kind::Ulong),
    (CKA_MECHANISM_TYPE, Kind::Ulong),
    (CKA_PROFILE_ID, Kind::Ulong),
    (CKA_ALLOWED_MECHANISMS, Kind::Mechanisms),
    (CKA_IBM_USE_AS_DATA, Kind::Bool),
    (CKA_BIP32_CHAIN_CODE, Kind::Secret),
    (CKA_BIP32_VERSION_BYTES, Kind::Bytes),
    (CKA_BIP32_CHILD_INDEX, Kind::Ulong),
    (CKA_BIP32_CHILD_DEPTH, Kind::Ulong),
    (CKA_BIP32_ID, Kind::Bytes),
    (CKA_BIP32_FINGERPRINT, Kind::Bytes),
    (CKA_BIP32_PARENT_FINGERPRINT, Kind::Bytes),
    (CKA_BC_HD_PATH, Kind::Bytes),
    (CKA_BC_MASTER_FINGERPRINT, Kind::Bytes),
    (CKA_BC_XPUB, Kind::Secret),
];
