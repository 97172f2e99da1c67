//! Mechanisms: one file a family, one row a mechanism. The registry is the concatenation of the
//! families' tables.
#![forbid(unsafe_code)]

mod descriptor;
pub mod digest;
pub mod ecdsa;
pub mod eddsa;
pub mod generic;
pub mod ops;
pub mod params;

pub use descriptor::{DeriveInput, Derived, Mechanism, Ops, Protection};
pub use ops::{Cipher, Digest, Sign, Verify};
pub use params::{Field, FieldValue, Invocation, Params, Shape};

use crate::pkcs11::*;

const FAMILIES: &[&[Mechanism]] = &[digest::TABLE, ecdsa::TABLE, eddsa::TABLE, generic::TABLE];

/// Every mechanism.
pub fn all() -> impl Iterator<Item = &'static Mechanism> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The row of a mechanism, or `None` when it is not supported.
#[must_use]
pub fn find(id: CK_MECHANISM_TYPE) -> Option<&'static Mechanism> {
    all().find(|m| m.id == id)
}
