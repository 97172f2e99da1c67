//! Our own and other vendors' numbers (0x80000000 and up).

use super::*;

/// Stateful Ethereum consensus signature.
pub const CKM_BC_ETH2_SIGN: CK_MECHANISM_TYPE = 0xC243_0702;
#[allow(missing_docs, reason = "Luna's names")]
pub const CKR_BIP32_CHILD_INDEX_INVALID: CK_RV = 0x8000_0083;
#[allow(missing_docs, reason = "Luna's names")]
pub const CKR_BIP32_INVALID_HARDENED_DERIVATION: CK_RV = 0x8000_0084;
#[allow(missing_docs, reason = "Luna's names")]
pub const CKR_BIP32_MASTER_SEED_LEN_INVALID: CK_RV = 0x8000_0085;
#[allow(missing_docs, reason = "Luna's names")]
pub const CKR_BIP32_MASTER_SEED_INVALID: CK_RV = 0x8000_0086;
#[allow(missing_docs, reason = "Luna's names")]
pub const CKR_BIP32_INVALID_KEY_PATH_LEN: CK_RV = 0x8000_0087;
/// Refused: the key has signed something else at this position, or above it.
pub const CKR_BC_DOUBLE_SIGN: CK_RV = 0xC243_0001;
/// Refused by a rule on the key.
pub const CKR_BC_POLICY_REFUSED: CK_RV = 0xC243_0002;
