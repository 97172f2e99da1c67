//! What the outside world gives: randomness, time and a counter shared between processes. Tests
//! replace each of them.
#![forbid(unsafe_code)]

use std::{fmt::Debug, path::Path, sync::Arc, time::SystemTime};

use crate::error::{Error, Result};

/// A source of cryptographically secure random bytes.
pub trait Entropy: Send + Sync + Debug {
    /// Fills `out` wholly.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` when the operating system gives no randomness.
    fn fill(&self, out: &mut [u8]) -> Result<()>;
}

/// Wall-clock time, for what is shown to users only.
pub trait Clock: Send + Sync + Debug {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// Two monotonic counters in memory that all processes using one token share: commits begun and
/// commits ended. They differ while a commit runs or after a process died within one.
pub trait SharedCounter: Send + Sync + Debug {
    /// (begun, ended), a few nanoseconds.
    fn load(&self) -> (u64, u64);
    /// Called with the store's write lock held, before the commit. Returns the number of this
    /// commit.
    fn begin(&self) -> u64;
    /// Called after the commit, whether it succeeded or not, with the number from
    /// [`begin`](Self::begin): all commits up to it have ended.
    fn end(&self, commit: u64);
}

/// Opens the [`SharedCounter`] that lives in the named file, creating the file (mode 0600).
pub type CounterOpener = fn(&Path) -> Result<Arc<dyn SharedCounter>>;

/// The environment of one [`Library`](crate::core::Library).
#[derive(Debug, Clone)]
pub struct Env {
    /// Randomness for keys, nonces, salts.
    pub entropy: Arc<dyn Entropy>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How a token's shared counter is opened.
    pub open_counter: CounterOpener,
}

/// The operating system's generator, asked afresh at each call (so a fork never repeats output).
#[derive(Debug, Clone, Copy)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        getrandom::fill(out).map_err(|e| Error::DeviceError(format!("no randomness: {e}")))
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct OsClock;

impl Clock for OsClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
