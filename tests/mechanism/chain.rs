//! ECDSA and EdDSA over the hashes of blockchains.

use super::*;
use crate::support::vendor::*;

/// Every mechanism here that signs on secp256k1, and the length of its signature; 0 for DER.
const ON_SECP256K1: [(CK_MECHANISM_TYPE, usize); 8] = [
    (CKM_BC_ECDSA_RECOVERABLE, 65),
    (CKM_BC_ECDSA_KECCAK256, 64),
    (CKM_BC_ECDSA_KECCAK256_RECOVERABLE, 65),
    (CKM_BC_ECDSA_SHA256D, 64),
    (CKM_BC_ECDSA_SHA256D_RECOVERABLE, 65),
    (CKM_BC_ECDSA_EIP191_RECOVERABLE, 65),
    (CKM_BC_ECDSA_BLAKE2B_256, 64),
    (CKM_BC_ECDSA_DER, 0),
];

const NEED_SECP256K1: [CK_MECHANISM_TYPE; 5] = [
    CKM_BC_ECDSA_RECOVERABLE,
    CKM_BC_ECDSA_KECCAK256_RECOVERABLE,
    CKM_BC_ECDSA_SHA256D_RECOVERABLE,
    CKM_BC_ECDSA_EIP191_RECOVERABLE,
    CKM_BC_ECDSA_DER,
];

/// (mechanism, private key, message, signature).
const ANSWERS: [(CK_MECHANISM_TYPE, &str, &str, &str); 7] = [
    // RFC 6979 as wallets have it: SHA-256 of "Satoshi Nakamoto", key 1.
    (
        CKM_BC_ECDSA_RECOVERABLE,
        "01",
        "a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
         2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e501",
    ),
    // The example of EIP-155: its digest, and the RLP that it is the Keccak-256 of.
    (
        CKM_BC_ECDSA_RECOVERABLE,
        "4646464646464646464646464646464646464646464646464646464646464646",
        "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53",
        "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
         67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d8300",
    ),
    (
        CKM_BC_ECDSA_KECCAK256_RECOVERABLE,
        "4646464646464646464646464646464646464646464646464646464646464646",
        "ec098504a817c800825208943535353535353535353535353535353535353535\
         880de0b6b3a764000080018080",
        "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
         67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d8300",
    ),
    // The example of web3.js: "Some data".
    (
        CKM_BC_ECDSA_EIP191_RECOVERABLE,
        "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318",
        "536f6d652064617461",
        "b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd\
         6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a02901",
    ),
    // Computed with an implementation of RFC 6979 of its own: "chainhsm".
    (
        CKM_BC_ECDSA_SHA256D_RECOVERABLE,
        "4646464646464646464646464646464646464646464646464646464646464646",
        "636861696e68736d",
        "d67a96b4b8c6e7ee989e1d155d3e911ee610d18e404e1c625b2fc14c09973aed\
         610eecdae2b55ab8f1bba37022075ccf21737940c57b2b55f62dae50cca1829b01",
    ),
    (
        CKM_BC_ECDSA_SHA256D,
        "4646464646464646464646464646464646464646464646464646464646464646",
        "636861696e68736d",
        "d67a96b4b8c6e7ee989e1d155d3e911ee610d18e404e1c625b2fc14c09973aed\
         610eecdae2b55ab8f1bba37022075ccf21737940c57b2b55f62dae50cca1829b",
    ),
    (
        CKM_BC_ECDSA_BLAKE2B_256,
        "4646464646464646464646464646464646464646464646464646464646464646",
        "636861696e68736d",
        "467ce2a3b7cd5acefc3967b86c0bb4e8a38d3a5f49732951ab171e036c6b7c77\
         7e54aa3927beda233a01da6c4558ce3a15cdf2a3b4310d767e88ecf7119078e2",
    ),
];

