//! One token as a SQLite file: WAL, synchronous=FULL, one transaction a commit.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior,
    params,
};

use super::{Change, Delta, Record, Revision, Role, RoleRecord, Store, TokenRecord, migrations};
use crate::{
    env::{Env, SharedCounter},
    error::{Error, Result},
    pkcs11::Uid,
};

/// How long a commit waits for another process's commit.
const BUSY: Duration = Duration::from_secs(10);

/// A token's database, opened when it is needed and closed before a fork.
#[derive(Debug)]
pub(super) struct SqliteStore {
    file: PathBuf,
    counter: Arc<dyn SharedCounter>,
    connection: Mutex<Option<Connection>>,
}

impl SqliteStore {
    /// Opens the database of a token's directory.
    pub(super) fn open(directory: &Path, env: &Env) -> Result<Self> {
        let counter = (env.open_counter)(&directory.join("counter"))?;
        let store = Self {
            file: directory.join("token.db"),
            counter,
            connection: Mutex::new(None),
        };
        drop(store.connection()?);
        Ok(store)
    }

    /// The open connection; held for the whole of every call.
    fn connection(&self) -> Result<MappedMutexGuard<'_, Connection>> {
        let mut guard = self.connection.lock();
        if guard.is_none() {
            let mut connection = connect(&self.file).map_err(|e| self.failed(&e))?;
            if !connection
                .is_readonly("main")
                .map_err(|e| self.failed(&e))?
            {
                migrations::run(&mut connection, |e| self.failed(e))?;
            }
            *guard = Some(connection);
        }
        MutexGuard::try_map(guard, Option::as_mut)
            .map_err(|_| Error::DeviceError("no connection".into()))
    }

    /// Runs `work` in one exclusive transaction and counts it for the other processes.
    fn write<R>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<R>) -> Result<R> {
        let mut connection = self.connection()?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| self.failed(&e))?;
        let turn = self.counter.begin();
        let outcome = work(&transaction).and_then(|r| {
            transaction
                .commit()
                .map(|()| r)
                .map_err(|e| self.failed(&e))
        });
        self.counter.end(turn);
        outcome
    }

    /// The standard's code for a failure of SQLite.
    fn failed(&self, e: &rusqlite::Error) -> Error {
        let text = format!("{}: {e}", self.file.display());
        match e.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::DeviceMemory(text),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Error::TokenWriteProtected(text)
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::DeviceError(
                format!("{text}; the file is damaged, restore it from a backup"),
            ),
            _ => Error::DeviceError(text),
        }
    }
}

/// Opens a database that exists, and brings its schema up to date.
fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let writable = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let connection = if writable.is_readonly("main")? {
        Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)?
    } else {
        writable
    };
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(connection)
}

impl Store for SqliteStore {
    fn load(&self, since: Revision) -> Result<Delta> {
        let mut connection = self.connection()?;
        // One read transaction: everything is of the same revision.
        let read = |connection: &mut Connection| -> rusqlite::Result<Delta> {
            let transaction = connection.transaction()?;
            let (token, revision, cleared) = transaction.query_row(
                "SELECT label, serial, revision, cleared FROM token",
                [],
                |row| {
                    let token = TokenRecord {
                        label: row.get(0)?,
                        serial: row.get(1)?,
                    };
                    Ok((token, revision(row, 2)?, revision(row, 3)?))
                },
            )?;
            let complete = since < cleared;
            let since = if complete { Revision::default() } else { since };
            let changed = collect(
                &transaction,
                "SELECT uid, format, private, clear, nonce, sealed, revision FROM object
                 WHERE revision > ?1 ORDER BY revision, rowid",
                since,
                record,
            )?;
            let removed = collect(
                &transaction,
                "SELECT uid FROM tombstone WHERE revision > ?1",
                since,
                |row| row.get(0).map(Uid),
            )?;
            let roles = collect(
                &transaction,
                "SELECT * FROM role WHERE ?1 >= 0",
                since,
                role,
            )?;
            Ok(Delta {
                revision,
                changed,
                removed,
                complete,
                token,
                roles,
            })
        };
        read(&mut connection).map_err(|e| self.failed(&e))
    }

    fn commit(&self, changes: &[Change]) -> Result<Revision> {
        self.write(|transaction| {
            let failed = |e: rusqlite::Error| self.failed(&e);
            let revision: i64 = transaction
                .query_row(
                    "UPDATE token SET revision = revision + 1 RETURNING revision",
                    [],
                    |row| row.get(0),
                )
                .map_err(failed)?;
            for change in changes {
                let touched = apply(transaction, change, revision).map_err(failed)?;
                if touched == 0 {
                    return Err(Error::ObjectHandleInvalid);
                }
            }
            Ok(Revision(revision.unsigned_abs()))
        })
    }

