//! `CK_ATTRIBUTE` arrays: templates in, attribute values out.

use std::{mem::offset_of, ptr};

use super::buffer::{input, length};
use crate::{
    attribute::{Kind, Template, Value, kind_of},
    error::{Error, Result},
    object::schema::Answer,
    pkcs11::*,
};

/// More attributes than any object has, fewer than a wild count.
const MAX_ATTRIBUTES: usize = 1024;
/// No value is longer, in bytes; what is longer is a wrong length.
const MAX_VALUE: usize = 1 << 26;
/// How deep templates may nest in one another.
const MAX_DEPTH: usize = 3;

/// Reads a template.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD`, `CKR_ATTRIBUTE_VALUE_INVALID`, `CKR_TEMPLATE_INCONSISTENT` for an
/// attribute that is there twice with different values.
///
/// # Safety
/// Unless null, `attributes` points to `count` attributes and each value pointer to its length of
/// bytes, all readable and unchanged during the call.
pub(super) unsafe fn read(attributes: *const CK_ATTRIBUTE, count: CK_ULONG) -> Result<Template> {
    // SAFETY: the caller's promise.
    unsafe { read_nested(attributes, count, MAX_DEPTH) }
}

/// # Safety
/// As [`read`].
unsafe fn read_nested(
    attributes: *const CK_ATTRIBUTE,
    count: CK_ULONG,
    depth: usize,
) -> Result<Template> {
    let count = array(attributes, count)?;
    let mut template = Template::new();
    for i in 0..count {
        // SAFETY: `i` is within the caller's array.
        let at = unsafe { attributes.add(i) };
        // SAFETY: the caller's promise; it need not be aligned.
        let CK_ATTRIBUTE {
            type_,
            pValue,
            ulValueLen,
        } = unsafe { at.read_unaligned() };
        // SAFETY: the caller's promise about this attribute's value.
        let value = unsafe { read_value(type_, pValue.cast(), ulValueLen, depth)? };
        template.insert(type_, value)?;
    }
    Ok(template)
}

/// # Safety
/// Unless null, `value` points to `len` readable bytes (an array of attributes for a template).
unsafe fn read_value(
    attribute: CK_ATTRIBUTE_TYPE,
    value: *const u8,
    len: CK_ULONG,
    depth: usize,
) -> Result<Value> {
    let invalid = Error::AttributeValueInvalid(attribute);
    if kind_of(attribute) != Some(Kind::Template) {
        // SAFETY: the caller's promise.
        return match unsafe { input(value, len) } {
            Ok(raw) if raw.len() <= MAX_VALUE => Value::from_raw(attribute, raw),
            _ => Err(invalid),
        };
    }
    let size = size_of::<CK_ATTRIBUTE>() as CK_ULONG;
    if !len.is_multiple_of(size) {
        return Err(invalid);
    }
    let depth = depth.checked_sub(1).ok_or(invalid)?;
    // SAFETY: the caller's promise: a template's value is an array of attributes.
    unsafe { read_nested(value.cast(), len / size, depth) }.map(Value::Template)
}

/// The number of elements of an array of attributes.
fn array(attributes: *const CK_ATTRIBUTE, count: CK_ULONG) -> Result<usize> {
    let count = length(count)?;
    if count > MAX_ATTRIBUTES {
        return Err(Error::ArgumentsBad("a template has too many attributes"));
    }
    if attributes.is_null() && count > 0 {
        return Err(Error::ArgumentsBad("a template is NULL"));
    }
    Ok(count)
}

/// What C_GetAttributeValue asks for. The caller's array is read once, so that what a buffer's size
/// was checked against is what is written to.
#[derive(Debug)]
pub(super) struct Asked(Vec<Place>);

/// One attribute of the caller's array.
#[derive(Debug)]
struct Place {
    attribute: *mut CK_ATTRIBUTE,
    type_: CK_ATTRIBUTE_TYPE,
    value: *mut u8,
    capacity: CK_ULONG,
}

