//! The admin program: makes and looks after tokens, through the same core as the module.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "a program speaks on its standard output"
)]

mod answer;
mod certificate;
mod change_pin;
mod config;
mod curve;
mod delete_token;
mod doctor;
mod export_public;
mod failure;
mod generated;
mod hd;
mod hex;
mod hsm;
mod import;
mod init_token;
mod list;
mod material;
mod mnemonic;
mod pin;
mod unlock;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{answer::Answer, failure::Failure};

/// Makes and looks after the tokens of the chainhsm PKCS#11 module.
///
/// Exit codes: 0 done; 1 failed; 2 wrong usage; 3 wrong PIN; 4 PIN locked; 5 no such token or
/// object; 6 configuration or store cannot be used; 7 `doctor` found a problem.
#[derive(Debug, Parser)]
#[command(name = "chainhsm", version, propagate_version = true)]
struct Cli {
    /// Answer in JSON on standard output (errors: JSON on standard error).
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    InitToken(init_token::InitToken),
    List(list::List),
    Import(import::Import),
    Mnemonic(mnemonic::Mnemonic),
    Hd(hd::Hd),
    ExportPublic(export_public::ExportPublic),
    ChangePin(change_pin::ChangePin),
    Unlock(unlock::Unlock),
    DeleteToken(delete_token::DeleteToken),
    Doctor(doctor::Doctor),
    Config(config::ShowConfig),
    Completions(generated::Completions),
    Man(generated::Man),
    Header(generated::Header),
}

impl Command {
    fn run(&self) -> Result<Answer, Failure> {
        match self {
            Self::InitToken(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Mnemonic(command) => command.run(),
            Self::Hd(command) => command.run(),
            Self::ExportPublic(command) => command.run(),
            Self::ChangePin(command) => command.run(),
            Self::Unlock(command) => command.run(),
            Self::DeleteToken(command) => command.run(),
            Self::Doctor(command) => command.run(),
            Self::Config(command) => command.run(),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
            Self::Header(command) => command.run(),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.run() {
        Ok(answer) => answer.print(cli.json),
        Err(failure) => failure.print(cli.json),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
