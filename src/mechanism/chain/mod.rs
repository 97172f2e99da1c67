//! Mechanisms that blockchains need and the standard has not.

pub mod hashes;

use crate::pkcs11::CK_MECHANISM_TYPE;

pub(crate) const CKM_AES_KW: CK_MECHANISM_TYPE = 0x8000_0170;
pub(crate) const CKM_AES_KWP: CK_MECHANISM_TYPE = 0x8000_0171;
pub(crate) const CKM_KECCAK_224: CK_MECHANISM_TYPE = 0x8000_0F08;
pub(crate) const CKM_KECCAK_256: CK_MECHANISM_TYPE = 0x8000_0F09;
pub(crate) const CKM_KECCAK_384: CK_MECHANISM_TYPE = 0x8000_0F0A;
pub(crate) const CKM_KECCAK_512: CK_MECHANISM_TYPE = 0x8000_0F0B;
pub(crate) const CKM_BC_SHA256D: CK_MECHANISM_TYPE = 0xC243_0001;
pub(crate) const CKM_BC_HASH160: CK_MECHANISM_TYPE = 0xC243_0002;
pub(crate) const CKM_BC_TAGGED_SHA256: CK_MECHANISM_TYPE = 0xC243_0003;
pub(crate) const CKM_BC_EIP191: CK_MECHANISM_TYPE = 0xC243_0004;
