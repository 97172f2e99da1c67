//! One token as this process sees it: its records, who is logged in, its objects.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{RwLock, RwLockReadGuard};

use super::{gate::Gate, handle::Handles, profile};
use crate::{
    attribute::Value,
    env::Env,
    error::{Error, Result},
    object::{self, Index, Object},
    pkcs11::*,
    secret::SecretBytes,
    store::{Change, Delta, Record, Revision, Role, RoleRecord, RootKey, Store, TokenRecord, pin},
};

/// Who is logged in. The root key is the proof: private objects cannot be read without it.
#[derive(Debug)]
pub(super) enum Login {
    Nobody,
    So(Arc<RootKey>),
    User(Arc<RootKey>),
}

impl Login {
    /// The root key, or `CKR_USER_NOT_LOGGED_IN`.
    pub(super) fn root(&self) -> Result<&Arc<RootKey>> {
        match self {
            Self::Nobody => Err(Error::UserNotLoggedIn),
            Self::So(root) | Self::User(root) => Ok(root),
        }
    }

    /// True for the normal user.
    pub(super) const fn is_user(&self) -> bool {
        matches!(self, Self::User(_))
    }

    /// True for the security officer.
    pub(super) const fn is_so(&self) -> bool {
        matches!(self, Self::So(_))
    }
}

/// A token and everything this process knows of it.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) slot: CK_SLOT_ID,
    store: Arc<dyn Store>,
    gate: Arc<Gate>,
    handles: Arc<Handles>,
    env: Env,
    /// The store's generation that `state` reflects.
    seen: AtomicU64,
    state: RwLock<State>,
}

/// What changes together, under one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) record: TokenRecord,
    pub(super) roles: Vec<RoleRecord>,
    pub(super) login: Login,
    pub(super) objects: Index,
    /// Which session each session object belongs to.
    pub(super) owners: HashMap<ObjectHandle, SessionHandle>,
    /// Open sessions of this process: read-only and read/write.
    pub(super) ro_sessions: CK_ULONG,
    pub(super) rw_sessions: CK_ULONG,
    revision: Revision,
    revisions: HashMap<Uid, Revision>,
}

impl State {
    /// A role's PIN record.
    pub(super) fn role(&self, role: &Role) -> Option<&RoleRecord> {
        self.roles.iter().find(|r| r.role == *role)
    }

    /// The root key, where the login may open (or, for public records, check) a record.
    fn sealed_root(&self, private: bool) -> Option<&RootKey> {
        match &self.login {
            Login::User(root) => Some(root),
            // The SO authenticates public objects but never opens private ones.
            Login::So(root) if !private => Some(root),
            Login::So(_) | Login::Nobody => None,
        }
    }

    fn apply(&mut self, delta: Delta, handles: &Handles) {
        if delta.complete && self.revision != Revision::default() {
            // Somebody initialised the token anew: its root key is another one.
            self.login = Login::Nobody;
            self.forget_private();
            let owners = &self.owners;
            self.objects.retain(|handle, object| {
                owners.contains_key(&handle) || object.class() == CKO_PROFILE
            });
            self.revisions.clear();
        }
        for uid in delta.removed {
            self.objects.remove(uid);
            self.revisions.remove(&uid);
        }
        self.record = delta.token;
        self.roles = delta.roles;
        self.revision = delta.revision;
        for record in delta.changed {
            self.put_record(&record, handles);
        }
    }

    /// Takes a stored record into the index as far as the login allows. A record that fails its
    /// check is reported and left out; the rest of the token stays usable.
    fn put_record(&mut self, record: &Record, handles: &Handles) {
        self.revisions.insert(record.uid, record.revision);
        let root = self.sealed_root(record.private);
        if record.private && root.is_none() {
            self.objects.remove(record.uid);
            return;
        }
        let opened = match root {
            Some(root) => root
                .open(&self.record.serial, record)
                .and_then(|secret| object::decode(&record.clear, Some(&secret))),
            None => object::decode(&record.clear, None),
        };
        match opened {
            Ok(attributes) => {
                let object = Arc::new(Object::new(record.uid, attributes));
                self.objects.put(object, || handles.object());
            }
            Err(e) => {
                log::error!(
                    "token {}: object {} is damaged and left out: {e}",
                    self.record.serial,
                    unique_id(record.uid)
                );
                self.objects.remove(record.uid);
            }
        }
    }

