//! What PKCS#11 v3.2 adds to v3.1; compared with cryptoki-sys by a test. The function list of 3.2 is
//! beside the others in `abi`.
#![allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    reason = "the standard's own names"
)]

use super::*;

pub type CK_HEDGE_TYPE = CK_ULONG;
pub type CK_ML_DSA_PARAMETER_SET_TYPE = CK_ULONG;
pub type CK_ML_KEM_PARAMETER_SET_TYPE = CK_ULONG;
pub type CK_SLH_DSA_PARAMETER_SET_TYPE = CK_ULONG;
pub type CK_SESSION_VALIDATION_FLAGS_TYPE = CK_ULONG;
pub type CK_TRUST = CK_ULONG;
pub type CK_VALIDATION_TYPE = CK_ULONG;
pub type CK_VALIDATION_AUTHORITY_TYPE = CK_ULONG;

/// Declares structures of the standard and a test that compares each with cryptoki-sys.
macro_rules! structures {
    ($($name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            #[repr(C)]
            #[derive(Debug, Clone, Copy)]
            pub struct $name {
                $(pub $field: $type),*
            }
        )*

        #[cfg(test)]
        fn compare_structures() {
            $(
                assert_eq!(size_of::<$name>(), size_of::<cryptoki_sys::$name>());
                $(assert_eq!(
                    std::mem::offset_of!($name, $field),
                    std::mem::offset_of!(cryptoki_sys::$name, $field),
                    stringify!($name::$field)
                );)*
            )*
        }
    };
}

structures! {
    CK_ASYNC_DATA {
        ulVersion: CK_ULONG,
        pValue: CK_BYTE_PTR,
        ulValue: CK_ULONG,
        hObject: CK_OBJECT_HANDLE,
        hAdditionalObject: CK_OBJECT_HANDLE,
    }
    CK_SIGN_ADDITIONAL_CONTEXT {
        hedgeVariant: CK_HEDGE_TYPE,
        pContext: CK_BYTE_PTR,
        ulContextLen: CK_ULONG,
    }
    CK_HASH_SIGN_ADDITIONAL_CONTEXT {
        hedgeVariant: CK_HEDGE_TYPE,
        pContext: CK_BYTE_PTR,
        ulContextLen: CK_ULONG,
        hash: CK_MECHANISM_TYPE,
    }
    CK_GCM_WRAP_PARAMS {
        pIv: CK_BYTE_PTR,
        ulIvLen: CK_ULONG,
        ulIvFixedBits: CK_ULONG,
        ivGenerator: CK_GENERATOR_FUNCTION,
        pAAD: CK_BYTE_PTR,
        ulAADLen: CK_ULONG,
        ulTagBits: CK_ULONG,
    }
    CK_CCM_WRAP_PARAMS {
        ulDataLen: CK_ULONG,
        pNonce: CK_BYTE_PTR,
        ulNonceLen: CK_ULONG,
        ulNonceFixedBits: CK_ULONG,
        nonceGenerator: CK_GENERATOR_FUNCTION,
        pAAD: CK_BYTE_PTR,
        ulAADLen: CK_ULONG,
        ulMACLen: CK_ULONG,
    }
    CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS {
        prfHashMechanism: CK_MECHANISM_TYPE,
        pSessionHash: CK_BYTE_PTR,
        ulSessionHashLen: CK_ULONG,
        pVersion: CK_VERSION_PTR,
    }
}

/// Declares constants by type and a test that compares each with cryptoki-sys.
macro_rules! constants {
    ($($type:ident { $($name:ident = $number:literal),* $(,)? })*) => {
        $($(pub const $name: $type = $number;)*)*

        #[cfg(test)]
        fn compare_constants() {
            $($(assert_eq!(
                u128::from($name),
                u128::from(cryptoki_sys::$name),
                stringify!($name)
            );)*)*
        }
    };
}

