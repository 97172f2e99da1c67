//! Verification.

use super::{
    Library,
    operation::{End, Keyed, Phase},
};
use crate::{
    error::{Error, Result},
    mechanism::{self, Invocation},
    pkcs11::*,
};

impl Library {
    /// C_VerifyInit; `None` (a NULL mechanism) cancels the operation.
    ///
    /// # Errors
    /// As [`sign_init`](Self::sign_init).
    pub fn verify_init(
        &self,
        session: SessionHandle,
        mechanism: Option<Invocation>,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        let Some(Invocation { mechanism, params }) = mechanism else {
            operations.verify = Phase::Idle;
            return Ok(());
        };
        operations.verify.idle()?;
        let row = mechanism::find(mechanism).ok_or(Error::MechanismInvalid(mechanism))?;
        let start = row.ops.verify.ok_or(Error::MechanismInvalid(mechanism))?;
        let params = params?;
        let (_, parsed) =
            session.usable_key(key, row, CKA_VERIFY, &[CKO_PUBLIC_KEY, CKO_SECRET_KEY])?;
        operations.verify = Phase::Ready(Keyed {
            op: start(&parsed, &params)?,
            key,
        });
        Ok(())
    }

    /// C_Verify.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`, `CKR_OPERATION_ACTIVE`, `CKR_SIGNATURE_INVALID`,
    /// `CKR_SIGNATURE_LEN_RANGE`.
    pub fn verify(&self, session: SessionHandle, data: &[u8], signature: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        let mut verify = session.operations.lock().verify.take(End::Single)?;
        verify.still_allowed(&session.token)?;
        verify.op.update(data)?;
        verify.op.finish(signature)
    }

    /// C_VerifyUpdate.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_update(&self, session: SessionHandle, data: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        session
            .operations
            .lock()
            .verify
            .update(|verify| verify.op.update(data))
    }

    /// C_VerifyFinal.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_final(&self, session: SessionHandle, signature: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        let verify = session.operations.lock().verify.take(End::Final)?;
        verify.still_allowed(&session.token)?;
        verify.op.finish(signature)
    }
}
