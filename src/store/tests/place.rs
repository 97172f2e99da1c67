//! A directory to keep tokens in for the length of a test.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    env::{Env, OsClock, OsEntropy, SharedCounter},
    error::{About, Result},
    store::SqliteShelf,
};

/// A counter in a file, by plain reads and writes: slow, and correct because commits take turns.
#[derive(Debug)]
pub(super) struct FileCounter(File);

impl FileCounter {
    pub(super) fn open(path: &Path) -> Result<Arc<dyn SharedCounter>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .about(path)?;
        Ok(Arc::new(Self(file)))
    }

    fn number(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        match self.0.read_exact_at(&mut bytes, at) {
            Ok(()) => u64::from_ne_bytes(bytes),
            Err(_) => 0,
        }
    }

    fn set(&self, at: u64, number: u64) {
        self.0.write_all_at(&number.to_ne_bytes(), at).unwrap();
    }
}

impl SharedCounter for FileCounter {
    fn load(&self) -> (u64, u64) {
        (self.number(0), self.number(8))
    }

    fn begin(&self) -> u64 {
        let commit = self.number(0) + 1;
        self.set(0, commit);
        commit
    }

    fn end(&self, commit: u64) {
        self.set(8, commit);
    }
}

/// An environment with such a counter.
pub(super) fn env() -> Env {
    Env {
        entropy: Arc::new(OsEntropy),
        clock: Arc::new(OsClock),
        open_counter: FileCounter::open,
    }
}

/// A directory that is gone after the test.
pub(super) struct Place(tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
        Self(directory)
    }

    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn shelf(&self) -> SqliteShelf {
        SqliteShelf::open(self.root(), &env()).unwrap()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.root().join("tokens").join(name)
    }
}