impl Asked {
    /// # Errors
    /// `CKR_ARGUMENTS_BAD`.
    ///
    /// # Safety
    /// Unless null, `attributes` points to `count` attributes that may be read and written until
    /// [`answer`](Self::answer) returns; each value pointer is null or points to its length of
    /// writable bytes (for a template: to attributes of which the same holds).
    pub(super) unsafe fn from_raw(attributes: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Result<Self> {
        let count = array(attributes, count)?;
        // SAFETY: `i` is within the caller's array.
        let place = |i| unsafe { Place::from_raw(attributes.wrapping_add(i)) };
        Ok(Self((0..count).map(place).collect()))
    }

    /// The attributes asked for, in order.
    pub(super) fn types(&self) -> Vec<CK_ATTRIBUTE_TYPE> {
        self.0.iter().map(|place| place.type_).collect()
    }

    /// Writes one answer per attribute, all that can be written, and says what was wrong with the
    /// others (PKCS#11 v3.1 section 5.7.5).
    ///
    /// # Errors
    /// `CKR_ATTRIBUTE_SENSITIVE`, `CKR_ATTRIBUTE_TYPE_INVALID`, `CKR_BUFFER_TOO_SMALL`: the last one
    /// met, as any may be returned.
    pub(super) fn answer(self, answers: &[Answer]) -> Result<()> {
        let mut outcome = Ok(());
        for (place, answer) in self.0.iter().zip(answers) {
            let written = match answer {
                Answer::Value(value) => place.write_value(value),
                Answer::Sensitive => Err(Error::AttributeSensitive(place.type_)),
                Answer::Absent => Err(Error::AttributeTypeInvalid(place.type_)),
            };
            outcome = place.conclude(written).and(outcome);
        }
        outcome
    }
}

impl Place {
    /// # Safety
    /// `attribute` is as an element of the array of [`Asked::from_raw`].
    unsafe fn from_raw(attribute: *mut CK_ATTRIBUTE) -> Self {
        // SAFETY: the caller's promise; it need not be aligned.
        let CK_ATTRIBUTE {
            type_,
            pValue,
            ulValueLen,
        } = unsafe { attribute.read_unaligned() };
        Self {
            attribute,
            type_,
            value: pValue.cast(),
            capacity: ulValueLen,
        }
    }

