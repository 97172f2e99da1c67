//! `chainhsm init-token`: makes a token in the free slot.

use chainhsm::{error::Error, pkcs11::*, secret::SecretBytes, store::Shelf, store::SqliteShelf};
use clap::Args;
use serde_json::json;

use crate::{
    answer::Answer,
    failure::Failure,
    hsm::Hsm,
    pin::{FirstPin, FirstSoPin},
};

/// Make a token in the free slot and set both PINs.
#[derive(Debug, Args)]
pub(crate) struct InitToken {
    /// Label of the new token, at most 32 bytes, not yet in use.
    #[arg(long)]
    label: String,
    #[command(flatten)]
    pin: FirstPin,
    #[command(flatten)]
    so_pin: FirstSoPin,
}

impl InitToken {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        if !(1..=32).contains(&self.label.len()) {
            return Err(Failure::usage("a label has 1 to 32 bytes"));
        }
        let hsm = Hsm::open()?;
        if hsm.tokens()?.iter().any(|t| t.info.label == self.label) {
            let label = &self.label;
            return Err(Failure::failed(format!(
                "a token is labelled {label:?} already"
            )));
        }
        let so_pin = self.so_pin.read()?;
        let pin = self.pin.read()?;
        // Checked first so that a refused PIN does not leave half a token.
        for pin in [&so_pin, &pin] {
            let allowed = &hsm.config.pin.length;
            if !allowed.contains(&pin.len()) {
                let (min, max) = (*allowed.start(), *allowed.end());
                return Err(Error::PinLenRange { min, max }.into());
            }
        }
        let slot = create(&hsm, &so_pin, &self.label)?;
        if let Err(failure) = set_user_pin(&hsm, slot, &so_pin, &pin) {
            remove(hsm, slot)?;
            return Err(failure);
        }
        let serial = hsm.library.token_info(slot)?.serial;
        Ok(Answer::new(
            format!(
                "token {:?} is in slot {slot}, serial number {serial}",
                self.label
            ),
            json!({ "label": self.label, "slot": slot, "serial": serial }),
        ))
    }
}

/// Makes a token in the free slot; another process may take it first, then there is a new one.
fn create(hsm: &Hsm, so_pin: &SecretBytes, label: &str) -> Result<CK_SLOT_ID, Failure> {
    for _ in 0..MAX_TRIES {
        // The free slot is the last one.
        let slots = hsm.library.slot_list(true)?;
        let free = slots.last().copied();
        let free = free.ok_or_else(|| Failure::failed("there is no free slot"))?;
        match hsm.library.create_token(free, so_pin, label.into()) {
            Err(Error::SlotIdInvalid(_)) => {}
            done => return Ok(done.map(|()| free)?),
        }
    }
    Err(Failure::failed("other processes keep taking the free slot"))
}

fn set_user_pin(
    hsm: &Hsm,
    slot: CK_SLOT_ID,
    so_pin: &SecretBytes,
    pin: &SecretBytes,
) -> Result<(), Failure> {
    let session = hsm.login(slot, CKU_SO, so_pin)?;
    hsm.library.init_pin(session, pin)?;
    Ok(hsm.library.close_session(session)?)
}

fn remove(hsm: Hsm, slot: CK_SLOT_ID) -> Result<(), Failure> {
    let Hsm { library, config } = hsm;
    drop(library);
    Ok(SqliteShelf::open(&config.store, &chainhsm::abi::counter::system_env())?.remove(slot)?)
}

const MAX_TRIES: usize = 16;
