//! IBM's dialect: one step a call between ordinary keys, the chain code in the parameter.

use crate::support::{curve::*, hd::*, *};

const PRV2PRV: CK_ULONG = 1;
const PRV2PUB: CK_ULONG = 2;
const PUB2PUB: CK_ULONG = 3;
const MASTERK: CK_ULONG = 4;
/// The types of SLIP-10 follow in the same order.
const SLIP10: CK_ULONG = 4;

/// One call: the key and the new chain code.
fn step(
    token: &Token,
    s: CK_SESSION_HANDLE,
    type_: CK_ULONG,
    base: CK_OBJECT_HANDLE,
    index: CK_ULONG,
    chain_code: &[u8],
    template: &Template,
) -> Outcome<(CK_OBJECT_HANDLE, Vec<u8>)> {
    assert_eq!(size_of::<IbmParams>(), 40);
    let mut buffer = [0x5A; 32];
    buffer[..chain_code.len()].copy_from_slice(chain_code);
    let before = buffer;
    let params = IbmParams {
        type_,
        index,
        chain_code: buffer.as_mut_ptr(),
        chain_code_len: chain_code.len() as CK_ULONG,
        version: 1,
    };
    let made = token.derive(s, Mech::with(CKM_IBM_BTC_DERIVE, &params), base, template);
    if made.is_err() {
        assert_eq!(written(&buffer), before, "a failed call writes nothing");
        assert_eq!(
            written(&params.chain_code_len),
            chain_code.len() as CK_ULONG
        );
    } else {
        assert_eq!(written(&params.chain_code_len), 32);
    }
    Ok((made?, written(&buffer).to_vec()))
}

/// A template as this vendor's clients send it.
fn template(class: CK_OBJECT_CLASS, curve: &Curve) -> Template {
    let template = Template::class(class)
        .ulong(CKA_KEY_TYPE, CKK_EC)
        .bool(CKA_DERIVE, true)
        .bool(CKA_IBM_USE_AS_DATA, true)
        .bytes(CKA_EC_PARAMS, curve.params)
        .ulong(CKA_VALUE_LEN, 0);
    match class {
        CKO_PRIVATE_KEY => template
            .bool(CKA_SENSITIVE, false)
            .bool(CKA_EXTRACTABLE, true),
        _ => template,
    }
}

#[test]
fn published_paths() {
    let token = Token::new();
    let s = token.user();
    for case in vectors(include_str!("../vectors/slip10.txt")) {
        let curve = match case["curve"] {
            "P-256" => P256,
            _ => ED25519,
        };
        let private = template(CKO_PRIVATE_KEY, &curve);
        let seed = token.seed(s, &unhex(case["seed"]));
        let (mut key, mut chain) =
            step(&token, s, SLIP10 + MASTERK, seed, 0, &[], &private).unwrap();
        for index in steps(case["path"]) {
            (key, chain) = step(&token, s, SLIP10 + PRV2PRV, key, index, &chain, &private).unwrap();
        }
        assert_eq!(chain, unhex(case["chain"]));
        assert_eq!(token.get(s, key, CKA_CHECK_VALUE).unwrap(), chain);
        assert_eq!(token.get(s, key, CKA_VALUE).unwrap(), unhex(case["key"]));
        assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), CKK_EC);
        assert!(token.get_bool(s, key, CKA_IBM_USE_AS_DATA));
        assert_rv(token.get(s, key, CKA_VALUE_LEN), CKR_ATTRIBUTE_TYPE_INVALID);
    }
}

