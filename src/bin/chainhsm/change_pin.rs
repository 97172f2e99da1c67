//! `chainhsm change-pin`: a new PIN for who knows the old one.

use chainhsm::pkcs11::*;
use clap::Args;
use serde_json::json;

use crate::{
    answer::Answer,
    failure::Failure,
    hsm::{Hsm, WhichToken},
    pin::{NewPin, SoPin, UserPin},
};

/// Change the user's PIN, or the security officer's.
#[derive(Debug, Args)]
pub(crate) struct ChangePin {
    #[command(flatten)]
    which: WhichToken,
    /// Change the security officer's PIN.
    #[arg(long, conflicts_with_all = ["pin", "pin-file", "pin-env"])]
    so: bool,
    #[command(flatten)]
    pin: UserPin,
    #[command(flatten)]
    so_pin: SoPin,
    #[command(flatten)]
    new_pin: NewPin,
}

impl ChangePin {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        if !self.so && self.so_pin.is_given() {
            return Err(Failure::usage("--so-pin changes the SO's PIN: add --so"));
        }
        let hsm = Hsm::open()?;
        let token = hsm.choose(&self.which)?;
        let who = if self.so {
            "security officer's"
        } else {
            "user"
        };
        let old = if self.so {
            self.so_pin.read()?
        } else {
            self.pin.read()?
        };
        let new = self.new_pin.read()?;
        // C_SetPIN without a login changes the user's PIN.
        let session = if self.so {
            hsm.login(token.slot, CKU_SO, &old)?
        } else {
            hsm.session(token.slot, true)?
        };
        hsm.library.set_pin(session, &old, &new)?;
        let label = &token.info.label;
        Ok(Answer::new(
            format!("the {who} PIN of token {label:?} is changed"),
            json!({ "label": label, "slot": token.slot, "so": self.so }),
        ))
    }
}
