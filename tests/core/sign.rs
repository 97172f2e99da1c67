//! Signatures: every curve and mechanism, published answers, rights.

use crate::support::{curve::*, *};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// Every mechanism that signs with a key on `curve`, as the module's own list says.
pub fn mechanisms_of(token: &Token, curve: &Curve) -> Vec<CK_MECHANISM_TYPE> {
    let standard: &[CK_MECHANISM_TYPE] = if curve.key_type == CKK_EC {
        &[
            CKM_ECDSA,
            CKM_ECDSA_SHA1,
            CKM_ECDSA_SHA224,
            CKM_ECDSA_SHA256,
            CKM_ECDSA_SHA384,
            CKM_ECDSA_SHA512,
            CKM_ECDSA_SHA3_224,
            CKM_ECDSA_SHA3_256,
            CKM_ECDSA_SHA3_384,
            CKM_ECDSA_SHA3_512,
        ]
    } else {
        &[CKM_EDDSA]
    };
    let offered = token.mechanisms(token.slot).unwrap();
    standard
        .iter()
        .copied()
        .filter(|m| offered.contains(m))
        .collect()
}

#[test]
fn every_curve_with_every_mechanism() {
    let token = Token::new();
    let s = token.user();
    for curve in ALL {
        let (public, private) = token.keys(s, &curve);
        let mechanisms = mechanisms_of(&token, &curve);
        assert!(!mechanisms.is_empty());
        for mechanism in mechanisms {
            for message in [
                &[9u8; 20][..],
                &[1; 32],
                &[2; 48],
                &[3; 64],
                &[4; 5000],
                b"x",
            ] {
                let signature = token.sign(s, mechanism, private, message).unwrap();
                assert_eq!(signature.len(), curve.signature_len());
                token
                    .verify(s, mechanism, public, message, &signature)
                    .unwrap();
                let mut other = message.to_vec();
                other[0] ^= 1;
                assert_rv(
                    token.verify(s, mechanism, public, &other, &signature),
                    CKR_SIGNATURE_INVALID,
                );
            }
        }
    }
}

#[test]
fn signatures_are_deterministic() {
    let token = Token::new();
    let s = token.user();
    for curve in ALL {
        let (_, key) = token.keys(s, &curve);
        let first = token.sign(s, curve.sign, key, &[1; 32]).unwrap();
        assert_eq!(token.sign(s, curve.sign, key, &[1; 32]).unwrap(), first);
        let other = token.sign(s, curve.sign, key, &[2; 32]).unwrap();
        assert_ne!(
            other[..curve.scalar],
            first[..curve.scalar],
            "a nonce used twice"
        );
    }
}

/// secp256k1, RFC 6979 with low S: values in common use by wallets and in EIP-155.
#[test]
fn secp256k1_answers() {
    let token = Token::new();
    let s = token.user();
    let mut one = [0; 32];
    one[31] = 1;
    let key = token.create(s, &SECP256K1.import(&one)).unwrap();
    let expected = hex(
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
         2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    );
    let message = b"Satoshi Nakamoto";
    assert_eq!(
        token.sign(s, CKM_ECDSA_SHA256, key, message).unwrap(),
        expected
    );
    token.digest_init(s, CKM_SHA256).unwrap();
    let digest = token.digest_end(s, message).unwrap();
    assert_eq!(token.sign(s, CKM_ECDSA, key, &digest).unwrap(), expected);

    let key = token.create(s, &SECP256K1.import(&[0x46; 32])).unwrap();
    let digest = hex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    assert_eq!(
        token.sign(s, CKM_ECDSA, key, &digest).unwrap(),
        hex(
            "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
             67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        )
    );
}

#[test]
fn secp256k1_has_low_s_always() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &SECP256K1);
    let half = hex("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
    for i in 0..200u8 {
        let signature = token.sign(s, CKM_ECDSA, key, &[i; 32]).unwrap();
        assert!(signature[32..] <= half[..]);
    }
}

/// RFC 6979 A.2.5 (P-256, SHA-256): S stays as it comes, high.
#[test]
fn p256_answers() {
    let token = Token::new();
    let s = token.user();
    let d = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let key = token.create(s, &P256.import(&d)).unwrap();
    assert_eq!(
        token.sign(s, CKM_ECDSA_SHA256, key, b"sample").unwrap(),
        hex(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        )
    );
}

/// RFC 8032 section 7.1, tests 2 and 3.
#[test]
fn ed25519_answers() {
    let token = Token::new();
    let s = token.user();
    for (secret, public, message, signature) in [
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let key = token.create(s, &ED25519.import(&hex(secret))).unwrap();
        let made = token.sign(s, CKM_EDDSA, key, &hex(message)).unwrap();
        assert_eq!(made, hex(signature));
        for point in [octet_string(&hex(public)), hex(public)] {
            let public = token.create(s, &ED25519.import_public(&point)).unwrap();
            token
                .verify(s, CKM_EDDSA, public, &hex(message), &made)
                .unwrap();
        }
    }
}

/// RFC 8032 section 7.3: Ed25519ph of "abc".
#[test]
fn ed25519ph_answer() {
    let token = Token::new();
    let s = token.user();
    let secret = hex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
    let key = token.create(s, &ED25519.import(&secret)).unwrap();
    let params = CK_EDDSA_PARAMS {
        phFlag: CK_TRUE,
        ulContextDataLen: 0,
        pContextData: std::ptr::null_mut(),
    };
    assert_eq!(
        token
            .sign(s, Mech::with(CKM_EDDSA, &params), key, b"abc")
            .unwrap(),
        hex(
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
             31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
        )
    );
}