#[test]
fn the_types_agree_on_secp256k1() {
    let token = Token::new();
    let s = token.user();
    let seed = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_VALUE_LEN, 32)
        .bool(CKA_IBM_USE_AS_DATA, true)
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true);
    let seed = token
        .generate(s, CKM_GENERIC_SECRET_KEY_GEN, &seed)
        .unwrap();
    let private = template(CKO_PRIVATE_KEY, &SECP256K1);
    let public = template(CKO_PUBLIC_KEY, &SECP256K1);
    for dialect in [0, SLIP10] {
        let call = |type_: CK_ULONG, base, index, chain: &[u8], template: &Template| {
            step(&token, s, dialect + type_, base, index, chain, template).unwrap()
        };
        let (master, chain) = call(MASTERK, seed, 0, &[], &private);
        let (account, chain) = call(PRV2PRV, master, HARD, &chain, &private);
        let (account_public, same) = call(
            PRV2PUB,
            master,
            HARD,
            &token.get(s, master, CKA_CHECK_VALUE).unwrap(),
            &public,
        );
        assert_eq!(chain, same);
        let (key, one) = call(PRV2PRV, account, 5, &chain, &private);
        let (verifier, two) = call(PRV2PUB, account, 5, &chain, &public);
        let (also, three) = call(PUB2PUB, account_public, 5, &chain, &public);
        assert_eq!(one, two);
        assert_eq!(one, three);
        for other in [verifier, also] {
            assert_eq!(token.get_ulong(s, other, CKA_CLASS), CKO_PUBLIC_KEY);
            assert_eq!(
                token.get(s, key, CKA_EC_POINT),
                token.get(s, other, CKA_EC_POINT)
            );
            let signature = token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
            token
                .verify(s, CKM_ECDSA, other, &[1; 32], &signature)
                .unwrap();
        }
        let refused = step(
            &token,
            s,
            dialect + PUB2PUB,
            account_public,
            HARD,
            &chain,
            &public,
        );
        assert_rv(refused, CKR_BIP32_INVALID_HARDENED_DERIVATION);
    }
}

#[test]
fn ed25519_keys_are_ec_keys_and_sign() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let private = template(CKO_PRIVATE_KEY, &ED25519);
    let (master, chain) = step(&token, s, SLIP10 + MASTERK, seed, 0, &[], &private).unwrap();
    let (key, _) = step(&token, s, SLIP10 + PRV2PRV, master, HARD, &chain, &private).unwrap();
    let public = template(CKO_PUBLIC_KEY, &ED25519);
    let (verifier, _) = step(&token, s, SLIP10 + PRV2PUB, master, HARD, &chain, &public).unwrap();
    let signature = token
        .sign(s, CKM_IBM_ED25519_SHA512, key, b"message")
        .unwrap();
    token
        .verify(s, CKM_IBM_ED25519_SHA512, verifier, b"message", &signature)
        .unwrap();
    // The same signature as by the standard's mechanism on the standard's key type.
    let value = token.get(s, key, CKA_VALUE).unwrap();
    let plain = token.create(s, &ED25519.import(&value)).unwrap();
    assert_eq!(
        token.sign(s, CKM_EDDSA, plain, b"message").unwrap(),
        signature
    );
    assert_rv(
        token.sign(s, CKM_ECDSA, key, &[1; 32]),
        CKR_KEY_TYPE_INCONSISTENT,
    );
    let plain = step(&token, s, SLIP10 + PRV2PRV, master, 0, &chain, &private);
    assert_rv(plain, CKR_BIP32_INVALID_HARDENED_DERIVATION);
}

#[test]
fn wrong_parameters_are_refused() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    let private = template(CKO_PRIVATE_KEY, &SECP256K1);
    let (master, chain) = step(&token, s, MASTERK, seed, 0, &[], &private).unwrap();
    for type_ in [0, 9, CK_ULONG::MAX] {
        let made = step(&token, s, type_, master, 0, &chain, &private);
        assert_rv(made, CKR_MECHANISM_PARAM_INVALID);
    }
    let short = step(&token, s, PRV2PRV, master, 0, &chain[..31], &private);
    assert_rv(short, CKR_MECHANISM_PARAM_INVALID);
    for (type_, base) in [(MASTERK, master), (PRV2PRV, seed), (PUB2PUB, master)] {
        let made = step(&token, s, type_, base, 0, &chain, &private);
        assert_rv(made, CKR_KEY_TYPE_INCONSISTENT);
    }
    let other = template(CKO_PRIVATE_KEY, &P256);
    let made = step(&token, s, PRV2PRV, master, 0, &chain, &other);
    assert_rv(made, CKR_TEMPLATE_INCONSISTENT);
    assert_rv(
        step(&token, s, MASTERK, seed, 0, &[], &other),
        CKR_CURVE_NOT_SUPPORTED,
    );
    // The class that the type makes, and no other.
    let public = template(CKO_PUBLIC_KEY, &SECP256K1);
    let made = step(&token, s, PRV2PRV, master, 0, &chain, &public);
    assert_rv(made, CKR_TEMPLATE_INCONSISTENT);
    let mut chain_code = [0; 32];
    let version = IbmParams {
        type_: MASTERK,
        index: 0,
        chain_code: chain_code.as_mut_ptr(),
        chain_code_len: 0,
        version: 2,
    };
    assert_rv(
        token.derive(s, Mech::with(CKM_IBM_BTC_DERIVE, &version), seed, &private),
        CKR_MECHANISM_PARAM_INVALID,
    );
}
