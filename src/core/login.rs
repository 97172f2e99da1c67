//! PINs and logins.

use super::Library;
use crate::{error::Result, pkcs11::*, secret::SecretBytes};

impl Library {
    /// C_InitPIN: the SO sets (or unlocks) the user's PIN.
    pub fn init_pin(&self, _session: SessionHandle, _pin: &SecretBytes) -> Result<()> {
        todo!()
    }

    /// C_SetPIN by the user, the SO, or nobody (then the user's).
    pub fn set_pin(
        &self,
        _session: SessionHandle,
        _old: &SecretBytes,
        _new: &SecretBytes,
    ) -> Result<()> {
        todo!()
    }

    /// C_Login and C_LoginUser; an empty `username` is the plain user.
    pub fn login(
        &self,
        _session: SessionHandle,
        _user: CK_USER_TYPE,
        _pin: &SecretBytes,
        _username: &[u8],
    ) -> Result<()> {
        todo!()
    }

    /// C_Logout.
    pub fn logout(&self, _session: SessionHandle) -> Result<()> {
        todo!()
    }
}
