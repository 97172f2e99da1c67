//! Mechanisms that blockchains need and the standard has not.

pub mod ecdsa;
pub mod eddsa;
pub mod hashes;
pub mod schnorr;
