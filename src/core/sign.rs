//! Signatures.

use super::{
    Library, Output,
    operation::{End, Keyed, Phase},
    session::Session,
};
use crate::{
    error::{Error, Result},
    key::Key,
    mechanism::{self, Invocation, Mechanism},
    object::Object,
    pkcs11::*,
    policy,
};

impl Library {
    /// C_SignInit; `None` (a NULL mechanism) cancels the operation.
    ///
    /// # Errors
    /// `CKR_OPERATION_ACTIVE`, `CKR_MECHANISM_INVALID`, `CKR_MECHANISM_PARAM_INVALID`,
    /// `CKR_KEY_HANDLE_INVALID`, `CKR_KEY_TYPE_INCONSISTENT`, `CKR_KEY_FUNCTION_NOT_PERMITTED`,
    /// `CKR_USER_NOT_LOGGED_IN`.
    pub fn sign_init(
        &self,
        session: SessionHandle,
        mechanism: Option<Invocation>,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        let Some(Invocation { mechanism, params }) = mechanism else {
            operations.sign = Phase::Idle;
            return Ok(());
        };
        operations.sign.idle()?;
        let row = mechanism::find(mechanism).ok_or(Error::MechanismInvalid(mechanism))?;
        let start = row.ops.sign.ok_or(Error::MechanismInvalid(mechanism))?;
        let params = params?;
        let (object, parsed) =
            session.usable_key(key, row, CKA_SIGN, &[CKO_PRIVATE_KEY, CKO_SECRET_KEY])?;
        let op = Keyed {
            op: start(&parsed, &params, &self.env.entropy)?,
            key,
        };
        operations.sign = if policy::requires_context_login(&object) {
            Phase::AwaitingPin(op)
        } else {
            Phase::Ready(op)
        };
        Ok(())
    }

    /// C_Sign. Returns the number of bytes written, or needed for [`Output::Query`].
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`, `CKR_OPERATION_ACTIVE`, `CKR_BUFFER_TOO_SMALL`,
    /// `CKR_USER_NOT_LOGGED_IN`, and those of the mechanism.
    pub fn sign(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        let sign = &mut session.operations.lock().sign;
        sign.end(
            End::Single,
            out,
            |sign| sign.op.signature_len(),
            |mut sign, out| {
                sign.still_allowed(&session.token)?;
                sign.op.update(data)?;
                sign.op.finish(out)
            },
        )
    }

    /// C_SignUpdate.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn sign_update(&self, session: SessionHandle, data: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        session
            .operations
            .lock()
            .sign
            .update(|sign| sign.op.update(data))
    }

    /// C_SignFinal.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn sign_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        let sign = &mut session.operations.lock().sign;
        sign.end(
            End::Final,
            out,
            |sign| sign.op.signature_len(),
            |sign, out| {
                sign.still_allowed(&session.token)?;
                sign.op.finish(out)
            },
        )
    }
}

impl Session {
    /// The key of a handle, parsed, if this mechanism may use it in this way.
    pub(super) fn usable_key(
        &self,
        handle: ObjectHandle,
        mechanism: &Mechanism,
        usage: CK_ATTRIBUTE_TYPE,
        classes: &[CK_OBJECT_CLASS],
    ) -> Result<(std::sync::Arc<Object>, Key)> {
        let object = self.token.key(handle)?;
        let class = object.class();
        let key_type = object
            .attributes()
            .ulong(CKA_KEY_TYPE)
            .ok_or(Error::KeyHandleInvalid)?;
        if !classes.contains(&class) || !mechanism.keys.contains(&key_type) {
            return Err(Error::KeyTypeInconsistent);
        }
        policy::permit_use(&object, usage, mechanism.id)?;
        // A public object's secrets are sealed too: without a login there is nothing to sign with.
        if class != CKO_PUBLIC_KEY && object.is(CKA_TOKEN) {
            self.token.peek().login.root()?;
        }
        let key = object.key()?;
        Ok((object, key))
    }
}
