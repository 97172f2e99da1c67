//! Mechanisms that blockchains need and the standard has not.

pub mod bls;
pub mod hashes;
