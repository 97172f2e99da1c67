//! The bytes of a stored object: a clear part and a part to be sealed.

use crate::{attribute::Template, error::Result, secret::SecretBytes};

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
pub fn encode(_attributes: &Template) -> Encoded {
    todo!()
}

/// Decodes attributes; `secret` is absent while no root key is known.
///
/// # Errors
/// `CKR_DEVICE_ERROR` for bytes that this version cannot read.
pub fn decode(_clear: &[u8], _secret: Option<&SecretBytes>) -> Result<Template> {
    todo!()
}
