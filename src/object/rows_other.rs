//! Attribute rows of the classes without a key type: data, certificates, profiles (PKCS#11 v3.1
//! sections 4.5, 4.6 and 4.14).

use crate::{
    attribute::{Default, Kind, Row},
    pkcs11::*,
};

/// Data objects.
pub const DATA: &[Row] = &[
    Row::new(CKA_APPLICATION, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_OBJECT_ID, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_VALUE, Kind::Bytes, &[8]).or(Default::Empty),
];

/// X.509 public-key certificates.
pub const CERTIFICATE: &[Row] = &[
    Row::new(CKA_CERTIFICATE_TYPE, Kind::Ulong, &[1]),
    Row::new(CKA_TRUSTED, Kind::Bool, &[8, 10]).or(Default::Bool(false)),
    Row::new(CKA_CERTIFICATE_CATEGORY, Kind::Ulong, &[])
        .or(Default::Ulong(CK_CERTIFICATE_CATEGORY_UNSPECIFIED)),
    Row::new(CKA_CHECK_VALUE, Kind::Bytes, &[]),
    Row::new(CKA_START_DATE, Kind::Date, &[8]).or(Default::Empty),
    Row::new(CKA_END_DATE, Kind::Date, &[8]).or(Default::Empty),
    Row::new(CKA_PUBLIC_KEY_INFO, Kind::Bytes, &[]).or(Default::Empty),
    Row::new(CKA_SUBJECT, Kind::Bytes, &[1]),
    Row::new(CKA_ID, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_ISSUER, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_SERIAL_NUMBER, Kind::Bytes, &[8]).or(Default::Empty),
    Row::new(CKA_VALUE, Kind::Bytes, &[]).or(Default::Empty),
    Row::new(CKA_URL, Kind::Bytes, &[]).or(Default::Empty),
    Row::new(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, Kind::Bytes, &[]).or(Default::Empty),
    Row::new(CKA_HASH_OF_ISSUER_PUBLIC_KEY, Kind::Bytes, &[]).or(Default::Empty),
    Row::new(CKA_JAVA_MIDP_SECURITY_DOMAIN, Kind::Ulong, &[])
        .or(Default::Ulong(CK_SECURITY_DOMAIN_UNSPECIFIED)),
    Row::new(CKA_NAME_HASH_ALGORITHM, Kind::Ulong, &[]).or(Default::Ulong(CKM_SHA_1)),
];

/// Profile objects; the token makes them, nobody else.
pub const PROFILE: &[Row] = &[Row::new(CKA_PROFILE_ID, Kind::Ulong, &[2, 4, 6])];
