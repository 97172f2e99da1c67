//! Tokens in memory, and a wrapper that fails on request: for tests of whoever uses a store.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use super::{
    Change, Delta, Record, Revision, Role, RoleRecord, Shelf, Store, TokenRecord,
    fault::no_such_slot,
};
use crate::{
    error::{Error, Result},
    pkcs11::Uid,
};

/// Tokens that live as long as the value. Behaves as [`SqliteShelf`](super::SqliteShelf) does.
#[derive(Debug, Default)]
pub struct MemoryShelf {
    /// `None` for a token that has been removed.
    slots: Mutex<Vec<Option<Arc<MemoryStore>>>>,
}

impl Shelf for MemoryShelf {
    fn list(&self) -> Result<(Vec<u64>, u64)> {
        let slots = self.slots.lock();
        let used = (0..).zip(slots.iter()).filter(|(_, store)| store.is_some());
        Ok((used.map(|(slot, _)| slot).collect(), slots.len() as u64))
    }

    fn open(&self, slot: u64) -> Result<Arc<dyn Store>> {
        let slots = self.slots.lock();
        let store = usize::try_from(slot).ok().and_then(|slot| slots.get(slot));
        match store {
            Some(Some(store)) => Ok(Arc::<MemoryStore>::clone(store)),
            _ => Err(no_such_slot(slot)),
        }
    }

    fn create(&self, slot: u64, changes: &[Change]) -> Result<Arc<dyn Store>> {
        let mut slots = self.slots.lock();
        if slot != slots.len() as u64 {
            return Err(no_such_slot(slot));
        }
        let store = Arc::new(MemoryStore::default());
        *store.token.lock() = Some(Token::default());
        store.commit(changes)?;
        slots.push(Some(Arc::clone(&store)));
        Ok(store)
    }

