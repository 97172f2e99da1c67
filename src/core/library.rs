//! The library as a value: everything between C_Initialize and C_Finalize.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::{Condvar, Mutex, RwLock};

use super::{
    gate::Gate,
    handle::Handles,
    session::Sessions,
    slots::{Events, Slot},
    token::Token,
};
use crate::{
    config::Config,
    env::Env,
    error::{Error, Result},
    pkcs11::*,
    store::{Shelf, SqliteShelf},
};

/// An initialised library. Dropping it closes all sessions and wipes all keys.
#[derive(Debug)]
pub struct Library {
    pub(super) config: Config,
    pub(super) env: Env,
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) slots: RwLock<Slots>,
    pub(super) sessions: Sessions,
    pub(super) handles: Arc<Handles>,
    pub(super) gate: Arc<Gate>,
    pub(super) events: Mutex<Events>,
    pub(super) event: Condvar,
    pub(super) closing: AtomicBool,
}

/// The slots that are known: those with a token, and the free one.
#[derive(Debug)]
pub(super) struct Slots {
    pub(super) taken: BTreeMap<CK_SLOT_ID, Slot>,
    pub(super) free: CK_SLOT_ID,
}

impl Library {
    /// Opens the store that `config` names.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` for a store that cannot be used at all.
    pub fn open(config: Config, env: Env) -> Result<Self> {
        let shelf = Arc::new(SqliteShelf::open(&config.store, &env)?);
        Self::with_shelf(config, env, shelf)
    }

    /// Opens the tokens on a given shelf.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_shelf(config: Config, env: Env, shelf: Arc<dyn Shelf>) -> Result<Self> {
        let library = Self {
            config,
            env,
            shelf,
            slots: RwLock::new(Slots {
                taken: BTreeMap::new(),
                free: 0,
            }),
            sessions: Sessions::default(),
            handles: Arc::default(),
            gate: Arc::default(),
            events: Mutex::default(),
            event: Condvar::new(),
            closing: AtomicBool::new(false),
        };
        library.refresh_slots()?;
        library.events.lock().forget();
        Ok(library)
    }

    /// Called in the forking thread just before `fork`: closes every descriptor, and holds back all
    /// store access until [`after_fork`](Self::after_fork).
    pub fn before_fork(&self) {
        self.gate.close();
        for slot in self.slots.read().taken.values() {
            if let Slot::Token(token) = slot {
                token.suspend();
            }
        }
    }

    /// Called in the parent just after `fork`.
    pub fn after_fork(&self) {
        self.gate.open();
    }

    /// Ends every wait: C_Finalize begins.
    pub fn shut_down(&self) {
        self.closing.store(true, Ordering::Release);
        let _events = self.events.lock();
        self.event.notify_all();
    }

    /// The token in a slot; `CKR_TOKEN_NOT_RECOGNIZED` for the free slot.
    pub(super) fn token(&self, slot: CK_SLOT_ID) -> Result<Arc<Token>> {
        self.find_token(slot)?
            .ok_or_else(|| Error::TokenNotRecognized("the slot's token is not initialised".into()))
    }

    /// The token in a slot, `None` for the free slot. Looks for tokens of other processes before it
    /// says that a slot does not exist or is free.
    pub(super) fn find_token(&self, slot: CK_SLOT_ID) -> Result<Option<Arc<Token>>> {
        if let Some(Slot::Token(token)) = self.slots.read().taken.get(&slot) {
            return Ok(Some(token.clone()));
        }
        self.refresh_slots()?;
        let slots = self.slots.read();
        match slots.taken.get(&slot) {
            Some(Slot::Token(token)) => Ok(Some(token.clone())),
            Some(Slot::Broken(e)) => Err(e.clone()),
            None if slot == slots.free => Ok(None),
            None => Err(Error::SlotIdInvalid(slot)),
        }
    }
}