constants! {
    CK_ATTRIBUTE_TYPE {
        CKA_PARAMETER_SET = 0x61d,
        CKA_OBJECT_VALIDATION_FLAGS = 0x61e,
        CKA_VALIDATION_TYPE = 0x61f,
        CKA_VALIDATION_VERSION = 0x620,
        CKA_VALIDATION_LEVEL = 0x621,
        CKA_VALIDATION_MODULE_ID = 0x622,
        CKA_VALIDATION_FLAG = 0x623,
        CKA_VALIDATION_AUTHORITY_TYPE = 0x624,
        CKA_VALIDATION_COUNTRY = 0x625,
        CKA_VALIDATION_CERTIFICATE_IDENTIFIER = 0x626,
        CKA_VALIDATION_CERTIFICATE_URI = 0x627,
        CKA_VALIDATION_VENDOR_URI = 0x628,
        CKA_VALIDATION_PROFILE = 0x629,
        CKA_ENCAPSULATE_TEMPLATE = 0x62a,
        CKA_DECAPSULATE_TEMPLATE = 0x62b,
        CKA_TRUST_SERVER_AUTH = 0x62c,
        CKA_TRUST_CLIENT_AUTH = 0x62d,
        CKA_TRUST_CODE_SIGNING = 0x62e,
        CKA_TRUST_EMAIL_PROTECTION = 0x62f,
        CKA_TRUST_IPSEC_IKE = 0x630,
        CKA_TRUST_TIME_STAMPING = 0x631,
        CKA_TRUST_OCSP_SIGNING = 0x632,
        CKA_ENCAPSULATE = 0x633,
        CKA_DECAPSULATE = 0x634,
        CKA_HASH_OF_CERTIFICATE = 0x635,
        CKA_PUBLIC_CRC64_VALUE = 0x636,
        CKA_SEED = 0x637,
    }
    CK_FLAGS {
        CKF_ENCAPSULATE = 0x10000000,
        CKF_DECAPSULATE = 0x20000000,
        CKF_ASYNC_SESSION = 0x8,
        CKF_SEED_RANDOM_REQUIRED = 0x2000000,
        CKF_ASYNC_SESSION_SUPPORTED = 0x4000000,
    }
    CK_HEDGE_TYPE {
        CKH_HEDGE_PREFERRED = 0x0,
        CKH_HEDGE_REQUIRED = 0x1,
        CKH_DETERMINISTIC_REQUIRED = 0x2,
    }
    CK_KEY_TYPE {
        CKK_XMSS = 0x47,
        CKK_XMSSMT = 0x48,
        CKK_ML_KEM = 0x49,
        CKK_ML_DSA = 0x4a,
        CKK_SLH_DSA = 0x4b,
    }
    CK_MECHANISM_TYPE {
        CKM_ML_KEM_KEY_PAIR_GEN = 0xf,
        CKM_ML_KEM = 0x17,
        CKM_ML_DSA_KEY_PAIR_GEN = 0x1c,
        CKM_ML_DSA = 0x1d,
        CKM_HASH_ML_DSA = 0x1f,
        CKM_HASH_ML_DSA_SHA224 = 0x23,
        CKM_HASH_ML_DSA_SHA256 = 0x24,
        CKM_HASH_ML_DSA_SHA384 = 0x25,
        CKM_HASH_ML_DSA_SHA512 = 0x26,
        CKM_HASH_ML_DSA_SHA3_224 = 0x27,
        CKM_HASH_ML_DSA_SHA3_256 = 0x28,
        CKM_HASH_ML_DSA_SHA3_384 = 0x29,
        CKM_HASH_ML_DSA_SHA3_512 = 0x2a,
        CKM_HASH_ML_DSA_SHAKE128 = 0x2b,
        CKM_HASH_ML_DSA_SHAKE256 = 0x2c,
        CKM_SLH_DSA_KEY_PAIR_GEN = 0x2d,
        CKM_SLH_DSA = 0x2e,
        CKM_HASH_SLH_DSA = 0x34,
        CKM_HASH_SLH_DSA_SHA224 = 0x36,
        CKM_HASH_SLH_DSA_SHA256 = 0x37,
        CKM_HASH_SLH_DSA_SHA384 = 0x38,
        CKM_HASH_SLH_DSA_SHA512 = 0x39,
        CKM_HASH_SLH_DSA_SHA3_224 = 0x3a,
        CKM_HASH_SLH_DSA_SHA3_256 = 0x3b,
        CKM_HASH_SLH_DSA_SHA3_384 = 0x3c,
        CKM_HASH_SLH_DSA_SHA3_512 = 0x3d,
        CKM_HASH_SLH_DSA_SHAKE128 = 0x3e,
        CKM_HASH_SLH_DSA_SHAKE256 = 0x3f,
        CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE = 0x56,
        CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH = 0x57,
        CKM_XMSS_KEY_PAIR_GEN = 0x4034,
        CKM_XMSSMT_KEY_PAIR_GEN = 0x4035,
        CKM_XMSS = 0x4036,
        CKM_XMSSMT = 0x4037,
        CKM_ECDH_X_AES_KEY_WRAP = 0x4038,
        CKM_ECDH_COF_AES_KEY_WRAP = 0x4039,
        CKM_PUB_KEY_FROM_PRIV_KEY = 0x403a,
    }
    CK_OBJECT_CLASS {
        CKO_VALIDATION = 0xa,
        CKO_TRUST = 0xb,
    }
    CK_ML_DSA_PARAMETER_SET_TYPE {
        CKP_ML_DSA_44 = 0x1,
        CKP_ML_DSA_65 = 0x2,
        CKP_ML_DSA_87 = 0x3,
    }
    CK_ML_KEM_PARAMETER_SET_TYPE {
        CKP_ML_KEM_512 = 0x1,
        CKP_ML_KEM_768 = 0x2,
        CKP_ML_KEM_1024 = 0x3,
    }
    CK_SLH_DSA_PARAMETER_SET_TYPE {
        CKP_SLH_DSA_SHA2_128S = 0x1,
        CKP_SLH_DSA_SHAKE_128S = 0x2,
        CKP_SLH_DSA_SHA2_128F = 0x3,
        CKP_SLH_DSA_SHAKE_128F = 0x4,
        CKP_SLH_DSA_SHA2_192S = 0x5,
        CKP_SLH_DSA_SHAKE_192S = 0x6,
        CKP_SLH_DSA_SHA2_192F = 0x7,
        CKP_SLH_DSA_SHAKE_192F = 0x8,
        CKP_SLH_DSA_SHA2_256S = 0x9,
        CKP_SLH_DSA_SHAKE_256S = 0xa,
        CKP_SLH_DSA_SHA2_256F = 0xb,
        CKP_SLH_DSA_SHAKE_256F = 0xc,
    }
    CK_RV {
        CKR_PENDING = 0x204,
        CKR_SESSION_ASYNC_NOT_SUPPORTED = 0x205,
        CKR_SEED_RANDOM_REQUIRED = 0x206,
        CKR_OPERATION_NOT_VALIDATED = 0x207,
        CKR_TOKEN_NOT_INITIALIZED = 0x208,
        CKR_PARAMETER_SET_NOT_SUPPORTED = 0x209,
    }
    CK_SESSION_VALIDATION_FLAGS_TYPE {
        CKS_LAST_VALIDATION_OK = 0x1,
    }
    CK_TRUST {
        CKT_TRUST_UNKNOWN = 0x0,
        CKT_TRUSTED = 0x1,
        CKT_TRUST_ANCHOR = 0x2,
        CKT_NOT_TRUSTED = 0x3,
        CKT_TRUST_MUST_VERIFY_TRUST = 0x4,
    }
    CK_VALIDATION_AUTHORITY_TYPE {
        CKV_AUTHORITY_TYPE_UNSPECIFIED = 0x0,
        CKV_AUTHORITY_TYPE_NIST_CMVP = 0x1,
        CKV_AUTHORITY_TYPE_COMMON_CRITERIA = 0x2,
    }
    CK_VALIDATION_TYPE {
        CKV_TYPE_UNSPECIFIED = 0x0,
        CKV_TYPE_SOFTWARE = 0x1,
        CKV_TYPE_HARDWARE = 0x2,
        CKV_TYPE_FIRMWARE = 0x3,
        CKV_TYPE_HYBRID = 0x4,
    }
    CK_PRF_DATA_TYPE {
        CK_SP800_108_KEY_HANDLE = 0x5,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn equals_another_binding() {
        super::compare_structures();
        super::compare_constants();
    }
}
