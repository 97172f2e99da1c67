//! Slots and tokens: lists, information, initialisation, events.

use super::Library;
use crate::{error::Result, pkcs11::*, secret::SecretBytes};

/// What C_GetSlotInfo says.
#[derive(Debug, Clone)]
pub struct SlotInfo {
    /// At most 64 bytes of UTF-8.
    pub description: String,
    /// `CKF_TOKEN_PRESENT` and the like.
    pub flags: CK_FLAGS,
}

/// What C_GetTokenInfo says.
#[derive(Debug, Clone)]
pub struct TokenInfo {
    /// At most 32 bytes of UTF-8.
    pub label: String,
    /// 16 hexadecimal digits; empty for an uninitialised token.
    pub serial: String,
    /// `CKF_…` of section 3.2.
    pub flags: CK_FLAGS,
    /// Open sessions of this process.
    pub sessions: CK_ULONG,
    /// Open R/W sessions of this process.
    pub rw_sessions: CK_ULONG,
    /// PIN lengths in bytes.
    pub pin_len: std::ops::RangeInclusive<usize>,
    /// `YYYYMMDDhhmmss00`.
    pub utc_time: [u8; 16],
}

impl Library {
    /// Slots in ascending order, all or only those with a token. `refresh` looks for new tokens of
    /// other processes (C_GetSlotList with a NULL list).
    pub fn slot_list(&self, _token_present: bool, _refresh: bool) -> Result<Vec<CK_SLOT_ID>> {
        todo!()
    }

    /// Description and flags of a slot.
    pub fn slot_info(&self, _slot: CK_SLOT_ID) -> Result<SlotInfo> {
        todo!()
    }

    /// The token in a slot.
    pub fn token_info(&self, _slot: CK_SLOT_ID) -> Result<TokenInfo> {
        todo!()
    }

    /// Waits until a slot changes, or says `CKR_NO_EVENT` at once when `block` is false. The lock on
    /// the library that `abi` holds is a reference count, so C_Finalize can end the wait.
    pub fn wait_for_slot_event(&self, _block: bool) -> Result<CK_SLOT_ID> {
        todo!()
    }

    /// Ends every wait with `CKR_CRYPTOKI_NOT_INITIALIZED`: C_Finalize begins.
    pub fn shut_down(&self) {
        todo!()
    }

    /// Mechanisms of a slot.
    pub fn mechanism_list(&self, _slot: CK_SLOT_ID) -> Result<Vec<CK_MECHANISM_TYPE>> {
        todo!()
    }

    /// One mechanism of a slot.
    pub fn mechanism_info(
        &self,
        _slot: CK_SLOT_ID,
        _mechanism: CK_MECHANISM_TYPE,
    ) -> Result<CK_MECHANISM_INFO> {
        todo!()
    }

    /// C_InitToken. `label` is the caller's 32 bytes, blank-padded.
    pub fn init_token(
        &self,
        _slot: CK_SLOT_ID,
        _so_pin: &SecretBytes,
        _label: &[u8; 32],
    ) -> Result<()> {
        todo!()
    }
}
