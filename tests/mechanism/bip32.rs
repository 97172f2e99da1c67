//! Luna's dialect: master and child derivation with templates and handles in the parameter.

use crate::support::{curve::*, hd::*, *};

#[test]
fn published_paths_in_one_call_and_step_by_step() {
    let token = Token::new();
    let s = token.user();
    for case in vectors(include_str!("../vectors/bip32.txt")) {
        let seed = token.seed(s, &unhex(case["seed"]));
        let path = steps(case["path"]);
        let master = token
            .bip32_master(s, seed, Some(&derive()), Some(&open()))
            .unwrap();
        let mut pair = master;
        if !path.is_empty() {
            pair = token
                .bip32_child(s, master.1, &path, Some(&derive()), Some(&open()))
                .unwrap();
        }
        assert_eq!(token.xpub(s, pair.0).unwrap(), case["xpub"]);
        assert_eq!(token.xpub(s, pair.1).unwrap(), case["xpub"]);
        assert_eq!(
            token.get(s, pair.0, CKA_BC_XPUB).unwrap(),
            case["xpub"].as_bytes()
        );
        assert_eq!(
            token.get(s, pair.1, CKA_BC_HD_PATH).unwrap(),
            case["path"].as_bytes()
        );
        let mut parent = master;
        for step in &path {
            let child = token
                .bip32_child(s, parent.1, &[*step], Some(&derive()), Some(&open()))
                .unwrap();
            if *step < HARD {
                let public = token
                    .bip32_child(s, parent.0, &[*step], Some(&derive()), None)
                    .unwrap();
                assert_eq!(public.1, 0);
                assert_eq!(token.xpub(s, public.0), token.xpub(s, child.0));
            }
            assert_eq!(
                token.get(s, child.0, CKA_BIP32_PARENT_FINGERPRINT),
                token.get(s, parent.1, CKA_BIP32_FINGERPRINT)
            );
            parent = child;
        }
        assert_eq!(token.xpub(s, parent.0).unwrap(), case["xpub"]);
        for attribute in [CKA_VALUE, CKA_BIP32_CHAIN_CODE] {
            assert_eq!(
                token.get(s, parent.1, attribute),
                token.get(s, pair.1, attribute)
            );
        }
    }
}

