//! Mechanisms that blockchains need and the standard has not.

pub mod bip32;
pub mod bip39;
pub mod bls;
pub mod ecdsa;
pub mod eddsa;
pub mod hashes;
mod hd;
pub mod hd_path;
pub mod ibm;
pub mod schnorr;