/// A raw digest longer than the order is cut to its leftmost bits; a shorter one is a small number.
#[test]
fn digests_of_other_lengths() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    let mut long = [7u8; 64];
    let signature = token.sign(s, CKM_ECDSA, private, &long).unwrap();
    token
        .verify(s, CKM_ECDSA, public, &long[..32], &signature)
        .unwrap();
    long[40] ^= 1;
    token
        .verify(s, CKM_ECDSA, public, &long, &signature)
        .unwrap();
    let signature = token.sign(s, CKM_ECDSA, private, &[7; 20]).unwrap();
    let mut padded = [0u8; 32];
    padded[12..].fill(7);
    token
        .verify(s, CKM_ECDSA, public, &padded, &signature)
        .unwrap();
}

#[test]
fn wrong_keys() {
    let token = Token::new();
    let s = token.user();
    let (ec_public, ec_private) = token.keys(s, &P256);
    let (ed_public, ed_private) = token.keys(s, &ED25519);
    let data = token.create(s, &Template::class(CKO_DATA)).unwrap();
    let secret = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_KEY_TYPE, CKK_AES)
        .bytes(CKA_VALUE, &[1; 32]);
    let aes = token.create(s, &secret).unwrap();
    let wrong = CKR_KEY_TYPE_INCONSISTENT;
    assert_rv(token.sign_init(s, CKM_ECDSA, ed_private), wrong);
    assert_rv(token.sign_init(s, CKM_EDDSA, ec_private), wrong);
    assert_rv(token.sign_init(s, CKM_ECDSA, aes), wrong);
    assert_rv(token.verify_init(s, CKM_ECDSA, ed_public), wrong);
    assert_rv(token.verify_init(s, CKM_EDDSA, ec_public), wrong);
    assert_rv(token.sign_init(s, CKM_ECDSA, data), CKR_KEY_HANDLE_INVALID);
    for refused in [
        token.sign_init(s, CKM_ECDSA, ec_public),
        token.verify_init(s, CKM_ECDSA, ec_private),
    ] {
        let Rv(rv) = refused.unwrap_err();
        assert!(
            [wrong, CKR_KEY_FUNCTION_NOT_PERMITTED].contains(&rv),
            "{:?}",
            Rv(rv)
        );
    }
    assert_rv(token.sign_end(s, &[1; 32]), CKR_OPERATION_NOT_INITIALIZED);
    token.sign(s, CKM_ECDSA, ec_private, &[1; 32]).unwrap();
}

#[test]
fn a_parameter_where_none_belongs() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &P256);
    let mech = Mech::with(CKM_ECDSA, &5u64);
    assert_rv(
        c!(token, C_SignInit, s, mech.as_ptr(), private),
        CKR_MECHANISM_PARAM_INVALID,
    );
    assert_rv(
        c!(token, C_VerifyInit, s, mech.as_ptr(), public),
        CKR_MECHANISM_PARAM_INVALID,
    );
    assert_rv(token.sign_end(s, &[1; 32]), CKR_OPERATION_NOT_INITIALIZED);
}

#[test]
fn a_key_destroyed_while_it_signs() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &P256);
    token.sign_init(s, CKM_ECDSA, key).unwrap();
    token.destroy(s, key).unwrap();
    let Rv(rv) = token.sign_end(s, &[1; 32]).err().unwrap_or(Rv(CKR_OK));
    let sound = [
        CKR_OK,
        CKR_KEY_HANDLE_INVALID,
        CKR_OPERATION_NOT_INITIALIZED,
    ];
    assert!(sound.contains(&rv), "{:?}", Rv(rv));
    assert_rv(token.sign_init(s, CKM_ECDSA, key), CKR_KEY_HANDLE_INVALID);
}

#[test]
fn keys_that_ask_for_the_pin_each_time() {
    let token = Token::new();
    let s = token.user();
    let curve = SECP256K1;
    let private = curve
        .private()
        .token(true)
        .bool(CKA_ALWAYS_AUTHENTICATE, true);
    let (public, key) = token
        .pair(s, curve.generate, &curve.public(), &private)
        .unwrap();
    let context = |pin| token.login(s, CKU_CONTEXT_SPECIFIC, pin);
    for _ in 0..2 {
        token.sign_init(s, CKM_ECDSA, key).unwrap();
        assert_rv(token.sign_end(s, &[1; 32]), CKR_USER_NOT_LOGGED_IN);
        assert_rv(context(USER_PIN), CKR_OPERATION_NOT_INITIALIZED);
        token.sign_init(s, CKM_ECDSA, key).unwrap();
        context(USER_PIN).unwrap();
        let signature = token.sign_end(s, &[1; 32]).unwrap();
        token
            .verify(s, CKM_ECDSA, public, &[1; 32], &signature)
            .unwrap();
    }
    token.sign_init(s, CKM_ECDSA, key).unwrap();
    assert_rv(context(b"wrong-pin"), CKR_PIN_INCORRECT);
    assert_ne!(token.token_flags(token.slot) & CKF_USER_PIN_COUNT_LOW, 0);
    assert_rv(token.sign_end(s, &[1; 32]), CKR_USER_NOT_LOGGED_IN);
    token.sign_init(s, CKM_ECDSA_SHA256, key).unwrap();
    assert_rv(token.sign_update(s, b"x"), CKR_USER_NOT_LOGGED_IN);
    token.sign_init(s, CKM_ECDSA_SHA256, key).unwrap();
    context(USER_PIN).unwrap();
    token.sign_update(s, b"x").unwrap();
    token.sign_final(s).unwrap();
    token.sign_init(s, CKM_ECDSA_SHA256, key).unwrap();
    assert_rv(token.sign_end(s, b"x"), CKR_USER_NOT_LOGGED_IN);
    assert_eq!(token.state(s), CKS_RW_USER_FUNCTIONS);
}
