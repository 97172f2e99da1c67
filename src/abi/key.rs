//! Keys: generation, wrapping, derivation.
#![allow(non_snake_case, reason = "the standard's own names")]
#![allow(clippy::too_many_arguments, reason = "the standard's own signatures")]

use super::{
    buffer::{OutBuf, input, not_null, store},
    entry::secret_entry,
    params, template,
};
use crate::{
    error::Error,
    mechanism::{self, Field, Invocation},
    pkcs11::*,
};

/// # Safety
/// `mechanism` points to a mechanism, `attributes` to `count` attributes; `handle` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GenerateKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    handle: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    secret_entry("C_GenerateKey", |lib| {
        not_null(handle)?;
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read(mechanism)? };
        // SAFETY: likewise.
        let template = unsafe { template::read(attributes, count)? };
        let key = lib.generate_key(SessionHandle(session), mechanism, template)?;
        // SAFETY: likewise.
        unsafe { store(handle, key.0) }
    })
}

/// # Safety
/// `mechanism` points to a mechanism, the templates to their numbers of attributes; the handles may
/// be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GenerateKeyPair(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    secret_entry("C_GenerateKeyPair", |lib| {
        not_null(public_key)?;
        not_null(private_key)?;
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read(mechanism)? };
        // SAFETY: likewise.
        let public = unsafe { template::read(public, public_count)? };
        // SAFETY: likewise.
        let private = unsafe { template::read(private, private_count)? };
        let (made_public, made_private) =
            lib.generate_key_pair(SessionHandle(session), mechanism, public, private)?;
        // SAFETY: likewise.
        unsafe { store(public_key, made_public.0)? };
        // SAFETY: likewise.
        unsafe { store(private_key, made_private.0) }
    })
}

/// # Safety
/// `mechanism` points to a mechanism; `wrapped` and `wrapped_len` are an output buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_WrapKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    wrapping_key: CK_OBJECT_HANDLE,
    key: CK_OBJECT_HANDLE,
    wrapped: *mut CK_BYTE,
    wrapped_len: *mut CK_ULONG,
) -> CK_RV {
    secret_entry("C_WrapKey", |lib| {
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read(mechanism)? };
        // SAFETY: likewise.
        let out = unsafe { OutBuf::from_raw(wrapped, wrapped_len)? };
        out.answer(|out| {
            lib.wrap_key(
                SessionHandle(session),
                mechanism,
                ObjectHandle(wrapping_key),
                ObjectHandle(key),
                out,
            )
        })
    })
}

/// # Safety
/// `mechanism` points to a mechanism, `wrapped` to `wrapped_len` bytes, `attributes` to `count`
/// attributes; `handle` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_UnwrapKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    unwrapping_key: CK_OBJECT_HANDLE,
    wrapped: *mut CK_BYTE,
    wrapped_len: CK_ULONG,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    handle: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    secret_entry("C_UnwrapKey", |lib| {
        not_null(handle)?;
        // SAFETY: the caller's promise.
        let mechanism = unsafe { params::read(mechanism)? };
        // SAFETY: likewise.
        let wrapped = unsafe { input(wrapped, wrapped_len)? };
        // SAFETY: likewise.
        let template = unsafe { template::read(attributes, count)? };
        let key = lib.unwrap_key(
            SessionHandle(session),
            mechanism,
            ObjectHandle(unwrapping_key),
            wrapped,
            template,
        )?;
        // SAFETY: likewise.
        unsafe { store(handle, key.0) }
    })
}

/// # Safety
/// `mechanism` points to a mechanism whose output fields may be written, `attributes` to `count`
/// attributes; `handle` may be written, or is null for a mechanism that answers through its
/// parameter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DeriveKey(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    base: CK_OBJECT_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    handle: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    secret_entry("C_DeriveKey", |lib| {
        // SAFETY: the caller's promise.
        let mut invocation = unsafe { params::read(mechanism)? };
        // SAFETY: likewise.
        let template = unsafe { template::read(attributes, count)? };
        if handle.is_null() && !answers_through_parameter(&invocation) {
            return Err(Error::ArgumentsBad("a result pointer is NULL"));
        }
        let derived = lib.derive_key(
            SessionHandle(session),
            &mut invocation,
            ObjectHandle(base),
            template,
        );
        // SAFETY: likewise; an error may have its place to tell.
        unsafe { params::write_back(mechanism, &invocation) };
        // SAFETY: likewise.
        derived?.map_or(Ok(()), |key| unsafe { store(handle, key.0) })
    })
}

/// True for a parameter that has fields for the handles of what is made.
fn answers_through_parameter(invocation: &Invocation) -> bool {
    mechanism::find(invocation.mechanism).is_some_and(|row| match &invocation.params {
        Ok(params) => has_output(row.param.fields_of(params)),
        // Core refuses it; the missing result pointer is the lesser fault if it may be missing.
        Err(_) => row.param.structures().any(has_output),
    })
}

fn has_output(fields: &'static [Field]) -> bool {
    fields
        .iter()
        .any(|field| matches!(field, Field::UlongOut(_)))
}
