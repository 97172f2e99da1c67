//! Keys of a tree are ordinary keys to every mechanism here.

use super::*;
use crate::support::vendor::*;

/// The seed of "abandon … about" without a passphrase.
const SEED: &str = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1\
                    9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4";

/// Both halves of the key at a path: (public, private).
fn at(token: &Token, s: CK_SESSION_HANDLE, path: &str) -> (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    let seed = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .bytes(CKA_VALUE, &hex(SEED))
        .bool(CKA_DERIVE, true);
    let seed = token.create(s, &seed).unwrap();
    let half = |class| {
        let template = Template::class(class)
            .ulong(CKA_KEY_TYPE, CKK_BIP32)
            .bool(CKA_DERIVE, true);
        let mechanism = Mech::bytes(CKM_BC_HD_DERIVE, path.as_bytes());
        token.derive(s, mechanism, seed, &template).unwrap()
    };
    (half(CKO_PUBLIC_KEY), half(CKO_PRIVATE_KEY))
}

#[test]
fn their_addresses() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = at(&token, s, "m/84'/0'/0'/0/0");
    for key in [public, private] {
        assert_eq!(
            hex::encode(token.get(s, key, CKA_BC_HASH160).unwrap()),
            "c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2"
        );
    }
}

/// BIP-86.
#[test]
fn their_output_keys() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = at(&token, s, "m/86'/0'/0'/0/0");
    for base in [public, private] {
        assert_eq!(
            hex::encode(token.get(s, base, CKA_BC_POINT_XONLY).unwrap()),
            "cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115"
        );
        let output = token
            .derive(s, CKM_BC_TAPROOT_TWEAK, base, &Template::new())
            .unwrap();
        assert_eq!(
            hex::encode(token.get(s, output, CKA_BC_POINT_XONLY).unwrap()),
            "a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c"
        );
    }
}

#[test]
fn their_signatures_and_secrets() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = at(&token, s, "m/44'/60'/0'/0/0");
    for mechanism in [
        CKM_BC_ECDSA_KECCAK256_RECOVERABLE,
        CKM_BC_SCHNORR_BIP340,
        CKM_BC_ECDSA_SHA256D,
    ] {
        let signature = token.sign(s, mechanism, private, b"message").unwrap();
        token
            .verify(s, mechanism, public, b"message", &signature)
            .unwrap();
    }
    let peer = token.get(s, public, CKA_EC_POINT).unwrap();
    let parameter = [&[2], peer.as_slice()].concat();
    let template = Template::class(CKO_SECRET_KEY);
    let mechanism = Mech::bytes(CKM_BC_ECDH_POINT, &parameter);
    let secret = token.derive(s, mechanism, private, &template).unwrap();
    assert_eq!(token.get_ulong(s, secret, CKA_VALUE_LEN), 33);
}
