//! One token as a SQLite file, opened by any number of processes at once.

use std::{
    cell::Cell,
    fs,
    hash::{BuildHasher, RandomState},
    io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, config::DbConfig};

use super::{
    Change, Delta, Revision, Role, RoleRecord, Store, migrations,
    record::Tables,
    watch::{Sight, Watch},
};
use crate::{
    env::CounterOpener,
    error::{About, Error, NOT_WRITABLE, Result},
};

/// The database of a token, in its directory.
pub(super) const DATABASE: &str = "token.db";
/// The counter that tells of commits, beside it.
pub(super) const COUNTER: &str = "counter";
/// Marks the directory of a token that has been removed.
pub(super) const DELETED: &str = "deleted";

/// How long a process waits while others hold the token.
const PATIENCE: Duration = Duration::from_secs(10);

/// A token in a directory of its own.
#[derive(Debug)]
pub(super) struct SqliteStore {
    directory: PathBuf,
    file: PathBuf,
    watch: Watch,
    /// Locked for the whole of every method, so that holding it holds back all use of SQLite.
    database: Mutex<Database>,
}

#[derive(Debug, Default)]
struct Database {
    /// Closed at first, and from a fork to the next call.
    connection: Option<Connection>,
    /// The file can only be read, and without locks: see [`connect_frozen`].
    frozen: bool,
    /// How many times it has been opened.
    openings: u64,
}

impl SqliteStore {
    /// Opens the token in a directory.
    pub(super) fn open(directory: PathBuf, open_counter: CounterOpener) -> Result<Self> {
        let counter = match open_counter(&directory.join(COUNTER)) {
            Ok(counter) => Some(counter),
            Err(Error::TokenWriteProtected(_)) => None,
            Err(e) => return Err(e),
        };
        let store = Self {
            file: directory.join(DATABASE),
            directory,
            watch: Watch::new(counter),
            database: Mutex::default(),
        };
        store.with(|_| Ok(()))?;
        Ok(store)
    }

    /// Removes all content from the file, for every process that has it open.
    pub(super) fn erase(&self) -> Result<()> {
        self.write(|tables| tables.erase())?;
        self.with(|connection| {
            truncate_log(connection);
            Ok(())
        })
    }

    /// One read transaction.
    fn read<R>(&self, work: impl FnOnce(Tables<'_>) -> Result<R>) -> Result<R> {
        self.with(|connection| {
            let transaction = connection.transaction().about(&self.file)?;
            work(self.tables(&transaction))
        })
    }

    /// One write transaction: done whole and durable, or not at all.
    fn write<R>(&self, work: impl FnOnce(Tables<'_>) -> Result<R>) -> Result<R> {
        self.with(|connection| {
            // Declared first to be dropped last: a rollback is part of the commit.
            let _committing;
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .about(&self.file)?;
            _committing = self.watch.commit();
            let result = work(self.tables(&transaction))?;
            transaction.commit().about(&self.file)?;
            Ok(result)
        })
    }

    fn tables<'a>(&'a self, transaction: &'a Transaction<'_>) -> Tables<'a> {
        Tables {
            connection: transaction,
            file: &self.file,
        }
    }

    fn with<R>(&self, work: impl FnOnce(&mut Connection) -> Result<R>) -> Result<R> {
        self.with_database(&mut self.database.lock(), work)
    }

    fn with_database<R>(
        &self,
        database: &mut Database,
        work: impl FnOnce(&mut Connection) -> Result<R>,
    ) -> Result<R> {
        let connection = match &mut database.connection {
            Some(connection) => connection,
            closed @ None => {
                let (connection, frozen) = self.connect()?;
                database.frozen = frozen;
                database.openings += 1;
                closed.insert(connection)
            }
        };
        let result = work(connection);
        if database.frozen {
            // It would never see what others write.
            database.connection = None;
        }
        result
    }

    /// The connection, and whether it is frozen.
    fn connect(&self) -> Result<(Connection, bool)> {
        if exists(&self.directory.join(DELETED))? {
            return Err(Error::TokenNotPresent);
        }
        if !exists(&self.file)? {
            let text = format!("{}: missing", self.file.display());
            return Err(Error::TokenNotRecognized(text));
        }
        connect(&self.file, false).map_or_else(
            |error| {
                connect_frozen(&self.directory, &self.file)
                    .map(|connection| (connection, true))
                    .ok_or(error)
            },
            |connection| Ok((connection, false)),
        )
    }

    /// What can be seen of commits without the counter.
    fn sight(&self, database: &mut Database) -> Result<Sight> {
        if database.frozen {
            return Ok(Sight {
                opening: 0,
                version: state_of_files(&self.file)?,
            });
        }
        let version = self.with_database(database, |connection| {
            connection
                .prepare_cached("PRAGMA data_version")
                .and_then(|mut query| query.query_row([], |row| row.get::<_, i64>(0)))
                .about(&self.file)
        })?;
        Ok(Sight {
            opening: database.openings,
            version: version.cast_unsigned(),
        })
    }
}

impl Store for SqliteStore {
    fn load(&self, since: Revision) -> Result<Delta> {
        self.read(|tables| tables.load(since))
    }

