//! Luna's dialect: master and child derivation with templates and handles in the parameter.

use std::ptr;

use crate::support::{curve::*, hd::*, *};

/// Readable private keys, so that answers can be compared.
fn open() -> Template {
    Template::new()
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
}

fn derive() -> Template {
    Template::new().bool(CKA_DERIVE, true)
}

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
fn computed_attributes_fit_clients_buffers() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &unhex("000102030405060708090a0b0c0d0e0f"));
    let master = token
        .bip32_master(s, seed, Some(&derive()), Some(&open()))
        .unwrap();
    let path = [HARD, 1];
    let (public, private) = token
        .bip32_child(s, master.1, &path, Some(&Template::new()), Some(&open()))
        .unwrap();
    for key in [public, private] {
        // Clients read fingerprints into 16 bytes and take the first four.
        let mut buffers = [[0xEE_u8; 16]; 2];
        let [own, parent] = &mut buffers;
        let mut depth = [0xEE_u8; 8];
        let ask = |type_, buffer: &mut [u8]| CK_ATTRIBUTE {
            type_,
            pValue: buffer.as_mut_ptr().cast(),
            ulValueLen: buffer.len() as CK_ULONG,
        };
        let mut asked = [
            ask(CKA_BIP32_FINGERPRINT, own),
            ask(CKA_BIP32_PARENT_FINGERPRINT, parent),
            ask(CKA_BIP32_CHILD_DEPTH, &mut depth),
        ];
        c!(token, C_GetAttributeValue, s, key, asked.as_mut_ptr(), 3).unwrap();
        assert_eq!(asked.map(|a| a.ulValueLen), [4, 4, 8]);
        // BIP-32, test vector 1: the identifiers of m/0'/1 and m/0'.
        assert_eq!(written(&buffers[0])[..4], unhex("bef5a2f9"));
        assert_eq!(written(&buffers[1])[..4], unhex("5c1bd648"));
        assert_eq!(CK_ULONG::from_ne_bytes(written(&depth)), 2);
        assert_eq!(token.get_ulong(s, key, CKA_BIP32_CHILD_INDEX), 1);
        assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), CKK_BIP32);
        assert_eq!(
            token.get(s, key, CKA_BIP32_ID).unwrap(),
            unhex("bef5a2f9a56a94aab12459f72ad9cf8cf19c7bbe")
        );
        assert_eq!(
            token.get(s, key, CKA_BC_MASTER_FINGERPRINT).unwrap(),
            unhex("3442193e")
        );
        assert_eq!(token.get(s, key, CKA_EC_PARAMS).unwrap(), SECP256K1.params);
        assert_eq!(
            compressed(&token.get(s, key, CKA_EC_POINT).unwrap()),
            unhex("03501e454bf00751f24b1b489aa925215d66af2234e3891c3b21a52bedb3cd711c")
        );
    }
    assert_eq!(
        token.get(s, public, CKA_BIP32_VERSION_BYTES).unwrap(),
        [0x04, 0x88, 0xB2, 0x1E]
    );
    assert_eq!(
        token.get(s, private, CKA_BIP32_VERSION_BYTES).unwrap(),
        [0x04, 0x88, 0xAD, 0xE4]
    );
}

#[test]
fn clients_templates_are_taken() {
    let token = Token::new();
    let s = token.user();
    let seed = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_VALUE_LEN, 64)
        .bool(CKA_DERIVE, true);
    let seed = token
        .generate(s, CKM_GENERIC_SECRET_KEY_GEN, &seed)
        .unwrap();
    let public = Template::class(CKO_PUBLIC_KEY)
        .ulong(CKA_KEY_TYPE, CKK_BIP32)
        .token(true)
        .bool(CKA_PRIVATE, true)
        .bool(CKA_ENCRYPT, true)
        .bool(CKA_VERIFY, true)
        .bool(CKA_DERIVE, true)
        .bytes(CKA_BIP32_VERSION_BYTES, &[0x04, 0x35, 0x87, 0xCF])
        .label("public");
    let private = Template::new()
        .token(true)
        .bool(CKA_PRIVATE, true)
        .bool(CKA_SENSITIVE, true)
        .bool(CKA_DECRYPT, true)
        .bool(CKA_SIGN, true)
        .bool(CKA_DERIVE, true)
        .bytes(CKA_BIP32_VERSION_BYTES, &[0x04, 0x35, 0x83, 0x94])
        .label("private");
    let master = token
        .bip32_master(s, seed, Some(&public), Some(&private))
        .unwrap();
    assert!(token.xpub(s, master.0).unwrap().starts_with("tpub"));
    // One half alone; the network is inherited.
    let child = token
        .bip32_child(s, master.1, &[44 | HARD, 0], None, Some(&Template::new()))
        .unwrap();
    assert_eq!(child.0, 0);
    assert!(token.xpub(s, child.1).unwrap().starts_with("tpub"));
    let child = token
        .bip32_child(s, master.1, &[44 | HARD, 0], Some(&Template::new()), None)
        .unwrap();
    assert_eq!(child.1, 0);
    assert!(token.xpub(s, child.0).unwrap().starts_with("tpub"));
    // The token's objects outlive the session, in another session too.
    let other = token.rw();
    let found = token.find(other, &Template::new().ulong(CKA_KEY_TYPE, CKK_BIP32));
    assert_eq!(found.unwrap().len(), 4);
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
fn parameters_of_other_lengths_are_refused() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let (_, private) = token.bip32_master(s, seed, None, Some(&open())).unwrap();
    for len in [0, 1, 3, 5, 8, 12, 15, 17, 24, 48, 71, 73, 144] {
        let bytes = vec![0; len];
        let mechanism = Mech::bytes(CKM_BIP32_CHILD_DERIVE, &bytes);
        assert_rv(
            token.derive(s, mechanism, private, &open()),
            CKR_MECHANISM_PARAM_INVALID,
        );
        if len != 48 {
            let mechanism = Mech::bytes(CKM_BIP32_MASTER_DERIVE, &bytes);
            assert_rv(
                token.derive(s, mechanism, seed, &open()),
                CKR_MECHANISM_PARAM_INVALID,
            );
        }
    }
    // A parameter without handles wants one from the call.
    let mechanism = Mech::bytes(CKM_BIP32_CHILD_DERIVE, &[0; 4]);
    let null = c!(
        token,
        C_DeriveKey,
        s,
        mechanism.as_ptr(),
        private,
        ptr::null_mut(),
        0,
        ptr::null_mut()
    );
    assert_rv(null, CKR_ARGUMENTS_BAD);
}
