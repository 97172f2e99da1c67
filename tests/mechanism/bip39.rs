//! Mnemonic seeds.

use crate::support::{hd::*, *};

fn open() -> Template {
    Template::new()
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
}

#[test]
fn published_seeds() {
    let token = Token::new();
    let s = token.user();
    for case in vectors(include_str!("../vectors/bip39.txt")) {
        let entropy = token.seed(s, &unhex(case["entropy"]));
        let mechanism = Mech::bytes(CKM_BC_BIP39_SEED, b"TREZOR");
        let seed = token.derive(s, mechanism, entropy, &open()).unwrap();
        assert_eq!(token.get(s, seed, CKA_VALUE).unwrap(), unhex(case["seed"]));
        assert_eq!(token.get_ulong(s, seed, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
        assert_eq!(token.get_ulong(s, seed, CKA_VALUE_LEN), 64);
    }
}

#[test]
fn a_passphrase_is_normalised_and_may_be_absent() {
    let token = Token::new();
    let s = token.user();
    let entropy = token.seed(s, &[0; 16]);
    let seed = |mechanism: Mech<'_>| {
        let seed = token.derive(s, mechanism, entropy, &open()).unwrap();
        hex::encode(token.get(s, seed, CKA_VALUE).unwrap())
    };
    assert_eq!(
        seed(CKM_BC_BIP39_SEED.into()),
        "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1\
         9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"
    );
    let flat = |text: &str| seed(Mech::bytes(CKM_BC_BIP39_SEED, text.as_bytes()));
    // Composed, decomposed, and a ligature that decomposes for compatibility.
    assert_eq!(flat("\u{e9}\u{fb01}"), flat("e\u{301}fi"));
    assert_ne!(flat("a"), flat("A"));
    let bad = Mech::bytes(CKM_BC_BIP39_SEED, b"\xff");
    assert_rv(
        token.derive(s, bad, entropy, &open()),
        CKR_MECHANISM_PARAM_INVALID,
    );
    let long = vec![b'a'; 1025];
    let long = Mech::bytes(CKM_BC_BIP39_SEED, &long);
    assert_rv(
        token.derive(s, long, entropy, &open()),
        CKR_MECHANISM_PARAM_INVALID,
    );
}

#[test]
fn entropy_is_made_in_the_token() {
    let token = Token::new();
    let s = token.user();
    let generate = |len: CK_ULONG| {
        let template = open().ulong(CKA_VALUE_LEN, len);
        token.generate(s, CKM_BC_BIP39_KEY_GEN, &template)
    };
    for len in [16, 20, 24, 28, 32] {
        let key = generate(len).unwrap();
        assert_eq!(token.get(s, key, CKA_VALUE).unwrap().len() as CK_ULONG, len);
    }
    for len in [0, 15, 17, 33, 64] {
        assert_rv(generate(len), CKR_ATTRIBUTE_VALUE_INVALID);
    }
    assert_rv(
        token.generate(s, CKM_BC_BIP39_KEY_GEN, &open()),
        CKR_TEMPLATE_INCOMPLETE,
    );
    // Sensitive and inside, like any secret key; and so is the seed.
    let template = Template::new().ulong(CKA_VALUE_LEN, 32);
    let entropy = token.generate(s, CKM_BC_BIP39_KEY_GEN, &template).unwrap();
    let seed = token
        .derive(s, CKM_BC_BIP39_SEED, entropy, &Template::new())
        .unwrap();
    for key in [entropy, seed] {
        assert_rv(token.get(s, key, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
        assert!(token.get_bool(s, key, CKA_NEVER_EXTRACTABLE));
    }
    assert_rv(
        token.derive(s, CKM_BC_BIP39_SEED, entropy, &open()),
        CKR_TEMPLATE_INCONSISTENT,
    );
    // Only entropy of these lengths has words.
    let odd = token.seed(s, &[1; 64]);
    assert_rv(
        token.derive(s, CKM_BC_BIP39_SEED, odd, &Template::new()),
        CKR_KEY_SIZE_RANGE,
    );
}
