//! Functions that other vendors export beside the standard's: clients bind them by name.
#![allow(non_snake_case, reason = "the vendors' own names")]
#![allow(clippy::too_many_arguments, reason = "the vendors' own signatures")]

use super::{
    buffer::{OutBuf, input, not_null, store},
    entry::entry,
    params, template,
};
use crate::pkcs11::*;

/// Securosys: derives both halves of a child.
///
/// # Safety
/// `mechanism` points to a mechanism, the templates to their numbers of attributes; the handles may
/// be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DeriveKeyPair(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    base: CK_OBJECT_HANDLE,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    entry("C_DeriveKeyPair", |lib| {
        not_null(public_key)?;
        not_null(private_key)?;
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read(mechanism)? };
        // SAFETY: likewise.
        let public = unsafe { template::read(public, public_count)? };
        // SAFETY: likewise.
        let private = unsafe { template::read(private, private_count)? };
        let (made_public, made_private) = lib.derive_key_pair(
            SessionHandle(session),
            mechanism,
            ObjectHandle(base),
            public,
            private,
        )?;
        // SAFETY: likewise.
        unsafe { store(public_key, made_public.0)? };
        // SAFETY: likewise.
        unsafe { store(private_key, made_private.0) }
    })
}

/// Thales Luna: the extended public key (xpub) of either half of a `CKK_BIP32` key pair as text,
/// without a final NUL.
///
/// # Safety
/// `text` and `text_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CA_Bip32ExportPublicKey(
    session: CK_SESSION_HANDLE,
    key: CK_OBJECT_HANDLE,
    text: *mut CK_BYTE,
    text_len: *mut CK_ULONG,
) -> CK_RV {
    entry("CA_Bip32ExportPublicKey", |lib| {
        // SAFETY: the caller's promise.
        let out = unsafe { OutBuf::from_raw(text, text_len)? };
        out.answer(|out| lib.export_xpub(SessionHandle(session), ObjectHandle(key), out))
    })
}

/// Thales Luna: makes a `CKK_BIP32` public key of an xpub text; NULs at its end do not count.
///
/// # Safety
/// `text` points to `text_len` bytes, `attributes` to `count` attributes; `handle` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CA_Bip32ImportPublicKey(
    session: CK_SESSION_HANDLE,
    text: *mut CK_BYTE,
    text_len: CK_ULONG,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    handle: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    entry("CA_Bip32ImportPublicKey", |lib| {
        not_null(handle)?;
        // SAFETY: the caller's promise.
        let text = unsafe { input(text, text_len)? };
        // SAFETY: likewise.
        let template = unsafe { template::read(attributes, count)? };
        let key = lib.import_xpub(SessionHandle(session), text, template)?;
        // SAFETY: likewise.
        unsafe { store(handle, key.0) }
    })
}
