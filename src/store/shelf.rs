//! The directory of tokens: `tokens/<slot>/token.db`. A token appears by one rename, whole; the
//! directory of a removed one stays, empty, so that its slot number is never used again.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    Change, Shelf, Store,
    fault::no_such_slot,
    sqlite::{COUNTER, DATABASE, DELETED, SqliteStore, beside, build},
};
use crate::{
    env::Env,
    error::{About, Error, Result},
};

/// Name of a token's directory while it is being built, followed by random digits.
const DRAFT: &str = ".new-";
/// Age at which a draft belongs to nobody any more.
const STALE: Duration = Duration::from_secs(60 * 60);

/// A directory of tokens, each a directory with one database.
#[derive(Debug)]
pub struct SqliteShelf {
    tokens: PathBuf,
    env: Env,
}

impl SqliteShelf {
    /// Opens the directory, creating it with mode 0700.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` for a directory that others may enter or that cannot be made or read.
    pub fn open(root: &Path, env: &Env) -> Result<Self> {
        let unusable = |e: io::Error| Error::General(format!("store {}: {e}", root.display()));
        let root = std::path::absolute(root).map_err(unusable)?;
        if !root.try_exists().map_err(unusable)? {
            make_directory(&root).map_err(unusable)?;
        }
        let metadata = fs::metadata(&root).map_err(unusable)?;
        if !metadata.is_dir() {
            return Err(unusable(io::ErrorKind::NotADirectory.into()));
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(Error::General(format!(
                "store {}: others may enter it (mode {mode:04o}); run chmod 700 on it",
                root.display()
            )));
        }
        let tokens = root.join("tokens");
        if !tokens.try_exists().map_err(unusable)? {
            match make_directory(&tokens) {
                // A read-only store without tokens.
                Err(e) if e.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
                made => made.map_err(unusable)?,
            }
        }
        let shelf = Self {
            tokens,
            env: env.clone(),
        };
        // Also finds out whether the directory is ours to read.
        for entry in shelf.entries().map_err(|e| Error::General(e.to_string()))? {
            shelf.tidy(&entry);
        }
        Ok(shelf)
    }

    fn directory(&self, slot: u64) -> PathBuf {
        self.tokens.join(slot.to_string())
    }

    /// The directory of a token that exists.
    fn occupied(&self, slot: u64) -> Result<PathBuf> {
        let directory = self.directory(slot);
        if directory.try_exists().about(&directory)? && !directory.join(DELETED).exists() {
            Ok(directory)
        } else {
            Err(no_such_slot(slot))
        }
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        let listing = match fs::read_dir(&self.tokens) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.map_err(|e| self.unreadable(&e))?,
        };
        let mut entries = Vec::new();
        for entry in listing {
            let entry = entry.map_err(|e| self.unreadable(&e))?;
            entries.extend(Entry::named(&entry.file_name().to_string_lossy()));
        }
        Ok(entries)
    }

    fn unreadable(&self, e: &io::Error) -> Error {
        Error::DeviceError(format!("{}: {e}", self.tokens.display()))
    }

    /// Clears away what a process left that died while making or removing a token. Failing to is no
    /// harm.
    fn tidy(&self, entry: &Entry) {
        let outcome = match entry {
            Entry::Slot(slot) => {
                let directory = self.directory(*slot);
                let half_removed =
                    directory.join(DELETED).exists() && directory.join(DATABASE).exists();
                if half_removed {
                    remove_files(&directory)
                } else {
                    Ok(())
                }
            }
            Entry::Draft(name) => self.remove_stale(&self.tokens.join(name)),
        };
        if let Err(e) = outcome {
            log::warn!("{}: cannot tidy up: {e}", self.tokens.display());
        }
    }

    fn remove_stale(&self, draft: &Path) -> Result<()> {
        let modified = fs::metadata(draft)
            .and_then(|metadata| metadata.modified())
            .about(draft)?;
        let age = self.env.clock.now().duration_since(modified);
        if age.is_ok_and(|age| age > STALE) {
            fs::remove_dir_all(draft).about(draft)?;
        }
        Ok(())
    }

    /// Makes the files of a token, durable, in a directory that nobody looks at.
    fn draft(&self, directory: &Path, changes: &[Change]) -> Result<()> {
        make_directory(directory).about(directory)?;
        let file = directory.join(DATABASE);
        // Before SQLite does, because SQLite gives its further files the mode of this one.
        make_file(&file).about(&file)?;
        build(&file, changes)?;
        let counter = directory.join(COUNTER);
        (self.env.open_counter)(&counter)?;
        sync(&file)?;
        sync(directory)
    }

    /// Gives a finished draft its slot number.
    fn publish(&self, draft: &Path, slot: u64) -> Result<()> {
        let directory = self.directory(slot);
        fs::rename(draft, &directory).or_else(|e| {
            let taken = [
                io::ErrorKind::DirectoryNotEmpty,
                io::ErrorKind::AlreadyExists,
            ];
            if taken.contains(&e.kind()) {
                // Another process was first.
                return Err(no_such_slot(slot));
            }
            Err(e).about(&directory)
        })?;
        sync(&self.tokens)
    }
}

