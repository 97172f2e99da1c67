//! SLIP-10: its vectors through Luna's mechanisms, and Securosys' dialect.

use std::ptr;

use crate::support::{curve::*, hd::*, *};

fn open() -> Template {
    Template::new()
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
}

#[test]
fn published_paths() {
    let token = Token::new();
    let s = token.user();
    for case in vectors(include_str!("../vectors/slip10.txt")) {
        let params = match case["curve"] {
            "P-256" => P256.params,
            _ => GNU_ED25519,
        };
        let template = open().bytes(CKA_EC_PARAMS, params);
        let seed = token.seed(s, &unhex(case["seed"]));
        let path = steps(case["path"]);
        let (_, mut key) = token.bip32_master(s, seed, None, Some(&template)).unwrap();
        if !path.is_empty() {
            (_, key) = token
                .bip32_child(s, key, &path, None, Some(&open()))
                .unwrap();
        }
        assert_eq!(token.get(s, key, CKA_VALUE).unwrap(), unhex(case["key"]));
        let chain = token.get(s, key, CKA_BIP32_CHAIN_CODE).unwrap();
        assert_eq!(chain, unhex(case["chain"]));
        assert_eq!(token.get(s, key, CKA_EC_PARAMS).unwrap(), params);
        if let Some(point) = case.get("point") {
            let point = octet_string(&unhex(point));
            assert_eq!(token.get(s, key, CKA_EC_POINT).unwrap(), point);
        }
        // No text exists for these curves.
        assert_rv(token.xpub(s, key), CKR_KEY_NOT_WRAPPABLE);
        assert_rv(token.get(s, key, CKA_BC_XPUB), CKR_ATTRIBUTE_TYPE_INVALID);
    }
}

#[test]
fn ed25519_is_hardened_only() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let both = Template::new()
        .bytes(CKA_EC_PARAMS, ED25519.params)
        .bool(CKA_DERIVE, true);
    let (public, private) = token
        .bip32_master(s, seed, Some(&both), Some(&both))
        .unwrap();
    let empty = Template::new();
    let refused = Err((Rv(CKR_BIP32_INVALID_HARDENED_DERIVATION), 1));
    let child = token.bip32_child(s, private, &[HARD, 0], None, Some(&empty));
    assert_eq!(child, refused);
    for step in [0, HARD] {
        let child = token.bip32_child(s, public, &[step], Some(&empty), None);
        assert_eq!(child, Err((Rv(CKR_BIP32_INVALID_HARDENED_DERIVATION), 0)));
    }
}

type DeriveKeyPair = unsafe extern "C" fn(
    CK_SESSION_HANDLE,
    *mut CK_MECHANISM,
    CK_OBJECT_HANDLE,
    *mut CK_ATTRIBUTE,
    CK_ULONG,
    *mut CK_ATTRIBUTE,
    CK_ULONG,
    *mut CK_OBJECT_HANDLE,
    *mut CK_OBJECT_HANDLE,
) -> CK_RV;

fn derive_pair(
    token: &Token,
    s: CK_SESSION_HANDLE,
    base: CK_OBJECT_HANDLE,
    path: &[CK_ULONG],
    private: &Template,
) -> Outcome<Pair> {
    let derive: DeriveKeyPair = token.symbol("C_DeriveKeyPair");
    let params = PathParams {
        path: path.as_ptr(),
        count: path.len() as CK_ULONG,
    };
    let mechanism = Mech::with(CKM_BIP32_CHILD_DERIVE, &params);
    let public = Template::new().label("public");
    let (mut raw_public, mut raw_private) = (public.raw(), private.raw());
    let (mut public_key, mut private_key) = (0, 0);
    // SAFETY: all pointers lead to what their counts say.
    module::outcome(unsafe {
        derive(
            s,
            mechanism.as_ptr(),
            base,
            raw_public.as_mut_ptr(),
            raw_public.len() as CK_ULONG,
            raw_private.as_mut_ptr(),
            raw_private.len() as CK_ULONG,
            &mut public_key,
            &mut private_key,
        )
    })?;
    Ok((public_key, private_key))
}

/// Securosys' master key pair: the seed is the parameter.
fn generate(
    token: &Token,
    s: CK_SESSION_HANDLE,
    curve: &Curve,
    seed: Option<&[u8]>,
) -> Outcome<Pair> {
    let mechanism = match seed {
        Some(seed) => Mech::bytes(CKM_EC_SLIP10_KEY_PAIR_GEN, seed),
        None => CKM_EC_SLIP10_KEY_PAIR_GEN.into(),
    };
    let public = Template::class(CKO_PUBLIC_KEY)
        .ulong(CKA_KEY_TYPE, CKK_BIP32)
        .bool(CKA_DERIVE, true)
        .bool(CKA_VERIFY, true)
        .bytes(CKA_EC_PARAMS, curve.params);
    token.pair(s, mechanism, &public, &open())
}

