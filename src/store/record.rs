//! Rows: what a batch of changes does to the tables, and what the tables say.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Change, Delta, Record, Revision, Role, RoleRecord, TokenRecord};
use crate::{
    error::{About, Error, Result},
    pkcs11::Uid,
};

/// Removed objects that are remembered one by one; beyond it the older half is forgotten.
const MAX_TOMBSTONES: i64 = 4096;

/// One database within one transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    pub(super) connection: &'a Connection,
    /// For messages.
    pub(super) file: &'a Path,
}

impl Tables<'_> {
    /// Everything that changed after `since`.
    pub(super) fn load(self, since: Revision) -> Result<Delta> {
        let (token, revision, horizon) = self
            .connection
            .prepare_cached("SELECT label, serial, revision, horizon FROM token")
            .and_then(|mut query| {
                query
                    .query_row([], |row| {
                        let token = TokenRecord {
                            label: row.get(0)?,
                            serial: row.get(1)?,
                        };
                        Ok((token, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
                    })
                    .optional()
            })
            .about(self.file)?
            .ok_or(Error::TokenNotPresent)?;
        let revision = Revision(revision.cast_unsigned());
        // A revision from the future: the file has been replaced by an older copy.
        let complete = since.0 == 0 || since.0 < horizon.cast_unsigned() || since.0 > revision.0;
        let since = if complete { 0 } else { since.0.cast_signed() };
        Ok(Delta {
            revision,
            changed: self.objects(since)?,
            removed: if complete {
                Vec::new()
            } else {
                self.tombstones(since)?
            },
            complete,
            token,
            roles: self.roles()?,
        })
    }

    /// Counts an attempt to log in and returns the role with the attempt counted.
    pub(super) fn count_attempt(self, role: &Role) -> Result<RoleRecord> {
        let mut record = self
            .roles()?
            .into_iter()
            .find(|record| record.role == *role)
            .ok_or(Error::UserPinNotInitialized)?;
        if record.failures >= record.max_failures {
            return Err(Error::PinLocked);
        }
        self.next_revision()?;
        record.failures += 1;
        self.execute(
            "UPDATE role SET failures = ?2 WHERE name = ?1",
            params![role.name(), record.failures],
        )?;
        Ok(record)
    }

    /// Makes all changes. The caller rolls back when one fails.
    pub(super) fn apply(self, changes: &[Change]) -> Result<Revision> {
        let revision = self.next_revision()?;
        for change in changes {
            self.apply_one(change, revision)?;
        }
        if changes.iter().any(|c| matches!(c, Change::Delete(_))) {
            self.forget_old_tombstones()?;
        }
        Ok(Revision(revision.cast_unsigned()))
    }

    /// Removes everything, the token too: who still has the file open finds no token any more.
    pub(super) fn erase(self) -> Result<()> {
        self.connection
            .execute_batch(
                "DELETE FROM object; DELETE FROM tombstone; DELETE FROM role; DELETE FROM token;",
            )
            .about(self.file)
    }

    fn apply_one(self, change: &Change, revision: i64) -> Result<()> {
        match change {
            Change::Insert(record) => {
                let inserted = self.execute(
                    "INSERT INTO object (uid, format, private, clear, nonce, sealed, revision)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                    params![
                        record.uid.0,
                        record.format,
                        record.private,
                        record.clear,
                        record.nonce,
                        record.sealed,
                        revision
                    ],
                )?;
                if inserted == 0 {
                    return Err(Error::DeviceError(
                        "an object of this identity exists already".to_owned(),
                    ));
                }
                self.execute("DELETE FROM tombstone WHERE uid = ?1", [record.uid.0])?;
            }
            Change::Update(record, known) => {
                let updated = self.execute(
                    "UPDATE object SET format = ?2, private = ?3, clear = ?4, nonce = ?5,
                     sealed = ?6, revision = ?7 WHERE uid = ?1 AND revision <= ?8",
                    params![
                        record.uid.0,
                        record.format,
                        record.private,
                        record.clear,
                        record.nonce,
                        record.sealed,
                        revision,
                        known.0.cast_signed()
                    ],
                )?;
                one_object(updated)?;
            }
            Change::Delete(uid) => {
                one_object(self.execute("DELETE FROM object WHERE uid = ?1", [uid.0])?)?;
                self.execute(
                    "INSERT OR REPLACE INTO tombstone (uid, revision) VALUES (?1, ?2)",
                    params![uid.0, revision],
                )?;
            }
            Change::SetRole(record) => self.set_role(record)?,
            Change::RemoveRole(role) => {
                self.execute("DELETE FROM role WHERE name = ?1", [role.name()])?;
            }
            Change::SetToken(token) => {
                self.execute(
                    "UPDATE token SET label = ?1, serial = ?2",
                    params![token.label, token.serial],
                )?;
            }
            Change::Clear => {
                self.execute("DELETE FROM object", [])?;
                self.execute("DELETE FROM tombstone", [])?;
                self.execute("UPDATE token SET horizon = ?1", [revision])?;
            }
            Change::ResetFailures(role) => {
                let reset = self.execute(
                    "UPDATE role SET failures = 0 WHERE name = ?1",
                    [role.name()],
                )?;
                if reset == 0 {
                    return Err(Error::UserPinNotInitialized);
                }
            }
        }
        Ok(())
    }

    fn set_role(self, record: &RoleRecord) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO role (name, salt, memory_kib, iterations, lanes, nonce,
             wrapped, failures, max_failures) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                record.role.name(),
                record.salt,
                record.memory_kib,
                record.iterations,
                record.lanes,
                record.nonce,
                record.wrapped,
                record.failures,
                record.max_failures
            ],
        )?;
        Ok(())
    }

    /// Takes the next revision for this commit.
    fn next_revision(self) -> Result<i64> {
        self.connection
            .prepare_cached("UPDATE token SET revision = revision + 1 RETURNING revision")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
            .about(self.file)?
            .ok_or(Error::TokenNotPresent)
    }

    fn forget_old_tombstones(self) -> Result<()> {
        let count: i64 = self
            .connection
            .query_row("SELECT count(*) FROM tombstone", [], |row| row.get(0))
            .about(self.file)?;
        if count <= MAX_TOMBSTONES {
            return Ok(());
        }
        let horizon: i64 = self
            .connection
            .query_row(
                "SELECT revision FROM tombstone ORDER BY revision DESC LIMIT 1 OFFSET ?1",
                [MAX_TOMBSTONES / 2],
                |row| row.get(0),
            )
            .about(self.file)?;
        self.execute("DELETE FROM tombstone WHERE revision <= ?1", [horizon])?;
        self.execute("UPDATE token SET horizon = max(horizon, ?1)", [horizon])?;
        Ok(())
    }

    fn objects(self, since: i64) -> Result<Vec<Record>> {
        let found: Vec<Option<Record>> = self.query(
            "SELECT uid, format, private, clear, nonce, sealed, revision FROM object
             WHERE revision > ?1 ORDER BY revision, rowid",
            [since],
            object,
        )?;
        Ok(found.into_iter().flatten().collect())
    }

    fn tombstones(self, since: i64) -> Result<Vec<Uid>> {
        self.query(
            "SELECT uid FROM tombstone WHERE revision > ?1",
            [since],
            |row| row.get(0).map(Uid),
        )
    }

    fn roles(self) -> Result<Vec<RoleRecord>> {
        let found: Vec<Option<RoleRecord>> = self.query(
            "SELECT name, salt, memory_kib, iterations, lanes, nonce, wrapped, failures,
             max_failures FROM role ORDER BY name",
            [],
            role,
        )?;
        Ok(found.into_iter().flatten().collect())
    }

    fn query<T>(
        self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut query| query.query_map(values, read)?.collect())
            .about(self.file)
    }

    fn execute(self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .about(self.file)
    }
}

