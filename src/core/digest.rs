//! Message digests.

use super::{Library, Output};
use crate::{error::Result, mechanism::Invocation, pkcs11::*};

impl Library {
    /// C_DigestInit; `None` (a NULL mechanism) cancels the operation.
    pub fn digest_init(
        &self,
        _session: SessionHandle,
        _mechanism: Option<Invocation>,
    ) -> Result<()> {
        todo!()
    }

    /// C_Digest. Returns the number of bytes written, or needed for [`Output::Query`].
    pub fn digest(&self, _session: SessionHandle, _data: &[u8], _out: Output<'_>) -> Result<usize> {
        todo!()
    }

    /// C_DigestUpdate.
    pub fn digest_update(&self, _session: SessionHandle, _data: &[u8]) -> Result<()> {
        todo!()
    }

    /// C_DigestKey.
    pub fn digest_key(&self, _session: SessionHandle, _key: ObjectHandle) -> Result<()> {
        todo!()
    }

    /// C_DigestFinal.
    pub fn digest_final(&self, _session: SessionHandle, _out: Output<'_>) -> Result<usize> {
        todo!()
    }
}
