//! Sessions.

use super::Library;
use crate::{error::Result, pkcs11::*};

/// What C_GetSessionInfo says.
#[derive(Debug, Clone, Copy)]
pub struct SessionInfo {
    /// Its slot.
    pub slot: CK_SLOT_ID,
    /// `CKS_…`, computed from the session and the token's login.
    pub state: CK_STATE,
    /// `CKF_SERIAL_SESSION`, `CKF_RW_SESSION`.
    pub flags: CK_FLAGS,
}

impl Library {
    /// C_OpenSession.
    pub fn open_session(&self, _slot: CK_SLOT_ID, _flags: CK_FLAGS) -> Result<SessionHandle> {
        todo!()
    }

    /// C_CloseSession.
    pub fn close_session(&self, _session: SessionHandle) -> Result<()> {
        todo!()
    }

    /// C_CloseAllSessions.
    pub fn close_all_sessions(&self, _slot: CK_SLOT_ID) -> Result<()> {
        todo!()
    }

    /// C_GetSessionInfo.
    pub fn session_info(&self, _session: SessionHandle) -> Result<SessionInfo> {
        todo!()
    }

    /// C_SessionCancel: `flags` is a set of `CKF_SIGN`, `CKF_DIGEST`, `CKF_FIND_OBJECTS` …
    pub fn session_cancel(&self, _session: SessionHandle, _flags: CK_FLAGS) -> Result<()> {
        todo!()
    }
}