#[test]
fn published_answers() {
    let token = Token::new();
    let s = token.user();
    for (mechanism, key, message, signature) in ANSWERS {
        let (public, private) = import(&token, s, &SECP256K1, &hex(key));
        let (message, signature) = (hex(message), hex(signature));
        assert_eq!(
            token.sign(s, mechanism, private, &message).unwrap(),
            signature
        );
        // In parts.
        token.sign_init(s, mechanism, private).unwrap();
        for part in message.chunks(5) {
            token.sign_update(s, part).unwrap();
        }
        assert_eq!(token.sign_final(s).unwrap(), signature);
        token
            .verify(s, mechanism, public, &message, &signature)
            .unwrap();
        token.verify_init(s, mechanism, public).unwrap();
        for part in message.chunks(7) {
            token.verify_update(s, part).unwrap();
        }
        token.verify_final(s, &signature).unwrap();
    }
}

/// Ed25519 of the BLAKE2b-256 digest, computed with Python's cryptography and hashlib.
#[test]
fn the_tezos_answer() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = import(&token, s, &ED25519, &[0x46; 32]);
    let signature = hex(
        "b427a4a7e810d6a86ff12f7a842d7cb697ca9afe202532639ad3ca6a3a9ab0ce\
         09efb1d650d3047811b08c2344641fd369867d927d6529a7cd27d7dc8f78b006",
    );
    let mechanism = CKM_BC_EDDSA_BLAKE2B_256;
    assert_eq!(
        token.sign(s, mechanism, private, b"chainhsm").unwrap(),
        signature
    );
    token.sign_init(s, mechanism, private).unwrap();
    token.sign_update(s, b"chain").unwrap();
    token.sign_update(s, b"hsm").unwrap();
    assert_eq!(token.sign_final(s).unwrap(), signature);
    token
        .verify(s, mechanism, public, b"chainhsm", &signature)
        .unwrap();
    assert_rv(
        token.verify(s, mechanism, public, b"chainhs", &signature),
        CKR_SIGNATURE_INVALID,
    );
    assert_rv(
        token.verify(s, mechanism, public, b"chainhsm", &signature[..63]),
        CKR_SIGNATURE_LEN_RANGE,
    );
}

#[test]
fn signatures_verify_and_tampered_ones_do_not() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    let (stranger, _) = token.keys(s, &SECP256K1);
    for (mechanism, len) in ON_SECP256K1 {
        for byte in 0..20 {
            let message = [byte; 32];
            let good = token.sign(s, mechanism, private, &message).unwrap();
            assert!(len == 0 || good.len() == len);
            token.verify(s, mechanism, public, &message, &good).unwrap();
            let bad = |key, message: &[u8], signature: &[u8]| {
                assert_rv(
                    token.verify(s, mechanism, key, message, signature),
                    CKR_SIGNATURE_INVALID,
                );
            };
            bad(public, &[byte ^ 1; 32], &good);
            bad(stranger, &message, &good);
            for at in [0, 5, 40, good.len() - 1] {
                let mut other = good.clone();
                other[at] ^= 1;
                bad(public, &message, &other);
            }
        }
        let good = token.sign(s, mechanism, private, &[1; 32]).unwrap();
        for wrong in [vec![], [good.as_slice(), &[0; 9]].concat()] {
            assert_rv(
                token.verify(s, mechanism, public, &[1; 32], &wrong),
                CKR_SIGNATURE_LEN_RANGE,
            );
        }
    }
}

