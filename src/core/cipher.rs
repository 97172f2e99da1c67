//! Encryption and decryption: the same steps in two directions.

use super::{
    Library, Output,
    operation::{End, Keyed, Operations, Phase},
};
use crate::{
    error::{Error, Result},
    mechanism::{self, Cipher, Invocation},
    pkcs11::*,
    policy,
};

/// Which way a cipher runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the C functions")]
pub enum Direction {
    Encrypt,
    Decrypt,
}

impl Direction {
    const fn usage(self) -> CK_ATTRIBUTE_TYPE {
        match self {
            Self::Encrypt => CKA_ENCRYPT,
            Self::Decrypt => CKA_DECRYPT,
        }
    }

    const fn of(self, operations: &mut Operations) -> &mut Phase<Keyed<dyn Cipher>> {
        match self {
            Self::Encrypt => &mut operations.encrypt,
            Self::Decrypt => &mut operations.decrypt,
        }
    }
}

impl Library {
    /// C_EncryptInit and C_DecryptInit; `None` (a NULL mechanism) cancels the operation.
    ///
    /// # Errors
    /// As [`sign_init`](Self::sign_init).
    pub fn cipher_init(
        &self,
        session: SessionHandle,
        direction: Direction,
        mechanism: Option<Invocation>,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        let phase = direction.of(&mut operations);
        let Some(Invocation { mechanism, params }) = mechanism else {
            *phase = Phase::Idle;
            return Ok(());
        };
        phase.idle()?;
        let row = mechanism::find(mechanism).ok_or(Error::MechanismInvalid(mechanism))?;
        let start = match direction {
            Direction::Encrypt => row.ops.encrypt,
            Direction::Decrypt => row.ops.decrypt,
        };
        let start = start.ok_or(Error::MechanismInvalid(mechanism))?;
        let params = params?;
        let classes = [CKO_SECRET_KEY, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY];
        let (object, parsed) = session.usable_key(key, row, direction.usage(), &classes)?;
        let op = Keyed {
            op: start(&parsed, &params)?,
            key,
        };
        *phase = if policy::requires_context_login(&object) {
            Phase::AwaitingPin(op)
        } else {
            Phase::Ready(op)
        };
        Ok(())
    }

    /// C_Encrypt and C_Decrypt. Returns the number of bytes written, or for [`Output::Query`] an
    /// upper bound of what is needed.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`, `CKR_OPERATION_ACTIVE`, `CKR_BUFFER_TOO_SMALL`,
    /// `CKR_USER_NOT_LOGGED_IN`, `CKR_DATA_LEN_RANGE`, `CKR_ENCRYPTED_DATA_INVALID`,
    /// `CKR_ENCRYPTED_DATA_LEN_RANGE`.
    pub fn cipher(
        &self,
        session: SessionHandle,
        direction: Direction,
        input: &[u8],
        out: Output<'_>,
    ) -> Result<usize> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        direction.of(&mut operations).end(
            End::Single,
            out,
            |cipher| cipher.op.total_len(input.len()),
            |mut cipher, out| {
                cipher.still_allowed(&session.token)?;
                let written = cipher.op.update(input, out)?;
                let rest = out
                    .get_mut(written..)
                    .ok_or(Error::BufferTooSmall { needed: written })?;
                Ok(written + cipher.op.finish(rest)?)
            },
        )
    }

    /// C_EncryptUpdate and C_DecryptUpdate.
    ///
    /// # Errors
    /// As [`cipher`](Self::cipher).
    pub fn cipher_update(
        &self,
        session: SessionHandle,
        direction: Direction,
        input: &[u8],
        out: Output<'_>,
    ) -> Result<usize> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        direction.of(&mut operations).stream(
            out,
            |cipher| cipher.op.update_len(input.len()),
            |cipher, out| cipher.op.update(input, out),
        )
    }

    /// C_EncryptFinal and C_DecryptFinal.
    ///
    /// # Errors
    /// As [`cipher`](Self::cipher).
    pub fn cipher_final(
        &self,
        session: SessionHandle,
        direction: Direction,
        out: Output<'_>,
    ) -> Result<usize> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        direction.of(&mut operations).end(
            End::Final,
            out,
            |cipher| cipher.op.finish_len(),
            |cipher, out| {
                cipher.still_allowed(&session.token)?;
                cipher.op.finish(out)
            },
        )
    }
}
