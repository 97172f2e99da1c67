//! Mechanisms that blockchains need and the standard has not.

pub mod hashes;