/// v is the parity that belongs to the s at hand: n − s takes the other one.
#[test]
fn v_belongs_to_s() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    let mechanism = CKM_BC_ECDSA_RECOVERABLE;
    let check = |signature: &[u8]| token.verify(s, mechanism, public, &[7; 32], signature);
    let low = token.sign(s, mechanism, private, &[7; 32]).unwrap();
    assert!(low[64] < 2);
    let mut high = low.clone();
    let order = hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(order[at]) - i16::from(low[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        high[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    assert_rv(check(&high), CKR_SIGNATURE_INVALID);
    high[64] ^= 1;
    check(&high).unwrap();
    for v in [low[64] ^ 1, low[64] + 2, 4, 27, 255] {
        let mut other = low.clone();
        other[64] = v;
        assert_rv(check(&other), CKR_SIGNATURE_INVALID);
    }
}

/// A hash of another length than 32 bytes is a mistake.
#[test]
fn digests_have_32_bytes() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    for mechanism in [CKM_BC_ECDSA_RECOVERABLE, CKM_BC_ECDSA_DER] {
        let good = token.sign(s, mechanism, private, &[1; 32]).unwrap();
        for len in [0, 1, 31, 33, 64] {
            let data = vec![1; len];
            assert_rv(token.sign(s, mechanism, private, &data), CKR_DATA_LEN_RANGE);
            assert_rv(
                token.verify(s, mechanism, public, &data, &good),
                CKR_DATA_LEN_RANGE,
            );
        }
        // The failed calls have ended their operations.
        assert_rv(token.sign_end(s, &[1; 32]), CKR_OPERATION_NOT_INITIALIZED);
        token.sign_init(s, mechanism, private).unwrap();
        token.sign_update(s, &[1; 30]).unwrap();
        assert_rv(token.sign_update(s, &[1; 3]), CKR_DATA_LEN_RANGE);
        assert_rv(token.sign_final(s), CKR_OPERATION_NOT_INITIALIZED);
    }
}

/// The DER form holds the same r and s as the 64 bytes.
#[test]
fn der_signatures() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    for byte in 0..50 {
        let raw = token.sign(s, CKM_ECDSA, private, &[byte; 32]).unwrap();
        let integer = |half: &[u8]| {
            let skip = half.iter().take_while(|b| **b == 0).count();
            let mut content = half[skip..].to_vec();
            if content[0] > 127 {
                content.insert(0, 0);
            }
            [&[2, content.len() as u8], content.as_slice()].concat()
        };
        let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
        let expected = [&[0x30, body.len() as u8], body.as_slice()].concat();
        let der = token
            .sign(s, CKM_BC_ECDSA_DER, private, &[byte; 32])
            .unwrap();
        assert_eq!(der, expected);
        let mut longer = der.clone();
        longer.push(0);
        assert!(
            token
                .verify(s, CKM_BC_ECDSA_DER, public, &[byte; 32], &longer)
                .is_err()
        );
        assert_rv(
            token.verify(s, CKM_BC_ECDSA_DER, public, &[byte; 32], &raw),
            CKR_SIGNATURE_INVALID,
        );
    }
}

/// Tezos signs on P-256 (tz3) too, so what has no v works on every curve.
#[test]
fn other_curves() {
    let token = Token::new();
    let s = token.user();
    for curve in [P256, P384, P521] {
        let (public, private) = token.keys(s, &curve);
        for mechanism in NEED_SECP256K1 {
            let wrong = CKR_KEY_TYPE_INCONSISTENT;
            assert_rv(token.sign_init(s, mechanism, private), wrong);
            assert_rv(token.verify_init(s, mechanism, public), wrong);
        }
        let mechanism = CKM_BC_ECDSA_BLAKE2B_256;
        let signature = token.sign(s, mechanism, private, b"tz3").unwrap();
        assert_eq!(signature.len(), curve.signature_len());
        token
            .verify(s, mechanism, public, b"tz3", &signature)
            .unwrap();
    }
}

#[test]
fn wrong_keys_and_parameters() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    let (ed_public, ed_private) = token.keys(s, &ED25519);
    let on_secp256k1 = ON_SECP256K1.map(|(mechanism, _)| (mechanism, ed_public, ed_private));
    let on_ed25519 = [(CKM_BC_EDDSA_BLAKE2B_256, public, private)];
    for (mechanism, wrong_public, wrong_private) in on_secp256k1.into_iter().chain(on_ed25519) {
        let wrong = CKR_KEY_TYPE_INCONSISTENT;
        assert_rv(token.sign_init(s, mechanism, wrong_private), wrong);
        assert_rv(token.verify_init(s, mechanism, wrong_public), wrong);
        let parameter = || Mech::bytes(mechanism, b"x");
        let invalid = CKR_MECHANISM_PARAM_INVALID;
        assert_rv(token.sign_init(s, parameter(), private), invalid);
        assert_rv(token.verify_init(s, parameter(), public), invalid);
    }
}