impl Shelf for SqliteShelf {
    fn list(&self) -> Result<(Vec<u64>, u64)> {
        let mut used = Vec::new();
        for entry in self.entries()? {
            if let Entry::Slot(slot) = entry {
                used.push(slot);
            }
        }
        used.sort_unstable();
        let free = used.last().map_or(0, |last| last.saturating_add(1));
        used.retain(|slot| !self.directory(*slot).join(DELETED).exists());
        Ok((used, free))
    }

    fn open(&self, slot: u64) -> Result<Arc<dyn Store>> {
        let directory = self.occupied(slot)?;
        let store = SqliteStore::open(directory, self.env.open_counter)?;
        Ok(Arc::new(store))
    }

    fn create(&self, slot: u64, changes: &[Change]) -> Result<Arc<dyn Store>> {
        if slot != self.list()?.1 {
            return Err(no_such_slot(slot));
        }
        let mut random = [0; 8];
        self.env.entropy.fill(&mut random)?;
        let name = format!("{DRAFT}{:016x}", u64::from_ne_bytes(random));
        let draft = self.tokens.join(name);
        let made = self
            .draft(&draft, changes)
            .and_then(|()| self.publish(&draft, slot));
        if made.is_err() && draft.exists() {
            // Whatever stays is stale in an hour.
            if let Err(e) = fs::remove_dir_all(&draft) {
                log::warn!("{}: {e}", draft.display());
            }
        }
        made?;
        self.open(slot)
    }

    fn remove(&self, slot: u64) -> Result<()> {
        let directory = self.occupied(slot)?;
        // A damaged token can be removed as well.
        let store = SqliteStore::open(directory.clone(), self.env.open_counter);
        let mark = directory.join(DELETED);
        make_file(&mark).about(&mark)?;
        sync(&directory)?;
        // From here on the token is gone, and whoever dies leaves the rest to `tidy`.
        if let Err(e) = store.and_then(|store| store.erase()) {
            log::warn!("token {slot}: its content could not be erased before removal: {e}");
        }
        remove_files(&directory)
    }
}

/// What a name in the directory stands for.
enum Entry {
    Slot(u64),
    Draft(String),
}

impl Entry {
    fn named(name: &str) -> Option<Self> {
        if name.starts_with(DRAFT) {
            return Some(Self::Draft(name.to_owned()));
        }
        let slot: u64 = name.parse().ok()?;
        // Only the one way to write a number.
        (slot.to_string() == name).then_some(Self::Slot(slot))
    }
}

/// Removes the files of a token whose directory carries the mark.
fn remove_files(directory: &Path) -> Result<()> {
    let database = directory.join(DATABASE);
    for file in [
        beside(&database, "-wal"),
        beside(&database, "-shm"),
        directory.join(COUNTER),
        // Last: while it is there, `tidy` knows that something is left.
        database,
    ] {
        match fs::remove_file(&file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            removed => removed.about(&file)?,
        }
    }
    sync(directory)
}

/// Modes are set again after creation, because a umask may have taken away the owner's own rights.
fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

fn make_file(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.sync_all()
}

fn sync(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .about(path)
}
