//! Verification.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::input,
    entry::{checked, entry},
    params,
};
use crate::{core::OperationKind, pkcs11::*};

/// What a bad argument of these functions ends.
const KIND: OperationKind = OperationKind::Verify;

/// # Safety
/// `mechanism` is null or points to a mechanism.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_VerifyInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    entry("C_VerifyInit", |lib| {
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read_optional(mechanism)? };
        lib.verify_init(SessionHandle(session), mechanism, ObjectHandle(key))
    })
}

/// # Safety
/// `data` points to `len` bytes, `signature` to `signature_len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Verify(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    len: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_len: CK_ULONG,
) -> CK_RV {
    entry("C_Verify", |lib| {
        // SAFETY: the caller's promise.
        let data = checked(lib, session, KIND, unsafe { input(data, len) })?;
        // SAFETY: likewise.
        let signature = checked(lib, session, KIND, unsafe {
            input(signature, signature_len)
        })?;
        lib.verify(SessionHandle(session), data, signature)
    })
}

/// # Safety
/// `part` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_VerifyUpdate(
    session: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    len: CK_ULONG,
) -> CK_RV {
    entry("C_VerifyUpdate", |lib| {
        // SAFETY: the caller's promise.
        let part = checked(lib, session, KIND, unsafe { input(part, len) })?;
        lib.verify_update(SessionHandle(session), part)
    })
}

/// # Safety
/// `signature` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_VerifyFinal(
    session: CK_SESSION_HANDLE,
    signature: *mut CK_BYTE,
    len: CK_ULONG,
) -> CK_RV {
    entry("C_VerifyFinal", |lib| {
        // SAFETY: the caller's promise.
        let signature = checked(lib, session, KIND, unsafe { input(signature, len) })?;
        lib.verify_final(SessionHandle(session), signature)
    })
}
