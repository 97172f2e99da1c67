//! The state of an operation.

use std::{fmt, mem, sync::Arc};

use super::{Library, Output, token::Token};
use crate::{
    error::{Error, Result},
    mechanism::{Cipher, Digest, Sign, Verify},
    pkcs11::*,
};

/// The kinds of operation that a session can have active, one of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the C functions")]
pub enum OperationKind {
    Digest,
    Sign,
    Verify,
    Encrypt,
    Decrypt,
    FindObjects,
}

/// Where an operation stands. Every step takes the operation out first; only what the standard
/// wants kept is put back. So an error, an early return and even a panic leave [`Phase::Idle`].
#[derive(Default)]
pub(super) enum Phase<Op> {
    /// None active.
    #[default]
    Idle,
    /// Active, but a key with `CKA_ALWAYS_AUTHENTICATE` waits for its PIN.
    AwaitingPin(Op),
    /// Active, no data seen yet.
    Ready(Op),
    /// Active, fed by Update calls.
    Streaming(Op),
}

/// How an operation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By a one-part call.
    Single,
    /// By a Final call.
    Final,
}

impl<Op> Phase<Op> {
    /// `CKR_OPERATION_ACTIVE` unless a new operation may begin.
    pub(super) const fn idle(&self) -> Result<()> {
        match self {
            Self::Idle => Ok(()),
            Self::AwaitingPin(_) | Self::Ready(_) | Self::Streaming(_) => {
                Err(Error::OperationActive)
            }
        }
    }

    /// One Update call.
    pub(super) fn update(&mut self, step: impl FnOnce(&mut Op) -> Result<()>) -> Result<()> {
        match mem::take(self) {
            Self::Ready(mut op) | Self::Streaming(mut op) => {
                step(&mut op)?;
                *self = Self::Streaming(op);
                Ok(())
            }
            Self::AwaitingPin(_) => Err(Error::UserNotLoggedIn),
            Self::Idle => Err(Error::OperationNotInitialized),
        }
    }

    /// One Update call with output of at most `len` bytes. A length query or a buffer that is too
    /// small leaves the operation as it was.
    pub(super) fn stream(
        &mut self,
        out: Output<'_>,
        len: impl FnOnce(&Op) -> usize,
        step: impl FnOnce(&mut Op, &mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        let needed = match &*self {
            Self::Ready(op) | Self::Streaming(op) => len(op),
            Self::AwaitingPin(_) | Self::Idle => return self.update(|_| Ok(())).map(|()| 0),
        };
        match out {
            Output::Query => Ok(needed),
            Output::Buffer(buffer) => {
                let buffer = buffer
                    .get_mut(..needed)
                    .ok_or(Error::BufferTooSmall { needed })?;
                let mut written = 0;
                self.update(|op| step(op, buffer).map(|n| written = n))?;
                Ok(written)
            }
        }
    }

    /// Takes the operation out to end it.
    pub(super) fn take(&mut self, end: End) -> Result<Op> {
        match (mem::take(self), end) {
            (Self::Ready(op), _) | (Self::Streaming(op), End::Final) => Ok(op),
            (Self::Streaming(_), End::Single) => Err(Error::OperationActive),
            (Self::AwaitingPin(_), _) => Err(Error::UserNotLoggedIn),
            (Self::Idle, _) => Err(Error::OperationNotInitialized),
        }
    }

    /// Ends the operation with output of at most `len` bytes. A length query or a buffer that is
    /// too small leaves it as it was.
    pub(super) fn end(
        &mut self,
        end: End,
        out: Output<'_>,
        len: impl FnOnce(&Op) -> usize,
        finish: impl FnOnce(Op, &mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        let needed = match (&*self, end) {
            (Self::Ready(op) | Self::AwaitingPin(op), _) | (Self::Streaming(op), End::Final) => {
                len(op)
            }
            (Self::Streaming(_), End::Single) | (Self::Idle, _) => {
                return self.take(end).map(|_| 0);
            }
        };
        match out {
            Output::Query => Ok(needed),
            Output::Buffer(buffer) => match buffer.get_mut(..needed) {
                None => Err(Error::BufferTooSmall { needed }),
                Some(buffer) => finish(self.take(end)?, buffer),
            },
        }
    }

    /// The right PIN was given: the operation may go on. False when none waits for one.
    fn authenticate(&mut self) -> bool {
        let waited = self.awaits_pin();
        *self = match mem::take(self) {
            Self::AwaitingPin(op) | Self::Ready(op) => Self::Ready(op),
            Self::Streaming(op) => Self::Streaming(op),
            Self::Idle => Self::Idle,
        };
        waited
    }

    const fn awaits_pin(&self) -> bool {
        matches!(self, Self::AwaitingPin(_))
    }
}

impl<Op> fmt::Debug for Phase<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::AwaitingPin(_) => "AwaitingPin",
            Self::Ready(_) => "Ready",
            Self::Streaming(_) => "Streaming",
        })
    }
}

