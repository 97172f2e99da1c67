//! Slots and tokens: lists, information, initialisation, events.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    Library,
    token::{State, Token},
};
use crate::{
    error::{Error, Result},
    mechanism,
    pkcs11::*,
    secret::SecretBytes,
    store::{Change, Role, RoleRecord, RootKey, TokenRecord, pin},
};

/// What C_GetSlotInfo says.
#[derive(Debug, Clone)]
pub struct SlotInfo {
    /// At most 64 bytes of UTF-8.
    pub description: String,
    /// `CKF_TOKEN_PRESENT` and the like.
    pub flags: CK_FLAGS,
}

/// What C_GetTokenInfo says.
#[derive(Debug, Clone)]
pub struct TokenInfo {
    /// At most 32 bytes of UTF-8.
    pub label: String,
    /// 16 hexadecimal digits; empty for an uninitialised token.
    pub serial: String,
    /// `CKF_…` of section 3.2.
    pub flags: CK_FLAGS,
    /// Open sessions of this process.
    pub sessions: CK_ULONG,
    /// Open R/W sessions of this process.
    pub rw_sessions: CK_ULONG,
    /// PIN lengths in bytes.
    pub pin_len: std::ops::RangeInclusive<usize>,
    /// `YYYYMMDDhhmmss00`.
    pub utc_time: [u8; 16],
}

/// A slot that is not free.
#[derive(Debug)]
pub(super) enum Slot {
    /// With a token in working order.
    Token(Arc<Token>),
    /// With a token that cannot be read, and why. Tried again at each look.
    Broken(Error),
}

/// Slots that changed and that no C_WaitForSlotEvent has reported yet.
#[derive(Debug, Default)]
pub(super) struct Events(VecDeque<CK_SLOT_ID>);

impl Events {
    /// What is there at the start is no event.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

/// How often a blocking wait looks for tokens of other processes.
const POLL: Duration = Duration::from_millis(250);

impl Library {
    /// Looks at the shelf: new tokens get their slot, removed ones lose it. Tokens are opened before
    /// the list is locked: whoever holds that lock must not wait at the gate.
    pub(super) fn refresh_slots(&self) -> Result<()> {
        let (present, free) = {
            let _pass = self.gate.enter();
            self.shelf.list()?
        };
        let works =
            |slot: &CK_SLOT_ID| matches!(self.slots.read().taken.get(slot), Some(Slot::Token(_)));
        let unknown = present.iter().filter(|slot| !works(slot));
        let opened: Vec<_> = unknown
            .map(|slot| (*slot, self.open_token(*slot)))
            .collect();

        let mut changed = Vec::new();
        let mut slots = self.slots.write();
        slots.free = free;
        slots.taken.retain(|slot, _| {
            let keep = present.contains(slot);
            if !keep {
                changed.push(*slot);
            }
            keep
        });
        for (slot, token) in opened {
            let known = slots.taken.get(&slot);
            if matches!(known, Some(Slot::Token(_))) {
                continue; // another thread was faster
            }
            if known.is_none() {
                changed.push(slot);
            }
            let found = token.map_or_else(Slot::Broken, |token| Slot::Token(Arc::new(token)));
            slots.taken.insert(slot, found);
        }
        drop(slots);
        if !changed.is_empty() {
            self.events.lock().0.extend(changed);
            self.event.notify_all();
        }
        Ok(())
    }

    fn open_token(&self, slot: CK_SLOT_ID) -> Result<Token> {
        let store = {
            let _pass = self.gate.enter();
            self.shelf
                .open(slot)
                .inspect_err(|e| log::error!("slot {slot}: {e}"))?
        };
        Token::load(
            slot,
            store,
            self.gate.clone(),
            self.handles.clone(),
            self.env.clone(),
        )
        .inspect_err(|e| log::error!("slot {slot}: {e}"))
    }

