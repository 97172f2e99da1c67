//! Sessions and logins.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::{input, not_null, pin, store},
    entry::{entry, secret_entry},
};
use crate::pkcs11::*;

/// # Safety
/// `handle` may be written. (`notify` is never called.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    _application: CK_VOID_PTR,
    _notify: CK_NOTIFY,
    handle: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    entry("C_OpenSession", |lib| {
        not_null(handle)?;
        let session = lib.open_session(slot, flags)?;
        // SAFETY: the caller's promise.
        unsafe { store(handle, session.0) }
    })
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CloseSession(session: CK_SESSION_HANDLE) -> CK_RV {
    entry("C_CloseSession", |lib| {
        lib.close_session(SessionHandle(session))
    })
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CloseAllSessions(slot: CK_SLOT_ID) -> CK_RV {
    entry("C_CloseAllSessions", |lib| lib.close_all_sessions(slot))
}

/// # Safety
/// `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetSessionInfo(
    session: CK_SESSION_HANDLE,
    info: *mut CK_SESSION_INFO,
) -> CK_RV {
    entry("C_GetSessionInfo", |lib| {
        not_null(info)?;
        let found = lib.session_info(SessionHandle(session))?;
        let value = CK_SESSION_INFO {
            slotID: found.slot,
            state: found.state,
            flags: found.flags,
            ulDeviceError: 0,
        };
        // SAFETY: the caller's promise.
        unsafe { store(info, value) }
    })
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SessionCancel(session: CK_SESSION_HANDLE, flags: CK_FLAGS) -> CK_RV {
    entry("C_SessionCancel", |lib| {
        lib.session_cancel(SessionHandle(session), flags)
    })
}

/// # Safety
/// `secret` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    secret: *mut CK_UTF8CHAR,
    len: CK_ULONG,
) -> CK_RV {
    secret_entry("C_Login", |lib| {
        // SAFETY: the caller's promise.
        let pin = unsafe { pin(secret, len)? };
        lib.login(SessionHandle(session), user, &pin, &[])
    })
}

/// # Safety
/// `secret` points to `len` bytes, `name` to `name_len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_LoginUser(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    secret: *mut CK_UTF8CHAR,
    len: CK_ULONG,
    name: *mut CK_UTF8CHAR,
    name_len: CK_ULONG,
) -> CK_RV {
    secret_entry("C_LoginUser", |lib| {
        // SAFETY: the caller's promise.
        let pin = unsafe { pin(secret, len)? };
        // SAFETY: likewise.
        let name = unsafe { input(name, name_len)? };
        lib.login(SessionHandle(session), user, &pin, name)
    })
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Logout(session: CK_SESSION_HANDLE) -> CK_RV {
    secret_entry("C_Logout", |lib| lib.logout(SessionHandle(session)))
}
