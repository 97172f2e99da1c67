//! `chainhsm unlock`: the security officer sets a new user PIN.

use chainhsm::pkcs11::*;
use clap::Args;
use serde_json::json;

use crate::{
    answer::Answer,
    failure::Failure,
    hsm::{Hsm, WhichToken},
    pin::{NewPin, SoPin},
};

/// Set a new user PIN as the security officer: a locked or forgotten one is replaced.
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    #[command(flatten)]
    which: WhichToken,
    #[command(flatten)]
    so_pin: SoPin,
    #[command(flatten)]
    new_pin: NewPin,
}

impl Unlock {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let hsm = Hsm::open()?;
        let token = hsm.choose(&self.which)?;
        let so_pin = self.so_pin.read()?;
        let new = self.new_pin.read()?;
        let session = hsm.login(token.slot, CKU_SO, &so_pin)?;
        hsm.library.init_pin(session, &new)?;
        let label = &token.info.label;
        Ok(Answer::new(
            format!("the user PIN of token {label:?} is set"),
            json!({ "label": label, "slot": token.slot }),
        ))
    }
}
