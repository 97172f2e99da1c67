//! PINs and logins.

use std::sync::Arc;

use super::{
    Library,
    session::Session,
    token::{Login, State},
};
use crate::{
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
    store::{Change, Role},
};

impl Library {
    /// C_InitPIN: the SO sets (and so unlocks) the user's PIN.
    ///
    /// # Errors
    /// `CKR_USER_NOT_LOGGED_IN` unless the SO is, `CKR_PIN_LEN_RANGE`, and those of
    /// [`Store::commit`](crate::store::Store::commit).
    pub fn init_pin(&self, session: SessionHandle, pin: &SecretBytes) -> Result<()> {
        let session = self.session(session)?;
        let (root, serial) = {
            let state = session.token.read()?;
            match &state.login {
                Login::So(root) => (root.clone(), state.record.serial.clone()),
                Login::Nobody | Login::User(_) => return Err(Error::UserNotLoggedIn),
            }
        };
        self.check_pin_length(pin)?;
        let role = self.wrap(Role::User, pin, &root, &serial)?;
        session.token.commit(&[Change::SetRole(role)])
    }

    /// C_SetPIN by the SO (its own PIN), by the user, or in a public session (the user's).
    ///
    /// # Errors
    /// `CKR_SESSION_READ_ONLY`, `CKR_PIN_LEN_RANGE`, `CKR_PIN_INCORRECT`, `CKR_PIN_LOCKED`, and
    /// those of [`Store::commit`](crate::store::Store::commit).
    pub fn set_pin(
        &self,
        session: SessionHandle,
        old: &SecretBytes,
        new: &SecretBytes,
    ) -> Result<()> {
        let session = self.session(session)?;
        session.writable()?;
        let role = if session.token.read()?.login.is_so() {
            Role::So
        } else {
            Role::User
        };
        self.check_pin_length(new)?;
        let root = session.token.unlock(&role, old)?;
        let serial = session.token.peek().record.serial.clone();
        let role = self.wrap(role, new, &root, &serial)?;
        session.token.commit(&[Change::SetRole(role)])
    }

    /// C_Login and C_LoginUser; an empty `username` is the plain user.
    ///
    /// # Errors
    /// `CKR_USER_TYPE_INVALID`, `CKR_USER_ALREADY_LOGGED_IN`, `CKR_USER_ANOTHER_ALREADY_LOGGED_IN`,
    /// `CKR_SESSION_READ_ONLY_EXISTS`, `CKR_USER_PIN_NOT_INITIALIZED`, `CKR_PIN_INCORRECT`,
    /// `CKR_PIN_LOCKED`, `CKR_OPERATION_NOT_INITIALIZED` for a context-specific login that nothing
    /// waits for.
    pub fn login(
        &self,
        session: SessionHandle,
        user: CK_USER_TYPE,
        pin: &SecretBytes,
        username: &[u8],
    ) -> Result<()> {
        let session = self.session(session)?;
        if !username.is_empty() {
            // No token has named users: such a PIN was never set.
            return Err(Error::UserPinNotInitialized);
        }
        let role = match user {
            CKU_SO => Role::So,
            CKU_USER => Role::User,
            CKU_CONTEXT_SPECIFIC => return self.authenticate(&session, pin),
            _ => return Err(Error::UserTypeInvalid),
        };
        let allowed = |state: &State| match (&state.login, &role) {
            (Login::So(_), Role::So) | (Login::User(_), Role::User) => {
                Err(Error::UserAlreadyLoggedIn)
            }
            (Login::So(_), Role::User) | (Login::User(_), Role::So) => {
                Err(Error::UserAnotherAlreadyLoggedIn)
            }
            (Login::Nobody, Role::So) if state.ro_sessions > 0 => Err(Error::SessionReadOnlyExists),
            (Login::Nobody, Role::So | Role::User) => Ok(()),
        };
        allowed(&*session.token.read()?)?;
        let root = Arc::new(session.token.unlock(&role, pin)?);
        let login = match role {
            Role::So => Login::So(root),
            Role::User => Login::User(root),
        };
        session.token.log_in(login, allowed)
    }

    /// The user's PIN once more, for a key with `CKA_ALWAYS_AUTHENTICATE`.
    fn authenticate(&self, session: &Session, pin: &SecretBytes) -> Result<()> {
        if !session.operations.lock().awaits_pin() {
            return Err(Error::OperationNotInitialized);
        }
        session.token.unlock(&Role::User, pin)?;
        session.operations.lock().authenticate()
    }

    /// C_Logout: for all sessions of the token.
    ///
    /// # Errors
    /// `CKR_USER_NOT_LOGGED_IN`.
    pub fn logout(&self, session: SessionHandle) -> Result<()> {
        let session = self.session(session)?;
        session.token.log_out()?;
        // Running operations hold parsed keys.
        for session in self.sessions.on(session.token.slot) {
            session.operations.lock().drop_keys();
        }
        Ok(())
    }
}
