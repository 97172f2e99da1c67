//! Message digests.

use super::{
    Library, Output,
    operation::{End, Phase},
};
use crate::{
    error::{Error, Result},
    key::Key,
    mechanism::{self, Invocation},
    pkcs11::*,
};

impl Library {
    /// C_DigestInit; `None` (a NULL mechanism) cancels the operation.
    ///
    /// # Errors
    /// `CKR_OPERATION_ACTIVE`, `CKR_MECHANISM_INVALID`, `CKR_MECHANISM_PARAM_INVALID`.
    pub fn digest_init(&self, session: SessionHandle, mechanism: Option<Invocation>) -> Result<()> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        let Some(Invocation { mechanism, params }) = mechanism else {
            operations.digest = Phase::Idle;
            return Ok(());
        };
        operations.digest.idle()?;
        let start = mechanism::find(mechanism).and_then(|m| m.ops.digest);
        let start = start.ok_or(Error::MechanismInvalid(mechanism))?;
        operations.digest = Phase::Ready(start(&params?)?);
        Ok(())
    }

    /// C_Digest. Returns the number of bytes written, or needed for [`Output::Query`].
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`, `CKR_OPERATION_ACTIVE`, `CKR_BUFFER_TOO_SMALL`.
    pub fn digest(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        let digest = &mut session.operations.lock().digest;
        digest.end(
            End::Single,
            out,
            |op| op.digest_len(),
            |mut op, out| {
                op.update(data)?;
                op.finish(out)
            },
        )
    }

    /// C_DigestUpdate.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`.
    pub fn digest_update(&self, session: SessionHandle, data: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        session
            .operations
            .lock()
            .digest
            .update(|op| op.update(data))
    }

    /// C_DigestKey.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`, `CKR_KEY_HANDLE_INVALID`, `CKR_KEY_INDIGESTIBLE` for
    /// anything but a secret key.
    pub fn digest_key(&self, session: SessionHandle, key: ObjectHandle) -> Result<()> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        operations.digest.update(|op| {
            let object = session.token.key(key)?;
            if object.class() != CKO_SECRET_KEY {
                return Err(Error::KeyIndigestible);
            }
            let Key::Secret(bytes) = object.key()? else {
                return Err(Error::KeyIndigestible);
            };
            bytes.expose(|bytes| op.update(bytes))
        })
    }

    /// C_DigestFinal.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`, `CKR_BUFFER_TOO_SMALL`.
    pub fn digest_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        let digest = &mut session.operations.lock().digest;
        digest.end(
            End::Final,
            out,
            |op| op.digest_len(),
            |op, out| op.finish(out),
        )
    }
}
