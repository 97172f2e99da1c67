//! Where session and object handles come from.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::pkcs11::*;

/// Counts handles up from 1 and never gives one twice while the library lives.
#[derive(Debug, Default)]
pub(super) struct Handles(AtomicU64);

impl Handles {
    /// A number that was never given before.
    fn next(&self) -> CK_ULONG {
        // A process would have to open sessions for centuries to wrap a 64-bit counter; where
        // CK_ULONG has 32 bits the truncation below starts again at 1.
        let n = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        CK_ULONG::try_from(n % u64::from(u32::MAX))
            .unwrap_or(1)
            .max(1)
    }

    /// A new session handle.
    pub(super) fn session(&self) -> SessionHandle {
        SessionHandle(self.next())
    }

    /// A new object handle.
    pub(super) fn object(&self) -> ObjectHandle {
        ObjectHandle(self.next())
    }
}
