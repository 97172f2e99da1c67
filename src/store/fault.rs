//! What went wrong below the store, in the standard's words. Messages name files and causes and
//! never repeat stored bytes.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::{
    error::{About, Error, Result},
    pkcs11::CK_SLOT_ID,
};

impl<T> About<T> for rusqlite::Result<T> {
    fn about(self, path: &Path) -> Result<T> {
        self.map_err(|e| {
            let path = path.display();
            let Some(cause) = e.sqlite_error() else {
                // A value of another type or size than the schema says; the value stays unnamed.
                return Error::DeviceError(format!("{path}: malformed content"));
            };
            let text = format!("{path}: {cause}");
            #[allow(
                clippy::wildcard_enum_match_arm,
                reason = "SQLite's codes may grow; what has no code of its own is a device error"
            )]
            match cause.code {
                ErrorCode::DiskFull => Error::DeviceMemory(text),
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                    Error::TokenWriteProtected(text)
                }
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::FunctionFailed(text),
                ErrorCode::OutOfMemory => Error::HostMemory,
                ErrorCode::NotADatabase => Error::TokenNotRecognized(text),
                _ => Error::DeviceError(text),
            }
        })
    }
}

/// `CKR_SLOT_ID_INVALID` for a slot.
#[allow(
    clippy::cast_possible_truncation,
    reason = "for the message only, and CK_ULONG has 64 bits on the targets that have such slots"
)]
pub(super) const fn no_such_slot(slot: u64) -> Error {
    Error::SlotIdInvalid(slot as CK_SLOT_ID)
}
