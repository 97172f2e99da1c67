//! The form of a mechanism's parameter as data. `abi` walks a [`Shape`] once, with size checks, and
//! hands out safe [`Params`].

use std::sync::Arc;

use crate::{
    attribute::Template,
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// The form of a parameter in C memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// No parameter: NULL and length 0.
    None,
    /// Flat bytes of min to max length; min 0 admits NULL.
    Bytes {
        /// Smallest length in bytes.
        min: usize,
        /// Largest length in bytes.
        max: usize,
    },
    /// A C structure.
    Struct {
        /// `size_of` the structure; the only accepted parameter length.
        size: usize,
        /// Its fields in the order in which [`Params::Struct`] lists them.
        fields: &'static [Field],
        /// NULL is accepted and gives [`Params::None`].
        optional: bool,
    },
    /// Flat bytes of min to max length that are a secret: copied into memory that is wiped, as the
    /// one field of a [`Params::Struct`]. Min 0 admits NULL.
    Secret {
        /// Smallest length in bytes.
        min: usize,
        /// Largest length in bytes.
        max: usize,
    },
    /// One of several forms, told apart by their exact length. Structures among them differ in
    /// their number of fields.
    OneOf(&'static [Self]),
}

impl Shape {
    /// The form of a parameter of `len` bytes: one of several, else itself.
    #[must_use]
    pub fn of_len(self, len: usize) -> Self {
        let fits = |shape: &&Self| match shape {
            Self::None => len == 0,
            Self::Bytes { min, max } | Self::Secret { min, max } => (*min..=*max).contains(&len),
            Self::Struct { size, .. } => *size == len,
            Self::OneOf(_) => false,
        };
        match self {
            Self::OneOf(shapes) => shapes.iter().find(fits).copied().unwrap_or(self),
            Self::None | Self::Bytes { .. } | Self::Secret { .. } | Self::Struct { .. } => self,
        }
    }

    /// The fields of each structure that it may be.
    pub fn structures(self) -> impl Iterator<Item = &'static [Field]> {
        let (one, more): (&'static [Field], &'static [Self]) = match self {
            Self::Struct { fields, .. } => (fields, &[]),
            Self::OneOf(shapes) => (&[], shapes),
            Self::None | Self::Bytes { .. } | Self::Secret { .. } => (&[], &[]),
        };
        let more = more.iter().map(|shape| match shape {
            Self::Struct { fields, .. } => *fields,
            Self::None | Self::Bytes { .. } | Self::Secret { .. } | Self::OneOf(_) => &[],
        });
        std::iter::once(one).chain(more)
    }

    /// The fields of the structure that a parameter was read from; none for other forms.
    #[must_use]
    pub fn fields_of(self, params: &Params) -> &'static [Field] {
        let Params::Struct(values) = params else {
            return &[];
        };
        self.structures()
            .find(|fields| fields.len() == values.len())
            .unwrap_or_default()
    }
}

/// One field of a C structure; numbers are byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `CK_BBOOL`.
    Bool(usize),
    /// `CK_ULONG` and its aliases.
    Ulong(usize),
    /// A byte pointer and its length.
    Bytes {
        /// Offset of the pointer.
        ptr: usize,
        /// Offset of the length in bytes.
        len: usize,
    },
    /// A byte pointer and its length, for passwords: copied into memory that is wiped. A length
    /// over `max` is refused and nothing is read, so that a pointer which an old layout has in the
    /// place of the length is never taken for one.
    Secret {
        /// Offset of the pointer.
        ptr: usize,
        /// Offset of the length in bytes.
        len: usize,
        /// Largest length in bytes.
        max: usize,
    },
    /// A pointer to `CK_ULONG`s and their number.
    Ulongs {
        /// Offset of the pointer.
        ptr: usize,
        /// Offset of the number of elements.
        len: usize,
    },
    /// A pointer to `CK_ATTRIBUTE`s and their number; NULL and 0 give [`FieldValue::Absent`].
    Template {
        /// Offset of the pointer.
        ptr: usize,
        /// Offset of the number of attributes.
        len: usize,
    },
    /// A `CK_ULONG` that the mechanism writes.
    UlongOut(usize),
    /// A buffer of `capacity` bytes with its length, read and written back: the length says how
    /// many bytes go in, and then how many came out.
    BytesInOut {
        /// Offset of the pointer.
        ptr: usize,
        /// Offset of the length in bytes.
        len: usize,
        /// Bytes that the caller must offer.
        capacity: usize,
    },
}

/// A field's value, copied out of C memory.
#[derive(Debug, Clone)]
pub enum FieldValue {
    /// From [`Field::Bool`].
    Bool(bool),
    /// From [`Field::Ulong`].
    Ulong(CK_ULONG),
    /// From [`Field::Bytes`].
    Bytes(Vec<u8>),
    /// From [`Field::Secret`].
    Secret(Arc<SecretBytes>),
    /// From [`Field::Ulongs`].
    Ulongs(Vec<CK_ULONG>),
    /// From [`Field::Template`].
    Template(Template),
    /// A NULL template.
    Absent,
}

/// A mechanism's parameter, copied out of C memory.
#[derive(Debug, Clone)]
pub enum Params {
    /// None given.
    None,
    /// From [`Shape::Bytes`].
    Bytes(Vec<u8>),
    /// From [`Shape::Struct`], in the order of its fields.
    Struct(Vec<FieldValue>),
}

/// A mechanism as a caller named it. The parameter's own fault is kept until core has checked the
/// session, so that the standard's more important error wins.
#[derive(Debug)]
pub struct Invocation {
    /// `CKM_…`.
    pub mechanism: CK_MECHANISM_TYPE,
    /// The parameter, or why it could not be read.
    pub params: Result<Params, Error>,
}
