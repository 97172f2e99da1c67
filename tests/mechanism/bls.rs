//! BLS12-381: keys, signatures, aggregates and the tree of EIP-2333. The vectors are checked beside
//! the source; here is what a caller sees.

use super::*;
use crate::support::vendor::*;

/// IBM's object identifier of the curve.
const PARAMS: &[u8] = b"\x06\x0C\x2B\x06\x01\x04\x01\x02\x82\x0B\x87\x67\x03\x02";
/// `sign_case_84d45c9c7cca6b92` of ethereum/bls12-381-tests.
const SCALAR: &str = "328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216";
const POINT: &str = "b53d21a4cfd562c469cc81514d4ce5a6b577d8403d32a394dc265dd190b47fa9\
                     f829fdd7963afdf972e5e77854051f6f";
const SIGNATURE: &str = "ae82747ddeefe4fd64cf9cedb9b04ae3e8a43420cd255e3c7cd06a8d88b7c7f8\
                         638543719981c5d16fa3527c468c25f0026704a6951bde891360c7e8d12ddee0\
                         559004ccdbe6046b55bae1b257ee97f7cdb955773d7cf29adf3ccbb9975e4eb9";
const POSSESSION: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

fn private() -> Template {
    Template::class(CKO_PRIVATE_KEY)
        .ulong(CKA_KEY_TYPE, CKK_BC_BLS12_381)
        .bytes(CKA_VALUE, &hex(SCALAR))
}

fn public(point: &[u8]) -> Template {
    Template::class(CKO_PUBLIC_KEY)
        .ulong(CKA_KEY_TYPE, CKK_BC_BLS12_381)
        .bytes(CKA_EC_POINT, point)
}

/// A session key pair: (public, private).
fn pair(token: &Token, s: CK_SESSION_HANDLE) -> (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    let none = Template::new();
    token
        .pair(s, CKM_BC_BLS_KEY_PAIR_GEN, &none, &none)
        .unwrap()
}

fn seed(token: &Token, s: CK_SESSION_HANDLE, value: &[u8]) -> CK_OBJECT_HANDLE {
    let seed = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .bool(CKA_DERIVE, true)
        .bytes(CKA_VALUE, value);
    token.create(s, &seed).unwrap()
}

#[test]
fn imported_keys_sign_as_published() {
    let token = Token::new();
    let s = token.user();
    let key = token
        .create(s, &private().token(true).label("validator"))
        .unwrap();
    let point = token.get(s, key, CKA_EC_POINT).unwrap();
    assert_eq!(point, [&[4, 48][..], &hex(POINT)].concat());
    assert_eq!(token.get(s, key, CKA_BC_POINT_RAW).unwrap(), hex(POINT));
    assert_eq!(token.get(s, key, CKA_EC_PARAMS).unwrap(), PARAMS);
    assert_rv(token.get(s, key, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
    let message = [0xAB; 32];
    assert_eq!(
        token.sign(s, CKM_BC_BLS_SIGN, key, &message).unwrap(),
        hex(SIGNATURE)
    );
    let verifying = token.create(s, &public(&point)).unwrap();
    token
        .verify(s, CKM_BC_BLS_SIGN, verifying, &message, &hex(SIGNATURE))
        .unwrap();
    // The same after a restart.
    token.restart();
    let s = token.user();
    let key = token.find_one(s, &Template::class(CKO_PRIVATE_KEY).label("validator"));
    token.sign_init(s, CKM_BC_BLS_SIGN, key).unwrap();
    for part in message.chunks(5) {
        token.sign_update(s, part).unwrap();
    }
    assert_eq!(token.sign_final(s).unwrap(), hex(SIGNATURE));
}

#[test]
fn pairs_need_no_template() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = pair(&token, s);
    for key in [public, private] {
        assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), CKK_BC_BLS12_381);
        assert!(token.get_bool(s, key, CKA_LOCAL));
        assert_eq!(
            token.get_ulong(s, key, CKA_KEY_GEN_MECHANISM),
            CKM_BC_BLS_KEY_PAIR_GEN
        );
    }
    assert!(token.get_bool(s, private, CKA_NEVER_EXTRACTABLE));
    assert!(token.get_bool(s, private, CKA_DERIVE));
    let signature = token.sign(s, CKM_BC_BLS_SIGN, private, b"message").unwrap();
    let verify =
        |data: &[u8], signature: &[u8]| token.verify(s, CKM_BC_BLS_SIGN, public, data, signature);
    verify(b"message", &signature).unwrap();
    assert_rv(verify(b"massage", &signature), CKR_SIGNATURE_INVALID);
    assert_rv(verify(b"message", &signature[1..]), CKR_SIGNATURE_LEN_RANGE);
    // IBM's clients name the curve.
    let named = Template::new().bytes(CKA_EC_PARAMS, PARAMS);
    token
        .pair(s, CKM_BC_BLS_KEY_PAIR_GEN, &named, &named)
        .unwrap();
    let other = Template::new().bytes(CKA_EC_PARAMS, SECP256K1.params);
    assert_rv(
        token.pair(s, CKM_BC_BLS_KEY_PAIR_GEN, &other, &Template::new()),
        CKR_CURVE_NOT_SUPPORTED,
    );
}