/// A running operation and the key that it uses.
pub(super) struct Keyed<Op: ?Sized> {
    pub(super) op: Box<Op>,
    pub(super) key: ObjectHandle,
}

impl<Op: ?Sized> Keyed<Op> {
    /// A key that is gone (destroyed, by any process, or hidden by a logout) serves no more.
    pub(super) fn still_allowed(&self, token: &Arc<Token>) -> Result<()> {
        let state = token.read()?;
        if state.objects.get(self.key).is_some() {
            Ok(())
        } else if state.login.is_user() {
            Err(Error::OperationNotInitialized)
        } else {
            Err(Error::UserNotLoggedIn)
        }
    }
}

/// A search: its result, and how much of it was fetched.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) found: std::vec::IntoIter<ObjectHandle>,
}

/// The operations of one session.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) digest: Phase<Box<dyn Digest>>,
    pub(super) sign: Phase<Keyed<dyn Sign>>,
    pub(super) verify: Phase<Keyed<dyn Verify>>,
    pub(super) encrypt: Phase<Keyed<dyn Cipher>>,
    pub(super) decrypt: Phase<Keyed<dyn Cipher>>,
    pub(super) search: Option<Search>,
}

impl Operations {
    /// Ends all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Ends what uses keys.
    pub(super) fn drop_keys(&mut self) {
        self.sign = Phase::Idle;
        self.verify = Phase::Idle;
        self.encrypt = Phase::Idle;
        self.decrypt = Phase::Idle;
    }

    /// Ends the kinds that a set of `CKF_…` names.
    pub(super) fn cancel(&mut self, flags: CK_FLAGS) {
        for (flag, kind) in [
            (CKF_DIGEST, OperationKind::Digest),
            (CKF_SIGN, OperationKind::Sign),
            (CKF_VERIFY, OperationKind::Verify),
            (CKF_ENCRYPT, OperationKind::Encrypt),
            (CKF_DECRYPT, OperationKind::Decrypt),
            (CKF_FIND_OBJECTS, OperationKind::FindObjects),
        ] {
            if flags & flag != 0 {
                self.abort(kind);
            }
        }
    }

    fn abort(&mut self, kind: OperationKind) {
        match kind {
            OperationKind::Digest => self.digest = Phase::Idle,
            OperationKind::Sign => self.sign = Phase::Idle,
            OperationKind::Verify => self.verify = Phase::Idle,
            OperationKind::Encrypt => self.encrypt = Phase::Idle,
            OperationKind::Decrypt => self.decrypt = Phase::Idle,
            OperationKind::FindObjects => self.search = None,
        }
    }

    /// True when an operation waits for the PIN of a key with `CKA_ALWAYS_AUTHENTICATE`.
    pub(super) const fn awaits_pin(&self) -> bool {
        self.sign.awaits_pin() || self.decrypt.awaits_pin() || self.encrypt.awaits_pin()
    }

    /// The right PIN was given.
    pub(super) fn authenticate(&mut self) -> Result<()> {
        if self.sign.authenticate() {
            Ok(())
        } else {
            Err(Error::OperationNotInitialized)
        }
    }
}

impl Library {
    /// Ends an active operation because an argument of the call that would have used it was bad
    /// (a NULL data or length pointer). Does nothing where none is active.
    pub fn abort(&self, session: SessionHandle, kind: OperationKind) {
        if let Ok(session) = self.session(session) {
            session.operations.lock().abort(kind);
        }
    }
}
