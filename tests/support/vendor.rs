//! Our own numbers and structures, written down independently of the module.

use super::*;

pub const CKM_BC_ECDSA_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0101;
pub const CKM_BC_ECDSA_KECCAK256: CK_MECHANISM_TYPE = 0xC243_0102;
pub const CKM_BC_ECDSA_KECCAK256_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0103;
pub const CKM_BC_ECDSA_SHA256D: CK_MECHANISM_TYPE = 0xC243_0104;
pub const CKM_BC_ECDSA_SHA256D_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0105;
pub const CKM_BC_ECDSA_EIP191_RECOVERABLE: CK_MECHANISM_TYPE = 0xC243_0106;
pub const CKM_BC_ECDSA_BLAKE2B_256: CK_MECHANISM_TYPE = 0xC243_0107;
pub const CKM_BC_EDDSA_BLAKE2B_256: CK_MECHANISM_TYPE = 0xC243_0108;
pub const CKM_BC_ECDSA_DER: CK_MECHANISM_TYPE = 0xC243_0109;
pub const CKM_BC_SCHNORR_BIP340: CK_MECHANISM_TYPE = 0xC243_0201;
pub const CKM_BC_TAPROOT_TWEAK: CK_MECHANISM_TYPE = 0xC243_0202;
pub const CKM_BC_HD_DERIVE: CK_MECHANISM_TYPE = 0xC243_0301;
pub const CKM_BC_EIP2333_DERIVE: CK_MECHANISM_TYPE = 0xC243_0320;
pub const CKM_BC_ECDH_POINT: CK_MECHANISM_TYPE = 0xC243_0330;
pub const CKM_BC_BLS_KEY_PAIR_GEN: CK_MECHANISM_TYPE = 0xC243_0401;
pub const CKM_BC_BLS_SIGN: CK_MECHANISM_TYPE = 0xC243_0402;
pub const CKM_BC_BLS_AGGREGATE: CK_MECHANISM_TYPE = 0xC243_0403;
pub const CKM_BC_BLS_FAST_AGGREGATE_VERIFY: CK_MECHANISM_TYPE = 0xC243_0404;
pub const CKM_BC_BLS_AGGREGATE_VERIFY: CK_MECHANISM_TYPE = 0xC243_0405;

pub const CKA_BC_ETH_ADDRESS: CK_ATTRIBUTE_TYPE = 0xC243_0001;
pub const CKA_BC_HASH160: CK_ATTRIBUTE_TYPE = 0xC243_0002;
pub const CKA_BC_POINT_COMPRESSED: CK_ATTRIBUTE_TYPE = 0xC243_0003;
pub const CKA_BC_POINT_XONLY: CK_ATTRIBUTE_TYPE = 0xC243_0004;
pub const CKA_BC_POINT_RAW: CK_ATTRIBUTE_TYPE = 0xC243_0005;
pub const CKA_BC_HD_PATH: CK_ATTRIBUTE_TYPE = 0xC243_0006;

pub const CKK_BC_BLS12_381: CK_KEY_TYPE = 0xC243_0001;
pub const CKK_BIP32: CK_KEY_TYPE = 0x8000_0014;

/// `CK_BC_SCHNORR_PARAMS`.
#[repr(C)]
pub struct Schnorr {
    pub flags: CK_FLAGS,
    pub aux: *const CK_BYTE,
    pub aux_len: CK_ULONG,
    pub merkle_root: *const CK_BYTE,
    pub merkle_root_len: CK_ULONG,
}

impl Schnorr {
    /// What it points to must outlive it.
    pub fn new(flags: CK_FLAGS, aux: &[u8], merkle_root: &[u8]) -> Self {
        Self {
            flags,
            aux: aux.as_ptr(),
            aux_len: aux.len() as CK_ULONG,
            merkle_root: merkle_root.as_ptr(),
            merkle_root_len: merkle_root.len() as CK_ULONG,
        }
    }

    pub fn mech(&self) -> Mech<'_> {
        Mech::with(CKM_BC_SCHNORR_BIP340, self)
    }
}
