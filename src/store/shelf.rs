//! A directory of tokens, each a directory with one database:
//! `<store>/tokens/<slot>/token.db`.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::Connection;

use super::{Change, Shelf, Store, migrations, sqlite::SqliteStore};
use crate::{
    env::Env,
    error::{Error, Result},
};

/// Stands in the directory of a token that was deleted, so that its slot number stays used.
const DELETED: &str = "deleted";

/// A directory of tokens.
#[derive(Debug)]
pub struct SqliteShelf {
    tokens: PathBuf,
    env: Env,
}

impl SqliteShelf {
    /// Opens the directory, creating it with mode 0700.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` for a directory that others may enter or that cannot be made.
    pub fn open(root: &Path, env: &Env) -> Result<Self> {
        let tokens = root.join("tokens");
        make_directory(&tokens).map_err(|e| {
            Error::General(format!("the store {} cannot be made: {e}", root.display()))
        })?;
        for directory in [root, &tokens] {
            let unreadable = |e| {
                Error::General(format!(
                    "the store {} cannot be read: {e}",
                    directory.display()
                ))
            };
            let mode = fs::metadata(directory).map_err(unreadable)?.mode();
            if mode & 0o077 != 0 {
                return Err(Error::General(format!(
                    "the store {} is open to others (mode {:03o}); run: chmod 700 '{}'",
                    directory.display(),
                    mode & 0o777,
                    directory.display()
                )));
            }
        }
        Ok(Self {
            tokens,
            env: env.clone(),
        })
    }

    fn directory(&self, slot: u64) -> PathBuf {
        self.tokens.join(slot.to_string())
    }

    /// Numbers of all slots that were ever used, ascending.
    fn used(&self) -> io::Result<Vec<u64>> {
        let mut used = Vec::new();
        for entry in fs::read_dir(&self.tokens)? {
            if let Some(slot) = entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            {
                used.push(slot);
            }
        }
        used.sort_unstable();
        Ok(used)
    }
}

impl Shelf for SqliteShelf {
    fn list(&self) -> Result<(Vec<u64>, u64)> {
        let used = self.used().map_err(|e| storage(&self.tokens, &e))?;
        let free = used.last().map_or(0, |last| last + 1);
        let alive = |slot: &u64| !self.directory(*slot).join(DELETED).exists();
        Ok((used.into_iter().filter(alive).collect(), free))
    }

    fn open(&self, slot: u64) -> Result<Arc<dyn Store>> {
        let directory = self.directory(slot);
        let mode = fs::metadata(&directory)
            .map_err(|e| storage(&directory, &e))?
            .mode();
        if mode & 0o077 != 0 {
            return Err(Error::DeviceError(format!(
                "{} is open to others",
                directory.display()
            )));
        }
        Ok(Arc::new(SqliteStore::open(&directory, &self.env)?))
    }

    fn create(&self, slot: u64, changes: &[Change]) -> Result<Arc<dyn Store>> {
        let mut random = [0; 8];
        self.env.entropy.fill(&mut random)?;
        let name: String = random.iter().map(|b| format!("{b:02x}")).collect();
        let draft = self.tokens.join(format!(".new-{name}"));
        let made = self.draft(&draft, changes).and_then(|()| {
            // Renaming onto a directory that is not empty fails: nobody's token is replaced.
            fs::rename(&draft, self.directory(slot)).map_err(|e| match e.kind() {
                ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => {
                    Error::SlotIdInvalid(slot)
                }
                _ => storage(&draft, &e),
            })
        });
        if made.is_err() {
            // A draft that stays behind is never taken for a token.
            drop(fs::remove_dir_all(&draft));
        }
        made?;
        sync(&self.tokens)?;
        self.open(slot)
    }

    fn remove(&self, slot: u64) -> Result<()> {
        let directory = self.directory(slot);
        let failed = |e: io::Error| storage(&directory, &e);
        File::create(directory.join(DELETED)).map_err(failed)?;
        sync(&directory)?;
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name() != DELETED {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        sync(&directory)
    }
}

impl SqliteShelf {
    /// Makes a whole token in a directory that nobody looks at.
    fn draft(&self, draft: &Path, changes: &[Change]) -> Result<()> {
        make_directory(draft).map_err(|e| storage(draft, &e))?;
        let file = draft.join("token.db");
        let failed = |e: rusqlite::Error| Error::DeviceError(format!("{}: {e}", file.display()));
        let mut database = Connection::open(&file).map_err(failed)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
            .map_err(|e| storage(&file, &e))?;
        database
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
        migrations::create(&mut database, |e| {
            Error::DeviceError(format!("{}: {e}", file.display()))
        })?;
        drop(database);
        let store = SqliteStore::open(draft, &self.env)?;
        store.commit(changes)?;
        store.suspend();
        sync(draft)
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes what was created or renamed in a directory durable.
fn sync(directory: &Path) -> Result<()> {
    File::open(directory)
        .and_then(|d| d.sync_all())
        .map_err(|e| storage(directory, &e))
}

fn storage(path: &Path, e: &io::Error) -> Error {
    let text = format!("{}: {e}", path.display());
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::DeviceMemory(text),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Error::TokenWriteProtected(text)
        }
        _ => Error::DeviceError(text),
    }
}
