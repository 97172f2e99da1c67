//! Objects: attribute rows of every class, the engine that applies the standard's rules to them,
//! their stored bytes and their index. Knows nothing of sessions or files.
#![forbid(unsafe_code)]

mod check;
mod codec;
mod index;
mod rows;
mod rows_other;
pub mod schema;
#[cfg(test)]
mod spec;
mod table;

use std::sync::OnceLock;

pub use codec::{Encoded, decode, encode};
pub use index::Index;

use crate::{
    attribute::Template,
    error::Result,
    key::{self, Key},
    pkcs11::*,
    secret::scrub_stack,
};

/// An object with all its attributes. Immutable: a change makes a new one.
#[derive(Debug)]
pub struct Object {
    uid: Uid,
    attributes: Template,
    key: OnceLock<Result<Key>>,
}

impl Object {
    /// An object from attributes that [`schema`] has accepted or that the store kept.
    #[must_use]
    pub const fn new(uid: Uid, attributes: Template) -> Self {
        Self {
            uid,
            attributes,
            key: OnceLock::new(),
        }
    }

    /// Its identity.
    #[must_use]
    pub const fn uid(&self) -> Uid {
        self.uid
    }

    /// All attributes, secret ones included.
    #[must_use]
    pub const fn attributes(&self) -> &Template {
        &self.attributes
    }

    /// `CKA_CLASS`.
    #[must_use]
    pub fn class(&self) -> CK_OBJECT_CLASS {
        self.attributes
            .ulong(CKA_CLASS)
            .unwrap_or(CK_UNAVAILABLE_INFORMATION)
    }

    /// The value of a boolean attribute, `false` when absent.
    #[must_use]
    pub fn is(&self, attribute: CK_ATTRIBUTE_TYPE) -> bool {
        self.attributes.bool(attribute).unwrap_or(false)
    }

    /// The parsed key: parsed at the first call, shared afterwards.
    ///
    /// # Errors
    /// `CKR_KEY_TYPE_INCONSISTENT` when the object is no key.
    pub fn key(&self) -> Result<Key> {
        self.key
            .get_or_init(|| {
                let key = key::parse(&self.attributes);
                scrub_stack();
                key
            })
            .clone()
    }
}
