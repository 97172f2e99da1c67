//! The one door: every exported function goes through [`entry`] or [`before_init`], so none can
//! forget the panic barrier, the fork check or the trace.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use arc_swap::ArcSwapOption;

use super::counter::system_env;
use crate::{
    config::Config,
    core::{Library, OperationKind},
    error::{Error, Result},
    logging,
    pkcs11::*,
    secret::scrub_stack,
};

/// The library between C_Initialize and C_Finalize, with the process that made it.
struct Loaded {
    epoch: u64,
    library: Library,
}

/// The one global.
static LOADED: ArcSwapOption<Loaded> = ArcSwapOption::const_empty();

/// How many forks lie between this process and the one that loaded the module. Counted by the
/// atfork handler, so that noticing a fork costs no system call.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// Who changes [`LOADED`] or forks: 0 for nobody, else the epoch + 1 of a thread that does. A claim
/// from before a fork is nobody's: its thread does not exist in the child.
static CHANGING: AtomicU64 = AtomicU64::new(0);

/// Runs the body of a function that needs an initialised library.
pub(super) fn entry(call: &'static str, body: impl FnOnce(&Library) -> Result<()>) -> CK_RV {
    before_init(call, || {
        with_current(|library| body(library.ok_or(Error::NotInitialized)?))
    })
}

/// A bad argument ends the operation that would have used it.
pub(super) fn checked<T>(
    lib: &Library,
    session: CK_SESSION_HANDLE,
    kind: OperationKind,
    argument: Result<T>,
) -> Result<T> {
    argument.inspect_err(|_| lib.abort(SessionHandle(session), kind))
}

/// As [`entry`], for a function that works with keys or PINs: no copy stays on the stack.
pub(super) fn secret_entry(call: &'static str, body: impl FnOnce(&Library) -> Result<()>) -> CK_RV {
    let rv = entry(call, body);
    scrub_stack();
    rv
}

/// Runs the body of a function that may be called before C_Initialize.
pub(super) fn before_init(call: &'static str, body: impl FnOnce() -> Result<()>) -> CK_RV {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => {
            log::trace!("{call}: CKR_OK");
            CKR_OK
        }
        Ok(Err(e)) => {
            let level = if is_fault(&e) {
                log::Level::Warn
            } else {
                log::Level::Debug
            };
            log::log!(level, "{call}: {}: {e}", rv_name(e.rv()));
            e.rv()
        }
        Err(payload) => {
            // The payload may quote data: it is not printed, and dropping it must not panic out.
            std::mem::forget(payload);
            log::error!("{call}: a bug in chainhsm was caught (CKR_GENERAL_ERROR)");
            CKR_GENERAL_ERROR
        }
    }
}

/// True for what an operator should hear of: trouble of the device and refusals that protect keys.
/// The rest is a caller's own business.
const fn is_fault(e: &Error) -> bool {
    matches!(
        e,
        Error::DeviceError(_)
            | Error::DeviceMemory(_)
            | Error::FunctionFailed(_)
            | Error::General(_)
            | Error::HostMemory
            | Error::PinIncorrect { .. }
            | Error::PinLocked
            | Error::TokenWriteProtected(_)
    )
}

/// Calls `body` with the library of this process: `None` before C_Initialize and in a forked child,
/// where what is loaded is the parent's: its locks may be held for ever and its keys are not ours to
/// wipe. The guard keeps it alive: C_Finalize in another thread does not pull it away.
fn with_current<R>(body: impl FnOnce(Option<&Library>) -> R) -> R {
    let loaded = LOADED.load();
    let epoch = EPOCH.load(Ordering::Acquire);
    body(
        loaded
            .as_ref()
            .filter(|loaded| loaded.epoch == epoch)
            .map(|loaded| &loaded.library),
    )
}

/// C_Initialize: builds the whole library, then publishes it by one swap. A failure changes nothing.
pub(super) fn initialize() -> Result<()> {
    let _turn = Turn::take();
    with_current(|library| library.map_or(Ok(()), |_| Err(Error::AlreadyInitialized)))?;
    let config = Config::load().inspect_err(logging::complain)?;
    logging::install(&config.log);
    silence_panics();
    let library =
        Library::open(config, system_env()).inspect_err(|e| log::error!("C_Initialize: {e}"))?;
    let epoch = EPOCH.load(Ordering::Acquire);
    // What is replaced, if anything, was inherited over a fork and is leaked.
    std::mem::forget(LOADED.swap(Some(Arc::new(Loaded { epoch, library }))));
    Ok(())
}

/// C_Finalize: calls that are running end normally; the last one drops the library.
pub(super) fn finalize() -> Result<()> {
    let _turn = Turn::take();
    with_current(|library| library.map(Library::shut_down).ok_or(Error::NotInitialized))?;
    drop(LOADED.swap(None));
    Ok(())
}

/// The default hook would print a panic's payload on the host's standard error.
fn silence_panics() {
    panic::set_hook(Box::new(|info| {
        if let Some(place) = info.location() {
            log::error!("panic at {}:{}", place.file(), place.line());
        }
    }));
}

/// The right to change [`LOADED`].
struct Turn;

impl Turn {
    fn take() -> Self {
        claim();
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        CHANGING.store(0, Ordering::Release);
    }
}

/// Waits for the right to change [`LOADED`]. Held for as long as C_Initialize takes, and contended
/// only by another C_Initialize, C_Finalize or fork; a lock of the system could be left locked in a
/// forked child.
fn claim() {
    loop {
        let mine = EPOCH.load(Ordering::Acquire) + 1;
        let seen = CHANGING.load(Ordering::Acquire);
        let free = seen != mine;
        if free
            && CHANGING
                .compare_exchange(seen, mine, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
        {
            return;
        }
        thread::yield_now();
    }
}

/// In the forking thread, before the fork: nobody is within C_Initialize or C_Finalize, and no call
/// is inside the stores.
pub(super) fn before_fork() {
    claim();
    with_current(|library| library.map(Library::before_fork));
}

/// In the parent, after the fork.
pub(super) fn after_fork_in_parent() {
    with_current(|library| library.map(Library::after_fork));
    CHANGING.store(0, Ordering::Release);
}

/// In the child, after the fork: what was loaded is the parent's. Nothing is locked or dropped.
pub(super) fn after_fork_in_child() {
    EPOCH.fetch_add(1, Ordering::AcqRel);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_library_only_the_lists_answer() {
        assert_eq!(entry("C_GetInfo", |_| Ok(())), CKR_CRYPTOKI_NOT_INITIALIZED);
        assert_eq!(before_init("C_GetFunctionList", || Ok(())), CKR_OK);
        assert_eq!(finalize(), Err(Error::NotInitialized));
    }

    #[test]
    fn an_error_becomes_its_return_value() {
        assert_eq!(
            before_init("C_Sign", || Err(Error::DataLenRange)),
            CKR_DATA_LEN_RANGE
        );
    }

    #[test]
    fn a_panic_ends_at_the_door() {
        let rv = before_init("C_Sign", || panic!("a bug"));
        assert_eq!(rv, CKR_GENERAL_ERROR);
    }
}
