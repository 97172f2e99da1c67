//! Mechanism parameters: the one reader that walks a [`Shape`], and the writer of its output fields.

#[cfg(test)]
mod tests;

use std::{ptr, sync::Arc};

use super::{
    buffer::{input, length, not_null},
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
/// More bytes than any field of a parameter has; what is longer is a wrong length.
const MAX_BYTES: usize = 1 << 26;

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
    let len = match length(len) {
        Ok(len) if len == 0 || !parameter.is_null() => len,
        _ => return Err(invalid),
    };
    match shape.of_len(len) {
        Shape::None if len == 0 => Ok(Params::None),
        Shape::Bytes { min: 0, .. } | Shape::Struct { optional: true, .. } if len == 0 => {
            Ok(Params::None)
        }
        Shape::Bytes { min, max } if (min..=max).contains(&len) => {
            // SAFETY: the caller's promise.
            let raw = unsafe { input(parameter, len as CK_ULONG)? };
            Ok(Params::Bytes(raw.to_vec()))
        }
        Shape::Struct { size, fields, .. } if len == size => {
            let structure = Structure(parameter.cast_mut());
            // SAFETY: the caller's promise about the structure and the pointers in it.
            let values = fields.iter().map(|field| unsafe { structure.read(field) });
            values
                .collect::<Result<_>>()
                .map(Params::Struct)
                .map_err(|e| {
                    use Error::{AttributeValueInvalid, TemplateInconsistent};
                    // A bad template within a parameter is reported as what it is.
                    let template = matches!(e, AttributeValueInvalid(_) | TemplateInconsistent(_));
                    if template { e } else { invalid }
                })
        }
        Shape::Secret { min: 0, .. } if len == 0 => Ok(Params::None),
        Shape::Secret { min, max } if (min..=max).contains(&len) => {
            // SAFETY: the caller's promise.
            let raw = unsafe { input(parameter, len as CK_ULONG)? };
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
    let parameter = unsafe { mechanism.read_unaligned() }.pParameter;
    for (field, value) in fields.iter().zip(values) {
        // SAFETY: the caller's promise.
        unsafe { Structure(parameter.cast()).write(field, value) };
    }
}

/// A structure in the caller's memory. It need not be aligned.
#[derive(Clone, Copy)]
struct Structure(*mut u8);

impl Structure {
    /// # Safety
    /// The structure is long enough for `field`, and a pointer in it that `field` names points to
    /// as many readable elements as its length says.
    unsafe fn read(self, field: &Field) -> Result<FieldValue> {
        // SAFETY: the caller's promise: the field lies within the structure.
        let ulong = |at| unsafe { self.at::<CK_ULONG>(at).read_unaligned() };
        Ok(match *field {
            Field::Bool(at) => {
                // SAFETY: likewise.
                FieldValue::Bool(unsafe { self.at::<CK_BBOOL>(at).read() } != CK_FALSE)
            }
            Field::Ulong(at) => FieldValue::Ulong(ulong(at)),
            Field::UlongOut(_) => FieldValue::Ulong(0),
            Field::Bytes { ptr, len } => {
                // SAFETY: the caller's promise.
                FieldValue::Bytes(unsafe { self.bytes(ptr, ulong(len), MAX_BYTES) }?.to_vec())
            }
            Field::Secret { ptr, len, max } => {
                // SAFETY: the caller's promise.
                let secret = unsafe { self.bytes(ptr, ulong(len), max) }?;
                FieldValue::Secret(Arc::new(SecretBytes::copy_from(secret)))
            }
            Field::BytesInOut { ptr, len, capacity } => {
                // SAFETY: the field lies within the structure.
                not_null(unsafe { self.at::<*mut u8>(ptr).read_unaligned() })?;
                // SAFETY: the caller's promise.
                FieldValue::Bytes(unsafe { self.bytes(ptr, ulong(len), capacity) }?.to_vec())
            }
            Field::Ulongs { ptr, len } => {
                // SAFETY: the field lies within the structure.
                let from = unsafe { self.at::<*const CK_ULONG>(ptr).read_unaligned() };
                let len = length(ulong(len))?;
                if len > MAX_ULONGS || (from.is_null() && len > 0) {
                    return Err(Error::ArgumentsBad("an array is NULL or too long"));
                }
                // SAFETY: the caller's promise; the elements need not be aligned.
                let element = |i| unsafe { from.wrapping_add(i).read_unaligned() };
                FieldValue::Ulongs((0..len).map(element).collect())
            }
            Field::Template { ptr, len } => {
                // SAFETY: the field lies within the structure.
                let from = unsafe { self.at::<*const CK_ATTRIBUTE>(ptr).read_unaligned() };
                match ulong(len) {
                    0 if from.is_null() => FieldValue::Absent,
                    // SAFETY: the caller's promise.
                    count => FieldValue::Template(unsafe { template::read(from, count)? }),
                }
            }
        })
    }

    /// The bytes that the pointer at `at` leads to. Their number is checked before the pointer is
    /// followed: an old layout may have a pointer in the length's place.
    ///
    /// # Safety
    /// The structure holds a pointer at `at`, which unless null points to `len` readable bytes.
    unsafe fn bytes<'a>(self, at: usize, len: CK_ULONG, max: usize) -> Result<&'a [u8]> {
        if length(len)? > max {
            return Err(Error::ArgumentsBad("a length is absurd"));
        }
        // SAFETY: the caller's promise.
        let from = unsafe { self.at::<*const u8>(at).read_unaligned() };
        // SAFETY: likewise.
        unsafe { input(from, len) }
    }

    /// Writes an output field.
    ///
    /// # Safety
    /// As for [`read`](Self::read), which has read this field; output fields may be written.
    unsafe fn write(self, field: &Field, value: &FieldValue) {
        match (*field, value) {
            (Field::UlongOut(at), FieldValue::Ulong(n)) => {
                // SAFETY: the caller's promise: the field lies within the structure.
                unsafe { self.at::<CK_ULONG>(at).write_unaligned(*n) };
            }
            (Field::BytesInOut { ptr, len, capacity }, FieldValue::Bytes(bytes))
                if bytes.len() <= capacity =>
            {
                // SAFETY: likewise.
                let to = unsafe { self.at::<*mut u8>(ptr).read_unaligned() };
                // SAFETY: not null when it was read; it has `capacity` bytes by the mechanism's
                // contract, and our copy does not overlap it.
                unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
                let written = bytes.len() as CK_ULONG;
                // SAFETY: likewise.
                unsafe { self.at::<CK_ULONG>(len).write_unaligned(written) };
            }
            _ => {}
        }
    }

    const fn at<T>(self, offset: usize) -> *mut T {
        self.0.wrapping_add(offset).cast()
    }
}
