//! What happens around a fork of the host. The handlers stay registered for ever: the module is
//! linked `-z nodelete`.

use std::{
    panic::catch_unwind,
    sync::atomic::{AtomicBool, Ordering},
};

use super::entry;
use crate::error::{Error, Result};

static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Registers the handlers, once for the life of the process and its children.
pub(super) fn register() -> Result<()> {
    if REGISTERED.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    // SAFETY: the three functions live as long as the process and never unwind.
    let failed = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    if failed != 0 {
        REGISTERED.store(false, Ordering::Release);
        return Err(Error::HostMemory);
    }
    Ok(())
}

extern "C" fn prepare() {
    drop(catch_unwind(entry::before_fork));
}

extern "C" fn parent() {
    drop(catch_unwind(entry::after_fork_in_parent));
}

extern "C" fn child() {
    drop(catch_unwind(entry::after_fork_in_child));
}
