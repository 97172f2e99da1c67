//! What PKCS#11 v3.2 adds to v3.1: functions, their table, constants; compared with cryptoki-sys by
//! a test.
#![allow(
    missing_docs,
    non_snake_case,
    non_camel_case_types,
    clippy::upper_case_acronyms,
    reason = "the standard's own names"
)]

use super::*;

pub type CK_SESSION_VALIDATION_FLAGS_TYPE = CK_ULONG;

/// Result of an asynchronous function.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct CK_ASYNC_DATA {
    pub ulVersion: CK_ULONG,
    pub pValue: *mut CK_BYTE,
    pub ulValue: CK_ULONG,
    pub hObject: CK_OBJECT_HANDLE,
    pub hAdditionalObject: CK_OBJECT_HANDLE,
}

pub type CK_C_EncapsulateKey = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pMechanism: *mut CK_MECHANISM,
        hPublicKey: CK_OBJECT_HANDLE,
        pTemplate: *mut CK_ATTRIBUTE,
        ulAttributeCount: CK_ULONG,
        pCiphertext: *mut CK_BYTE,
        pulCiphertextLen: *mut CK_ULONG,
        phKey: *mut CK_OBJECT_HANDLE,
    ) -> CK_RV,
>;
pub type CK_C_DecapsulateKey = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pMechanism: *mut CK_MECHANISM,
        hPrivateKey: CK_OBJECT_HANDLE,
        pTemplate: *mut CK_ATTRIBUTE,
        ulAttributeCount: CK_ULONG,
        pCiphertext: *mut CK_BYTE,
        ulCiphertextLen: CK_ULONG,
        phKey: *mut CK_OBJECT_HANDLE,
    ) -> CK_RV,
>;
pub type CK_C_VerifySignatureInit = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pMechanism: *mut CK_MECHANISM,
        hKey: CK_OBJECT_HANDLE,
        pSignature: *mut CK_BYTE,
        ulSignatureLen: CK_ULONG,
    ) -> CK_RV,
>;
pub type CK_C_VerifySignature = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pData: *mut CK_BYTE,
        ulDataLen: CK_ULONG,
    ) -> CK_RV,
>;
pub type CK_C_VerifySignatureUpdate = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pPart: *mut CK_BYTE,
        ulPartLen: CK_ULONG,
    ) -> CK_RV,
>;
pub type CK_C_VerifySignatureFinal =
    Option<unsafe extern "C" fn(hSession: CK_SESSION_HANDLE) -> CK_RV>;
pub type CK_C_GetSessionValidationFlags = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        type_: CK_SESSION_VALIDATION_FLAGS_TYPE,
        pFlags: *mut CK_FLAGS,
    ) -> CK_RV,
>;
pub type CK_C_AsyncComplete = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pFunctionName: *mut CK_UTF8CHAR,
        pResult: *mut CK_ASYNC_DATA,
    ) -> CK_RV,
>;
pub type CK_C_AsyncGetID = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pFunctionName: *mut CK_UTF8CHAR,
        pulID: *mut CK_ULONG,
    ) -> CK_RV,
>;
pub type CK_C_AsyncJoin = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pFunctionName: *mut CK_UTF8CHAR,
        ulID: CK_ULONG,
        pData: *mut CK_BYTE,
        ulData: CK_ULONG,
    ) -> CK_RV,
>;
pub type CK_C_WrapKeyAuthenticated = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pMechanism: *mut CK_MECHANISM,
        hWrappingKey: CK_OBJECT_HANDLE,
        hKey: CK_OBJECT_HANDLE,
        pAssociatedData: *mut CK_BYTE,
        ulAssociatedDataLen: CK_ULONG,
        pWrappedKey: *mut CK_BYTE,
        pulWrappedKeyLen: *mut CK_ULONG,
    ) -> CK_RV,
>;
pub type CK_C_UnwrapKeyAuthenticated = Option<
    unsafe extern "C" fn(
        hSession: CK_SESSION_HANDLE,
        pMechanism: *mut CK_MECHANISM,
        hUnwrappingKey: CK_OBJECT_HANDLE,
        pWrappedKey: *mut CK_BYTE,
        ulWrappedKeyLen: CK_ULONG,
        pTemplate: *mut CK_ATTRIBUTE,
        ulAttributeCount: CK_ULONG,
        pAssociatedData: *mut CK_BYTE,
        ulAssociatedDataLen: CK_ULONG,
        phKey: *mut CK_OBJECT_HANDLE,
    ) -> CK_RV,