#[test]
fn a_pair_of_the_callers_material_is_not_the_tokens_own() {
    let token = Token::new();
    let s = token.user();
    let none = Template::new();
    let material = [1; 32];
    let mechanism = || Mech::bytes(CKM_BC_BLS_KEY_PAIR_GEN, &material);
    let (public, private) = token.pair(s, mechanism(), &none, &none).unwrap();
    let (again, _) = token.pair(s, mechanism(), &none, &none).unwrap();
    let point = |key| token.get(s, key, CKA_EC_POINT).unwrap();
    assert_eq!(point(public), point(again));
    for attribute in [CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE] {
        assert!(!token.get_bool(s, private, attribute), "{attribute:#x}");
    }
    for len in [1, 31] {
        let short = Mech::bytes(CKM_BC_BLS_KEY_PAIR_GEN, &material[..len]);
        assert_rv(
            token.pair(s, short, &none, &none),
            CKR_MECHANISM_PARAM_INVALID,
        );
    }
}

#[test]
fn possession_is_proved_by_a_signature_of_the_public_key() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = pair(&token, s);
    let point = token.get(s, private, CKA_BC_POINT_RAW).unwrap();
    let mechanism = || Mech::bytes(CKM_BC_BLS_SIGN, POSSESSION);
    let proof = token.sign(s, mechanism(), private, &point).unwrap();
    token
        .verify(s, mechanism(), public, &point, &proof)
        .unwrap();
    assert_rv(
        token.verify(s, CKM_BC_BLS_SIGN, public, &point, &proof),
        CKR_SIGNATURE_INVALID,
    );
    let long = [b'x'; 256];
    assert_rv(
        token.sign_init(s, Mech::bytes(CKM_BC_BLS_SIGN, &long), private),
        CKR_MECHANISM_PARAM_INVALID,
    );
    token
        .sign(s, Mech::bytes(CKM_BC_BLS_SIGN, &long[..255]), private, b"")
        .unwrap();
}

#[test]
fn signatures_add_up() {
    let token = Token::new();
    let s = token.user();
    let pairs: Vec<_> = (0..4).map(|_| pair(&token, s)).collect();
    let point = |key| token.get(s, key, CKA_BC_POINT_RAW).unwrap();
    let add = |signatures: &[u8]| {
        token.digest_init(s, CKM_BC_BLS_AGGREGATE)?;
        for part in signatures.chunks(100) {
            token.digest_update(s, part)?;
        }
        token.digest_final(s)
    };
    // One message of all.
    let sign = |message: &[u8]| {
        let one = |(_, private): &(_, _)| token.sign(s, CKM_BC_BLS_SIGN, *private, message);
        pairs
            .iter()
            .flat_map(|pair| one(pair).unwrap())
            .collect::<Vec<u8>>()
    };
    let sum = add(&sign(b"block")).unwrap();
    let others: Vec<u8> = pairs[1..]
        .iter()
        .flat_map(|(public, _)| point(*public))
        .collect();
    let check = |others: &[u8], message: &[u8]| {
        let mechanism = Mech::bytes(CKM_BC_BLS_FAST_AGGREGATE_VERIFY, others);
        token.verify(s, mechanism, pairs[0].0, message, &sum)
    };
    check(&others, b"block").unwrap();
    assert_rv(check(&others, b"black"), CKR_SIGNATURE_INVALID);
    assert_rv(check(&others[48..], b"block"), CKR_SIGNATURE_INVALID);
    assert_rv(check(&[], b"block"), CKR_SIGNATURE_INVALID);
    assert_rv(check(&others[1..], b"block"), CKR_MECHANISM_PARAM_INVALID);
    // A message of each.
    let (mut records, mut signatures) = (Vec::new(), Vec::new());
    for (at, (public, private)) in pairs.iter().enumerate() {
        let message = vec![b'm'; at];
        signatures.extend(token.sign(s, CKM_BC_BLS_SIGN, *private, &message).unwrap());
        records.extend(point(*public));
        records.extend((at as u32).to_be_bytes());
        records.extend(message);
    }
    let sum = add(&signatures).unwrap();
    let check =
        |key, records: &[u8]| token.verify(s, CKM_BC_BLS_AGGREGATE_VERIFY, key, records, &sum);
    for (public, _) in &pairs {
        check(*public, &records).unwrap();
    }
    let (stranger, _) = pair(&token, s);
    assert_rv(check(stranger, &records), CKR_SIGNATURE_INVALID);
    assert_rv(
        check(pairs[0].0, &records[..records.len() - 1]),
        CKR_DATA_INVALID,
    );
    // What is no sum.
    assert_rv(add(&[]), CKR_DATA_LEN_RANGE);
    assert_rv(add(&signatures[1..]), CKR_DATA_LEN_RANGE);
    signatures[95] ^= 1;
    assert_rv(add(&signatures), CKR_DATA_INVALID);
    // Nobody signs for many.
    assert_rv(
        token.sign_init(s, CKM_BC_BLS_AGGREGATE_VERIFY, pairs[0].1),
        CKR_MECHANISM_INVALID,
    );
}