    /// Copies a value into the caller's buffer, if there is one; its length.
    fn write_value(&self, value: &Value) -> Result<CK_ULONG> {
        if let Value::Template(template) = value {
            return self.write_template(template);
        }
        value.expose(|bytes| {
            let len = self.room_for(bytes.len())?;
            if !self.value.is_null() {
                // SAFETY: the caller's buffer has `capacity` writable bytes, which are enough; our
                // value does not overlap it.
                unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.value, bytes.len()) };
            }
            Ok(len)
        })
    }

    /// Fills the caller's array of attributes, if there is one; its length in bytes.
    fn write_template(&self, template: &Template) -> Result<CK_ULONG> {
        let len = self.room_for(template.len() * size_of::<CK_ATTRIBUTE>())?;
        if self.value.is_null() {
            return Ok(len);
        }
        let elements = self.value.cast::<CK_ATTRIBUTE>();
        let mut outcome = Ok(());
        for (i, (type_, value)) in template.iter().enumerate() {
            // SAFETY: there is room for all of the template's attributes, of which the promise of
            // `Asked::from_raw` holds.
            let place = unsafe { Self::from_raw(elements.wrapping_add(i)) };
            // SAFETY: the first field of an attribute that may be written.
            unsafe {
                place
                    .attribute
                    .cast::<CK_ATTRIBUTE_TYPE>()
                    .write_unaligned(type_);
            };
            outcome = place.conclude(place.write_value(value)).and(outcome);
        }
        outcome.map(|()| len)
    }

    /// `len` as the standard counts, if there is no buffer or it is large enough.
    fn room_for(&self, len: usize) -> Result<CK_ULONG> {
        let needed = CK_ULONG::try_from(len).map_err(|_| Error::HostMemory)?;
        let short = self.capacity == CK_UNAVAILABLE_INFORMATION || self.capacity < needed;
        if !self.value.is_null() && short {
            return Err(Error::BufferTooSmall { needed: len });
        }
        Ok(needed)
    }

    /// Stores the length of what was written, or that there is none.
    fn conclude(&self, written: Result<CK_ULONG>) -> Result<()> {
        let len = *written.as_ref().unwrap_or(&CK_UNAVAILABLE_INFORMATION);
        let to = self
            .attribute
            .wrapping_byte_add(offset_of!(CK_ATTRIBUTE, ulValueLen))
            .cast::<CK_ULONG>();
        // SAFETY: a field of an attribute that may be written; it need not be aligned.
        unsafe { to.write_unaligned(len) };
        written.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute<T>(type_: CK_ATTRIBUTE_TYPE, value: &mut [T]) -> CK_ATTRIBUTE {
        CK_ATTRIBUTE {
            type_,
            pValue: value.as_mut_ptr().cast(),
            ulValueLen: size_of_val(value) as CK_ULONG,
        }
    }

    fn parse(attributes: &[CK_ATTRIBUTE]) -> Result<Template> {
        // SAFETY: the slice and what it points to live.
        unsafe { read(attributes.as_ptr(), attributes.len() as CK_ULONG) }
    }

    #[test]
    fn typed_values_are_read() {
        let mut label = *b"wallet";
        let mut token = [1_u8];
        let mut class = [CKO_PRIVATE_KEY];
        let template = parse(&[
            attribute(CKA_LABEL, &mut label),
            attribute(CKA_TOKEN, &mut token),
            attribute(CKA_CLASS, &mut class),
        ])
        .unwrap();
        assert_eq!(template.bytes(CKA_LABEL), Some(&b"wallet"[..]));
        assert_eq!(template.bool(CKA_TOKEN), Some(true));
        assert_eq!(template.ulong(CKA_CLASS), Some(CKO_PRIVATE_KEY));
    }

    #[test]
    fn hostile_templates_are_refused_at_once() {
        for count in [1 << 32, CK_ULONG::MAX, 1025] {
            let one = attribute::<u8>(CKA_LABEL, &mut []);
            // SAFETY: refused before more than the count is looked at.
            let outcome = unsafe { read(&raw const one, count) };
            assert!(matches!(outcome, Err(Error::ArgumentsBad(_))), "{count}");
        }
        // SAFETY: refused before anything is read.
        assert!(unsafe { read(ptr::null(), 1) }.is_err());
        let mut two = [0_u8; 2];
        assert_eq!(
            parse(&[attribute(CKA_TOKEN, &mut two)]).unwrap_err(),
            Error::AttributeValueInvalid(CKA_TOKEN)
        );
        let null = CK_ATTRIBUTE {
            type_: CKA_LABEL,
            pValue: ptr::null_mut(),
            ulValueLen: 9,
        };
        assert_eq!(
            parse(&[null]).unwrap_err(),
            Error::AttributeValueInvalid(CKA_LABEL)
        );
        let wild = CK_ATTRIBUTE {
            type_: CKA_ID,
            pValue: ptr::dangling_mut::<u8>().cast(),
            ulValueLen: CK_ULONG::MAX,
        };
        assert_eq!(
            parse(&[wild]).unwrap_err(),
            Error::AttributeValueInvalid(CKA_ID)
        );
    }

    #[test]
    fn a_contradiction_is_refused_and_a_repetition_is_not() {
        let (mut a, mut b) = (*b"a", *b"b");
        assert_eq!(
            parse(&[attribute(CKA_ID, &mut a), attribute(CKA_ID, &mut b)]).unwrap_err(),
            Error::TemplateInconsistent(CKA_ID)
        );
        let mut again = *b"a";
        assert!(parse(&[attribute(CKA_ID, &mut a), attribute(CKA_ID, &mut again)]).is_ok());
    }

    #[test]
    fn templates_nest_but_not_without_end() {
        let mut yes = [1_u8];
        let mut inner = vec![attribute(CKA_SENSITIVE, &mut yes)];
        for depth in 0..5 {
            let outer = attribute(CKA_WRAP_TEMPLATE, &mut inner);
            assert_eq!(parse(&[outer]).is_ok(), depth < MAX_DEPTH, "{depth}");
            let mut next = vec![outer];
            std::mem::swap(&mut inner, &mut next);
            std::mem::forget(next);
        }
    }

    #[test]
    fn every_answer_is_given_and_short_buffers_are_not_overrun() {
        let mut small = [7_u8; 3];
        let mut large = [7_u8; 8];
        let mut asked = [
            attribute(CKA_LABEL, &mut small),
            attribute(CKA_VALUE, &mut large),
            attribute(CKA_ID, &mut large),
            CK_ATTRIBUTE {
                type_: CKA_LABEL,
                pValue: ptr::null_mut(),
                ulValueLen: 0,
            },
        ];
        let label = Answer::Value(Value::Bytes(b"label".to_vec()));
        let id = Answer::Value(Value::Bytes(vec![1, 2]));
        // SAFETY: the array and its buffers live.
        let asked_for = unsafe { Asked::from_raw(asked.as_mut_ptr(), 4) }.unwrap();
        assert_eq!(asked_for.types(), [CKA_LABEL, CKA_VALUE, CKA_ID, CKA_LABEL]);
        let outcome = asked_for.answer(&[label.clone(), Answer::Sensitive, id, label]);
        assert_eq!(outcome, Err(Error::AttributeSensitive(CKA_VALUE)));
        assert_eq!(small, [7; 3]);
        assert_eq!(large[..3], [1, 2, 7]);
        let lengths = asked.map(|a| a.ulValueLen);
        assert_eq!(
            lengths,
            [CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION, 2, 5]
        );
    }

    #[test]
    fn a_template_is_given_out_in_three_calls() {
        let rule = Template::new()
            .with(CKA_LABEL, b"label".to_vec())
            .with(CKA_SENSITIVE, true);
        let answers = [Answer::Value(Value::Template(rule))];
        let ask = |attribute: &mut CK_ATTRIBUTE| {
            // SAFETY: the attribute and what it points to live.
            unsafe { Asked::from_raw(attribute, 1) }
                .unwrap()
                .answer(&answers)
        };
        let mut outer = CK_ATTRIBUTE {
            type_: CKA_WRAP_TEMPLATE,
            pValue: ptr::null_mut(),
            ulValueLen: 0,
        };
        ask(&mut outer).unwrap();
        let element = size_of::<CK_ATTRIBUTE>() as CK_ULONG;
        assert_eq!(outer.ulValueLen, 2 * element);

        let mut inner = [attribute::<u8>(0, &mut []); 2];
        inner.iter_mut().for_each(|a| a.pValue = ptr::null_mut());
        outer = attribute(CKA_WRAP_TEMPLATE, &mut inner);
        ask(&mut outer).unwrap();
        assert_eq!(
            inner.map(|a| (a.type_, a.ulValueLen)),
            [(CKA_LABEL, 5), (CKA_SENSITIVE, 1)]
        );

        let (mut label, mut sensitive) = ([0_u8; 5], [0_u8; 1]);
        inner = [attribute(0, &mut label), attribute(0, &mut sensitive)];
        outer = attribute(CKA_WRAP_TEMPLATE, &mut inner);
        ask(&mut outer).unwrap();
        assert_eq!((label, sensitive), (*b"label", [1]));

        inner[0].ulValueLen = 4;
        outer = attribute(CKA_WRAP_TEMPLATE, &mut inner);
        assert!(matches!(
            ask(&mut outer),
            Err(Error::BufferTooSmall { needed: 5 })
        ));
        assert_eq!(inner[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);

        outer = attribute(CKA_WRAP_TEMPLATE, &mut inner[..1]);
        assert!(matches!(ask(&mut outer), Err(Error::BufferTooSmall { .. })));
        assert_eq!(outer.ulValueLen, CK_UNAVAILABLE_INFORMATION);
    }

    #[test]
    fn unaligned_arrays_are_read_and_written() {
        const SIZE: usize = size_of::<CK_ATTRIBUTE>();
        let mut value = *b"id";
        let mut memory = [std::mem::MaybeUninit::<u8>::uninit(); SIZE + 1];
        let at = memory.as_mut_ptr().wrapping_add(1).cast::<CK_ATTRIBUTE>();
        // SAFETY: within `memory`.
        unsafe { at.write_unaligned(attribute(CKA_ID, &mut value)) };
        // SAFETY: `memory` and `value` live.
        let template = unsafe { read(at, 1) }.unwrap();
        assert_eq!(template.bytes(CKA_ID), Some(&b"id"[..]));
        // SAFETY: likewise.
        let asked = unsafe { Asked::from_raw(at, 1) }.unwrap();
        asked
            .answer(&[Answer::Value(Value::Bytes(vec![9]))])
            .unwrap();
        assert_eq!(value, [9, b'd']);
        // SAFETY: within `memory`.
        assert_eq!(unsafe { at.read_unaligned() }.ulValueLen, 1);
    }
}
