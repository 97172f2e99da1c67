//! Initialisation and information.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::store,
    entry::{self, before_init, entry},
    fork,
};
use crate::{
    error::{Error, Result},
    pkcs11::*,
    secret::scrub_stack,
};

/// # Safety
/// `args` is null or points to `CK_C_INITIALIZE_ARGS`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Initialize(args: CK_VOID_PTR) -> CK_RV {
    before_init("C_Initialize", || {
        // SAFETY: the caller's promise.
        unsafe { check_arguments(args.cast())? };
        fork::register()?;
        entry::initialize()
    })
}

/// We lock with the system's primitives and create no threads, so nearly any wish can be granted.
/// The one that cannot: callbacks that must be used instead of the system's locks.
/// (`pReserved` carries strings of NSS and others, which mean nothing to us.)
///
/// # Safety
/// `args` is null or may be read.
unsafe fn check_arguments(args: *const CK_C_INITIALIZE_ARGS) -> Result<()> {
    if args.is_null() {
        return Ok(());
    }
    // SAFETY: not null, and the caller's promise; it need not be aligned.
    let args = unsafe { args.read_unaligned() };
    let given = [
        args.CreateMutex.is_some(),
        args.DestroyMutex.is_some(),
        args.LockMutex.is_some(),
        args.UnlockMutex.is_some(),
    ];
    let given = given.iter().filter(|given| **given).count();
    if given != 0 && given != 4 {
        return Err(Error::ArgumentsBad(
            "some mutex functions are given and some are not",
        ));
    }
    if given == 4 && args.flags & CKF_OS_LOCKING_OK == 0 {
        return Err(Error::CantLock);
    }
    Ok(())
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Finalize(reserved: CK_VOID_PTR) -> CK_RV {
    before_init("C_Finalize", || {
        if !reserved.is_null() {
            return Err(Error::ArgumentsBad("pReserved is not NULL"));
        }
        let outcome = entry::finalize();
        scrub_stack();
        outcome
    })
}

/// # Safety
/// `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInfo(info: *mut CK_INFO) -> CK_RV {
    entry("C_GetInfo", |_| {
        let value = CK_INFO {
            cryptokiVersion: CK_VERSION { major: 3, minor: 0 },
            manufacturerID: padded("chainhsm"),
            flags: 0,
            libraryDescription: padded("chainhsm software HSM"),
            libraryVersion: LIBRARY_VERSION,
        };
        // SAFETY: the caller's promise.
        unsafe { store(info, value) }
    })
}

/// The package's version.
pub(super) const LIBRARY_VERSION: CK_VERSION = CK_VERSION {
    major: number(env!("CARGO_PKG_VERSION_MAJOR")),
    minor: number(env!("CARGO_PKG_VERSION_MINOR")),
};

/// A small decimal number, at compile time.
const fn number(digits: &str) -> u8 {
    match u8::from_str_radix(digits, 10) {
        Ok(n) => n,
        Err(_) => 0,
    }
}

/// Text in the standard's fixed-length fields: cut at a character's end, padded with blanks.
pub(super) fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [b' '; N];
    let end = text.floor_char_boundary(N);
    field
        .iter_mut()
        .zip(text.bytes().take(end))
        .for_each(|(to, from)| *to = from);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_padded_and_never_cut_within_a_character() {
        assert_eq!(&padded::<8>("abc"), b"abc     ");
        assert_eq!(&padded::<3>("abcd"), b"abc");
        assert_eq!(&padded::<4>("abcé"), b"abc ");
    }
}
