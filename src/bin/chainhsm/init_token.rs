//! `chainhsm init-token`: makes a token in the free slot.

use chainhsm::{error::Error, pkcs11::*, secret::SecretBytes, store::Shelf, store::SqliteShelf};
use clap::Args;
use serde_json::json;

use crate::{
    answer::Answer,
    failure::Failure,
    hsm::{Hsm, system_env},
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
        let label = padded(&self.label)?;
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
        let slot = init(&hsm, &so_pin, &label)?;
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

/// The label as C_InitToken wants it.
fn padded(label: &str) -> Result<[u8; 32], Failure> {
    let mut padded = [b' '; 32];
    match padded.get_mut(..label.len()) {
        Some(start) if !label.is_empty() => start.copy_from_slice(label.as_bytes()),
        _ => return Err(Failure::usage("a label has 1 to 32 bytes")),
    }
    Ok(padded)
}

/// Initialises the free slot; another process may take it first, then there is a new one.
fn init(hsm: &Hsm, so_pin: &SecretBytes, label: &[u8; 32]) -> Result<CK_SLOT_ID, Failure> {
    for _ in 0..MAX_TRIES {
        let slots = hsm.slots()?;
        let free = slots
            .iter()
            .find(|token| token.info.flags & CKF_TOKEN_INITIALIZED == 0)
            .ok_or_else(|| Failure::failed("there is no free slot"))?;
        match hsm.library.init_token(free.slot, so_pin, label) {
            Err(Error::SlotIdInvalid(_)) => {}
            done => return Ok(done.map(|()| free.slot)?),
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
    Ok(SqliteShelf::open(&config.store, &system_env())?.remove(slot.into())?)
}

const MAX_TRIES: usize = 16;
