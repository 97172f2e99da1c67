//! The bytes of a stored object: a clear part and a part to be sealed.
//!
//! A part without attributes is no bytes at all. Else it is the version (one byte) and entries in
//! ascending order of attribute:
//!
//! ```text
//! entry  = number(attribute) tag payload
//! tag    = 0 false | 1 true | 2 ulong | 3 bytes | 4 secret | 5 mechanisms | 6 template
//! ulong  = number            bytes, secret = number(length) length * byte
//! mechanisms = number(count) count * number    template = number(count) count * entry
//! number = n (one byte, 0..=8), then n bytes little-endian, the last of them not 0
//! ```
//!
//! `CK_UNAVAILABLE_INFORMATION` is eight bytes 0xFF on every platform. There is one encoding of each
//! value and reading is strict, so that a record never means two things.

use zeroize::Zeroizing;

use super::check::DEPTH_MAX;
use crate::{
    attribute::{Template, Value},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// Version of a part.
const VERSION: u8 = 1;

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const ULONG: u8 = 2;
const BYTES: u8 = 3;
const SECRET: u8 = 4;
const MECHANISMS: u8 = 5;
const TEMPLATE: u8 = 6;

/// Width of a number in bytes at most.
const NUMBER_LEN: usize = 8;
/// `CK_UNAVAILABLE_INFORMATION` in a number.
const UNAVAILABLE: [u8; NUMBER_LEN] = [0xFF; NUMBER_LEN];

/// An object's attributes as two byte strings.
#[derive(Debug)]
pub struct Encoded {
    /// Attributes readable without login; empty for a private object.
    pub clear: Vec<u8>,
    /// Attributes to seal: every secret one, and all of a private object.
    pub secret: SecretBytes,
}

type Entry<'a> = (CK_ATTRIBUTE_TYPE, &'a Value);

/// Encodes attributes.
#[must_use]
pub fn encode(attributes: &Template) -> Encoded {
    let private = attributes.bool(CKA_PRIVATE) != Some(false);
    let (sealed, clear): (Vec<_>, Vec<_>) = attributes
        .iter()
        .partition(|(_, value)| private || holds_secret(value));
    Encoded {
        clear: part(clear).to_vec(),
        secret: SecretBytes::copy_from(&part(sealed)),
    }
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::Template(template) => template.iter().any(|(_, inner)| holds_secret(inner)),
        Value::Bool(_) | Value::Ulong(_) | Value::Bytes(_) | Value::Mechanisms(_) => false,
    }
}

/// One part. It is measured first: a buffer that grew would leave copies of secrets behind.
fn part(entries: Vec<Entry<'_>>) -> Zeroizing<Vec<u8>> {
    if entries.is_empty() {
        return Zeroizing::default();
    }
    let mut len = 1;
    put_entries(entries.clone(), &mut |bytes| len += bytes.len());
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    out.push(VERSION);
    put_entries(entries, &mut |bytes| out.extend_from_slice(bytes));
    out
}

type Sink<'a> = &'a mut dyn FnMut(&[u8]);

fn put_entries(mut entries: Vec<Entry<'_>>, out: Sink<'_>) {
    entries.sort_unstable_by_key(|(attribute, _)| *attribute);
    for (attribute, value) in entries {
        put_ulong(attribute, out);
        match value {
            Value::Bool(false) => out(&[FALSE]),
            Value::Bool(true) => out(&[TRUE]),
            Value::Ulong(number) => {
                out(&[ULONG]);
                put_ulong(*number, out);
            }
            Value::Bytes(bytes) => put_bytes(BYTES, bytes, out),
            Value::Secret(secret) => secret.expose(|bytes| put_bytes(SECRET, bytes, out)),
            Value::Mechanisms(list) => {
                out(&[MECHANISMS]);
                put_number(&list.len().to_le_bytes(), out);
                for mechanism in list {
                    put_ulong(*mechanism, out);
                }
            }
            Value::Template(template) => {
                out(&[TEMPLATE]);
                put_number(&template.len().to_le_bytes(), out);
                put_entries(template.iter().collect(), out);
            }
        }
    }
}

fn put_bytes(tag: u8, bytes: &[u8], out: Sink<'_>) {
    out(&[tag]);
    put_number(&bytes.len().to_le_bytes(), out);
    out(bytes);
}

fn put_ulong(number: CK_ULONG, out: Sink<'_>) {
    if number == CK_UNAVAILABLE_INFORMATION {
        put_number(&UNAVAILABLE, out);
    } else {
        put_number(&number.to_le_bytes(), out);
    }
}

fn put_number(little_endian: &[u8], out: Sink<'_>) {
    let mut bytes = little_endian;
    while let [shorter @ .., 0] = bytes {
        bytes = shorter;
    }
    // No number is wider than eight bytes.
    out(&[u8::try_from(bytes.len()).unwrap_or_default()]);
    out(bytes);
}