    fn remove(&self, slot: u64) -> Result<()> {
        let mut slots = self.slots.lock();
        let place = usize::try_from(slot)
            .ok()
            .and_then(|slot| slots.get_mut(slot));
        let removed = place.and_then(Option::take).ok_or(no_such_slot(slot))?;
        *removed.token.lock() = None;
        removed.generation.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// One token in memory.
#[derive(Debug, Default)]
struct MemoryStore {
    /// `None` once it has been removed.
    token: Mutex<Option<Token>>,
    generation: AtomicU64,
}

#[derive(Debug, Clone, Default)]
struct Token {
    revision: Revision,
    /// Revision of the last [`Change::Clear`].
    horizon: Revision,
    record: TokenRecord,
    roles: BTreeMap<Role, RoleRecord>,
    objects: BTreeMap<Uid, Record>,
    tombstones: BTreeMap<Uid, Revision>,
}

impl Token {
    fn apply(&mut self, change: &Change) -> Result<()> {
        let stamped = |record: &Record, revision| Record {
            revision,
            ..record.clone()
        };
        match change {
            Change::Insert(record) => {
                if self.objects.contains_key(&record.uid) {
                    return Err(Error::DeviceError(
                        "an object of this identity exists already".to_owned(),
                    ));
                }
                self.tombstones.remove(&record.uid);
                self.objects
                    .insert(record.uid, stamped(record, self.revision));
            }
            Change::Update(record, known) => {
                let old = self
                    .objects
                    .get_mut(&record.uid)
                    .filter(|old| old.revision <= *known)
                    .ok_or(Error::ObjectHandleInvalid)?;
                *old = stamped(record, self.revision);
            }
            Change::Delete(uid) => {
                self.objects.remove(uid).ok_or(Error::ObjectHandleInvalid)?;
                self.tombstones.insert(*uid, self.revision);
            }
            Change::SetRole(record) => {
                self.roles.insert(record.role.clone(), record.clone());
            }
            Change::RemoveRole(role) => {
                self.roles.remove(role);
            }
            Change::SetToken(record) => self.record = record.clone(),
            Change::Clear => {
                self.objects.clear();
                self.tombstones.clear();
                self.horizon = self.revision;
            }
            Change::ResetFailures(role) => self.role(role)?.failures = 0,
        }
        Ok(())
    }

    fn role(&mut self, role: &Role) -> Result<&mut RoleRecord> {
        self.roles.get_mut(role).ok_or(Error::UserPinNotInitialized)
    }
}

impl MemoryStore {
    /// Works on a copy that replaces the token only on success.
    fn write<R>(&self, work: impl FnOnce(&mut Token) -> Result<R>) -> Result<R> {
        let mut token = self.token.lock();
        let mut next = token.clone().ok_or(Error::TokenNotPresent)?;
        next.revision.0 += 1;
        let result = work(&mut next)?;
        *token = Some(next);
        self.generation.fetch_add(1, Ordering::SeqCst);
        Ok(result)
    }
}

impl Store for MemoryStore {
    fn load(&self, since: Revision) -> Result<Delta> {
        let token = self.token.lock().clone().ok_or(Error::TokenNotPresent)?;
        let complete = since.0 == 0 || since < token.horizon || since > token.revision;
        let since = if complete { Revision(0) } else { since };
        let mut changed: Vec<_> = token
            .objects
            .into_values()
            .filter(|record| record.revision > since)
            .collect();
        changed.sort_by_key(|record| record.revision);
        let removed = token
            .tombstones
            .into_iter()
            .filter(|(_, revision)| !complete && *revision > since)
            .map(|(uid, _)| uid)
            .collect();
        Ok(Delta {
            revision: token.revision,
            changed,
            removed,
            complete,
            token: token.record,
            roles: token.roles.into_values().collect(),
        })
    }

    fn commit(&self, changes: &[Change]) -> Result<Revision> {
        self.write(|token| {
            for change in changes {
                token.apply(change)?;
            }
            Ok(token.revision)
        })
    }

    fn count_attempt(&self, role: &Role) -> Result<RoleRecord> {
        self.write(|token| {
            let record = token.role(role)?;
            if record.failures >= record.max_failures {
                return Err(Error::PinLocked);
            }
            record.failures += 1;
            Ok(record.clone())
        })
    }

    fn settled(&self) -> Option<u64> {
        Some(self.generation())
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn suspend(&self) {}
}

/// Any shelf, except that one write fails and changes nothing: a commit, a counted attempt, the
/// making or removal of a token.
#[derive(Debug)]
pub struct Failing {
    inner: Arc<dyn Shelf>,
    fuse: Arc<Fuse>,
}

impl Failing {
    /// Lets `n` writes pass and fails the next with `error`; later ones pass again.
    #[must_use]
    pub fn after(n: u64, error: Error, inner: Arc<dyn Shelf>) -> Self {
        let fuse = Arc::new(Fuse {
            writes: AtomicU64::new(0),
            failing: n,
            error,
        });
        Self { inner, fuse }
    }

    /// Writes tried so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.fuse.writes.load(Ordering::SeqCst)
    }

    fn wrap(&self, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        let fuse = Arc::clone(&self.fuse);
        Arc::new(FailingStore { inner, fuse })
    }
}

impl Shelf for Failing {
    fn list(&self) -> Result<(Vec<u64>, u64)> {
        self.inner.list()
    }

    fn open(&self, slot: u64) -> Result<Arc<dyn Store>> {
        self.inner.open(slot).map(|store| self.wrap(store))
    }

    fn create(&self, slot: u64, changes: &[Change]) -> Result<Arc<dyn Store>> {
        self.fuse.write()?;
        let store = self.inner.create(slot, changes)?;
        Ok(self.wrap(store))
    }

    fn remove(&self, slot: u64) -> Result<()> {
        self.fuse.write()?;
        self.inner.remove(slot)
    }
}

#[derive(Debug)]
struct FailingStore {
    inner: Arc<dyn Store>,
    fuse: Arc<Fuse>,
}

impl Store for FailingStore {
    fn load(&self, since: Revision) -> Result<Delta> {
        self.inner.load(since)
    }

    fn commit(&self, changes: &[Change]) -> Result<Revision> {
        self.fuse.write()?;
        self.inner.commit(changes)
    }

    fn count_attempt(&self, role: &Role) -> Result<RoleRecord> {
        self.fuse.write()?;
        self.inner.count_attempt(role)
    }

    fn settled(&self) -> Option<u64> {
        self.inner.settled()
    }

    fn generation(&self) -> u64 {
        self.inner.generation()
    }

    fn suspend(&self) {
        self.inner.suspend();
    }
}

/// Counts writes and fails one of them.
#[derive(Debug)]
struct Fuse {
    writes: AtomicU64,
    failing: u64,
    error: Error,
}

impl Fuse {
    fn write(&self) -> Result<()> {
        if self.writes.fetch_add(1, Ordering::SeqCst) == self.failing {
            Err(self.error.clone())
        } else {
            Ok(())
        }
    }
}
