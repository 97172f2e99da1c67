//! The library as a value: everything between C_Initialize and C_Finalize.

use std::sync::Arc;

use crate::{config::Config, env::Env, error::Result, store::Shelf};

/// An initialised library. Dropping it closes all sessions and wipes all keys.
#[derive(Debug)]
pub struct Library {
    pub(super) config: Config,
    pub(super) env: Env,
    pub(super) shelf: Arc<dyn Shelf>,
}

impl Library {
    /// Opens the store that `config` names.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` for a store that cannot be used at all.
    pub fn open(_config: Config, _env: Env) -> Result<Self> {
        todo!()
    }

    /// Called in the forking thread just before `fork`: closes every descriptor and holds back all
    /// store access until the guard drops.
    pub fn before_fork(&self) {
        todo!()
    }

    /// Called in the parent just after `fork`.
    pub fn after_fork(&self) {
        todo!()
    }
}