/// Decodes attributes; `secret` is absent while no root key is known.
///
/// # Errors
/// `CKR_DEVICE_ERROR` for bytes that this version cannot read.
pub fn decode(clear: &[u8], secret: Option<&SecretBytes>) -> Result<Template> {
    let mut attributes = Template::new();
    let mut add = |entries: Vec<(CK_ATTRIBUTE_TYPE, Value)>, sealed: bool| {
        for (attribute, value) in entries {
            if attributes.has(attribute) {
                return Err(damaged("an attribute is there twice"));
            }
            if !sealed && holds_secret(&value) {
                return Err(damaged("a secret is not sealed"));
            }
            attributes.set(attribute, value);
        }
        Ok(())
    };
    add(read_part(clear)?, false)?;
    if let Some(secret) = secret {
        add(secret.expose(read_part)?, true)?;
    }
    Ok(attributes)
}

fn damaged(what: &str) -> Error {
    Error::DeviceError(format!("stored object: {what}"))
}

fn read_part(bytes: &[u8]) -> Result<Vec<(CK_ATTRIBUTE_TYPE, Value)>> {
    let Some((version, rest)) = bytes.split_first() else {
        return Ok(Vec::new());
    };
    if *version != VERSION {
        return Err(damaged("unknown version"));
    }
    if rest.is_empty() {
        return Err(damaged("a version without attributes"));
    }
    let mut reader = Reader { rest, last: None };
    let mut entries = Vec::new();
    while !reader.rest.is_empty() {
        entries.push(reader.entry(0)?);
    }
    Ok(entries)
}

/// Reads entries from the front of its bytes.
struct Reader<'a> {
    rest: &'a [u8],
    /// The attribute read last.
    last: Option<CK_ATTRIBUTE_TYPE>,
}

impl<'a> Reader<'a> {
    /// The next entry, inside `depth` templates.
    fn entry(&mut self, depth: usize) -> Result<(CK_ATTRIBUTE_TYPE, Value)> {
        let attribute = self.ulong()?;
        if self.last.is_some_and(|last| attribute <= last) {
            return Err(damaged("attributes out of order"));
        }
        self.last = Some(attribute);
        let value = match self.byte()? {
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            ULONG => Value::Ulong(self.ulong()?),
            BYTES => Value::Bytes(self.bytes()?.to_vec()),
            SECRET => Value::from(SecretBytes::copy_from(self.bytes()?)),
            MECHANISMS => {
                let count = self.count()?;
                Value::Mechanisms((0..count).map(|_| self.ulong()).collect::<Result<_>>()?)
            }
            TEMPLATE if depth < DEPTH_MAX => {
                let count = self.count()?;
                let mut inner = Reader {
                    rest: self.rest,
                    last: None,
                };
                let template = (0..count)
                    .map(|_| inner.entry(depth + 1))
                    .collect::<Result<_>>()?;
                self.rest = inner.rest;
                Value::Template(template)
            }
            TEMPLATE => return Err(damaged("templates too deep")),
            _ => return Err(damaged("unknown type of value")),
        };
        Ok((attribute, value))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| damaged("cut short"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1)?
            .first()
            .copied()
            .ok_or_else(|| damaged("cut short"))
    }

    fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.count()?;
        self.take(len)
    }

    fn number(&mut self) -> Result<&'a [u8]> {
        let len = usize::from(self.byte()?);
        let number = self.take(len)?;
        if len > NUMBER_LEN || number.last() == Some(&0) {
            return Err(damaged("number not in its one form"));
        }
        Ok(number)
    }

    fn ulong(&mut self) -> Result<CK_ULONG> {
        let number = self.number()?;
        if number == UNAVAILABLE {
            return Ok(CK_UNAVAILABLE_INFORMATION);
        }
        padded(number).map(CK_ULONG::from_le_bytes)
    }

    /// A length or a count. What is counted has at least one byte each, so that a count costs
    /// nothing before the bytes are there.
    fn count(&mut self) -> Result<usize> {
        let count = padded(self.number()?).map(usize::from_le_bytes)?;
        if count > self.rest.len() {
            return Err(damaged("cut short"));
        }
        Ok(count)
    }
}

