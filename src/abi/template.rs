//! `CK_ATTRIBUTE` arrays: templates in, attribute values out.

use std::ptr;

use super::buffer::{input, length};
use crate::{
    attribute::{Kind, Template, Value, kind_of},
    error::{Error, Result},
    object::schema::Answer,
    pkcs11::*,
};

/// More attributes than any object has, fewer than a wild count.
const MAX_ATTRIBUTES: usize = 1024;
/// How deep templates may nest in one another.
const MAX_DEPTH: usize = 3;

/// Reads a template.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD`, `CKR_ATTRIBUTE_VALUE_INVALID`, `CKR_TEMPLATE_INCONSISTENT` for an
/// attribute that is there twice.
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
        // Some clients repeat an attribute with the same value.
        match template.get(type_) {
            Some(before) if before.matches(&value) => {}
            _ => template.insert(type_, value)?,
        }
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
        let raw = unsafe { input(value, len) }.map_err(|_| invalid)?;
        return Value::from_raw(attribute, raw);
    }
    let size = size_of::<CK_ATTRIBUTE>() as CK_ULONG;
    if len % size != 0 {
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

/// The attribute types that C_GetAttributeValue asks for.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD`.
///
/// # Safety
/// Unless null, `attributes` points to `count` readable attributes.
pub(super) unsafe fn types(
    attributes: *const CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Result<Vec<CK_ATTRIBUTE_TYPE>> {
    let count = array(attributes, count)?;
    let mut types = Vec::with_capacity(count);
    for i in 0..count {
        // SAFETY: `i` is within the caller's array.
        let at = unsafe { attributes.add(i) };
        // SAFETY: the caller's promise; it need not be aligned.
        types.push(unsafe { at.read_unaligned() }.type_);
    }
    Ok(types)
}

/// Writes the answers into the caller's array, all that can be, and says what was wrong with the
/// others (PKCS#11 v3.1 section 5.7.5).
///
/// # Errors
/// `CKR_ATTRIBUTE_SENSITIVE`, `CKR_ATTRIBUTE_TYPE_INVALID`, `CKR_BUFFER_TOO_SMALL`: the last one
/// met, as any may be returned.
///
/// # Safety
/// `attributes` points to as many attributes as there are answers, readable and writable; each
/// value pointer is null or points to its length of writable bytes.
pub(super) unsafe fn write(attributes: *mut CK_ATTRIBUTE, answers: &[Answer]) -> Result<()> {
    let mut outcome = Ok(());
    for (i, answer) in answers.iter().enumerate() {
        // SAFETY: `i` is within the caller's array.
        let at = unsafe { attributes.add(i) };
        // SAFETY: the caller's promise; it need not be aligned.
        let mut attribute = unsafe { at.read_unaligned() };
        let written = match answer {
            // SAFETY: the caller's promise about this attribute's value.
            Answer::Value(value) => unsafe { write_value(&attribute, value) },
            Answer::Sensitive => Err(Error::AttributeSensitive(attribute.type_)),
            Answer::Absent => Err(Error::AttributeTypeInvalid(attribute.type_)),
        };
        attribute.ulValueLen = *written.as_ref().unwrap_or(&CK_UNAVAILABLE_INFORMATION);
        outcome = written.map(drop).and(outcome);
        // SAFETY: as read above.
        unsafe { at.write_unaligned(attribute) };
    }
    outcome
}

/// Writes one value; its length.
///
/// # Safety
/// As [`write`].
unsafe fn write_value(attribute: &CK_ATTRIBUTE, value: &Value) -> Result<CK_ULONG> {
    if let Value::Template(template) = value {
        // SAFETY: the caller's promise.
        return unsafe { write_template(attribute, template) };
    }
    value.expose(|bytes| {
        let len = CK_ULONG::try_from(bytes.len()).map_err(|_| Error::HostMemory)?;
        if !attribute.pValue.is_null() {
            if attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || attribute.ulValueLen < len {
                return Err(Error::BufferTooSmall {
                    needed: bytes.len(),
                });
            }
            // SAFETY: the caller's buffer has `ulValueLen` writable bytes, which are enough; our
            // value does not overlap it.
            unsafe {
                ptr::copy_nonoverlapping(bytes.as_ptr(), attribute.pValue.cast::<u8>(), bytes.len())
            };
        }
        Ok(len)
    })
}

/// Writes a template-valued attribute into the caller's array of attributes.
///
/// # Safety
/// As [`write`]; `pValue`, unless null, is an array of attributes of `ulValueLen` bytes in all.
unsafe fn write_template(attribute: &CK_ATTRIBUTE, template: &Template) -> Result<CK_ULONG> {
    let needed = template.len() * size_of::<CK_ATTRIBUTE>();
    let len = CK_ULONG::try_from(needed).map_err(|_| Error::HostMemory)?;
    if attribute.pValue.is_null() {
        return Ok(len);
    }
    if attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || attribute.ulValueLen < len {
        return Err(Error::BufferTooSmall { needed });
    }
    let elements = attribute.pValue.cast::<CK_ATTRIBUTE>();
    let mut outcome = Ok(());
    for (i, (type_, value)) in template.iter().enumerate() {
        // SAFETY: there is room for all of the template's attributes.
        let at = unsafe { elements.add(i) };
        // SAFETY: the caller's promise; it need not be aligned.
        let mut element = unsafe { at.read_unaligned() };
        element.type_ = type_;
        // SAFETY: the caller's promise about this element's value.
        let written = unsafe { write_value(&element, value) };
        element.ulValueLen = *written.as_ref().unwrap_or(&CK_UNAVAILABLE_INFORMATION);
        outcome = written.map(drop).and(outcome);
        // SAFETY: as read above.
        unsafe { at.write_unaligned(element) };
    }
    outcome.map(|()| len)
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
            assert!(
                matches!(
                    unsafe { read(&raw const one, count) },
                    Err(Error::ArgumentsBad(_))
                ),
                "{count}"
            );
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
        let outcome = unsafe {
            write(
                asked.as_mut_ptr(),
                &[label.clone(), Answer::Sensitive, id, label],
            )
        };
        assert!(outcome.is_err());
        assert_eq!(small, [7; 3]);
        assert_eq!(large[..3], [1, 2, 7]);
        let lengths = asked.map(|a| a.ulValueLen);
        assert_eq!(
            lengths,
            [CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION, 2, 5]
        );
    }
}