    fn count_attempt(&self, wanted: &Role) -> Result<RoleRecord> {
        self.write(|transaction| {
            let name = name(wanted);
            let counted = transaction
                .query_row(
                    "UPDATE role SET failures = failures + 1 WHERE role = ?1 AND failures < max_failures RETURNING *",
                    [name],
                    role,
                )
                .optional()
                .map_err(|e| self.failed(&e))?;
            if let Some(record) = counted {
                // The token's revision moves too: other processes show the flags.
                transaction.execute("UPDATE token SET revision = revision + 1", []).map_err(|e| self.failed(&e))?;
                return Ok(record);
            }
            let exists = transaction
                .query_row("SELECT 1 FROM role WHERE role = ?1", [name], |_| Ok(()))
                .optional()
                .map_err(|e| self.failed(&e))?;
            Err(if exists.is_some() { Error::PinLocked } else { Error::UserPinNotInitialized })
        })
    }

    fn generation(&self) -> Option<u64> {
        let (begun, ended) = self.counter.load();
        (begun == ended).then_some(begun)
    }

    fn suspend(&self) {
        *self.connection.lock() = None;
    }
}

/// Makes one change; the number of rows that it touched.
fn apply(transaction: &Transaction<'_>, change: &Change, revision: i64) -> rusqlite::Result<usize> {
    match change {
        Change::Insert(r) => {
            // A new object may not take the place of one that was destroyed.
            transaction.execute("DELETE FROM tombstone WHERE uid = ?1", [r.uid.0])?;
            transaction.execute(
                "INSERT INTO object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![r.uid.0, r.format, r.private, r.clear, r.nonce, r.sealed, revision],
            )
        }
        Change::Update(r, seen) => transaction.execute(
            "UPDATE object SET format = ?2, private = ?3, clear = ?4, nonce = ?5, sealed = ?6, revision = ?7
             WHERE uid = ?1 AND revision <= ?8",
            params![r.uid.0, r.format, r.private, r.clear, r.nonce, r.sealed, revision, signed(*seen)],
        ),
        Change::Delete(uid) => {
            let gone = transaction.execute("DELETE FROM object WHERE uid = ?1", [uid.0])?;
            if gone > 0 {
                transaction.execute("INSERT OR REPLACE INTO tombstone VALUES (?1, ?2)", params![uid.0, revision])?;
            }
            Ok(gone)
        }
        Change::SetRole(r) => transaction.execute(
            "INSERT OR REPLACE INTO role VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                name(&r.role),
                r.salt,
                r.memory_kib,
                r.iterations,
                r.lanes,
                r.nonce,
                r.wrapped,
                r.failures,
                r.max_failures
            ],
        ),
        Change::RemoveRole(role) => {
            transaction.execute("DELETE FROM role WHERE role = ?1", [name(role)]).map(|_| 1)
        }
        Change::SetToken(token) => {
            transaction.execute("UPDATE token SET label = ?1, serial = ?2", [&token.label, &token.serial])
        }
        Change::Clear => {
            transaction.execute("DELETE FROM object", [])?;
            transaction.execute("DELETE FROM tombstone", [])?;
            transaction.execute("UPDATE token SET cleared = ?1", [revision])
        }
        Change::ResetFailures(role) => {
            transaction.execute("UPDATE role SET failures = 0 WHERE role = ?1", [name(role)])
        }
    }
}

const fn name(role: &Role) -> &'static str {
    match role {
        Role::So => "so",
        Role::User => "user",
    }
}

fn collect<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    since: Revision,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    transaction
        .prepare_cached(sql)?
        .query_map([signed(since)], |row| read(row))?
        .collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        uid: Uid(row.get(0)?),
        format: row.get(1)?,
        private: row.get(2)?,
        clear: row.get(3)?,
        nonce: row.get(4)?,
        sealed: row.get(5)?,
        revision: revision(row, 6)?,
    })
}

fn role(row: &Row<'_>) -> rusqlite::Result<RoleRecord> {
    let name: String = row.get(0)?;
    let role = match name.as_str() {
        "so" => Role::So,
        "user" => Role::User,
        _ => {
            return Err(rusqlite::Error::InvalidColumnType(
                0,
                name,
                rusqlite::types::Type::Text,
            ));
        }
    };
    Ok(RoleRecord {
        role,
        salt: row.get(1)?,
        memory_kib: row.get(2)?,
        iterations: row.get(3)?,
        lanes: row.get(4)?,
        nonce: row.get(5)?,
        wrapped: row.get(6)?,
        failures: row.get(7)?,
        max_failures: row.get(8)?,
    })
}

fn revision(row: &Row<'_>, column: usize) -> rusqlite::Result<Revision> {
    row.get::<_, i64>(column)
        .map(|n| Revision(n.unsigned_abs()))
}

/// SQLite has signed numbers only.
fn signed(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}