    /// Forgets everything that needs the login that has just ended: private objects wholly, and
    /// the secret attributes of public token objects.
    fn forget_private(&mut self) {
        let owners = &mut self.owners;
        let mut bare = Vec::new();
        self.objects.retain(|handle, object| {
            if object.is(CKA_PRIVATE) {
                owners.remove(&handle);
                return false;
            }
            if object.is(CKA_TOKEN) && has_secret(object) {
                bare.push(without_secrets(object));
            }
            true
        });
        for object in bare {
            // The identity is there, so its handle stays and none is made.
            self.objects
                .put(Arc::new(object), || ObjectHandle(CK_INVALID_HANDLE));
        }
    }
}

impl Token {
    /// Reads a token for the first time.
    pub(super) fn load(
        slot: CK_SLOT_ID,
        store: Arc<dyn Store>,
        gate: Arc<Gate>,
        handles: Arc<Handles>,
        env: Env,
    ) -> Result<Self> {
        let pass = gate.enter();
        let generation = store.generation();
        let delta = store.load(Revision::default())?;
        drop(pass);
        let mut state = State {
            record: delta.token.clone(),
            roles: Vec::new(),
            login: Login::Nobody,
            objects: Index::default(),
            owners: HashMap::new(),
            ro_sessions: 0,
            rw_sessions: 0,
            revision: Revision::default(),
            revisions: HashMap::new(),
        };
        for object in profile::objects() {
            state.objects.put(Arc::new(object), || handles.object());
        }
        state.apply(delta, &handles);
        let state = RwLock::new(state);
        Ok(Self {
            slot,
            store,
            gate,
            handles,
            env,
            seen: AtomicU64::new(generation),
            state,
        })
    }

