//! `chainhsm delete-token`: removes a token with all its keys.

use std::io::{self, BufRead, IsTerminal, Write};

use chainhsm::store::{Shelf, SqliteShelf};
use clap::Args;
use serde_json::json;

use crate::{
    answer::Answer,
    failure::Failure,
    hsm::{Hsm, WhichToken},
};

/// Remove a token and all its keys for ever. Needs no PIN: who may write the store can remove its
/// files anyway.
#[derive(Debug, Args)]
pub(crate) struct DeleteToken {
    #[command(flatten)]
    which: WhichToken,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl DeleteToken {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        if self.which.is_any() {
            return Err(Failure::usage(
                "name the token with --token, --slot or --serial",
            ));
        }
        let hsm = Hsm::open()?;
        let token = hsm.choose(&self.which)?;
        let label = &token.info.label;
        if !self.yes {
            confirm(label)?;
        }
        let Hsm { library, config } = hsm;
        // Closed first: the files must not be open while they go.
        drop(library);
        SqliteShelf::open(&config.store, &chainhsm::abi::counter::system_env())?
            .remove(token.slot)?;
        Ok(Answer::new(
            format!(
                "token {label:?} is removed; slot {} is not used again",
                token.slot
            ),
            json!({ "label": label, "slot": token.slot, "serial": token.info.serial }),
        ))
    }
}

fn confirm(label: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("no terminal to ask on: add --yes"));
    }
    let mut line = String::new();
    let mut err = io::stderr().lock();
    write!(
        err,
        "All keys of {label:?} will be lost. Type its label to go on: "
    )
    .and_then(|()| err.flush())
    .and_then(|()| io::stdin().lock().read_line(&mut line))
    .map_err(|e| Failure::failed(format!("cannot ask: {e}")))?;
    if line.trim_end_matches(['\r', '\n']) == label {
        Ok(())
    } else {
        Err(Failure::failed("not removed: that is not the label"))
    }
}
