//! The state of an operation.

use super::Library;
use crate::pkcs11::*;

/// The kinds of operation that a session can have active, one of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the C functions")]
pub enum OperationKind {
    Digest,
    Sign,
    Verify,
    FindObjects,
}

impl Library {
    /// Ends an active operation because an argument of the call that would have used it was bad
    /// (a NULL data or length pointer). Does nothing where none is active.
    pub fn abort(&self, _session: SessionHandle, _kind: OperationKind) {
        todo!()
    }
}
