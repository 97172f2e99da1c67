//! chainhsm: a PKCS#11 software HSM for blockchain keys.
//!
//! A call walks one way: `abi` turns C into Rust values, `core` says what the standard says,
//! `policy` decides whether a key may be used, `object` and `mechanism` know attributes and
//! algorithms, `key` parses key material, `attribute` is the vocabulary. `store` and `config` hang
//! from `core`; `error`, `env`, `secret` and `pkcs11` are the floor everyone stands on.
//! `tests/tidy.rs` fails when an arrow points up.

pub mod abi;
pub mod attribute;
pub mod config;
pub mod core;
pub mod env;
pub mod error;
pub mod key;
pub mod logging;
pub mod mechanism;
pub mod object;
pub mod pkcs11;
pub mod policy;
pub mod secret;
pub mod store;