#[test]
fn securosys_derives_pairs_from_a_given_seed() {
    let token = Token::new();
    let s = token.user();
    for case in vectors(include_str!("../vectors/slip10.txt")) {
        let curve = match case["curve"] {
            "P-256" => P256,
            _ => ED25519,
        };
        let mut pair = generate(&token, s, &curve, Some(&unhex(case["seed"]))).unwrap();
        assert!(
            !token.get_bool(s, pair.1, CKA_LOCAL),
            "others know the seed"
        );
        let path = steps(case["path"]);
        if !path.is_empty() {
            pair = derive_pair(&token, s, pair.1, &path, &open()).unwrap();
        }
        let (public, private) = pair;
        assert_eq!(
            token.get(s, private, CKA_VALUE).unwrap(),
            unhex(case["key"])
        );
        assert_eq!(
            token.get(s, public, CKA_EC_POINT),
            token.get(s, private, CKA_EC_POINT)
        );
        let signature = token.sign(s, curve.sign, private, &[3; 32]).unwrap();
        token
            .verify(s, curve.sign, public, &[3; 32], &signature)
            .unwrap();
    }
}

#[test]
fn a_seed_can_be_made_inside() {
    let token = Token::new();
    let s = token.user();
    let one = generate(&token, s, &SECP256K1, None).unwrap();
    let two = generate(&token, s, &SECP256K1, None).unwrap();
    assert_ne!(
        token.get(s, one.1, CKA_VALUE).unwrap(),
        token.get(s, two.1, CKA_VALUE).unwrap()
    );
    assert!(token.get_bool(s, one.1, CKA_LOCAL));
    for len in [1, 15, 65] {
        let made = generate(&token, s, &SECP256K1, Some(&vec![1; len]));
        let refused = [
            Err(Rv(CKR_BIP32_MASTER_SEED_LEN_INVALID)),
            Err(Rv(CKR_MECHANISM_PARAM_INVALID)),
        ];
        assert!(refused.contains(&made), "{len}: {made:?}");
    }
    assert_rv(
        generate(&token, s, &P521, Some(&[1; 32])),
        CKR_CURVE_NOT_SUPPORTED,
    );
    assert_rv(
        token.pair(s, CKM_EC_SLIP10_KEY_PAIR_GEN, &Template::new(), &open()),
        CKR_TEMPLATE_INCOMPLETE,
    );
}

#[test]
fn one_key_by_path_or_by_index() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = generate(&token, s, &SECP256K1, Some(&[9; 32])).unwrap();
    let path = [3];
    let params = PathParams {
        path: path.as_ptr(),
        count: 1,
    };
    let by_path = |base, template: &Template| {
        token.derive(
            s,
            Mech::with(CKM_BIP32_CHILD_DERIVE, &params),
            base,
            template,
        )
    };
    let index = 3_u32.to_le_bytes();
    let by_index = |base, template: &Template| {
        token.derive(
            s,
            Mech::bytes(CKM_BIP32_CHILD_DERIVE, &index),
            base,
            template,
        )
    };
    let child = by_path(private, &open()).unwrap();
    assert_eq!(token.get_ulong(s, child, CKA_CLASS), CKO_PRIVATE_KEY);
    let same = by_index(private, &open()).unwrap();
    assert_eq!(
        token.get(s, child, CKA_VALUE),
        token.get(s, same, CKA_VALUE)
    );
    let half = Template::class(CKO_PUBLIC_KEY);
    let text = token.xpub(s, child).unwrap();
    for public in [
        by_path(private, &half).unwrap(),
        by_index(public, &half).unwrap(),
        by_index(public, &Template::new()).unwrap(),
    ] {
        assert_eq!(token.get_ulong(s, public, CKA_CLASS), CKO_PUBLIC_KEY);
        assert_eq!(token.xpub(s, public).unwrap(), text);
    }
    assert_rv(
        by_index(public, &Template::class(CKO_PRIVATE_KEY)),
        CKR_KEY_TYPE_INCONSISTENT,
    );
    let hard = (HARD as u32).to_le_bytes();
    assert_rv(
        token.derive(s, Mech::bytes(CKM_BIP32_CHILD_DERIVE, &hard), public, &half),
        CKR_BIP32_INVALID_HARDENED_DERIVATION,
    );
}

#[test]
fn the_pair_function_checks_its_arguments() {
    let token = Token::new();
    let s = token.user();
    let (_, private) = generate(&token, s, &SECP256K1, None).unwrap();
    let derive: DeriveKeyPair = token.symbol("C_DeriveKeyPair");
    let (mut one, mut two) = (0, 0);
    let mut call = |mechanism: *mut CK_MECHANISM, one: *mut CK_OBJECT_HANDLE| {
        // SAFETY: NULL templates of no attributes; the module must check the rest.
        module::outcome(unsafe {
            derive(
                s,
                mechanism,
                private,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
                0,
                one,
                &mut two,
            )
        })
    };
    assert_rv(call(ptr::null_mut(), &mut one), CKR_ARGUMENTS_BAD);
    let index = Mech::bytes(CKM_BIP32_CHILD_DERIVE, &[0; 4]);
    assert_rv(call(index.as_ptr(), ptr::null_mut()), CKR_ARGUMENTS_BAD);
    assert_rv(call(index.as_ptr(), &mut one), CKR_MECHANISM_PARAM_INVALID);
    let other = Mech::from(CKM_ECDH1_DERIVE);
    assert_rv(call(other.as_ptr(), &mut one), CKR_MECHANISM_INVALID);
    // A pair from an unextractable parent cannot leave.
    let closed = derive_pair(&token, s, private, &[0], &Template::new()).unwrap();
    assert_rv(
        derive_pair(&token, s, closed.1, &[0], &open()),
        CKR_TEMPLATE_INCONSISTENT,
    );
}
