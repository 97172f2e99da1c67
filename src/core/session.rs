//! Sessions.

use std::{collections::HashMap, sync::Arc};

use parking_lot::{Mutex, RwLock};

use super::{
    Library,
    operation::Operations,
    token::{Login, Token},
};
use crate::{
    error::{Error, Result},
    pkcs11::*,
};

/// What C_GetSessionInfo says.
#[derive(Debug, Clone, Copy)]
pub struct SessionInfo {
    /// Its slot.
    pub slot: CK_SLOT_ID,
    /// `CKS_…`, computed from the session and the token's login.
    pub state: CK_STATE,
    /// `CKF_SERIAL_SESSION`, `CKF_RW_SESSION`.
    pub flags: CK_FLAGS,
}

/// One open session. Whether it is read/write never changes; its state is computed when asked.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) handle: SessionHandle,
    pub(super) token: Arc<Token>,
    pub(super) rw: bool,
    pub(super) operations: Mutex<Operations>,
}

/// All open sessions, in shards so that threads with sessions of their own do not meet.
#[derive(Debug, Default)]
pub(super) struct Sessions([RwLock<HashMap<SessionHandle, Arc<Session>>>; SHARDS]);

const SHARDS: usize = 16;

impl Sessions {
    fn shard(&self, handle: SessionHandle) -> &RwLock<HashMap<SessionHandle, Arc<Session>>> {
        let at = usize::try_from(handle.0 % SHARDS as CK_ULONG).unwrap_or_default();
        #[allow(clippy::indexing_slicing, reason = "a remainder of SHARDS")]
        &self.0[at]
    }

    fn get(&self, handle: SessionHandle) -> Result<Arc<Session>> {
        self.shard(handle)
            .read()
            .get(&handle)
            .cloned()
            .ok_or(Error::SessionHandleInvalid)
    }

    /// The sessions on a slot.
    pub(super) fn on(&self, slot: CK_SLOT_ID) -> Vec<Arc<Session>> {
        let shards = self.0.iter();
        shards
            .flat_map(|shard| {
                shard
                    .read()
                    .values()
                    .filter(|s| s.token.slot == slot)
                    .cloned()
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// True when a slot has sessions.
    pub(super) fn any(&self, slot: CK_SLOT_ID) -> bool {
        self.0
            .iter()
            .any(|shard| shard.read().values().any(|s| s.token.slot == slot))
    }
}

impl Session {
    /// `CKR_SESSION_READ_ONLY` unless the session is read/write.
    pub(super) fn writable(&self) -> Result<()> {
        if self.rw {
            Ok(())
        } else {
            Err(Error::SessionReadOnly)
        }
    }
}

impl Library {
    /// The session of a handle.
    pub(super) fn session(&self, handle: SessionHandle) -> Result<Arc<Session>> {
        self.sessions.get(handle)
    }

    /// C_OpenSession.
    ///
    /// # Errors
    /// `CKR_SESSION_PARALLEL_NOT_SUPPORTED`, `CKR_SLOT_ID_INVALID`, `CKR_TOKEN_NOT_RECOGNIZED` for
    /// an uninitialised token, `CKR_SESSION_READ_WRITE_SO_EXISTS`.
    pub fn open_session(&self, slot: CK_SLOT_ID, flags: CK_FLAGS) -> Result<SessionHandle> {
        if flags & CKF_SERIAL_SESSION == 0 {
            return Err(Error::SessionParallelNotSupported);
        }
        let token = self.token(slot)?;
        let rw = flags & CKF_RW_SESSION != 0;
        let handle = self.handles.session();
        let session = Session {
            handle,
            token,
            rw,
            operations: Mutex::default(),
        };
        let session = Arc::new(session);
        session.token.with_state(|state| {
            if !rw && state.login.is_so() {
                return Err(Error::SessionReadWriteSoExists);
            }
            *(if rw {
                &mut state.rw_sessions
            } else {
                &mut state.ro_sessions
            }) += 1;
            Ok(())
        })?;
        self.sessions.shard(handle).write().insert(handle, session);
        Ok(handle)
    }

    /// C_CloseSession: its session objects go with it, and the login with the last one.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub fn close_session(&self, handle: SessionHandle) -> Result<()> {
        let session = self.sessions.shard(handle).write().remove(&handle);
        let session = session.ok_or(Error::SessionHandleInvalid)?;
        session.operations.lock().clear();
        let last = session.token.with_state(|state| {
            *(if session.rw {
                &mut state.rw_sessions
            } else {
                &mut state.ro_sessions
            }) -= 1;
            state.owners.retain(|object, owner| {
                let keep = *owner != handle;
                if !keep && let Some(uid) = state.objects.get(*object).map(|o| o.uid()) {
                    state.objects.remove(uid);
                }
                keep
            });
            state.ro_sessions + state.rw_sessions == 0
        });
        if !last {
            return Ok(());
        }
        match session.token.log_out() {
            // Nobody was logged in: there is nothing to end.
            Ok(()) | Err(Error::UserNotLoggedIn) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// C_CloseAllSessions.
    ///
    /// # Errors
    /// `CKR_SLOT_ID_INVALID`.
    pub fn close_all_sessions(&self, slot: CK_SLOT_ID) -> Result<()> {
        self.slot_info(slot)?;
        for session in self.sessions.on(slot) {
            match self.close_session(session.handle) {
                // Another thread may have been faster.
                Ok(()) | Err(Error::SessionHandleInvalid) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// C_GetSessionInfo.
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub fn session_info(&self, handle: SessionHandle) -> Result<SessionInfo> {
        let session = self.session(handle)?;
        let state = match (&session.token.peek().login, session.rw) {
            (Login::Nobody, false) => CKS_RO_PUBLIC_SESSION,
            (Login::Nobody, true) => CKS_RW_PUBLIC_SESSION,
            (Login::User(_), false) => CKS_RO_USER_FUNCTIONS,
            (Login::User(_), true) => CKS_RW_USER_FUNCTIONS,
            // No read-only session exists beside the SO's.
            (Login::So(_), _) => CKS_RW_SO_FUNCTIONS,
        };
        let rw = if session.rw { CKF_RW_SESSION } else { 0 };
        Ok(SessionInfo {
            slot: session.token.slot,
            state,
            flags: CKF_SERIAL_SESSION | rw,
        })
    }

    /// C_SessionCancel: `flags` is a set of `CKF_SIGN`, `CKF_DIGEST`, `CKF_FIND_OBJECTS` …
    ///
    /// # Errors
    /// `CKR_SESSION_HANDLE_INVALID`.
    pub fn session_cancel(&self, handle: SessionHandle, flags: CK_FLAGS) -> Result<()> {
        self.session(handle)?.operations.lock().cancel(flags);
        Ok(())
    }
}
