//! The standard's vocabulary: types and constants of PKCS#11 v3.1, what v3.2 adds, and our own.
//! The only room that names `pkcs11_sys`.
#![forbid(unsafe_code)]

pub mod header;
mod name_tables;
mod names;
mod v3_2;
mod vendor;

pub use header::{constants_json, header};
pub use names::*;
pub use pkcs11_sys::*;
pub use v3_2::*;
pub use vendor::*;

/// Handle of a session; never 0 (`CK_INVALID_HANDLE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHandle(pub CK_SESSION_HANDLE);

/// Handle of an object; never 0 (`CK_INVALID_HANDLE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectHandle(pub CK_OBJECT_HANDLE);

/// The identity of an object for life, random; shown as `CKA_UNIQUE_ID` in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub [u8; 16]);
