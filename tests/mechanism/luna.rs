//! What clients written for Luna rely on beyond the right keys.

use std::ptr;

use crate::support::{curve::*, hd::*, *};

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

/// Clients of this dialect bring a seed in by encrypting it and unwrapping the result.
#[test]
fn a_seed_is_injected() {
    let token = Token::new();
    let s = token.user();
    let seed = unhex("000102030405060708090a0b0c0d0e0f");
    let kek = Template::class(CKO_SECRET_KEY).ulong(CKA_VALUE_LEN, 32);
    let kek = token.generate(s, CKM_AES_KEY_GEN, &kek).unwrap();
    let iv = [0; 16];
    let cbc = || Mech::bytes(CKM_AES_CBC, &iv);
    c!(token, C_EncryptInit, s, cbc().as_ptr(), kek).unwrap();
    let mut sealed = [0; 16];
    let mut len = 16;
    let data = seed.as_ptr().cast_mut();
    c!(token, C_Encrypt, s, data, 16, sealed.as_mut_ptr(), &mut len).unwrap();
    let template = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .ulong(CKA_VALUE_LEN, 16)
        .bool(CKA_DERIVE, true);
    let seed = token.unwrap_key(s, cbc(), kek, &sealed, &template).unwrap();
    let (_, master) = token
        .bip32_master(s, seed, None, Some(&Template::new()))
        .unwrap();
    assert_eq!(
        token.get(s, master, CKA_BIP32_FINGERPRINT).unwrap(),
        unhex("3442193e")
    );
}

/// Worker threads open sessions of their own and use keys made in another.
#[test]
fn keys_serve_other_sessions_and_threads() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let (_, master) = token
        .bip32_master(s, seed, None, Some(&Template::new()))
        .unwrap();
    std::thread::scope(|scope| {
        for index in 0..4 {
            let token = &token;
            scope.spawn(move || {
                let s = token.rw();
                let empty = Template::new();
                let (public, private) = token
                    .bip32_child(s, master, &[index], Some(&empty), Some(&empty))
                    .unwrap();
                let signature = token.sign(s, CKM_ECDSA, private, &[1; 32]).unwrap();
                token
                    .verify(s, CKM_ECDSA, public, &[1; 32], &signature)
                    .unwrap();
                token.close(s).unwrap();
            });
        }
    });
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
