//! Mechanisms: one file a family, one row a mechanism. The registry is the concatenation of the
//! families' tables.
#![forbid(unsafe_code)]

mod aes;
pub mod aes_aead;
pub mod aes_cbc;
pub mod aes_ctr;
pub mod aes_wrap;
pub mod chain;
pub mod descriptor;
pub mod digest;
pub mod ecdh;
pub mod ecdsa;
pub mod eddsa;
pub mod generic;
pub mod hmac;
pub mod kdf;
#[cfg(test)]
mod known_answers;
pub mod ops;
pub mod params;
mod whole;

pub use descriptor::{DeriveInput, Derived, Mechanism, Ops, Protection};
pub use ops::{Cipher, Digest, Sign, Verify};
pub use params::{Field, FieldValue, Invocation, Params, Shape};

use std::sync::LazyLock;

use crate::pkcs11::*;

const FAMILIES: &[&[Mechanism]] = &[
    digest::TABLE,
    ecdsa::TABLE,
    eddsa::TABLE,
    generic::TABLE,
    aes_cbc::TABLE,
    aes_ctr::TABLE,
    aes_aead::TABLE,
    aes_wrap::TABLE,
    hmac::TABLE,
    kdf::TABLE,
    ecdh::TABLE,
    chain::hashes::TABLE,
    chain::ecdsa::TABLE,
    chain::eddsa::TABLE,
    chain::schnorr::TABLE,
    chain::bip32::TABLE,
    chain::bip39::TABLE,
    chain::hd_path::TABLE,
    chain::ibm::TABLE,
    chain::bls::TABLE,
];

/// Every mechanism.
pub fn all() -> impl Iterator<Item = &'static Mechanism> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The row of a mechanism, or `None` when it is not supported.
#[must_use]
pub fn find(id: CK_MECHANISM_TYPE) -> Option<&'static Mechanism> {
    let at = BY_ID.binary_search_by_key(&id, |m| m.id).ok()?;
    BY_ID.get(at).copied()
}

/// All rows in the order of their numbers: each operation's Init looks one up.
static BY_ID: LazyLock<Vec<&'static Mechanism>> = LazyLock::new(|| {
    let mut rows: Vec<_> = all().collect();
    rows.sort_by_key(|m| m.id);
    rows
});

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof;
