//! Mechanisms that blockchains need, in each vendor's dialect.

mod bip32;
mod bip39;
mod hd_path;
mod ibm;
mod slip10;
mod xkey;
