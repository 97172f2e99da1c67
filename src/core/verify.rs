//! Verification.

use super::Library;
use crate::{error::Result, mechanism::Invocation, pkcs11::*};

impl Library {
    /// C_VerifyInit; `None` (a NULL mechanism) cancels the operation.
    pub fn verify_init(
        &self,
        _session: SessionHandle,
        _mechanism: Option<Invocation>,
        _key: ObjectHandle,
    ) -> Result<()> {
        todo!()
    }

    /// C_Verify.
    pub fn verify(&self, _session: SessionHandle, _data: &[u8], _signature: &[u8]) -> Result<()> {
        todo!()
    }

    /// C_VerifyUpdate.
    pub fn verify_update(&self, _session: SessionHandle, _data: &[u8]) -> Result<()> {
        todo!()
    }

    /// C_VerifyFinal.
    pub fn verify_final(&self, _session: SessionHandle, _signature: &[u8]) -> Result<()> {
        todo!()
    }
}
