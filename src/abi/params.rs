//! Mechanism parameters: the one reader that walks a [`Shape`], and the writer of its output fields.

use std::{ptr, sync::Arc};

use super::{
    buffer::{input, length},
    template,
};
use crate::{
    error::{Error, Result},
    mechanism::{self, Field, FieldValue, Invocation, Params, Shape},
    pkcs11::*,
    secret::SecretBytes,
};

/// More elements than any parameter has.
const MAX_ULONGS: usize = 1024;

/// Reads a mechanism and its parameter.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD` for NULL; a wrong parameter is kept in the result.
///
/// # Safety
/// Unless null, `mechanism` points to a mechanism whose parameter is as its type wants it, readable
/// and unchanged during the call.
pub(super) unsafe fn read(mechanism: *const CK_MECHANISM) -> Result<Invocation> {
    // SAFETY: the caller's promise.
    unsafe { read_optional(mechanism)? }.ok_or(Error::ArgumentsBad("the mechanism is NULL"))
}

/// As [`read`]; `None` for NULL, which cancels an operation.
///
/// # Errors
/// None today; a wrong parameter is kept in the result.
///
/// # Safety
/// As [`read`].
pub(super) unsafe fn read_optional(mechanism: *const CK_MECHANISM) -> Result<Option<Invocation>> {
    if mechanism.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, and the caller's promise; it need not be aligned.
    let CK_MECHANISM {
        mechanism: id,
        pParameter,
        ulParameterLen,
    } = unsafe { mechanism.read_unaligned() };
    // Core refuses an unknown mechanism; its parameter has no known shape.
    let params = mechanism::find(id).map_or(Ok(Params::None), |row| {
        // SAFETY: the caller's promise about this mechanism's parameter.
        unsafe { walk(id, row.param, pParameter.cast(), ulParameterLen) }
    });
    Ok(Some(Invocation {
        mechanism: id,
        params,
    }))
}

/// # Safety
/// Unless null, `parameter` points to `len` readable bytes of the given shape.
unsafe fn walk(
    id: CK_MECHANISM_TYPE,
    shape: Shape,
    parameter: *const u8,
    len: CK_ULONG,
) -> Result<Params> {
    let invalid = Error::MechanismParamInvalid(id);
    // SAFETY: the caller's promise.
    let raw = unsafe { input(parameter, len) }.map_err(|_| invalid.clone())?;
    match shape.of_len(raw.len()) {
        Shape::None if raw.is_empty() => Ok(Params::None),
        Shape::Bytes { min: 0, .. } if raw.is_empty() => Ok(Params::None),
        Shape::Bytes { min, max } if (min..=max).contains(&raw.len()) => {
            Ok(Params::Bytes(raw.to_vec()))
        }
        Shape::Struct { optional: true, .. } if raw.is_empty() => Ok(Params::None),
        Shape::Struct { size, fields, .. } if raw.len() == size => {
            // SAFETY: the caller's promise about the pointers in the structure.
            let values = fields.iter().map(|field| unsafe { read_field(raw, field) });
            values
                .collect::<Result<_>>()
                .map(Params::Struct)
                .map_err(|e| match e {
                    // A bad template within a parameter is reported as what it is.
                    e @ (Error::AttributeValueInvalid(_) | Error::TemplateInconsistent(_)) => e,
                    _ => invalid,
                })
        }
        Shape::Secret { min: 0, .. } if raw.is_empty() => Ok(Params::None),
        Shape::Secret { min, max } if (min..=max).contains(&raw.len()) => {
            let secret = Arc::new(SecretBytes::copy_from(raw));
            Ok(Params::Struct(vec![FieldValue::Secret(secret)]))
        }
        Shape::None
        | Shape::Bytes { .. }
        | Shape::Struct { .. }
        | Shape::Secret { .. }
        | Shape::OneOf(_) => Err(invalid),
    }
}

