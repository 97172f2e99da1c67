//! Slots and tokens.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::{not_null, pin, store, store_list},
    entry::{entry, secret_entry},
    general::{LIBRARY_VERSION, padded},
};
use crate::{error::Error, pkcs11::*};

/// # Safety
/// `count` may be read and written; `list`, unless null, has room for `*count` slot ids.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetSlotList(
    _token_present: CK_BBOOL,
    list: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    entry("C_GetSlotList", |lib| {
        // Every slot has a token, if only an uninitialised one. The list may change only when it is
        // asked for with NULL (section 5.5.1).
        let slots = lib.slot_list(list.is_null())?;
        // SAFETY: the caller's promise.
        unsafe { store_list(list, count, &slots) }
    })
}

/// # Safety
/// `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    entry("C_GetSlotInfo", |lib| {
        not_null(info)?;
        let found = lib.slot_info(slot)?;
        let value = CK_SLOT_INFO {
            slotDescription: padded(&found.description),
            manufacturerID: padded("chainhsm"),
            flags: found.flags,
            hardwareVersion: LIBRARY_VERSION,
            firmwareVersion: LIBRARY_VERSION,
        };
        // SAFETY: the caller's promise.
        unsafe { store(info, value) }
    })
}

/// # Safety
/// `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    entry("C_GetTokenInfo", |lib| {
        not_null(info)?;
        let found = lib.token_info(slot)?;
        let length = |n: usize| CK_ULONG::try_from(n).unwrap_or(CK_UNAVAILABLE_INFORMATION);
        let value = CK_TOKEN_INFO {
            label: padded(&found.label),
            manufacturerID: padded("chainhsm"),
            model: padded("chainhsm"),
            serialNumber: padded(&found.serial),
            flags: found.flags,
            ulMaxSessionCount: CK_EFFECTIVELY_INFINITE,
            ulSessionCount: found.sessions,
            ulMaxRwSessionCount: CK_EFFECTIVELY_INFINITE,
            ulRwSessionCount: found.rw_sessions,
            ulMaxPinLen: length(*found.pin_len.end()),
            ulMinPinLen: length(*found.pin_len.start()),
            ulTotalPublicMemory: CK_UNAVAILABLE_INFORMATION,
            ulFreePublicMemory: CK_UNAVAILABLE_INFORMATION,
            ulTotalPrivateMemory: CK_UNAVAILABLE_INFORMATION,
            ulFreePrivateMemory: CK_UNAVAILABLE_INFORMATION,
            hardwareVersion: LIBRARY_VERSION,
            firmwareVersion: LIBRARY_VERSION,
            utcTime: found.utc_time,
        };
        // SAFETY: the caller's promise.
        unsafe { store(info, value) }
    })
}

/// # Safety
/// `slot` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_WaitForSlotEvent(
    flags: CK_FLAGS,
    slot: *mut CK_SLOT_ID,
    reserved: CK_VOID_PTR,
) -> CK_RV {
    entry("C_WaitForSlotEvent", |lib| {
        not_null(slot)?;
        if !reserved.is_null() {
            return Err(Error::ArgumentsBad("pReserved is not NULL"));
        }
        let changed = lib.wait_for_slot_event(flags & CKF_DONT_BLOCK == 0)?;
        // SAFETY: the caller's promise.
        unsafe { store(slot, changed) }
    })
}

/// # Safety
/// `count` may be read and written; `list`, unless null, has room for `*count` mechanism types.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetMechanismList(
    slot: CK_SLOT_ID,
    list: *mut CK_MECHANISM_TYPE,
    count: *mut CK_ULONG,
) -> CK_RV {
    entry("C_GetMechanismList", |lib| {
        let mechanisms = lib.mechanism_list(slot)?;
        // SAFETY: the caller's promise.
        unsafe { store_list(list, count, &mechanisms) }
    })
}

/// # Safety
/// `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetMechanismInfo(
    slot: CK_SLOT_ID,
    mechanism: CK_MECHANISM_TYPE,
    info: *mut CK_MECHANISM_INFO,
) -> CK_RV {
    entry("C_GetMechanismInfo", |lib| {
        not_null(info)?;
        let found = lib.mechanism_info(slot, mechanism)?;
        // SAFETY: the caller's promise.
        unsafe { store(info, found) }
    })
}

/// # Safety
/// `so_pin` points to `so_pin_len` bytes, `label` to 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_InitToken(
    slot: CK_SLOT_ID,
    so_pin: *mut CK_UTF8CHAR,
    so_pin_len: CK_ULONG,
    label: *mut CK_UTF8CHAR,
) -> CK_RV {
    secret_entry("C_InitToken", |lib| {
        // SAFETY: the caller's promise.
        let so_pin = unsafe { pin(so_pin, so_pin_len)? };
        not_null(label)?;
        // SAFETY: not null, and the caller's promise of 32 bytes.
        let label = unsafe { label.cast::<[u8; 32]>().read_unaligned() };
        lib.init_token(slot, &so_pin, &label)
    })
}

/// # Safety
/// `new` points to `new_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_InitPIN(
    session: CK_SESSION_HANDLE,
    new: *mut CK_UTF8CHAR,
    new_len: CK_ULONG,
) -> CK_RV {
    secret_entry("C_InitPIN", |lib| {
        // SAFETY: the caller's promise.
        let new = unsafe { pin(new, new_len)? };
        lib.init_pin(SessionHandle(session), &new)
    })
}

/// # Safety
/// `old` points to `old_len` bytes, `new` to `new_len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SetPIN(
    session: CK_SESSION_HANDLE,
    old: *mut CK_UTF8CHAR,
    old_len: CK_ULONG,
    new: *mut CK_UTF8CHAR,
    new_len: CK_ULONG,
) -> CK_RV {
    secret_entry("C_SetPIN", |lib| {
        // SAFETY: the caller's promise.
        let old = unsafe { pin(old, old_len)? };
        // SAFETY: likewise.
        let new = unsafe { pin(new, new_len)? };
        lib.set_pin(SessionHandle(session), &old, &new)
    })
}
