//! Message digests.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::{OutBuf, input},
    entry::{checked, entry},
    params,
};
use crate::{core::OperationKind, pkcs11::*};

/// What a bad argument of these functions ends.
const KIND: OperationKind = OperationKind::Digest;

/// # Safety
/// `mechanism` is null or points to a mechanism.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DigestInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
) -> CK_RV {
    entry("C_DigestInit", |lib| {
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read_optional(mechanism)? };
        lib.digest_init(SessionHandle(session), mechanism)
    })
}

/// # Safety
/// `data` points to `len` bytes; `digest` and `digest_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Digest(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    len: CK_ULONG,
    digest: *mut CK_BYTE,
    digest_len: *mut CK_ULONG,
) -> CK_RV {
    entry("C_Digest", |lib| {
        // SAFETY: the caller's promise.
        let data = checked(lib, session, KIND, unsafe { input(data, len) })?;
        // SAFETY: likewise.
        let out = checked(lib, session, KIND, unsafe {
            OutBuf::from_raw(digest, digest_len)
        })?;
        let data = checked(lib, session, KIND, out.apart(data))?;
        out.answer(|out| lib.digest(SessionHandle(session), &data, out))
    })
}

/// # Safety
/// `part` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DigestUpdate(
    session: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    len: CK_ULONG,
) -> CK_RV {
    entry("C_DigestUpdate", |lib| {
        // SAFETY: the caller's promise.
        let part = checked(lib, session, KIND, unsafe { input(part, len) })?;
        lib.digest_update(SessionHandle(session), part)
    })
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DigestKey(session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) -> CK_RV {
    entry("C_DigestKey", |lib| {
        lib.digest_key(SessionHandle(session), ObjectHandle(key))
    })
}

/// # Safety
/// `digest` and `len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DigestFinal(
    session: CK_SESSION_HANDLE,
    digest: *mut CK_BYTE,
    len: *mut CK_ULONG,
) -> CK_RV {
    entry("C_DigestFinal", |lib| {
        // SAFETY: the caller's promise.
        let out = checked(lib, session, KIND, unsafe { OutBuf::from_raw(digest, len) })?;
        out.answer(|out| lib.digest_final(SessionHandle(session), out))
    })
}
