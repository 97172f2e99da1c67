//! What a subcommand says: text for people, JSON for programs.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::Value;

/// The answer of a subcommand that did its work.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What a person reads, or a file's bytes.
    pub(crate) text: Vec<u8>,
    /// What a program reads.
    pub(crate) json: Value,
    /// The exit code.
    pub(crate) code: u8,
}

impl Answer {
    /// An answer with exit code 0; the text ends with a line feed.
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        let mut text: String = text.into();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Self::bytes(text.into_bytes(), json)
    }

    /// An answer that is a file's bytes.
    pub(crate) const fn bytes(text: Vec<u8>, json: Value) -> Self {
        Self {
            text,
            json,
            code: 0,
        }
    }

    /// Writes it to standard output.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        let mut out = io::stdout().lock();
        let written = if as_json {
            writeln!(out, "{:#}", self.json)
        } else {
            out.write_all(&self.text)
        };
        match written.and_then(|()| out.flush()) {
            Ok(()) => ExitCode::from(self.code),
            // Nobody is left to read a message.
            Err(_) => ExitCode::FAILURE,
        }
    }
}
