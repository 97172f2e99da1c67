//! Encryption and decryption: one shape, two directions.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::{OutBuf, input},
    entry::{checked, entry},
    params,
};
use crate::{
    core::{Direction, OperationKind},
    pkcs11::*,
};

/// What a bad argument of these functions ends.
const fn kind(direction: Direction) -> OperationKind {
    match direction {
        Direction::Encrypt => OperationKind::Encrypt,
        Direction::Decrypt => OperationKind::Decrypt,
    }
}

/// # Safety
/// `mechanism` is null or points to a mechanism.
unsafe fn init(
    call: &'static str,
    direction: Direction,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    entry(call, |lib| {
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read_optional(mechanism)? };
        lib.cipher_init(
            SessionHandle(session),
            direction,
            mechanism,
            ObjectHandle(key),
        )
    })
}

/// Input and output of a one-part or Update call.
struct Pass {
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    len: CK_ULONG,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
}

impl Pass {
    /// # Safety
    /// `data` points to `len` bytes; `out` and `out_len` are an output buffer.
    unsafe fn run(self, call: &'static str, direction: Direction, update: bool) -> CK_RV {
        entry(call, |lib| {
            let session = SessionHandle(self.session);
            // SAFETY: the caller's promise.
            let data = checked(lib, self.session, kind(direction), unsafe {
                input(self.data, self.len)
            })?;
            // SAFETY: likewise.
            let out = checked(lib, self.session, kind(direction), unsafe {
                OutBuf::from_raw(self.out, self.out_len)
            })?;
            let data = checked(lib, self.session, kind(direction), out.apart(data))?;
            out.answer(|out| {
                if update {
                    lib.cipher_update(session, direction, &data, out)
                } else {
                    lib.cipher(session, direction, &data, out)
                }
            })
        })
    }
}

/// # Safety
/// `out` and `out_len` are an output buffer.
unsafe fn finish(
    call: &'static str,
    direction: Direction,
    session: CK_SESSION_HANDLE,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    entry(call, |lib| {
        // SAFETY: the caller's promise.
        let out = checked(lib, session, kind(direction), unsafe {
            OutBuf::from_raw(out, out_len)
        })?;
        out.answer(|out| lib.cipher_final(SessionHandle(session), direction, out))
    })
}

/// # Safety
/// `mechanism` is null or points to a mechanism.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_EncryptInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe { init("C_EncryptInit", Direction::Encrypt, session, mechanism, key) }
}

/// # Safety
/// `data` points to `len` bytes; `out` and `out_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Encrypt(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    len: CK_ULONG,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe {
        Pass {
            session,
            data,
            len,
            out,
            out_len,
        }
        .run("C_Encrypt", Direction::Encrypt, false)
    }
}

/// # Safety
/// `part` points to `len` bytes; `out` and `out_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_EncryptUpdate(
    session: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    len: CK_ULONG,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe {
        Pass {
            session,
            data: part,
            len,
            out,
            out_len,
        }
        .run("C_EncryptUpdate", Direction::Encrypt, true)
    }
}

/// # Safety
/// `out` and `out_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_EncryptFinal(
    session: CK_SESSION_HANDLE,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe { finish("C_EncryptFinal", Direction::Encrypt, session, out, out_len) }
}

/// # Safety
/// `mechanism` is null or points to a mechanism.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DecryptInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe { init("C_DecryptInit", Direction::Decrypt, session, mechanism, key) }
}

/// # Safety
/// `data` points to `len` bytes; `out` and `out_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Decrypt(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    len: CK_ULONG,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe {
        Pass {
            session,
            data,
            len,
            out,
            out_len,
        }
        .run("C_Decrypt", Direction::Decrypt, false)
    }
}

/// # Safety
/// `part` points to `len` bytes; `out` and `out_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DecryptUpdate(
    session: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    len: CK_ULONG,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe {
        Pass {
            session,
            data: part,
            len,
            out,
            out_len,
        }
        .run("C_DecryptUpdate", Direction::Decrypt, true)
    }
}

/// # Safety
/// `out` and `out_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DecryptFinal(
    session: CK_SESSION_HANDLE,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    // SAFETY: the caller's promise.
    unsafe { finish("C_DecryptFinal", Direction::Decrypt, session, out, out_len) }
}
