//! Attribute rows of data, certificate and profile objects (PKCS#11 v3.1 sections 4.5, 4.7 and
//! 4.14).

use crate::{
    attribute::{
        Default::{Bool, Empty, Ulong},
        Kind, Row,
    },
    pkcs11::*,
};

/// Data objects.
pub(super) const DATA: &[Row] = &[
    Row::new(CKA_APPLICATION, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_OBJECT_ID, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_VALUE, Kind::Bytes, &[]).or(Empty),
];

/// Certificates of all types.
pub(super) const CERTIFICATE: &[Row] = &[
    Row::new(CKA_CERTIFICATE_TYPE, Kind::Ulong, &[1]),
    Row::new(CKA_TRUSTED, Kind::Bool, &[10]).or(Bool(false)),
    Row::new(CKA_CERTIFICATE_CATEGORY, Kind::Ulong, &[])
        .or(Ulong(CK_CERTIFICATE_CATEGORY_UNSPECIFIED)),
    Row::new(CKA_CHECK_VALUE, Kind::Bytes, &[]),
    Row::new(CKA_START_DATE, Kind::Date, &[]).or(Empty),
    Row::new(CKA_END_DATE, Kind::Date, &[]).or(Empty),
    Row::new(CKA_PUBLIC_KEY_INFO, Kind::Bytes, &[]).or(Empty),
];

/// X.509 certificates.
pub(super) const X509: &[Row] = &[
    Row::new(CKA_SUBJECT, Kind::Bytes, &[1]),
    Row::new(CKA_ID, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_ISSUER, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_SERIAL_NUMBER, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_VALUE, Kind::Bytes, &[1]),
    Row::new(CKA_URL, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_HASH_OF_ISSUER_PUBLIC_KEY, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_JAVA_MIDP_SECURITY_DOMAIN, Kind::Ulong, &[])
        .or(Ulong(CK_SECURITY_DOMAIN_UNSPECIFIED)),
    Row::new(CKA_NAME_HASH_ALGORITHM, Kind::Ulong, &[]).or(Ulong(CKM_SHA_1)),
];

/// WTLS certificates.
pub(super) const WTLS: &[Row] = &[
    Row::new(CKA_SUBJECT, Kind::Bytes, &[1]),
    Row::new(CKA_ISSUER, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_VALUE, Kind::Bytes, &[1]),
    Row::new(CKA_URL, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_HASH_OF_ISSUER_PUBLIC_KEY, Kind::Bytes, &[]).or(Empty),
    Row::new(CKA_NAME_HASH_ALGORITHM, Kind::Ulong, &[]).or(Ulong(CKM_SHA_1)),
];

/// X.509 attribute certificates.
pub(super) const X509_ATTRIBUTE: &[Row] = &[
    Row::new(CKA_OWNER, Kind::Bytes, &[1]),
    Row::new(CKA_AC_ISSUER, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_SERIAL_NUMBER, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_ATTR_TYPES, Kind::Bytes, &[8]).or(Empty),
    Row::new(CKA_VALUE, Kind::Bytes, &[1]),
];

/// Profiles: made by the token alone.
pub(super) const PROFILE: &[Row] = &[Row::new(CKA_PROFILE_ID, Kind::Ulong, &[])];
