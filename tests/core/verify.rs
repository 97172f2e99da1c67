//! Verification.

use crate::support::{curve::*, *};

#[test]
fn every_changed_bit_is_noticed() {
    let token = Token::new();
    let s = token.user();
    for curve in [SECP256K1, P256, ED25519] {
        let (public, private) = token.keys(s, &curve);
        let good = token.sign(s, curve.sign, private, &[1; 32]).unwrap();
        for bit in 0..8 * good.len() {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_rv(
                token.verify(s, curve.sign, public, &[1; 32], &bad),
                CKR_SIGNATURE_INVALID,
            );
        }
    }
}

#[test]
fn signatures_that_are_no_signatures() {
    let token = Token::new();
    let s = token.user();
    for curve in ALL {
        let (public, private) = token.keys(s, &curve);
        let n = curve.signature_len();
        let good = token.sign(s, curve.sign, private, &[1; 32]).unwrap();
        for bad in [vec![0; n], vec![0xff; n]] {
            assert_rv(
                token.verify(s, curve.sign, public, &[1; 32], &bad),
                CKR_SIGNATURE_INVALID,
            );
        }
        for bad in [
            vec![],
            good[..n - 1].to_vec(),
            [&good[..], &[0]].concat(),
            vec![1; 2 * n],
        ] {
            assert_rv(
                token.verify(s, curve.sign, public, &[1; 32], &bad),
                CKR_SIGNATURE_LEN_RANGE,
            );
            assert_rv(
                token.verify_end(s, &[1; 32], &good),
                CKR_OPERATION_NOT_INITIALIZED,
            );
        }
    }
}

#[test]
fn another_key_does_not_verify() {
    let token = Token::new();
    let s = token.user();
    for curve in ALL {
        let (_, private) = token.keys(s, &curve);
        let (other, _) = token.keys(s, &curve);
        let signature = token.sign(s, curve.sign, private, &[1; 32]).unwrap();
        assert_rv(
            token.verify(s, curve.sign, other, &[1; 32], &signature),
            CKR_SIGNATURE_INVALID,
        );
    }
}

/// Other signers do not all lower S; what they made is a signature all the same.
#[test]
fn high_s_verifies() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    let mut signature = token.sign(s, CKM_ECDSA, private, &[1; 32]).unwrap();
    let order =
        hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
    let mut borrow = 0i16;
    for i in (0..32).rev() {
        let difference = i16::from(order[i]) - i16::from(signature[32 + i]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + i] = difference.rem_euclid(256) as u8;
    }
    token
        .verify(s, CKM_ECDSA, public, &[1; 32], &signature)
        .unwrap();
}

/// Some clients strip the zeros that r and s share.
#[test]
fn a_shorter_even_signature_verifies() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &P521);
    for i in 0..50u8 {
        let signature = token.sign(s, CKM_ECDSA, private, &[i; 64]).unwrap();
        if signature[0] == 0 && signature[66] == 0 {
            let short = [&signature[1..66], &signature[67..]].concat();
            return token
                .verify(s, CKM_ECDSA, public, &[i; 64], &short)
                .unwrap();
        }
    }
    panic!("no signature with shared zeros in 50");
}

#[test]
fn public_objects_verify_without_login() {
    let token = Token::new();
    let s = token.user();
    for curve in ALL {
        let public = curve
            .public()
            .token(true)
            .label(curve.name)
            .bool(CKA_PRIVATE, false);
        let (_, private) = token
            .pair(s, curve.generate, &public, &curve.private())
            .unwrap();
        let signature = token.sign(s, curve.sign, private, &[1; 32]).unwrap();
        token.logout(s).unwrap();
        let public = token.find_one(s, &Template::new().label(curve.name));
        token
            .verify(s, curve.sign, public, &[1; 32], &signature)
            .unwrap();
        token.login(s, CKU_USER, USER_PIN).unwrap();
    }
}

#[test]
fn a_key_that_must_not_verify() {
    let token = Token::new();
    let s = token.user();
    let curve = P256;
    let public = curve.public().bool(CKA_VERIFY, false);
    let private = curve.private().bool(CKA_SIGN, false);
    let (public, private) = token.pair(s, curve.generate, &public, &private).unwrap();
    let no = CKR_KEY_FUNCTION_NOT_PERMITTED;
    assert_rv(token.verify_init(s, CKM_ECDSA, public), no);
    assert_rv(token.sign_init(s, CKM_ECDSA, private), no);
}
