//! A fresh token with both PINs set: what most tests start from.

use std::{ops::Deref, sync::Arc};

use super::{curve::Curve, *};

pub const SO_PIN: &[u8] = b"officer-0000";
pub const USER_PIN: &[u8] = b"user-0000";

/// A module with one initialised token; derefs to the module.
pub struct Token {
    module: Module,
    pub slot: CK_SLOT_ID,
}

impl Token {
    pub fn new() -> Self {
        Self::at(&Arc::new(Place::new()))
    }

    /// With further lines of configuration.
    pub fn with(more: &str) -> Self {
        Self::at(&Arc::new(Place::with(more)))
    }

    /// A new token in a place that may have others.
    pub fn at(place: &Arc<Place>) -> Self {
        let module = Module::new(place);
        let slot = make(&module, "test");
        Self { module, slot }
    }

    pub fn ro(&self) -> CK_SESSION_HANDLE {
        self.open_ro(self.slot).unwrap()
    }

    pub fn rw(&self) -> CK_SESSION_HANDLE {
        self.open_rw(self.slot).unwrap()
    }

    /// A R/W session with the user logged in.
    pub fn user(&self) -> CK_SESSION_HANDLE {
        let session = self.rw();
        self.login(session, CKU_USER, USER_PIN).unwrap();
        session
    }

    /// A R/W session with the SO logged in.
    pub fn so(&self) -> CK_SESSION_HANDLE {
        let session = self.rw();
        self.login(session, CKU_SO, SO_PIN).unwrap();
        session
    }

    /// A session key pair: (public, private).
    pub fn keys(
        &self,
        session: CK_SESSION_HANDLE,
        curve: &Curve,
    ) -> (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
        self.pair(session, curve.generate, &curve.public(), &curve.private())
            .unwrap()
    }
}

impl Deref for Token {
    type Target = Module;

    fn deref(&self) -> &Module {
        &self.module
    }
}

/// Initialises the free slot's token and sets the user's PIN.
pub fn make(module: &Module, label: &str) -> CK_SLOT_ID {
    let free = module.free_slot();
    module.init_token(free, SO_PIN, label).unwrap();
    let slot = module.slot_of(label).unwrap();
    let session = module.open_rw(slot).unwrap();
    module.login(session, CKU_SO, SO_PIN).unwrap();
    module.init_pin(session, USER_PIN).unwrap();
    module.logout(session).unwrap();
    module.close(session).unwrap();
    slot
}
