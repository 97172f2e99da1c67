//! The database schema and its versions. A file is brought forward when it is opened, never back.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{About, Error, Result};

/// Marks a SQLite file as ours (`PRAGMA application_id`): "CHSM".
pub(super) const APPLICATION_ID: i32 = 0x4348_534d;

/// Step `n` leads from schema version `n` to `n + 1`. Released steps never change.
pub(super) const MIGRATIONS: &[&str] = &[
    // 1: the token, who may unlock it, its objects, and which objects are gone.
    "CREATE TABLE token (
         id INTEGER PRIMARY KEY CHECK (id = 1),
         label TEXT NOT NULL,
         serial TEXT NOT NULL,
         revision INTEGER NOT NULL,
         horizon INTEGER NOT NULL
     ) STRICT;
     INSERT INTO token VALUES (1, '', '', 0, 0);
     CREATE TABLE role (
         name TEXT PRIMARY KEY NOT NULL,
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
         uid BLOB PRIMARY KEY NOT NULL,
         format INTEGER NOT NULL,
         private INTEGER NOT NULL,
         clear BLOB NOT NULL,
         nonce BLOB NOT NULL,
         sealed BLOB NOT NULL,
         revision INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX object_revision ON object (revision);
     CREATE TABLE tombstone (
         uid BLOB PRIMARY KEY NOT NULL,
         revision INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX tombstone_revision ON tombstone (revision);",
];

/// Makes an empty file ours, with the newest schema.
///
/// # Errors
/// As [`Store::commit`](super::Store::commit).
pub(super) fn create(connection: &mut Connection, path: &Path) -> Result<()> {
    connection
        .pragma_update(None, "application_id", APPLICATION_ID)
        .about(path)?;
    migrate(connection, path, MIGRATIONS)
}

/// Checks that a file is ours and brings it to the newest schema.
///
/// # Errors
/// `CKR_TOKEN_NOT_RECOGNIZED` for a file that is not ours or too new; else as
/// [`Store::commit`](super::Store::commit).
pub(super) fn check(connection: &mut Connection, path: &Path) -> Result<()> {
    let id: i32 = pragma(connection, "application_id", path)?;
    let version: i64 = pragma(connection, "user_version", path)?;
    if id != APPLICATION_ID || version <= 0 {
        let text = format!("{}: not a token", path.display());
        return Err(Error::TokenNotRecognized(text));
    }
    migrate(connection, path, MIGRATIONS)
}

fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<()> {
    let newest = steps.len();
    let missing_since = |version: i64| {
        let known = usize::try_from(version).ok();
        known.and_then(|version| steps.get(version..)).ok_or_else(|| {
            Error::TokenNotRecognized(format!(
                "{}: written by a newer version (schema {version}, this version knows {newest})",
                path.display()
            ))
        })
    };
    if missing_since(pragma(connection, "user_version", path)?)?.is_empty() {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .about(path)?;
    // Asked again: another process may just have done it.
    for step in missing_since(pragma(&transaction, "user_version", path)?)? {
        transaction.execute_batch(step).about(path)?;
    }
    transaction
        .execute_batch(&format!("PRAGMA user_version = {newest}"))
        .about(path)?;
    transaction.commit().about(path)
}

fn pragma<T: rusqlite::types::FromSql>(
    connection: &Connection,
    name: &str,
    path: &Path,
) -> Result<T> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .about(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> &'static Path {
        Path::new("token.db")
    }

    #[test]
    fn a_new_file_has_the_newest_schema() {
        let mut connection = Connection::open_in_memory().unwrap();
        create(&mut connection, file()).unwrap();
        let version: i64 = pragma(&connection, "user_version", file()).unwrap();
        assert_eq!(usize::try_from(version), Ok(MIGRATIONS.len()));
        check(&mut connection, file()).unwrap();
    }

    #[test]
    fn an_old_file_is_brought_forward_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        create(&mut connection, file()).unwrap();
        let steps = [MIGRATIONS, &["CREATE TABLE later (x INTEGER) STRICT"]].concat();
        migrate(&mut connection, file(), &steps).unwrap();
        migrate(&mut connection, file(), &steps).unwrap();
        connection
            .execute("INSERT INTO later VALUES (1)", [])
            .unwrap();
    }

    #[test]
    fn a_failed_step_leaves_the_old_version() {
        let mut connection = Connection::open_in_memory().unwrap();
        create(&mut connection, file()).unwrap();
        let steps = [MIGRATIONS, &["CREATE TABLE later (x INTEGER)", "nonsense"]].concat();
        migrate(&mut connection, file(), &steps).unwrap_err();
        let version: i64 = pragma(&connection, "user_version", file()).unwrap();
        assert_eq!(usize::try_from(version), Ok(MIGRATIONS.len()));
        connection
            .execute("INSERT INTO later VALUES (1)", [])
            .unwrap_err();
    }

    #[test]
    fn a_newer_file_and_a_foreign_file_are_not_recognised() {
        let mut connection = Connection::open_in_memory().unwrap();
        let refused = |connection: &mut Connection| {
            let error = check(connection, file()).unwrap_err();
            assert!(matches!(error, Error::TokenNotRecognized(_)), "{error}");
        };
        refused(&mut connection);
        create(&mut connection, file()).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        refused(&mut connection);
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection.pragma_update(None, "application_id", 1).unwrap();
        refused(&mut connection);
    }
}
