//! Signatures.

use super::{Library, Output};
use crate::{error::Result, mechanism::Invocation, pkcs11::*};

impl Library {
    /// C_SignInit; `None` (a NULL mechanism) cancels the operation.
    pub fn sign_init(
        &self,
        _session: SessionHandle,
        _mechanism: Option<Invocation>,
        _key: ObjectHandle,
    ) -> Result<()> {
        todo!()
    }

    /// C_Sign. Returns the number of bytes written, or needed for [`Output::Query`].
    pub fn sign(&self, _session: SessionHandle, _data: &[u8], _out: Output<'_>) -> Result<usize> {
        todo!()
    }

    /// C_SignUpdate.
    pub fn sign_update(&self, _session: SessionHandle, _data: &[u8]) -> Result<()> {
        todo!()
    }

    /// C_SignFinal.
    pub fn sign_final(&self, _session: SessionHandle, _out: Output<'_>) -> Result<usize> {
        todo!()
    }
}