#[test]
fn keys_work_with_the_mechanisms_of_their_curve() {
    let token = Token::new();
    let s = token.user();
    for (curve, path) in [
        (SECP256K1, vec![44 | HARD, 0]),
        (P256, vec![1, 2]),
        (ED25519, vec![7 | HARD]),
    ] {
        let both = Template::new().bytes(CKA_EC_PARAMS, curve.params);
        let seed = token.seed(s, &[7; 32]);
        let master = token
            .bip32_master(s, seed, Some(&both), Some(&both))
            .unwrap();
        let empty = Template::new();
        let (public, private) = token
            .bip32_child(s, master.1, &path, Some(&empty), Some(&empty))
            .unwrap();
        let signature = token.sign(s, curve.sign, private, &[5; 32]).unwrap();
        assert_eq!(signature.len(), 64);
        token
            .verify(s, curve.sign, public, &[5; 32], &signature)
            .unwrap();
        assert!(token.get_bool(s, private, CKA_SENSITIVE));
        assert!(!token.get_bool(s, private, CKA_EXTRACTABLE));
        assert_rv(token.get(s, private, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
        let wrong = if curve.sign == CKM_EDDSA {
            CKM_ECDSA
        } else {
            CKM_EDDSA
        };
        assert_rv(
            token.sign(s, wrong, private, &[5; 32]),
            CKR_KEY_TYPE_INCONSISTENT,
        );
    }
}

/// Whatever an ordinary key on secp256k1 can do, and what it tells of itself.
#[test]
fn keys_work_as_ordinary_ones_do() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let (public, private) = token
        .bip32_master(s, seed, Some(&derive()), Some(&open()))
        .unwrap();
    let value = token.get(s, private, CKA_VALUE).unwrap();
    let plain = token.create(s, &SECP256K1.import(&value)).unwrap();
    for mechanism in token.mechanisms(token.slot).unwrap() {
        let Ok(signature) = token.sign(s, mechanism, plain, &[9; 32]) else {
            continue;
        };
        assert_eq!(
            token.sign(s, mechanism, private, &[9; 32]).map(|s| s.len()),
            Ok(signature.len()),
            "{mechanism:#x}"
        );
        token
            .verify(s, mechanism, public, &[9; 32], &signature)
            .unwrap();
    }
    // The computed attributes of blockchains (0xC2430001 to 5).
    for attribute in 0xC243_0001..=0xC243_0005 {
        let told = token.get(s, plain, attribute).unwrap();
        for key in [public, private] {
            assert_eq!(
                token.get(s, key, attribute).unwrap(),
                told,
                "{attribute:#x}"
            );
        }
    }
}

#[test]
fn errors_name_the_step() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let (public, private) = token
        .bip32_master(s, seed, Some(&derive()), Some(&open()))
        .unwrap();
    let empty = Template::new();
    let child = |base, path: &[CK_ULONG], public, private| {
        token.bip32_child(s, base, path, public, private)
    };
    let refused = |outcome: Result<Pair, (Rv, CK_ULONG)>, rv, at| {
        assert_eq!(outcome, Err((Rv(rv), at)));
    };
    let only = Some(&empty);
    refused(
        child(public, &[0, 1, HARD], only, None),
        CKR_BIP32_INVALID_HARDENED_DERIVATION,
        2,
    );
    refused(
        child(private, &[0, 1 << 32], None, only),
        CKR_BIP32_CHILD_INDEX_INVALID,
        1,
    );
    refused(
        child(private, &[], None, only),
        CKR_BIP32_INVALID_KEY_PATH_LEN,
        0,
    );
    refused(
        child(private, &[0; 256], None, only),
        CKR_BIP32_INVALID_KEY_PATH_LEN,
        0,
    );
    let readable = open();
    let deep = child(private, &[0; 255], None, Some(&readable)).unwrap().1;
    assert_eq!(token.get_ulong(s, deep, CKA_BIP32_CHILD_DEPTH), 255);
    refused(
        child(deep, &[0], None, only),
        CKR_BIP32_INVALID_KEY_PATH_LEN,
        0,
    );
    refused(
        child(public, &[0], None, only),
        CKR_KEY_TYPE_INCONSISTENT,
        0,
    );
    refused(
        child(private, &[0], None, None),
        CKR_MECHANISM_PARAM_INVALID,
        0,
    );
    let before = token.find(s, &empty).unwrap().len();
    // The second half cannot be made, so neither is.
    let wrong = Template::class(CKO_SECRET_KEY);
    refused(
        child(private, &[0], only, Some(&wrong)),
        CKR_TEMPLATE_INCONSISTENT,
        0,
    );
    let params = Template::new().bytes(CKA_EC_PARAMS, P256.params);
    refused(
        child(private, &[0], None, Some(&params)),
        CKR_TEMPLATE_INCONSISTENT,
        0,
    );
    assert_eq!(token.find(s, &empty).unwrap().len(), before);
}

#[test]
fn seeds_and_bases_are_checked() {
    let token = Token::new();
    let s = token.user();
    let master = |seed: &[u8]| {
        let seed = token.seed(s, seed);
        token.bip32_master(s, seed, None, Some(&open()))
    };
    for len in [15, 65] {
        assert_rv(master(&vec![1; len]), CKR_BIP32_MASTER_SEED_LEN_INVALID);
    }
    for len in [16, 64] {
        master(&vec![1; len]).unwrap();
    }
    // Half a choice of curve is none.
    let seed = token.seed(s, &[1; 32]);
    let params = Template::new().bytes(CKA_EC_PARAMS, P256.params);
    assert_rv(
        token.bip32_master(s, seed, Some(&params), Some(&open())),
        CKR_TEMPLATE_INCONSISTENT,
    );
    let params = Template::new().bytes(CKA_EC_PARAMS, P384.params);
    assert_rv(
        token.bip32_master(s, seed, None, Some(&params)),
        CKR_CURVE_NOT_SUPPORTED,
    );
    // A key without a chain code is no base.
    let (_, private) = token.keys(s, &SECP256K1);
    assert_eq!(
        token.bip32_child(s, private, &[0], None, Some(&open())),
        Err((Rv(CKR_KEY_TYPE_INCONSISTENT), 0))
    );
    // What a key is computed from is not the application's to say.
    for (attribute, value) in [
        (CKA_BIP32_CHAIN_CODE, &[1_u8; 32][..]),
        (CKA_BIP32_ID, &[1; 20]),
        (CKA_BIP32_FINGERPRINT, &[1; 4]),
        (CKA_BIP32_CHILD_DEPTH, &[0; 8]),
        (CKA_BC_HD_PATH, b"m/1"),
    ] {
        let template = open().bytes(attribute, value);
        let made = token.bip32_master(s, seed, None, Some(&template));
        assert!(
            matches!(
                made,
                Err(Rv(CKR_ATTRIBUTE_READ_ONLY | CKR_TEMPLATE_INCONSISTENT))
            ) || attribute == CKA_BIP32_CHILD_DEPTH,
            "{attribute:#x}: {made:?}"
        );
    }
    let template = open().bytes(CKA_BIP32_VERSION_BYTES, &[1, 2, 3, 4]);
    assert_rv(
        token.bip32_master(s, seed, None, Some(&template)),
        CKR_ATTRIBUTE_VALUE_INVALID,
    );
}