/// # Safety
/// The pointers within `raw` that `field` names point to as many elements as their lengths say.
unsafe fn read_field(raw: &[u8], field: &Field) -> Result<FieldValue> {
    Ok(match *field {
        Field::Bool(at) => FieldValue::Bool(number::<1>(raw, at)? != [0]),
        Field::Ulong(at) => FieldValue::Ulong(ulong(raw, at)?),
        Field::UlongOut(_) => FieldValue::Ulong(0),
        Field::Bytes { ptr, len } => {
            // SAFETY: the caller's promise.
            FieldValue::Bytes(unsafe { input(pointer(raw, ptr)?, ulong(raw, len)?)? }.to_vec())
        }
        Field::Secret { ptr, len, max } => {
            let (from, len) = (pointer(raw, ptr)?, ulong(raw, len)?);
            // Checked before anything is followed: an old layout has a pointer in this place.
            if length(len)? > max {
                return Err(Error::ArgumentsBad("a secret is too long"));
            }
            // SAFETY: the caller's promise.
            FieldValue::Secret(Arc::new(SecretBytes::copy_from(unsafe {
                input(from, len)?
            })))
        }
        Field::BytesInOut { ptr, len, capacity } => {
            let (from, len) = (pointer::<u8>(raw, ptr)?, length(ulong(raw, len)?)?);
            if from.is_null() || len > capacity {
                return Err(Error::ArgumentsBad("an output buffer is missing"));
            }
            // SAFETY: the caller's promise.
            FieldValue::Bytes(unsafe { input(from, len as CK_ULONG)? }.to_vec())
        }
        Field::Ulongs { ptr, len } => {
            let (from, len) = (pointer::<CK_ULONG>(raw, ptr)?, length(ulong(raw, len)?)?);
            if len > MAX_ULONGS || (from.is_null() && len > 0) {
                return Err(Error::ArgumentsBad("an array is NULL or too long"));
            }
            let mut list = Vec::with_capacity(len);
            for i in 0..len {
                // SAFETY: `i` is within the caller's array.
                let at = unsafe { from.add(i) };
                // SAFETY: the caller's promise; it need not be aligned.
                list.push(unsafe { at.read_unaligned() });
            }
            FieldValue::Ulongs(list)
        }
        Field::Template { ptr, len } => {
            let (from, count) = (pointer::<CK_ATTRIBUTE>(raw, ptr)?, ulong(raw, len)?);
            if from.is_null() && count == 0 {
                FieldValue::Absent
            } else {
                // SAFETY: the caller's promise.
                FieldValue::Template(unsafe { template::read(from, count)? })
            }
        }
    })
}

/// Writes the output fields of a parameter back.
///
/// # Safety
/// `mechanism` is as it was for [`read`], and its parameter's output fields may be written.
pub(super) unsafe fn write_back(mechanism: *const CK_MECHANISM, invocation: &Invocation) {
    let Ok(params @ Params::Struct(values)) = &invocation.params else {
        return;
    };
    let fields = mechanism::find(invocation.mechanism)
        .map(|row| row.param.fields_of(params))
        .unwrap_or_default();
    // SAFETY: `read` has read it.
    let base = unsafe { mechanism.read_unaligned() }
        .pParameter
        .cast::<u8>();
    for (field, value) in fields.iter().zip(values) {
        match (*field, value) {
            (Field::UlongOut(at), FieldValue::Ulong(n)) => {
                // SAFETY: the offset is within the structure.
                let to = unsafe { base.add(at) };
                // SAFETY: the caller's promise; it need not be aligned.
                unsafe { to.cast::<CK_ULONG>().write_unaligned(*n) };
            }
            (Field::BytesInOut { ptr, len, capacity }, FieldValue::Bytes(bytes))
                if bytes.len() <= capacity =>
            {
                // SAFETY: the offset is within the structure.
                let at = unsafe { base.add(ptr) };
                // SAFETY: the caller's promise; it need not be aligned.
                let to = unsafe { at.cast::<*mut u8>().read_unaligned() };
                // SAFETY: the buffer has `capacity` bytes by the mechanism's contract.
                unsafe { ptr::copy(bytes.as_ptr(), to, bytes.len()) };
                // SAFETY: the offset is within the structure.
                let at = unsafe { base.add(len) };
                // SAFETY: as above.
                unsafe {
                    at.cast::<CK_ULONG>()
                        .write_unaligned(bytes.len() as CK_ULONG)
                };
            }
            _ => {}
        }
    }
}

fn number<const N: usize>(raw: &[u8], at: usize) -> Result<[u8; N]> {
    raw.get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .ok_or(Error::ArgumentsBad("a structure is too short"))
}

fn ulong(raw: &[u8], at: usize) -> Result<CK_ULONG> {
    number(raw, at).map(CK_ULONG::from_ne_bytes)
}

fn pointer<T>(raw: &[u8], at: usize) -> Result<*const T> {
    let bytes: [u8; size_of::<usize>()] = number(raw, at)?;
    Ok(ptr::with_exposed_provenance(usize::from_ne_bytes(bytes)))
}