    /// Slots in ascending order; every slot has a token, if only an uninitialised one. `refresh`
    /// looks for new tokens of other processes (C_GetSlotList with a NULL list).
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` when the store cannot be read.
    pub fn slot_list(&self, refresh: bool) -> Result<Vec<CK_SLOT_ID>> {
        if refresh {
            self.refresh_slots()?;
        }
        let slots = self.slots.read();
        Ok(slots.taken.keys().copied().chain([slots.free]).collect())
    }

    /// Description and flags of a slot.
    ///
    /// # Errors
    /// `CKR_SLOT_ID_INVALID`.
    pub fn slot_info(&self, slot: CK_SLOT_ID) -> Result<SlotInfo> {
        match self.find_token(slot) {
            Err(e @ Error::SlotIdInvalid(_)) => Err(e),
            _ => Ok(SlotInfo {
                description: format!("chainhsm slot {slot}"),
                flags: CKF_TOKEN_PRESENT,
            }),
        }
    }

    /// The token in a slot.
    ///
    /// # Errors
    /// `CKR_SLOT_ID_INVALID`; why a damaged token cannot be read.
    pub fn token_info(&self, slot: CK_SLOT_ID) -> Result<TokenInfo> {
        let mut info = TokenInfo {
            label: String::new(),
            serial: String::new(),
            flags: CKF_RNG | CKF_LOGIN_REQUIRED | CKF_DUAL_CRYPTO_OPERATIONS,
            sessions: 0,
            rw_sessions: 0,
            pin_len: self.config.pin.length.clone(),
            utc_time: utc_time(self.env.clock.now()),
        };
        if let Some(token) = self.find_token(slot)? {
            let state = token.read()?;
            info.label.clone_from(&state.record.label);
            info.serial.clone_from(&state.record.serial);
            info.flags |= CKF_TOKEN_INITIALIZED | pin_flags(&state);
            info.sessions = state.ro_sessions + state.rw_sessions;
            info.rw_sessions = state.rw_sessions;
        }
        Ok(info)
    }

    /// Waits until a slot changes, or says `CKR_NO_EVENT` at once when `block` is false.
    ///
    /// # Errors
    /// `CKR_NO_EVENT`; `CKR_CRYPTOKI_NOT_INITIALIZED` when [`shut_down`](Self::shut_down) ended the
    /// wait.
    pub fn wait_for_slot_event(&self, block: bool) -> Result<CK_SLOT_ID> {
        loop {
            self.refresh_slots()?;
            let mut events = self.events.lock();
            if self.closing.load(Ordering::Acquire) {
                return Err(Error::NotInitialized);
            }
            if let Some(slot) = events.0.pop_front() {
                return Ok(slot);
            }
            if !block {
                return Err(Error::NoEvent);
            }
            self.event.wait_for(&mut events, POLL);
        }
    }

    /// Mechanisms of a slot; every token has the same.
    ///
    /// # Errors
    /// `CKR_SLOT_ID_INVALID`.
    pub fn mechanism_list(&self, slot: CK_SLOT_ID) -> Result<Vec<CK_MECHANISM_TYPE>> {
        self.slot_info(slot)?;
        Ok(mechanism::all().map(|m| m.id).collect())
    }

    /// One mechanism of a slot.
    ///
    /// # Errors
    /// `CKR_SLOT_ID_INVALID`, `CKR_MECHANISM_INVALID`.
    pub fn mechanism_info(
        &self,
        slot: CK_SLOT_ID,
        mechanism: CK_MECHANISM_TYPE,
    ) -> Result<CK_MECHANISM_INFO> {
        self.slot_info(slot)?;
        Ok(mechanism::find(mechanism)
            .ok_or(Error::MechanismInvalid(mechanism))?
            .info())
    }

    /// C_InitToken. `label` is the caller's 32 bytes, blank-padded. A token that is there already
    /// is emptied: new root key, no user PIN, the same serial and SO PIN.
    ///
    /// # Errors
    /// `CKR_PIN_LEN_RANGE`, `CKR_PIN_INCORRECT`, `CKR_PIN_LOCKED`, `CKR_SESSION_EXISTS`,
    /// `CKR_SLOT_ID_INVALID`, and those of [`Store::commit`](crate::store::Store::commit).
    pub fn init_token(
        &self,
        slot: CK_SLOT_ID,
        so_pin: &SecretBytes,
        label: &[u8; 32],
    ) -> Result<()> {
        let label = String::from_utf8_lossy(label)
            .trim_end_matches([' ', '\0'])
            .to_owned();
        let Some(token) = self.find_token(slot)? else {
            // C_InitToken has no code for a PIN of a wrong length.
            let attempts = self.config.pin.so_attempts;
            let made = self.create_token(slot, so_pin, label);
            return made.map_err(|e| match e.rv() {
                CKR_PIN_LEN_RANGE => Error::PinIncorrect { left: attempts },
                _ => e,
            });
        };
        if self.sessions.any(slot) {
            return Err(Error::SessionExists);
        }
        token.unlock(&Role::So, so_pin)?;
        let serial = token.peek().record.serial.clone();
        let root = RootKey::generate(&*self.env.entropy)?;
        let so = self.wrap(Role::So, so_pin, &root, &serial)?;
        token.commit(&[
            Change::Clear,
            Change::RemoveRole(Role::User),
            Change::SetRole(so),
            Change::SetToken(TokenRecord { label, serial }),
        ])
    }

    /// Makes a token in the free slot; unlike [`init_token`](Self::init_token) it never empties a
    /// token that another process has put there meanwhile.
    ///
    /// # Errors
    /// `CKR_PIN_LEN_RANGE`, `CKR_SLOT_ID_INVALID` when the slot is taken, and those of
    /// [`Store::commit`](crate::store::Store::commit).
    pub fn create_token(
        &self,
        slot: CK_SLOT_ID,
        so_pin: &SecretBytes,
        label: String,
    ) -> Result<()> {
        self.check_pin_length(so_pin)?;
        let mut serial = [0; 8];
        self.env.entropy.fill(&mut serial)?;
        let serial: String = serial.iter().map(|b| format!("{b:02x}")).collect();
        let root = RootKey::generate(&*self.env.entropy)?;
        let so = self.wrap(Role::So, so_pin, &root, &serial)?;
        {
            let _pass = self.gate.enter();
            self.shelf.create(
                slot,
                &[
                    Change::SetToken(TokenRecord { label, serial }),
                    Change::SetRole(so),
                ],
            )?;
        }
        self.refresh_slots()?;
        // The application knows of the token that it has just made.
        self.events.lock().0.retain(|changed| *changed != slot);
        Ok(())
    }

    /// A role's record for a new PIN.
    pub(super) fn wrap(
        &self,
        role: Role,
        pin: &SecretBytes,
        root: &RootKey,
        serial: &str,
    ) -> Result<RoleRecord> {
        let attempts = match role {
            Role::So => self.config.pin.so_attempts,
            Role::User => self.config.pin.user_attempts,
        };
        pin::wrap(
            role,
            pin,
            root,
            serial,
            self.config.argon2,
            attempts,
            &*self.env.entropy,
        )
    }

    /// `CKR_PIN_LEN_RANGE` for a new PIN that is too short or too long.
    pub(super) fn check_pin_length(&self, pin: &SecretBytes) -> Result<()> {
        let range = &self.config.pin.length;
        if range.contains(&pin.len()) {
            return Ok(());
        }
        Err(Error::PinLenRange {
            min: *range.start(),
            max: *range.end(),
        })
    }
}

/// The `CKF_USER_PIN_…` and `CKF_SO_PIN_…` flags.
fn pin_flags(state: &State) -> CK_FLAGS {
    const USER: [CK_FLAGS; 3] = [
        CKF_USER_PIN_COUNT_LOW,
        CKF_USER_PIN_FINAL_TRY,
        CKF_USER_PIN_LOCKED,
    ];
    const SO: [CK_FLAGS; 3] = [
        CKF_SO_PIN_COUNT_LOW,
        CKF_SO_PIN_FINAL_TRY,
        CKF_SO_PIN_LOCKED,
    ];
    let counter = |role: &Role, [low, final_try, locked]: [CK_FLAGS; 3]| {
        state
            .role(role)
            .map_or(0, |r| match r.max_failures.saturating_sub(r.failures) {
                0 => locked | low,
                1 => final_try | if r.failures > 0 { low } else { 0 },
                _ if r.failures > 0 => low,
                _ => 0,
            })
    };
    let initialized = if state.role(&Role::User).is_some() {
        CKF_USER_PIN_INITIALIZED
    } else {
        0
    };
    initialized | counter(&Role::User, USER) | counter(&Role::So, SO)
}

/// `YYYYMMDDhhmmss00` in UTC (PKCS#11 v3.1 section 3.2).
fn utc_time(now: SystemTime) -> [u8; 16] {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, in_day) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil-from-days algorithm, for days since 1970-01-01.
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let text = format!(
        "{year:04}{month:02}{day:02}{:02}{:02}{:02}00",
        in_day / 3600,
        in_day / 60 % 60,
        in_day % 60
    );
    text.into_bytes().try_into().unwrap_or([b'0'; 16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_time_is_as_the_standard_wants_it() {
        for (seconds, text) in [
            (0, b"1970010100000000"),
            (951_782_400, b"2000022900000000"),
            (1_700_000_000, b"2023111422132000"),
            (4_102_444_799, b"2099123123595900"),
        ] {
            assert_eq!(&utc_time(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