const fn one_object(rows: usize) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::ObjectHandleInvalid)
    }
}

/// A damaged object must not hide the others. One without a proper identity cannot be named, so it is
/// logged and left out; any other damage is left for the seal to find.
fn object(row: &Row<'_>) -> rusqlite::Result<Option<Record>> {
    let Ok(uid) = row.get::<_, Vec<u8>>(0)?.try_into() else {
        log::error!("an object in the store has a malformed identity");
        return Ok(None);
    };
    Ok(Some(Record {
        uid: Uid(uid),
        format: row.get::<_, i64>(1)?.try_into().unwrap_or(0),
        private: row.get::<_, i64>(2)? != 0,
        clear: row.get(3)?,
        nonce: row.get::<_, Vec<u8>>(4)?.try_into().unwrap_or_default(),
        sealed: row.get(5)?,
        revision: Revision(row.get::<_, i64>(6)?.cast_unsigned()),
    }))
}

fn role(row: &Row<'_>) -> rusqlite::Result<Option<RoleRecord>> {
    let name: String = row.get(0)?;
    let Some(role) = Role::named(&name) else {
        log::error!("a role in the store has an unknown name");
        return Ok(None);
    };
    Ok(Some(RoleRecord {
        role,
        salt: row.get(1)?,
        memory_kib: row.get(2)?,
        iterations: row.get(3)?,
        lanes: row.get(4)?,
        nonce: row.get(5)?,
        wrapped: row.get(6)?,
        failures: row.get(7)?,
        max_failures: row.get(8)?,
    }))
}
