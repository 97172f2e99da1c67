//! Why a subcommand failed, and the exit code that says so.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use chainhsm::{error::Error, pkcs11::rv_name};
use serde_json::json;

/// A failure: exit code, the standard's name of the error where there is one, and a sentence.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    rv: Option<String>,
    message: String,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            rv: None,
            message: message.into(),
        }
    }

    /// Something did not work (exit code 1).
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(1, message)
    }

    /// The command line or its input makes no sense (exit code 2).
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(2, message)
    }

    /// No such token or object (exit code 5).
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(5, message)
    }

    /// The configuration or the store cannot be used (exit code 6).
    pub(crate) fn setup(error: &Error) -> Self {
        Self {
            code: 6,
            rv: Some(rv_name(error.rv())),
            message: format!("{error} (`chainhsm doctor` says more)"),
        }
    }

    /// Writes it to standard error.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        let mut err = io::stderr().lock();
        let written = if as_json {
            let error = json!({ "exit": self.code, "rv": self.rv, "message": self.message });
            writeln!(err, "{:#}", json!({ "error": error }))
        } else {
            writeln!(err, "chainhsm: {}", self.message)
        };
        // The exit code still tells when standard error is closed.
        written.map_or(ExitCode::from(self.code), |()| ExitCode::from(self.code))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, remedy) = remedy(&error);
        Self {
            code,
            rv: Some(rv_name(error.rv())),
            message: format!("{error}{remedy}"),
        }
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "only errors with a remedy of their own are named"
)]
const fn remedy(error: &Error) -> (u8, &'static str) {
    match error {
        Error::PinIncorrect { .. } => (3, ""),
        Error::PinLocked => (
            4,
            ": the security officer can set a new user PIN with `chainhsm unlock`",
        ),
        Error::UserPinNotInitialized => (1, ": set one with `chainhsm unlock`"),
        Error::AttributeValueInvalid(_) => (1, ": the key does not fit its curve"),
        _ => (1, ""),
    }
}