    /// The state, after taking in what other processes have committed.
    pub(super) fn read(&self) -> Result<RwLockReadGuard<'_, State>> {
        self.refresh()?;
        Ok(self.state.read())
    }

    /// The state as this process knows it.
    pub(super) fn peek(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    /// Changes the state; nothing here may wait for the store.
    pub(super) fn with_state<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.state.write())
    }

    /// Takes in what has been committed since, by this process or another.
    pub(super) fn refresh(&self) -> Result<()> {
        if self.store.settled() == Some(self.seen.load(Ordering::Acquire)) {
            return Ok(());
        }
        {
            // Somebody is inside a commit, or died there: ask more closely.
            let _pass = self.gate.enter();
            if self.store.generation() == self.seen.load(Ordering::Acquire) {
                return Ok(());
            }
        }
        let mut state = self.state.write();
        self.reload(&mut state)
    }

    /// Loads what is newer than what the state reflects. The generation is read first: a commit in
    /// between is seen again next time, never missed.
    fn reload(&self, state: &mut State) -> Result<()> {
        let _pass = self.gate.enter();
        let generation = self.store.generation();
        let delta = self.store.load(state.revision)?;
        state.apply(delta, &self.handles);
        self.seen.store(generation, Ordering::Release);
        Ok(())
    }

    /// Commits changes and takes them into the state.
    pub(super) fn commit(&self, changes: &[Change]) -> Result<()> {
        let pass = self.gate.enter();
        self.store.commit(changes)?;
        drop(pass);
        self.refresh()
    }

    /// Checks a PIN: the attempt is counted durably first, so that no crash gives a free one. The
    /// expensive hash runs without any lock.
    pub(super) fn unlock(&self, role: &Role, pin: &SecretBytes) -> Result<RootKey> {
        let record = {
            let _pass = self.gate.enter();
            self.store.count_attempt(role)?
        };
        let serial = self.state.read().record.serial.clone();
        let root = pin::unwrap(&record, pin, &serial)?;
        let _pass = self.gate.enter();
        self.store.commit(&[Change::ResetFailures(role.clone())])?;
        Ok(root)
    }

    /// Makes `login` the login of all sessions and opens what it may open. `allowed` is asked under
    /// the lock.
    pub(super) fn log_in(
        &self,
        login: Login,
        allowed: impl FnOnce(&State) -> Result<()>,
    ) -> Result<()> {
        let mut state = self.state.write();
        allowed(&state)?;
        state.login = login;
        // From the first revision on: every record is opened, or at least authenticated, anew.
        state.revision = Revision::default();
        let loaded = self.reload(&mut state);
        if loaded.is_err() {
            state.login = Login::Nobody;
            state.forget_private();
        }
        loaded
    }

    /// Ends the login: the root key and everything that it opened is dropped.
    pub(super) fn log_out(&self) -> Result<()> {
        let mut state = self.state.write();
        if matches!(state.login, Login::Nobody) {
            return Err(Error::UserNotLoggedIn);
        }
        state.login = Login::Nobody;
        state.forget_private();
        Ok(())
    }

    /// Seals a token object for the store.
    pub(super) fn seal(&self, state: &State, object: &Object) -> Result<Record> {
        let encoded = object::encode(object.attributes());
        state.login.root()?.seal(
            &state.record.serial,
            object.uid(),
            object.is(CKA_PRIVATE),
            encoded.clear,
            &encoded.secret,
            &*self.env.entropy,
        )
    }

    /// Stores new objects: token objects in one commit, session objects in memory only. Returns
    /// their handles in order.
    pub(super) fn insert(
        &self,
        session: SessionHandle,
        objects: Vec<Object>,
    ) -> Result<Vec<ObjectHandle>> {
        let changes = {
            let state = self.read()?;
            let stored = objects.iter().filter(|o| o.is(CKA_TOKEN));
            stored
                .map(|o| self.seal(&state, o).map(Change::Insert))
                .collect::<Result<Vec<_>>>()?
        };
        if !changes.is_empty() {
            self.commit(&changes)?;
        }
        let mut state = self.state.write();
        let handles = objects.into_iter().map(|object| {
            if object.is(CKA_TOKEN) {
                // The commit has brought it into the index, unless somebody has logged out since.
                return state
                    .objects
                    .handle_of(object.uid())
                    .ok_or(Error::UserNotLoggedIn);
            }
            let handle = state
                .objects
                .put(Arc::new(object), || self.handles.object());
            state.owners.insert(handle, session);
            Ok(handle)
        });
        handles.collect()
    }

    /// Replaces a token or session object by a changed version of itself.
    pub(super) fn replace(&self, old: &Object, new: Object) -> Result<()> {
        if new.is(CKA_TOKEN) {
            let change = {
                let state = self.state.read();
                let revision = state
                    .revisions
                    .get(&old.uid())
                    .ok_or(Error::ObjectHandleInvalid)?;
                Change::Update(self.seal(&state, &new)?, *revision)
            };
            return self.commit(&[change]);
        }
        let mut state = self.state.write();
        state
            .objects
            .handle_of(old.uid())
            .ok_or(Error::ObjectHandleInvalid)?;
        state.objects.put(Arc::new(new), || self.handles.object());
        Ok(())
    }

    /// Removes an object for good.
    pub(super) fn destroy(&self, handle: ObjectHandle, object: &Object) -> Result<()> {
        if object.is(CKA_TOKEN) {
            return self.commit(&[Change::Delete(object.uid())]);
        }
        let mut state = self.state.write();
        state.owners.remove(&handle);
        state
            .objects
            .remove(object.uid())
            .map(drop)
            .ok_or(Error::ObjectHandleInvalid)
    }

    /// Closes what must not cross a fork.
    pub(super) fn suspend(&self) {
        self.store.suspend();
    }
}

fn has_secret(object: &Object) -> bool {
    object
        .attributes()
        .iter()
        .any(|(_, value)| matches!(value, Value::Secret(_)))
}

fn without_secrets(object: &Object) -> Object {
    let clear = object
        .attributes()
        .iter()
        .filter(|(_, value)| !matches!(value, Value::Secret(_)));
    Object::new(
        object.uid(),
        clear
            .map(|(attribute, value)| (attribute, value.clone()))
            .collect(),
    )
}

/// An identity as `CKA_UNIQUE_ID` shows it.
pub(super) fn unique_id(uid: Uid) -> String {
    uid.0.iter().map(|b| format!("{b:02x}")).collect()
}
