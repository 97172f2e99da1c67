//! The bytes of a stored object: a clear part and a part to be sealed. Each is a list of
//! attributes: type (8 bytes), kind (1), length (4), value; numbers big-endian.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    attribute::{Template, Value},
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// How deep templates may nest.
const MAX_DEPTH: usize = 4;

/// An object's attributes as two byte strings.
#[derive(Debug)]
pub struct Encoded {
    /// Attributes readable without login; empty for a private object.
    pub clear: Vec<u8>,
    /// Attributes to seal: every secret one, and all of a private object.
    pub secret: SecretBytes,
}

/// Encodes attributes.
#[must_use]
pub fn encode(attributes: &Template) -> Encoded {
    let private = attributes.bool(CKA_PRIVATE).unwrap_or(true);
    let is_clear = |value: &Value| !private && !holds_secret(value);
    let mut clear = Vec::new();
    // Growing would leave copies of secrets behind: the exact size is reserved first.
    let len = attributes
        .iter()
        .filter(|(_, v)| !is_clear(v))
        .map(|(_, v)| encoded_len(v))
        .sum();
    let mut secret = Zeroizing::new(Vec::with_capacity(len));
    for (attribute, value) in attributes.iter() {
        put(
            if is_clear(value) {
                &mut clear
            } else {
                &mut secret
            },
            attribute,
            value,
        );
    }
    Encoded {
        clear,
        secret: SecretBytes::copy_from(&secret),
    }
}

/// Decodes attributes; `secret` is absent while no root key is known.
///
/// # Errors
/// `CKR_DEVICE_ERROR` for bytes that this version cannot read.
pub fn decode(clear: &[u8], secret: Option<&SecretBytes>) -> Result<Template> {
    let mut attributes = Template::new();
    take_all(clear, &mut attributes, MAX_DEPTH)?;
    if let Some(secret) = secret {
        secret.expose(|bytes| take_all(bytes, &mut attributes, MAX_DEPTH))?;
    }
    Ok(attributes)
}

const HEAD: usize = 8 + 1 + 4;

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::Template(template) => template.iter().any(|(_, v)| holds_secret(v)),
        Value::Bool(_) | Value::Ulong(_) | Value::Bytes(_) | Value::Mechanisms(_) => false,
    }
}

fn value_len(value: &Value) -> usize {
    match value {
        Value::Bool(_) => 1,
        Value::Ulong(_) => 8,
        Value::Bytes(bytes) => bytes.len(),
        Value::Secret(secret) => secret.len(),
        Value::Mechanisms(list) => 8 * list.len(),
        Value::Template(template) => template.iter().map(|(_, v)| encoded_len(v)).sum(),
    }
}

fn encoded_len(value: &Value) -> usize {
    HEAD + value_len(value)
}

/// Numbers are stored wide, and "unavailable" as all ones on every platform.
fn wide(n: CK_ULONG) -> u64 {
    if n == CK_UNAVAILABLE_INFORMATION {
        u64::MAX
    } else {
        n as u64
    }
}

fn narrow(n: u64) -> Result<CK_ULONG> {
    if n == u64::MAX {
        Ok(CK_UNAVAILABLE_INFORMATION)
    } else {
        CK_ULONG::try_from(n).map_err(|_| unreadable())
    }
}

fn put(out: &mut Vec<u8>, attribute: CK_ATTRIBUTE_TYPE, value: &Value) {
    let kind = match value {
        Value::Bool(_) => 1,
        Value::Ulong(_) => 2,
        Value::Bytes(_) => 3,
        Value::Secret(_) => 4,
        Value::Mechanisms(_) => 5,
        Value::Template(_) => 6,
    };
    out.extend(wide(attribute).to_be_bytes());
    out.push(kind);
    out.extend(
        u32::try_from(value_len(value))
            .unwrap_or(u32::MAX)
            .to_be_bytes(),
    );
    match value {
        Value::Bool(b) => out.push(u8::from(*b)),
        Value::Ulong(n) => out.extend(wide(*n).to_be_bytes()),
        Value::Bytes(bytes) => out.extend(bytes),
        Value::Secret(secret) => secret.expose(|bytes| out.extend(bytes)),
        Value::Mechanisms(list) => list.iter().for_each(|m| out.extend(wide(*m).to_be_bytes())),
        Value::Template(template) => template.iter().for_each(|(a, v)| put(out, a, v)),
    }
}

fn unreadable() -> Error {
    Error::DeviceError("an object's attributes cannot be read".into())
}

fn take_all(mut bytes: &[u8], into: &mut Template, depth: usize) -> Result<()> {
    while !bytes.is_empty() {
        let (attribute, value, rest) = take(bytes, depth)?;
        into.insert(attribute, value).map_err(|_| unreadable())?;
        bytes = rest;
    }
    Ok(())
}

fn take(bytes: &[u8], depth: usize) -> Result<(CK_ATTRIBUTE_TYPE, Value, &[u8])> {
    let (attribute, rest) = bytes.split_first_chunk().ok_or_else(unreadable)?;
    let (kind, rest) = rest.split_first().ok_or_else(unreadable)?;
    let (len, rest) = rest.split_first_chunk().ok_or_else(unreadable)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| unreadable())?;
    let (raw, rest) = rest.split_at_checked(len).ok_or_else(unreadable)?;
    let value = match (kind, raw) {
        (1, [0]) => Value::Bool(false),
        (1, [1]) => Value::Bool(true),
        (2, _) => Value::Ulong(narrow(u64::from_be_bytes(
            raw.try_into().map_err(|_| unreadable())?,
        ))?),
        (3, _) => Value::Bytes(raw.to_vec()),
        (4, _) => Value::Secret(Arc::new(SecretBytes::copy_from(raw))),
        (5, _) => {
            let (numbers, odd) = raw.as_chunks::<8>();
            if !odd.is_empty() {
                return Err(unreadable());
            }
            Value::Mechanisms(
                numbers
                    .iter()
                    .map(|n| narrow(u64::from_be_bytes(*n)))
                    .collect::<Result<_>>()?,
            )
        }
        (6, _) => {
            let mut template = Template::new();
            take_all(
                raw,
                &mut template,
                depth.checked_sub(1).ok_or_else(unreadable)?,
            )?;
            Value::Template(template)
        }
        _ => return Err(unreadable()),
    };
    Ok((narrow(u64::from_be_bytes(*attribute))?, value, rest))
}