    fn commit(&self, changes: &[Change]) -> Result<Revision> {
        let revision = self.write(|tables| tables.apply(changes))?;
        let replaces_keys = |change: &Change| {
            matches!(
                change,
                Change::Clear | Change::SetRole(_) | Change::RemoveRole(_)
            )
        };
        if changes.iter().any(replaces_keys) {
            // The old wrapped key must not linger in the log. The change itself is durable already.
            self.with(|connection| {
                truncate_log(connection);
                Ok(())
            })?;
        }
        Ok(revision)
    }

    fn count_attempt(&self, role: &Role) -> Result<RoleRecord> {
        self.write(|tables| tables.count_attempt(role))
    }

    fn settled(&self) -> Option<u64> {
        self.watch.settled()
    }

    fn generation(&self) -> u64 {
        self.watch.settled().unwrap_or_else(|| {
            let mut database = self.database.lock();
            // The commit was perhaps our own, and the lock was held for it.
            self.watch
                .settled()
                .unwrap_or_else(|| self.watch.unsettled(self.sight(&mut database).ok()))
        })
    }

    fn suspend(&self) {
        self.database.lock().connection = None;
    }
}

/// Makes the database of a new token in an empty directory, with its first changes, and closes it.
pub(super) fn build(file: &Path, changes: &[Change]) -> Result<()> {
    let mut connection = Connection::open_with_flags(file, FLAGS).about(file)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .about(file)?;
    if mode != "wal" {
        let text = format!("{}: the file system cannot share a log", file.display());
        return Err(Error::DeviceError(text));
    }
    set_up(&connection).about(file)?;
    migrations::create(&mut connection, file)?;
    let transaction = connection.transaction().about(file)?;
    Tables {
        connection: &transaction,
        file,
    }
    .apply(changes)?;
    transaction.commit().about(file)?;
    connection.close().map_err(|(_, e)| e).about(file)
}

fn connect(file: &Path, frozen: bool) -> Result<Connection> {
    let mut connection = if frozen {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(immutable(file), flags)
    } else {
        Connection::open_with_flags(file, FLAGS)
    }
    .about(file)?;
    set_up(&connection).about(file)?;
    migrations::check(&mut connection, file)?;
    Ok(connection)
}

/// A store on a read-only medium: SQLite cannot make its lock file there, so the database is read
/// without locks. `None` unless the directory is truly read-only and the log is empty, for then
/// nobody writes and nothing is missed.
fn connect_frozen(directory: &Path, file: &Path) -> Option<Connection> {
    let log_is_empty = fs::metadata(beside(file, "-wal")).map_or_else(
        |e| e.kind() == io::ErrorKind::NotFound,
        |log| log.len() == 0,
    );
    if !log_is_empty || !is_read_only(directory) {
        return None;
    }
    connect(file, true).ok()
}

fn is_read_only(directory: &Path) -> bool {
    let probe = directory.join(format!(".probe-{}", std::process::id()));
    match fs::File::create_new(&probe) {
        Ok(_) => {
            if let Err(e) = fs::remove_file(&probe) {
                log::warn!("{}: {e}", probe.display());
            }
            false
        }
        Err(e) => NOT_WRITABLE.contains(&e.kind()),
    }
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(wait_for_turn))?;
    // A schema that somebody tampered with runs nothing of its own.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;",
    )
}

/// Moves the log's content to the database and empties the log, if nobody is reading just now;
/// otherwise a later checkpoint does it.
fn truncate_log(connection: &Connection) {
    let outcome = connection.busy_handler(None).and_then(|()| {
        let outcome = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        connection.busy_handler(Some(wait_for_turn))?;
        outcome
    });
    if let Err(e) = outcome {
        log::debug!("the log could not be emptied: {e}");
    }
}

/// SQLite's busy handler: waits a little, at random so that processes do not march in step, and gives
/// up in the end.
fn wait_for_turn(attempts: i32) -> bool {
    thread_local! {
        static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    let now = Instant::now();
    let since = SINCE.get().filter(|_| attempts > 0).unwrap_or(now);
    SINCE.set(Some(since));
    if now.duration_since(since) >= PATIENCE {
        return false;
    }
    let longest = 1000_u64 << attempts.clamp(0, 4);
    let wait = Duration::from_micros(200 + RandomState::new().hash_one(attempts) % longest);
    // Nobody notifies; parking_lot's wait is a sleep that does not wake early.
    let nothing = Mutex::new(());
    Condvar::new().wait_for(&mut nothing.lock(), wait);
    true
}

/// Changes when anybody writes.
fn state_of_files(file: &Path) -> Result<u64> {
    let state = |path: PathBuf| match fs::metadata(&path) {
        Ok(m) => Ok(Some((m.ino(), m.len(), m.mtime(), m.mtime_nsec()))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).about(&path),
    };
    let states = (state(file.to_owned())?, state(beside(file, "-wal"))?);
    // The same hasher each time, so that equal states have equal numbers.
    Ok(std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default().hash_one(states))
}

fn exists(path: &Path) -> Result<bool> {
    path.try_exists().about(path)
}

/// The file of the same name with something appended.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// SQLite's URI for a file that nobody writes.
fn immutable(file: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in file.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri + "?immutable=1"
}

const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX)
    .union(OpenFlags::SQLITE_OPEN_EXRESCODE);
