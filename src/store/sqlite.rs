//! Tokens as SQLite files.

use std::{path::Path, sync::Arc};

use super::{Change, Shelf, Store};
use crate::{env::Env, error::Result};

/// A directory of tokens, each a directory with one database.
#[derive(Debug)]
pub struct SqliteShelf {}

impl SqliteShelf {
    /// Opens the directory, creating it with mode 0700.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` for a directory that others may enter or that cannot be made.
    pub fn open(_root: &Path, _env: &Env) -> Result<Self> {
        todo!()
    }
}

impl Shelf for SqliteShelf {
    fn list(&self) -> Result<(Vec<u64>, u64)> {
        todo!()
    }

    fn open(&self, _slot: u64) -> Result<Arc<dyn Store>> {
        todo!()
    }

    fn create(&self, _slot: u64, _changes: &[Change]) -> Result<Arc<dyn Store>> {
        todo!()
    }

    fn remove(&self, _slot: u64) -> Result<()> {
        todo!()
    }
}