/// Case 3 of EIP-2333.
#[test]
fn trees_grow_from_seeds() {
    let token = Token::new();
    let s = token.user();
    let value = hex("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3");
    let base = seed(&token, s, &value);
    let open = Template::new()
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true);
    let at = |path| Mech::bytes(CKM_BC_EIP2333_DERIVE, path);
    // The seed is sensitive, and so is what grows from it.
    assert_rv(
        token.derive(s, at(b"m/42"), base, &open),
        CKR_TEMPLATE_INCONSISTENT,
    );
    let child = token
        .derive(s, at(b"m/42"), base, &Template::new())
        .unwrap();
    assert_rv(token.get(s, child, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
    assert!(!token.get_bool(s, child, CKA_EXTRACTABLE));
    assert_eq!(token.get_ulong(s, child, CKA_CLASS), CKO_PRIVATE_KEY);
    assert_eq!(token.get(s, child, CKA_BC_HD_PATH).unwrap(), b"m/42");
    // An open seed gives an open child: the published one.
    let readable = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .bool(CKA_DERIVE, true)
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
        .bytes(CKA_VALUE, &value);
    let readable = token.create(s, &readable).unwrap();
    let read = token.derive(s, at(b"m/42"), readable, &open).unwrap();
    let scalar = "455c0dc9fccb3395825d92a60d2672d69416be1c2578a87a7a3d3ced11ebb88d";
    assert_eq!(token.get(s, read, CKA_VALUE).unwrap(), hex(scalar));
    let point = |key| token.get(s, key, CKA_EC_POINT).unwrap();
    assert_eq!(point(read), point(child));
    // NULL is the master key; step by step is the same as at once.
    let master = token
        .derive(s, CKM_BC_EIP2333_DERIVE, base, &Template::new())
        .unwrap();
    let step = token
        .derive(s, at(b"m/42"), master, &Template::new())
        .unwrap();
    assert_eq!(point(step), point(child));
    // The public half alone.
    let half = Template::class(CKO_PUBLIC_KEY);
    let half = token.derive(s, at(b"m/42"), base, &half).unwrap();
    let signature = token
        .sign(s, CKM_BC_BLS_SIGN, child, b"attestation")
        .unwrap();
    token
        .verify(s, CKM_BC_BLS_SIGN, half, b"attestation", &signature)
        .unwrap();
    // A public key has no children, a seed of 31 bytes no tree, a bare copy no path.
    let none = Template::new();
    assert_rv(
        token.derive(s, at(b"m/0"), half, &none),
        CKR_KEY_FUNCTION_NOT_PERMITTED,
    );
    let short = seed(&token, s, &[1; 31]);
    assert_rv(
        token.derive(s, at(b"m/0"), short, &none),
        CKR_KEY_SIZE_RANGE,
    );
    for path in [&b"m"[..], b"42", b"m/42'"] {
        assert_rv(
            token.derive(s, at(path), child, &none),
            CKR_MECHANISM_PARAM_INVALID,
        );
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let token = Token::new();
    let s = token.user();
    let invalid = CKR_ATTRIBUTE_VALUE_INVALID;
    let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    for value in [hex(order), vec![0; 32], vec![1; 31]] {
        assert_rv(
            token.create(s, &private().replaced(CKA_VALUE, &value)),
            invalid,
        );
    }
    let mut infinity = vec![0; 48];
    infinity[0] = 0xC0;
    // A point of the curve outside the group, from ethereum/bls12-381-tests.
    let outside = hex(&"8123456789abcdef0123456789abcdef"
        .chars()
        .chain("0123456789abcdef".chars().cycle())
        .take(96)
        .collect::<String>());
    for point in [infinity, outside, vec![4; 48], vec![]] {
        assert_rv(token.create(s, &public(&point)), invalid);
    }
    // Keys of other types have their own mechanisms.
    let (ec_public, ec_private) = token.keys(s, &SECP256K1);
    let (bls_public, bls_private) = pair(&token, s);
    let wrong = CKR_KEY_TYPE_INCONSISTENT;
    assert_rv(token.sign_init(s, CKM_BC_BLS_SIGN, ec_private), wrong);
    assert_rv(token.verify_init(s, CKM_BC_BLS_SIGN, ec_public), wrong);
    assert_rv(token.sign_init(s, CKM_ECDSA, bls_private), wrong);
    assert_rv(token.verify_init(s, CKM_ECDSA, bls_public), wrong);
}
