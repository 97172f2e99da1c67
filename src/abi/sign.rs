//! Signatures.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::{OutBuf, input},
    entry::{checked, entry},
    params,
};
use crate::{core::OperationKind, pkcs11::*};

/// What a bad argument of these functions ends.
const KIND: OperationKind = OperationKind::Sign;

/// # Safety
/// `mechanism` is null or points to a mechanism.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SignInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    entry("C_SignInit", |lib| {
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read_optional(mechanism)? };
        lib.sign_init(SessionHandle(session), mechanism, ObjectHandle(key))
    })
}

/// # Safety
/// `data` points to `len` bytes; `signature` and `signature_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Sign(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    len: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_len: *mut CK_ULONG,
) -> CK_RV {
    entry("C_Sign", |lib| {
        // SAFETY: the caller's promise.
        let data = checked(lib, session, KIND, unsafe { input(data, len) })?;
        // SAFETY: likewise.
        let out = checked(lib, session, KIND, unsafe {
            OutBuf::from_raw(signature, signature_len)
        })?;
        let data = checked(lib, session, KIND, out.apart(data))?;
        out.answer(|out| lib.sign(SessionHandle(session), &data, out))
    })
}

/// # Safety
/// `part` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SignUpdate(
    session: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    len: CK_ULONG,
) -> CK_RV {
    entry("C_SignUpdate", |lib| {
        // SAFETY: the caller's promise.
        let part = checked(lib, session, KIND, unsafe { input(part, len) })?;
        lib.sign_update(SessionHandle(session), part)
    })
}

/// # Safety
/// `signature` and `len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SignFinal(
    session: CK_SESSION_HANDLE,
    signature: *mut CK_BYTE,
    len: *mut CK_ULONG,
) -> CK_RV {
    entry("C_SignFinal", |lib| {
        // SAFETY: the caller's promise.
        let out = checked(lib, session, KIND, unsafe {
            OutBuf::from_raw(signature, len)
        })?;
        out.answer(|out| lib.sign_final(SessionHandle(session), out))
    })
}
