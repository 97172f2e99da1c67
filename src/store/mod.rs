//! Where tokens are kept: sealed records behind two traits. Knows nothing of attributes.
#![forbid(unsafe_code)]

mod fault;
pub mod memory;
mod migrations;
pub mod pin;
mod record;
pub mod seal;
mod shelf;
mod sqlite;
mod watch;

use std::{fmt::Debug, sync::Arc};

pub use seal::RootKey;
pub use shelf::SqliteShelf;

use crate::{error::Result, pkcs11::Uid};

/// A number that grows with every commit of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Revision(pub u64);

/// Who may hold a copy of the root key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The security officer.
    So,
    /// The normal user.
    User,
}

impl Role {
    /// Its name in the store.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::So => "so",
            Self::User => "user",
        }
    }

    /// The role of that name in the store.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::So, Self::User]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// One object as it is kept.
#[derive(Debug, Clone)]
pub struct Record {
    /// Identity.
    pub uid: Uid,
    /// Version of the record's format.
    pub format: u8,
    /// `CKA_PRIVATE`.
    pub private: bool,
    /// Attributes in the clear, authenticated by the seal.
    pub clear: Vec<u8>,
    /// AES-256-GCM nonce.
    pub nonce: [u8; 12],
    /// Sealed attributes and tag.
    pub sealed: Vec<u8>,
    /// Revision of the commit that wrote it; ignored on writing.
    pub revision: Revision,
}

/// The token itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenRecord {
    /// Label, at most 32 bytes of UTF-8, unpadded.
    pub label: String,
    /// Serial number, 16 hexadecimal digits.
    pub serial: String,
}

/// One role's PIN: how its copy of the root key is wrapped, and its retry counter.
#[derive(Debug, Clone)]
pub struct RoleRecord {
    /// Whose.
    pub role: Role,
    /// Argon2id salt.
    pub salt: [u8; 16],
    /// Argon2id memory in KiB.
    pub memory_kib: u32,
    /// Argon2id passes.
    pub iterations: u32,
    /// Argon2id lanes.
    pub lanes: u32,
    /// AES-256-GCM nonce of the wrapped root key.
    pub nonce: [u8; 12],
    /// The root key wrapped under the PIN's key, with tag.
    pub wrapped: Vec<u8>,
    /// Wrong PINs since the last right one.
    pub failures: u32,
    /// Wrong PINs that lock the role.
    pub max_failures: u32,
}

/// One change of a token. [`Store::commit`] takes a batch.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new object; fails if the identity exists.
    Insert(Record),
    /// A new version of an object; fails if it is gone or newer than the given revision.
    Update(Record, Revision),
    /// Removes an object; fails if it is gone.
    Delete(Uid),
    /// Sets a role's PIN, wrapped root key and counter.
    SetRole(RoleRecord),
    /// Removes a role.
    RemoveRole(Role),
    /// Sets label and serial.
    SetToken(TokenRecord),
    /// Removes all objects.
    Clear,
    /// Sets a role's failure counter to zero after a right PIN.
    ResetFailures(Role),
}

/// What changed since a revision.
#[derive(Debug)]
pub struct Delta {
    /// The revision that this delta leads to.
    pub revision: Revision,
    /// Objects written since.
    pub changed: Vec<Record>,
    /// Objects removed since.
    pub removed: Vec<Uid>,
    /// True when removals since the given revision are no longer known one by one (the token was
    /// cleared): `changed` then holds every object there is.
    pub complete: bool,
    /// The token as it is now.
    pub token: TokenRecord,
    /// All roles as they are now.
    pub roles: Vec<RoleRecord>,
}

/// One token's records.
pub trait Store: Send + Sync + Debug {
    /// Everything that changed after `since` (all, for revision 0). Ask for the
    /// [`generation`](Self::generation) before, not after: then no commit is missed.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` when the file cannot be read, `CKR_TOKEN_NOT_PRESENT` when the token has been
    /// removed.
    fn load(&self, since: Revision) -> Result<Delta>;

    /// Makes all changes durable, or none.
    ///
    /// # Errors
    /// `CKR_OBJECT_HANDLE_INVALID` when an object is gone or has changed, `CKR_DEVICE_MEMORY` for a
    /// full disk, `CKR_TOKEN_WRITE_PROTECTED` for a read-only one, `CKR_TOKEN_NOT_PRESENT` when the
    /// token has been removed, `CKR_FUNCTION_FAILED` when others keep it busy, else
    /// `CKR_DEVICE_ERROR`.
    fn commit(&self, changes: &[Change]) -> Result<Revision>;

    /// Counts an attempt to log in, durably, before the PIN is checked, and returns the role with
    /// the attempt counted.
    ///
    /// # Errors
    /// `CKR_PIN_LOCKED` when no attempt is left, `CKR_USER_PIN_NOT_INITIALIZED` without such a role;
    /// as [`commit`](Self::commit) when the attempt cannot be written down.
    fn count_attempt(&self, role: &Role) -> Result<RoleRecord>;

    /// The [`generation`](Self::generation) when memory alone can tell it: `None` while somebody is
    /// inside a commit. A few nanoseconds; touches no file.
    fn settled(&self) -> Option<u64>;

    /// A number that differs from the last one when another process, or this one, may have committed
    /// since.
    fn generation(&self) -> u64;

    /// Closes what must not cross a fork (file descriptors, locks); the next call opens it again.
    fn suspend(&self);
}

/// The tokens of one installation.
pub trait Shelf: Send + Sync + Debug {
    /// Slot numbers of all initialised tokens, ascending, and the number of the free slot.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` when the directory cannot be read.
    fn list(&self) -> Result<(Vec<u64>, u64)>;

    /// Opens the token in a slot.
    ///
    /// # Errors
    /// `CKR_SLOT_ID_INVALID` for a slot without a token, `CKR_TOKEN_NOT_RECOGNIZED` for a file that is
    /// no token or too new, `CKR_DEVICE_ERROR` for a damaged one.
    fn open(&self, slot: u64) -> Result<Arc<dyn Store>>;

    /// Makes a token in the free slot with these first changes; appears whole or not at all. They
    /// should set label and serial.
    ///
    /// # Errors
    /// As [`Store::commit`]; `CKR_SLOT_ID_INVALID` when the slot is not
    /// the free one.
    fn create(&self, slot: u64, changes: &[Change]) -> Result<Arc<dyn Store>>;

    /// Removes a token; its slot number is never used again.
    ///
    /// # Errors
    /// As [`Store::commit`]; `CKR_SLOT_ID_INVALID` for a slot without a token.
    fn remove(&self, slot: u64) -> Result<()>;
}

#[cfg(test)]
mod tests;
