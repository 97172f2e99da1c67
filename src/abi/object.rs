//! Objects.
#![allow(non_snake_case, reason = "the standard's own names")]

use super::{
    buffer::{length, not_null, store},
    entry::{entry, secret_entry},
    template,
};
use crate::{attribute::Template, core::OperationKind, error::Error, pkcs11::*};

/// # Safety
/// `attributes` is an array of `count` attributes; `handle` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CreateObject(
    session: CK_SESSION_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    handle: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    secret_entry("C_CreateObject", |lib| {
        not_null(handle)?;
        // SAFETY: the caller's promise.
        let template = unsafe { template::read(attributes, count)? };
        let object = lib.create_object(SessionHandle(session), template)?;
        // SAFETY: likewise.
        unsafe { store(handle, object.0) }
    })
}

/// # Safety
/// `attributes` is an array of `count` attributes; `handle` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CopyObject(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    handle: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    secret_entry("C_CopyObject", |lib| {
        not_null(handle)?;
        // SAFETY: the caller's promise.
        let template = unsafe { template::read(attributes, count)? };
        let copy = lib.copy_object(SessionHandle(session), ObjectHandle(object), template)?;
        // SAFETY: likewise.
        unsafe { store(handle, copy.0) }
    })
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DestroyObject(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
) -> CK_RV {
    entry("C_DestroyObject", |lib| {
        lib.destroy_object(SessionHandle(session), ObjectHandle(object))
    })
}

/// # Safety
/// `size` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetObjectSize(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    size: *mut CK_ULONG,
) -> CK_RV {
    entry("C_GetObjectSize", |lib| {
        not_null(size)?;
        let found = lib.object_size(SessionHandle(session), ObjectHandle(object))?;
        // SAFETY: the caller's promise.
        unsafe { store(size, found) }
    })
}

/// # Safety
/// `attributes` is an array of `count` attributes, each with a value buffer of its length or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    entry("C_GetAttributeValue", |lib| {
        not_null(attributes)?;
        // SAFETY: the caller's promise.
        let asked = unsafe { template::Asked::from_raw(attributes, count)? };
        let (session, object) = (SessionHandle(session), ObjectHandle(object));
        let answers = lib.attribute_values(session, object, &asked.types())?;
        asked.answer(&answers)
    })
}

/// # Safety
/// `attributes` is an array of `count` attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    entry("C_SetAttributeValue", |lib| {
        not_null(attributes)?;
        // SAFETY: the caller's promise.
        let template = unsafe { template::read(attributes, count)? };
        lib.set_attribute_values(SessionHandle(session), ObjectHandle(object), template)
    })
}

/// # Safety
/// `attributes` is an array of `count` attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_FindObjectsInit(
    session: CK_SESSION_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    entry("C_FindObjectsInit", |lib| {
        // SAFETY: the caller's promise.
        let template = match unsafe { template::read(attributes, count) } {
            // An attribute with two values is on no object: neither is this class.
            Err(Error::TemplateInconsistent(_)) => {
                Template::new().with(CKA_CLASS, CK_UNAVAILABLE_INFORMATION)
            }
            template => template?,
        };
        lib.find_objects_init(SessionHandle(session), &template)
    })
}

/// # Safety
/// `handles` has room for `max` handles; `count` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_FindObjects(
    session: CK_SESSION_HANDLE,
    handles: *mut CK_OBJECT_HANDLE,
    max: CK_ULONG,
    count: *mut CK_ULONG,
) -> CK_RV {
    entry("C_FindObjects", |lib| {
        let session = SessionHandle(session);
        let checked =
            not_null(count).and_then(|()| if max > 0 { not_null(handles) } else { Ok(()) });
        let max = checked
            .and_then(|()| length(max))
            .inspect_err(|_| lib.abort(session, OperationKind::FindObjects))?;
        let found = lib.find_objects(session, max)?;
        for (i, object) in found.iter().enumerate() {
            // SAFETY: at most `max` were found, and the caller has room for so many.
            let to = unsafe { handles.add(i) };
            // SAFETY: likewise.
            unsafe { store(to, object.0)? };
        }
        // SAFETY: the caller's promise.
        unsafe { store(count, found.len() as CK_ULONG) }
    })
}

/// # Safety
/// None is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_FindObjectsFinal(session: CK_SESSION_HANDLE) -> CK_RV {
    entry("C_FindObjectsFinal", |lib| {
        lib.find_objects_final(SessionHandle(session))
    })
}
