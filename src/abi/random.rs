//! Randomness.
#![allow(non_snake_case, reason = "the standard's own names")]

use std::{ptr, slice};

use super::{
    buffer::{input, length, not_null},
    entry::entry,
};
use crate::pkcs11::*;

/// # Safety
/// `seed` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SeedRandom(
    session: CK_SESSION_HANDLE,
    seed: *mut CK_BYTE,
    len: CK_ULONG,
) -> CK_RV {
    entry("C_SeedRandom", |lib| {
        // SAFETY: the caller's promise.
        let seed = unsafe { input(seed, len)? };
        lib.seed_random(SessionHandle(session), seed)
    })
}

/// # Safety
/// `out` has room for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GenerateRandom(
    session: CK_SESSION_HANDLE,
    out: *mut CK_BYTE,
    len: CK_ULONG,
) -> CK_RV {
    entry("C_GenerateRandom", |lib| {
        let len = length(len)?;
        let out = if len == 0 { ptr::dangling_mut() } else { out };
        not_null(out)?;
        // SAFETY: not null, and the caller's promise of `len` bytes.
        let out = unsafe { slice::from_raw_parts_mut(out, len) };
        lib.generate_random(SessionHandle(session), out)
    })
}