#[test]
fn protection_is_inherited() {
    let token = Token::new();
    let s = token.user();
    let seed = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_VALUE_LEN, 32)
        .bool(CKA_DERIVE, true);
    let seed = token
        .generate(s, CKM_GENERIC_SECRET_KEY_GEN, &seed)
        .unwrap();
    for loose in [
        Template::new().bool(CKA_SENSITIVE, false),
        Template::new().bool(CKA_EXTRACTABLE, true),
    ] {
        assert_rv(
            token.bip32_master(s, seed, None, Some(&loose)),
            CKR_TEMPLATE_INCONSISTENT,
        );
    }
    let (_, master) = token
        .bip32_master(s, seed, None, Some(&Template::new()))
        .unwrap();
    for attribute in [CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE] {
        assert!(token.get_bool(s, master, attribute));
    }
    assert!(!token.get_bool(s, master, CKA_LOCAL));
    let child = token.bip32_child(s, master, &[0], None, Some(&open()));
    assert_eq!(child, Err((Rv(CKR_TEMPLATE_INCONSISTENT), 0)));
}

/// With the parent's chain code and one child's key the parent's key is known.
#[test]
fn chain_codes_are_for_the_user_alone() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let public = derive()
        .token(true)
        .bool(CKA_PRIVATE, false)
        .label("account");
    let (public, private) = token
        .bip32_master(s, seed, Some(&public), Some(&Template::new()))
        .unwrap();
    let chain_code = token.get(s, public, CKA_BIP32_CHAIN_CODE).unwrap();
    assert_eq!(chain_code.len(), 32);
    assert_eq!(
        token.get(s, private, CKA_BIP32_CHAIN_CODE).unwrap(),
        chain_code
    );
    token.logout(s).unwrap();
    for attribute in [CKA_BIP32_CHAIN_CODE, CKA_BC_XPUB] {
        assert_rv(token.get(s, public, attribute), CKR_ATTRIBUTE_SENSITIVE);
    }
    token.get(s, public, CKA_EC_POINT).unwrap();
    assert_rv(token.xpub(s, public), CKR_USER_NOT_LOGGED_IN);
    let guess = Template::new().bytes(CKA_BIP32_CHAIN_CODE, &chain_code);
    assert!(token.find(s, &guess).unwrap().is_empty());
    let child = token.bip32_child(s, public, &[0], Some(&Template::new()), None);
    assert_eq!(child, Err((Rv(CKR_USER_NOT_LOGGED_IN), 0)));
    token.login(s, CKU_USER, USER_PIN).unwrap();
    assert_eq!(
        token.get(s, public, CKA_BIP32_CHAIN_CODE).unwrap(),
        chain_code
    );
    assert_eq!(token.find(s, &guess).unwrap(), [public]);
    token
        .bip32_child(s, public, &[0], Some(&Template::new()), None)
        .unwrap();
}

#[test]
fn a_root_can_be_created_from_its_parts() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let (_, master) = token.bip32_master(s, seed, None, Some(&open())).unwrap();
    let value = token.get(s, master, CKA_VALUE).unwrap();
    let chain_code = token.get(s, master, CKA_BIP32_CHAIN_CODE).unwrap();
    let parts = open()
        .ulong(CKA_CLASS, CKO_PRIVATE_KEY)
        .ulong(CKA_KEY_TYPE, CKK_BIP32)
        .bytes(CKA_VALUE, &value)
        .bytes(CKA_BIP32_CHAIN_CODE, &chain_code);
    let root = token.create(s, &parts).unwrap();
    assert_eq!(token.xpub(s, root), token.xpub(s, master));
    for part in [CKA_VALUE, CKA_BIP32_CHAIN_CODE] {
        assert_rv(
            token.create(s, &parts.clone().without(part)),
            CKR_TEMPLATE_INCOMPLETE,
        );
    }
    let short = parts.clone().replaced(CKA_BIP32_CHAIN_CODE, &[1; 31]);
    assert_rv(token.create(s, &short), CKR_ATTRIBUTE_VALUE_INVALID);
    let placed = parts.ulong(CKA_BIP32_CHILD_DEPTH, 1);
    assert_rv(token.create(s, &placed), CKR_ATTRIBUTE_READ_ONLY);
}
