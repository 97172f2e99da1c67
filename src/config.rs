//! Configuration: one TOML file, two environment variables, defaults. Read once at C_Initialize.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use crate::{error::Result, store::pin::Cost};

/// What is in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// Directory of the tokens.
    pub store: PathBuf,
    /// Where log lines go and which.
    pub log: Log,
    /// PIN rules.
    pub pin: PinRules,
    /// Cost of a PIN check for PINs set from now on.
    pub argon2: Cost,
}

/// Log settings.
#[derive(Debug, Clone)]
pub struct Log {
    /// Most detailed level that is written.
    pub level: log::LevelFilter,
    /// File appended to; standard error when absent.
    pub file: Option<PathBuf>,
}

/// Rules for PINs.
#[derive(Debug, Clone)]
pub struct PinRules {
    /// Lengths in bytes that are accepted.
    pub length: std::ops::RangeInclusive<usize>,
    /// Wrong user PINs in a row that lock the user PIN.
    pub user_attempts: u32,
    /// Wrong SO PINs in a row that lock the SO PIN.
    pub so_attempts: u32,
}

impl Config {
    /// Reads the file that `CHAINHSM_CONF` names, or the user's, or the system's, or takes the
    /// defaults; `CHAINHSM_STORE` and `CHAINHSM_LOG` override one key each.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` with a message for the user.
    pub fn load() -> Result<Self> {
        todo!()
    }
}
