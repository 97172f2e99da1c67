//! Mechanisms beyond the plain ones: published answers, and what each refuses.

mod bip32;
mod bip39;
mod bls;
mod chain;
mod ecdh;
mod facts;
mod hd_path;
mod ibm;
mod luna;
mod schnorr;
mod slip10;
mod tree;
mod xkey;

use crate::support::{curve::*, *};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// A private key of a known value and its public key: (public, private), both usable for all.
fn import(
    token: &Token,
    session: CK_SESSION_HANDLE,
    curve: &Curve,
    value: &[u8],
) -> (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    let private = token.create(session, &curve.import(value)).unwrap();
    let point = token.get(session, private, CKA_EC_POINT).unwrap();
    let public = curve.import_public(&point).bool(CKA_DERIVE, true);
    (token.create(session, &public).unwrap(), private)
}
