//! The schema of a token's database and the way from each version to the next.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Error, Result};

/// Statements that lead from version i to version i + 1. Never change one that was released.
const STEPS: &[&str] = &["
    CREATE TABLE token (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        label TEXT NOT NULL,
        serial TEXT NOT NULL,
        revision INTEGER NOT NULL,
        cleared INTEGER NOT NULL
    ) STRICT;
    INSERT INTO token VALUES (1, '', '', 0, 0);
    CREATE TABLE role (
        role TEXT PRIMARY KEY,
        salt BLOB NOT NULL,
        memory_kib INTEGER NOT NULL,
        iterations INTEGER NOT NULL,
        lanes INTEGER NOT NULL,
        nonce BLOB NOT NULL,
        wrapped BLOB NOT NULL,
        failures INTEGER NOT NULL,
        max_failures INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE object (
        uid BLOB PRIMARY KEY,
        format INTEGER NOT NULL,
        private INTEGER NOT NULL,
        clear BLOB NOT NULL,
        nonce BLOB NOT NULL,
        sealed BLOB NOT NULL,
        revision INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX object_revision ON object (revision);
    CREATE TABLE tombstone (
        uid BLOB PRIMARY KEY,
        revision INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX tombstone_revision ON tombstone (revision);
"];

/// Makes the schema of a new database.
///
/// # Errors
/// Those of SQLite as `failed` makes them.
pub(super) fn create(
    connection: &mut Connection,
    failed: impl Fn(&rusqlite::Error) -> Error,
) -> Result<()> {
    steps_from(0, connection, failed)
}

/// Brings a database up to this program's version.
///
/// # Errors
/// `CKR_TOKEN_NOT_RECOGNIZED` for a newer version and for a database that is no token; those of
/// SQLite as `failed` makes them.
pub(super) fn run(
    connection: &mut Connection,
    failed: impl Fn(&rusqlite::Error) -> Error,
) -> Result<()> {
    let version: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|e| failed(&e))?;
    match version {
        0 => Err(Error::TokenNotRecognized(
            "the file is no token; restore it from a backup".into(),
        )),
        _ if version == newest() => Ok(()),
        _ => steps_from(version, connection, failed),
    }
}

fn newest() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

fn steps_from(
    version: u32,
    connection: &mut Connection,
    failed: impl Fn(&rusqlite::Error) -> Error,
) -> Result<()> {
    let Some(steps) = STEPS.get(version as usize..) else {
        return Err(Error::TokenNotRecognized(format!(
            "the store has version {version}, this program knows up to {}; use a newer chainhsm",
            newest()
        )));
    };
    let migrate = |connection: &mut Connection| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let now: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if now == version {
            steps
                .iter()
                .try_for_each(|step| transaction.execute_batch(step))?;
            transaction.pragma_update(None, "user_version", newest())?;
        }
        transaction.commit()
    };
    migrate(connection).map_err(|e| failed(&e))
}
