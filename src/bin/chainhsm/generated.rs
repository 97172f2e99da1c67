//! Files that are generated from the program itself: completions, manual page, C header.

use clap::{Args, CommandFactory};
use serde_json::json;

use crate::{Cli, answer::Answer, failure::Failure};

/// Print a completion script for a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    shell: clap_complete::Shell,
}

/// Print the manual page.
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct Man {}

/// Print the C header of the module's vendor extensions.
#[derive(Debug, Args)]
pub(crate) struct Header {}

fn file(bytes: Vec<u8>) -> Answer {
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer::bytes(bytes, json!({ "text": text }))
}

impl Completions {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let mut out = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "chainhsm", &mut out);
        Ok(file(out))
    }
}

impl Man {
    #[allow(clippy::unused_self, reason = "every subcommand runs the same way")]
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let mut out = Vec::new();
        let failed = |e| Failure::failed(format!("the manual page cannot be made: {e}"));
        let mut command = Cli::command();
        command.build();
        clap_mangen::Man::new(command.clone())
            .render(&mut out)
            .map_err(failed)?;
        // One page for all: each subcommand's options follow under its own heading.
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let man = clap_mangen::Man::new(sub.clone());
            out.extend(format!(".SH {}\n", sub.get_name().to_uppercase()).into_bytes());
            man.render_description_section(&mut out).map_err(failed)?;
            man.render_options_section(&mut out).map_err(failed)?;
        }
        Ok(file(out))
    }
}

impl Header {
    #[allow(clippy::unused_self, reason = "every subcommand runs the same way")]
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        // To become `Ok(file(chainhsm::pkcs11::header().into_bytes()))`.
        Err(Failure::failed("this build has no header"))
    }
}