/// A number brought to the width of the platform.
fn padded<const N: usize>(number: &[u8]) -> Result<[u8; N]> {
    let mut wide = [0; N];
    wide.get_mut(..number.len())
        .ok_or_else(|| damaged("number too large for this platform"))?
        .copy_from_slice(number);
    Ok(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> Value {
        Value::from(SecretBytes::copy_from(&[7; 32]))
    }

    /// One attribute of every kind.
    fn sample(private: bool) -> Template {
        let deep = Template::new().with(CKA_VALUE, hidden());
        let inner = Template::new()
            .with(CKA_SIGN, true)
            .with(CKA_DERIVE_TEMPLATE, Value::Template(Template::new()));
        Template::new()
            .with(CKA_LABEL, Vec::new())
            .with(CKA_ID, vec![0, 255, 0])
            .with(CKA_CLASS, CKO_SECRET_KEY)
            .with(CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION)
            .with(CKA_PRIVATE, private)
            .with(CKA_TOKEN, true)
            .with(CKA_VALUE, hidden())
            .with(CKA_VALUE_LEN, 300)
            .with(
                CKA_ALLOWED_MECHANISMS,
                Value::Mechanisms(vec![CKM_ECDSA, 0]),
            )
            .with(CKA_WRAP_TEMPLATE, Value::Template(inner))
            .with(CKA_UNWRAP_TEMPLATE, Value::Template(deep))
    }

    #[test]
    fn a_public_object_has_its_secrets_sealed_and_the_rest_in_the_clear() {
        let object = sample(false);
        let encoded = encode(&object);
        let all = decode(&encoded.clear, Some(&encoded.secret)).unwrap();
        assert!(all.matches(&object));
        let clear = decode(&encoded.clear, None).unwrap();
        assert!(clear.has(CKA_LABEL) && clear.has(CKA_WRAP_TEMPLATE));
        assert!(!clear.has(CKA_VALUE) && !clear.has(CKA_UNWRAP_TEMPLATE));
        assert!(!encoded.clear.windows(8).any(|w| w == [7; 8]));
    }

    #[test]
    fn a_private_object_is_sealed_wholly() {
        let object = sample(true);
        let encoded = encode(&object);
        assert!(encoded.clear.is_empty());
        assert!(decode(&encoded.clear, None).unwrap().is_empty());
        let all = decode(&encoded.clear, Some(&encoded.secret)).unwrap();
        assert!(all.matches(&object));
    }

    #[test]
    fn order_does_not_change_the_bytes() {
        let object = sample(true);
        let mut entries: Vec<_> = object.iter().map(|(a, v)| (a, v.clone())).collect();
        entries.reverse();
        let reversed: Template = entries.into_iter().collect();
        assert!(encode(&object).secret.ct_eq(&encode(&reversed).secret));
    }

    #[test]
    fn the_format_stays() {
        let object = Template::new()
            .with(CKA_CLASS, CKO_DATA)
            .with(CKA_TOKEN, true)
            .with(CKA_PRIVATE, false)
            .with(CKA_LABEL, vec![0x61])
            .with(CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION)
            .with(CKA_VALUE_LEN, 0x120);
        let expected = "01 00 02 00 01 01 01 01 02 00 01 03 03 01 01 61 02 61 01 02 02 20 01 \
                        02 66 01 02 08 ff ff ff ff ff ff ff ff";
        let expected = hex::decode(expected.replace(' ', "")).unwrap();
        assert_eq!(encode(&object).clear, expected);
        assert!(encode(&Template::new()).clear.is_empty());
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_as_something_else_but_never_panic() {
        let bytes = encode(&sample(true)).secret.expose(<[u8]>::to_vec);
        for len in 1..bytes.len() {
            // A cut between two entries leaves a shorter object; the seal is what notices that.
            if let Ok(short) = decode(&[], Some(&SecretBytes::copy_from(&bytes[..len]))) {
                assert!(short.is_within(&sample(true)) && short.len() < sample(true).len());
            }
        }
        let mut twice = bytes.clone();
        twice.extend_from_slice(&bytes[1..]);
        assert!(decode(&[], Some(&SecretBytes::copy_from(&twice))).is_err());
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = decode(&[], Some(&SecretBytes::copy_from(&flipped))) {
                // Whatever is read has exactly one encoding: these bytes.
                let again = part(read.iter().collect());
                assert_eq!(*again, flipped);
            }
        }
    }

    #[test]
    fn each_rule_of_the_format_is_checked() {
        let cases: [(&str, &str); 11] = [
            ("02 00 00", "unknown version"),
            ("01", "version alone"),
            ("01 01 01 00 01 01 00", "attribute twice"),
            ("01 01 02 00 01 01 00", "descending"),
            ("01 01 03 07", "unknown tag"),
            ("01 02 03 00 00", "number with a leading zero"),
            ("01 09 01 01 01 01 01 01 01 01 01 00", "number too wide"),
            ("01 01 03 03 02 ff ff", "bytes cut short"),
            ("01 01 03 05 04 ff ff ff 7f", "huge count"),
            ("01 01 11 04 01 01 61", "secret in the clear"),
            ("01 04 11 02 00 40 06 01 01", "template cut short"),
        ];
        for (bytes, what) in cases {
            let bytes = hex::decode(bytes.replace(' ', "")).unwrap();
            assert!(
                matches!(decode(&bytes, None), Err(Error::DeviceError(_))),
                "{what}"
            );
        }
        let both = encode(&Template::new().with(CKA_PRIVATE, false)).clear;
        assert!(decode(&both, Some(&SecretBytes::copy_from(&both))).is_err());
    }

    #[test]
    fn templates_nest_as_deep_as_the_schema_allows_and_no_deeper() {
        let nest = |depth| {
            (0..depth).fold(Template::new(), |inner, _| {
                Template::new().with(CKA_WRAP_TEMPLATE, Value::Template(inner))
            })
        };
        let again = |depth| decode(&[], Some(&encode(&nest(depth)).secret));
        assert!(again(DEPTH_MAX).unwrap().matches(&nest(DEPTH_MAX)));
        assert!(again(DEPTH_MAX + 1).is_err());
    }
}
