//! One row of the standard's attribute tables, footnotes included.

use super::{Kind, Value};
use crate::pkcs11::*;

/// Our own footnote: readable only while the user is logged in, whatever `CKA_PRIVATE` says. Such a
/// value is a secret by its kind, so that the store seals it.
pub const LOGIN_ONLY: u8 = 15;

/// The footnotes 1 to 13 of PKCS#11 v3.1 table 13 as a set. Note 14 is ours: may be changed in the
/// process of copying an object, but not afterwards (section 4.1.3 names these attributes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notes(u16);

impl Notes {
    /// The set of the given footnotes.
    #[must_use]
    pub const fn of(notes: &[u8]) -> Self {
        let mut set = 0;
        let mut i = 0;
        while i < notes.len() {
            #[allow(
                clippy::indexing_slicing,
                reason = "a const loop with its bound in sight"
            )]
            let note = notes[i];
            set |= 1 << note;
            i += 1;
        }
        Self(set)
    }

    /// True when footnote `note` applies.
    #[must_use]
    pub const fn has(self, note: u8) -> bool {
        self.0 & (1 << note) != 0
    }
}

/// What an attribute is when a template leaves it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// The attribute does not exist on the object.
    Absent,
    /// A boolean.
    Bool(bool),
    /// A number.
    Ulong(CK_ULONG),
    /// An empty byte array.
    Empty,
    /// TRUE where the key type can do it (the usage flags).
    IfCapable,
}

/// One attribute of a class or key type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which attribute.
    pub attribute: CK_ATTRIBUTE_TYPE,
    /// Its type on this class; `CKA_VALUE` is a secret on keys and bytes on certificates.
    pub kind: Kind,
    /// The standard's footnotes.
    pub notes: Notes,
    /// Its value when the template leaves it out.
    pub default: Default,
}

impl Row {
    /// A row without a default.
    #[must_use]
    pub const fn new(attribute: CK_ATTRIBUTE_TYPE, kind: Kind, notes: &[u8]) -> Self {
        Self {
            attribute,
            kind,
            notes: Notes::of(notes),
            default: Default::Absent,
        }
    }

    /// The row with a default.
    #[must_use]
    pub const fn or(mut self, default: Default) -> Self {
        self.default = default;
        self
    }
}

impl Default {
    /// The value that the default stands for; `capable` answers [`Default::IfCapable`].
    #[must_use]
    pub const fn value(self, capable: bool) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::Bool(b) => Some(Value::Bool(b)),
            Self::Ulong(n) => Some(Value::Ulong(n)),
            Self::Empty => Some(Value::Bytes(Vec::new())),
            Self::IfCapable => Some(Value::Bool(capable)),
        }
    }
}
