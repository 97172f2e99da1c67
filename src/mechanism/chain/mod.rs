//! Mechanisms that blockchains need and the standard has not.

pub mod bip32;
pub mod bip39;
pub mod hashes;
mod hd;
pub mod hd_path;
pub mod ibm;