>;

/// The function table of v3.2: that of v3.0, then the new functions.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct CK_FUNCTION_LIST_3_2 {
    pub v3_0: CK_FUNCTION_LIST_3_0,
    pub C_EncapsulateKey: CK_C_EncapsulateKey,
    pub C_DecapsulateKey: CK_C_DecapsulateKey,
    pub C_VerifySignatureInit: CK_C_VerifySignatureInit,
    pub C_VerifySignature: CK_C_VerifySignature,
    pub C_VerifySignatureUpdate: CK_C_VerifySignatureUpdate,
    pub C_VerifySignatureFinal: CK_C_VerifySignatureFinal,
    pub C_GetSessionValidationFlags: CK_C_GetSessionValidationFlags,
    pub C_AsyncComplete: CK_C_AsyncComplete,
    pub C_AsyncGetID: CK_C_AsyncGetID,
    pub C_AsyncJoin: CK_C_AsyncJoin,
    pub C_WrapKeyAuthenticated: CK_C_WrapKeyAuthenticated,
    pub C_UnwrapKeyAuthenticated: CK_C_UnwrapKeyAuthenticated,
}

pub const CKA_PARAMETER_SET: CK_ATTRIBUTE_TYPE = 0x61d;
pub const CKA_OBJECT_VALIDATION_FLAGS: CK_ATTRIBUTE_TYPE = 0x61e;
pub const CKA_VALIDATION_TYPE: CK_ATTRIBUTE_TYPE = 0x61f;
pub const CKA_VALIDATION_VERSION: CK_ATTRIBUTE_TYPE = 0x620;
pub const CKA_VALIDATION_LEVEL: CK_ATTRIBUTE_TYPE = 0x621;
pub const CKA_VALIDATION_MODULE_ID: CK_ATTRIBUTE_TYPE = 0x622;
pub const CKA_VALIDATION_FLAG: CK_ATTRIBUTE_TYPE = 0x623;
pub const CKA_VALIDATION_AUTHORITY_TYPE: CK_ATTRIBUTE_TYPE = 0x624;
pub const CKA_VALIDATION_COUNTRY: CK_ATTRIBUTE_TYPE = 0x625;
pub const CKA_VALIDATION_CERTIFICATE_IDENTIFIER: CK_ATTRIBUTE_TYPE = 0x626;
pub const CKA_VALIDATION_CERTIFICATE_URI: CK_ATTRIBUTE_TYPE = 0x627;
pub const CKA_VALIDATION_VENDOR_URI: CK_ATTRIBUTE_TYPE = 0x628;
pub const CKA_VALIDATION_PROFILE: CK_ATTRIBUTE_TYPE = 0x629;
pub const CKA_ENCAPSULATE_TEMPLATE: CK_ATTRIBUTE_TYPE = 0x62a;
pub const CKA_DECAPSULATE_TEMPLATE: CK_ATTRIBUTE_TYPE = 0x62b;
pub const CKA_TRUST_SERVER_AUTH: CK_ATTRIBUTE_TYPE = 0x62c;
pub const CKA_TRUST_CLIENT_AUTH: CK_ATTRIBUTE_TYPE = 0x62d;
pub const CKA_TRUST_CODE_SIGNING: CK_ATTRIBUTE_TYPE = 0x62e;
pub const CKA_TRUST_EMAIL_PROTECTION: CK_ATTRIBUTE_TYPE = 0x62f;
pub const CKA_TRUST_IPSEC_IKE: CK_ATTRIBUTE_TYPE = 0x630;
pub const CKA_TRUST_TIME_STAMPING: CK_ATTRIBUTE_TYPE = 0x631;
pub const CKA_TRUST_OCSP_SIGNING: CK_ATTRIBUTE_TYPE = 0x632;
pub const CKA_ENCAPSULATE: CK_ATTRIBUTE_TYPE = 0x633;
pub const CKA_DECAPSULATE: CK_ATTRIBUTE_TYPE = 0x634;
pub const CKA_HASH_OF_CERTIFICATE: CK_ATTRIBUTE_TYPE = 0x635;
pub const CKA_PUBLIC_CRC64_VALUE: CK_ATTRIBUTE_TYPE = 0x636;
pub const CKA_SEED: CK_ATTRIBUTE_TYPE = 0x637;
pub const CKF_ENCAPSULATE: CK_FLAGS = 0x10000000;
pub const CKF_DECAPSULATE: CK_FLAGS = 0x20000000;
pub const CKF_ASYNC_SESSION: CK_FLAGS = 0x8;
pub const CKF_SEED_RANDOM_REQUIRED: CK_FLAGS = 0x2000000;
pub const CKF_ASYNC_SESSION_SUPPORTED: CK_FLAGS = 0x4000000;
pub const CKH_HEDGE_PREFERRED: CK_HW_FEATURE_TYPE = 0x0;
pub const CKH_HEDGE_REQUIRED: CK_HW_FEATURE_TYPE = 0x1;
pub const CKH_DETERMINISTIC_REQUIRED: CK_HW_FEATURE_TYPE = 0x2;
pub const CKK_XMSS: CK_KEY_TYPE = 0x47;
pub const CKK_XMSSMT: CK_KEY_TYPE = 0x48;
pub const CKK_ML_KEM: CK_KEY_TYPE = 0x49;
pub const CKK_ML_DSA: CK_KEY_TYPE = 0x4a;
pub const CKK_SLH_DSA: CK_KEY_TYPE = 0x4b;
pub const CKM_ML_KEM_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0xf;
pub const CKM_ML_KEM: CK_MECHANISM_TYPE = 0x17;
pub const CKM_ML_DSA_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x1c;
pub const CKM_ML_DSA: CK_MECHANISM_TYPE = 0x1d;
pub const CKM_HASH_ML_DSA: CK_MECHANISM_TYPE = 0x1f;
pub const CKM_HASH_ML_DSA_SHA224: CK_MECHANISM_TYPE = 0x23;
pub const CKM_HASH_ML_DSA_SHA256: CK_MECHANISM_TYPE = 0x24;
pub const CKM_HASH_ML_DSA_SHA384: CK_MECHANISM_TYPE = 0x25;
pub const CKM_HASH_ML_DSA_SHA512: CK_MECHANISM_TYPE = 0x26;
pub const CKM_HASH_ML_DSA_SHA3_224: CK_MECHANISM_TYPE = 0x27;
pub const CKM_HASH_ML_DSA_SHA3_256: CK_MECHANISM_TYPE = 0x28;
pub const CKM_HASH_ML_DSA_SHA3_384: CK_MECHANISM_TYPE = 0x29;
pub const CKM_HASH_ML_DSA_SHA3_512: CK_MECHANISM_TYPE = 0x2a;
pub const CKM_HASH_ML_DSA_SHAKE128: CK_MECHANISM_TYPE = 0x2b;
pub const CKM_HASH_ML_DSA_SHAKE256: CK_MECHANISM_TYPE = 0x2c;
pub const CKM_SLH_DSA_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x2d;
pub const CKM_SLH_DSA: CK_MECHANISM_TYPE = 0x2e;
pub const CKM_HASH_SLH_DSA: CK_MECHANISM_TYPE = 0x34;
pub const CKM_HASH_SLH_DSA_SHA224: CK_MECHANISM_TYPE = 0x36;
pub const CKM_HASH_SLH_DSA_SHA256: CK_MECHANISM_TYPE = 0x37;
pub const CKM_HASH_SLH_DSA_SHA384: CK_MECHANISM_TYPE = 0x38;
pub const CKM_HASH_SLH_DSA_SHA512: CK_MECHANISM_TYPE = 0x39;
pub const CKM_HASH_SLH_DSA_SHA3_224: CK_MECHANISM_TYPE = 0x3a;
pub const CKM_HASH_SLH_DSA_SHA3_256: CK_MECHANISM_TYPE = 0x3b;
pub const CKM_HASH_SLH_DSA_SHA3_384: CK_MECHANISM_TYPE = 0x3c;
pub const CKM_HASH_SLH_DSA_SHA3_512: CK_MECHANISM_TYPE = 0x3d;
pub const CKM_HASH_SLH_DSA_SHAKE128: CK_MECHANISM_TYPE = 0x3e;
pub const CKM_HASH_SLH_DSA_SHAKE256: CK_MECHANISM_TYPE = 0x3f;
pub const CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE: CK_MECHANISM_TYPE = 0x56;
pub const CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH: CK_MECHANISM_TYPE = 0x57;
pub const CKM_XMSS_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x4034;
pub const CKM_XMSSMT_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0x4035;
pub const CKM_XMSS: CK_MECHANISM_TYPE = 0x4036;
pub const CKM_XMSSMT: CK_MECHANISM_TYPE = 0x4037;
pub const CKM_ECDH_X_AES_KEY_WRAP: CK_MECHANISM_TYPE = 0x4038;
pub const CKM_ECDH_COF_AES_KEY_WRAP: CK_MECHANISM_TYPE = 0x4039;
pub const CKM_PUB_KEY_FROM_PRIV_KEY: CK_MECHANISM_TYPE = 0x403a;
pub const CKO_VALIDATION: CK_OBJECT_CLASS = 0xa;
pub const CKO_TRUST: CK_OBJECT_CLASS = 0xb;
pub const CKP_ML_DSA_44: CK_PROFILE_ID = 0x1;
pub const CKP_ML_DSA_65: CK_PROFILE_ID = 0x2;
pub const CKP_ML_DSA_87: CK_PROFILE_ID = 0x3;
pub const CKP_ML_KEM_512: CK_PROFILE_ID = 0x1;
pub const CKP_ML_KEM_768: CK_PROFILE_ID = 0x2;
pub const CKP_ML_KEM_1024: CK_PROFILE_ID = 0x3;
pub const CKP_SLH_DSA_SHA2_128S: CK_PROFILE_ID = 0x1;
pub const CKP_SLH_DSA_SHAKE_128S: CK_PROFILE_ID = 0x2;
pub const CKP_SLH_DSA_SHA2_128F: CK_PROFILE_ID = 0x3;
pub const CKP_SLH_DSA_SHAKE_128F: CK_PROFILE_ID = 0x4;
pub const CKP_SLH_DSA_SHA2_192S: CK_PROFILE_ID = 0x5;
pub const CKP_SLH_DSA_SHAKE_192S: CK_PROFILE_ID = 0x6;
pub const CKP_SLH_DSA_SHA2_192F: CK_PROFILE_ID = 0x7;
pub const CKP_SLH_DSA_SHAKE_192F: CK_PROFILE_ID = 0x8;
pub const CKP_SLH_DSA_SHA2_256S: CK_PROFILE_ID = 0x9;
pub const CKP_SLH_DSA_SHAKE_256S: CK_PROFILE_ID = 0xa;
pub const CKP_SLH_DSA_SHA2_256F: CK_PROFILE_ID = 0xb;
pub const CKP_SLH_DSA_SHAKE_256F: CK_PROFILE_ID = 0xc;
pub const CKR_PENDING: CK_RV = 0x204;
pub const CKR_SESSION_ASYNC_NOT_SUPPORTED: CK_RV = 0x205;
pub const CKR_SEED_RANDOM_REQUIRED: CK_RV = 0x206;
pub const CKR_OPERATION_NOT_VALIDATED: CK_RV = 0x207;
pub const CKR_TOKEN_NOT_INITIALIZED: CK_RV = 0x208;
pub const CKR_PARAMETER_SET_NOT_SUPPORTED: CK_RV = 0x209;
pub const CKS_LAST_VALIDATION_OK: CK_STATE = 0x1;
pub const CKT_TRUST_UNKNOWN: u32 = 0x0;
pub const CKT_TRUSTED: u32 = 0x1;
pub const CKT_TRUST_ANCHOR: u32 = 0x2;
pub const CKT_NOT_TRUSTED: u32 = 0x3;
pub const CKT_TRUST_MUST_VERIFY_TRUST: u32 = 0x4;
pub const CKV_AUTHORITY_TYPE_UNSPECIFIED: CK_ULONG = 0x0;
pub const CKV_AUTHORITY_TYPE_NIST_CMVP: CK_ULONG = 0x1;
pub const CKV_AUTHORITY_TYPE_COMMON_CRITERIA: CK_ULONG = 0x2;
pub const CKV_TYPE_UNSPECIFIED: CK_ULONG = 0x0;
pub const CKV_TYPE_SOFTWARE: CK_ULONG = 0x1;
pub const CKV_TYPE_HARDWARE: CK_ULONG = 0x2;
pub const CKV_TYPE_FIRMWARE: CK_ULONG = 0x3;
pub const CKV_TYPE_HYBRID: CK_ULONG = 0x4;
