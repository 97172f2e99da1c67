//! Attribute rules (PKCS#11 v3.1 sections 4.1 and 5.7).

use std::ptr;

use crate::support::*;

fn key_template() -> Template {
    curve::SECP256K1.import(&[7; 32]).label("k")
}

#[test]
fn templates_that_are_wrong() {
    let token = Token::new();
    let s = token.user();
    let good = key_template();
    let refused = |t: &Template, rv: CK_RV| {
        assert_rv(token.create(s, t), rv);
        assert!(token.find(s, &Template::new()).unwrap().is_empty());
    };
    for needed in [CKA_CLASS, CKA_KEY_TYPE, CKA_EC_PARAMS, CKA_VALUE] {
        refused(&good.clone().without(needed), CKR_TEMPLATE_INCOMPLETE);
    }
    refused(&Template::new(), CKR_TEMPLATE_INCOMPLETE);
    refused(&good.clone().ulong(0x7777, 1), CKR_ATTRIBUTE_TYPE_INVALID);
    refused(
        &good.clone().bytes(CKA_MODULUS, b"x"),
        CKR_ATTRIBUTE_TYPE_INVALID,
    );
    refused(&good.clone().bool(CKA_LOCAL, true), CKR_ATTRIBUTE_READ_ONLY);
    refused(
        &good.clone().bool(CKA_ALWAYS_SENSITIVE, true),
        CKR_ATTRIBUTE_READ_ONLY,
    );
    refused(
        &good.clone().bool(CKA_NEVER_EXTRACTABLE, true),
        CKR_ATTRIBUTE_READ_ONLY,
    );
    refused(
        &good
            .clone()
            .ulong(CKA_KEY_GEN_MECHANISM, CKM_EC_KEY_PAIR_GEN),
        CKR_ATTRIBUTE_READ_ONLY,
    );
    refused(
        &good.clone().bytes(CKA_UNIQUE_ID, b"mine"),
        CKR_ATTRIBUTE_READ_ONLY,
    );
    refused(
        &good.clone().bytes(CKA_SIGN, b""),
        CKR_ATTRIBUTE_VALUE_INVALID,
    );
    refused(
        &good.clone().bytes(CKA_SIGN, &[1, 0]),
        CKR_ATTRIBUTE_VALUE_INVALID,
    );
    refused(
        &good.clone().bytes(CKA_TOKEN, &[0; 8]),
        CKR_ATTRIBUTE_VALUE_INVALID,
    );
    let wrong = CKR_ATTRIBUTE_VALUE_INVALID;
    refused(&good.clone().replaced(CKA_CLASS, &[3]), wrong);
    refused(
        &good.clone().replaced(CKA_CLASS, &777u64.to_ne_bytes()),
        wrong,
    );
    refused(
        &good.clone().replaced(CKA_KEY_TYPE, &777u64.to_ne_bytes()),
        wrong,
    );
    refused(&good.clone().replaced(CKA_VALUE, &[]), wrong);
    refused(&good.clone().replaced(CKA_VALUE, &[0; 32]), wrong);
    refused(&good.clone().replaced(CKA_VALUE, &[0xff; 32]), wrong);
    refused(&good.clone().replaced(CKA_VALUE, &[7; 64]), wrong);
    refused(&good.clone().label("other"), CKR_TEMPLATE_INCONSISTENT);
}

#[test]
fn curves_that_are_wrong() {
    let token = Token::new();
    let s = token.user();
    for (params, codes) in [
        // brainpoolP256r1, an unknown name, no DER, DER cut short
        (
            &b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07"[..],
            &[CKR_CURVE_NOT_SUPPORTED][..],
        ),
        (b"\x13\x07no-such", &[CKR_CURVE_NOT_SUPPORTED]),
        (
            b"garbage",
            &[
                CKR_DOMAIN_PARAMS_INVALID,
                CKR_CURVE_NOT_SUPPORTED,
                CKR_ATTRIBUTE_VALUE_INVALID,
            ],
        ),
        (
            b"\x06\x08\x2a",
            &[
                CKR_DOMAIN_PARAMS_INVALID,
                CKR_CURVE_NOT_SUPPORTED,
                CKR_ATTRIBUTE_VALUE_INVALID,
            ],
        ),
        (
            b"",
            &[
                CKR_DOMAIN_PARAMS_INVALID,
                CKR_CURVE_NOT_SUPPORTED,
                CKR_ATTRIBUTE_VALUE_INVALID,
            ],
        ),
    ] {
        let t = key_template().replaced(CKA_EC_PARAMS, params);
        let public = Template::new().bytes(CKA_EC_PARAMS, params);
        for refused in [
            token.create(s, &t).err(),
            token
                .pair(s, CKM_EC_KEY_PAIR_GEN, &public, &Template::new())
                .err(),
        ] {
            let Rv(rv) = refused.expect("a refusal");
            assert!(codes.contains(&rv), "{:?} for {params:02x?}", Rv(rv));
        }
    }
    let incomplete = token.pair(s, CKM_EC_KEY_PAIR_GEN, &Template::new(), &Template::new());
    assert_rv(incomplete, CKR_TEMPLATE_INCOMPLETE);
    assert!(token.find(s, &Template::new()).unwrap().is_empty());
}

#[test]
fn points_that_are_wrong() {
    let token = Token::new();
    let s = token.user();
    let (public, _) = token.keys(s, &curve::SECP256K1);
    let good = token.get(s, public, CKA_EC_POINT).unwrap();
    let mut off_curve = good.clone();
    off_curve[66] ^= 1;
    let infinity = curve::octet_string(&[0]);
    for bad in [
        &off_curve[..],
        &good[..50],
        &infinity,
        b"",
        &[4; 67],
        &good[2..40],
    ] {
        let refused = token.create(s, &curve::SECP256K1.import_public(bad));
        assert_rv(refused, CKR_ATTRIBUTE_VALUE_INVALID);
    }
    let same = token
        .create(s, &curve::SECP256K1.import_public(&good))
        .unwrap();
    assert_eq!(token.get(s, same, CKA_EC_POINT).unwrap(), good);
    let raw = token
        .create(s, &curve::SECP256K1.import_public(&good[2..]))
        .unwrap();
    assert_eq!(
        token.get(s, raw, CKA_EC_POINT).unwrap(),
        good,
        "raw goes in, DER comes out"
    );
    assert!(
        token.create(s, &curve::P256.import_public(&good)).is_err(),
        "a point of another curve"
    );
}

#[test]
fn several_attributes_at_once() {
    let token = Token::new();
    let s = token.user();
    let t = key_template()
        .replaced(CKA_SENSITIVE, &[CK_TRUE])
        .bytes(CKA_ID, b"0123456789");
    let key = token.create(s, &t).unwrap();
    let mut label = [0u8; 16];
    let mut secret = [0u8; 32];
    let mut id = [0u8; 4];
    let mut class = [0u8; 8];
    let mut ask = [
        (CKA_VALUE, &mut secret[..]),
        (CKA_MODULUS, &mut [0u8; 8][..]),
        (CKA_ID, &mut id[..]),
        (CKA_LABEL, &mut label[..]),
        (CKA_CLASS, &mut class[..]),
    ]
    .map(|(type_, buffer)| CK_ATTRIBUTE {
        type_,
        pValue: buffer.as_mut_ptr().cast(),
        ulValueLen: buffer.len() as CK_ULONG,
    });
    let Rv(rv) = c!(token, C_GetAttributeValue, s, key, ask.as_mut_ptr(), 5).unwrap_err();
    let either = [
        CKR_ATTRIBUTE_SENSITIVE,
        CKR_ATTRIBUTE_TYPE_INVALID,
        CKR_BUFFER_TOO_SMALL,
    ];
    assert!(either.contains(&rv), "{:?}", Rv(rv));
    let lengths = ask.map(|a| a.ulValueLen);
    let none = CK_UNAVAILABLE_INFORMATION;
    assert_eq!(lengths, [none, none, none, 1, 8]);
    assert_eq!(secret, [0; 32]);
    assert_eq!(id, [0; 4], "a buffer too small stays untouched");
    assert_eq!(&label[..2], b"k\0");
    assert_eq!(CK_ULONG::from_ne_bytes(class), CKO_PRIVATE_KEY);
}

#[test]
fn a_short_buffer_is_never_overrun() {
    let token = Token::new();
    let s = token.user();
    let key = token.create(s, &key_template()).unwrap();
    for len in 0..32 {
        let mut buffer = [0xee; 64];
        let mut ask = CK_ATTRIBUTE {
            type_: CKA_VALUE,
            pValue: buffer.as_mut_ptr().cast(),
            ulValueLen: len,
        };
        let refused = c!(token, C_GetAttributeValue, s, key, &mut ask, 1);
        assert_rv(refused, CKR_BUFFER_TOO_SMALL);
        assert_eq!(ask.ulValueLen, CK_UNAVAILABLE_INFORMATION);
        assert_eq!(buffer, [0xee; 64]);
    }
    assert_rv(
        c!(token, C_GetAttributeValue, s, key, ptr::null_mut(), 1),
        CKR_ARGUMENTS_BAD,
    );
}

#[test]
fn reading_what_is_not_to_be_read() {
    let token = Token::new();
    let s = token.user();
    let sensitive = key_template().replaced(CKA_SENSITIVE, &[CK_TRUE]);
    let locked = key_template().replaced(CKA_EXTRACTABLE, &[CK_FALSE]);
    for t in [sensitive, locked] {
        let key = token.create(s, &t).unwrap();
        assert_rv(token.get(s, key, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
        let mut query = CK_ATTRIBUTE {
            type_: CKA_VALUE,
            pValue: ptr::null_mut(),
            ulValueLen: 0,
        };
        let refused = c!(token, C_GetAttributeValue, s, key, &mut query, 1);
        assert_rv(refused, CKR_ATTRIBUTE_SENSITIVE);
        assert_eq!(query.ulValueLen, CK_UNAVAILABLE_INFORMATION);
    }
    let open = token.create(s, &key_template()).unwrap();
    assert_eq!(token.get(s, open, CKA_VALUE).unwrap(), [7; 32]);
    assert_rv(token.get(s, open, CKA_MODULUS), CKR_ATTRIBUTE_TYPE_INVALID);
    assert_rv(token.get(s, open, 0x7777), CKR_ATTRIBUTE_TYPE_INVALID);
}

#[test]
fn history_of_a_key() {
    let token = Token::new();
    let s = token.user();
    let flags = |key| {
        [
            CKA_SENSITIVE,
            CKA_EXTRACTABLE,
            CKA_ALWAYS_SENSITIVE,
            CKA_NEVER_EXTRACTABLE,
            CKA_LOCAL,
        ]
        .map(|a| token.get_bool(s, key, a))
    };
    let curve = curve::SECP256K1;
    let make = |sensitive, extractable| {
        let private = curve
            .private()
            .bool(CKA_SENSITIVE, sensitive)
            .bool(CKA_EXTRACTABLE, extractable);
        token
            .pair(s, curve.generate, &curve.public(), &private)
            .unwrap()
            .1
    };
    let born_safe = make(true, false);
    assert_eq!(flags(born_safe), [true, false, true, true, true]);
    assert_eq!(
        token.get_ulong(s, born_safe, CKA_KEY_GEN_MECHANISM),
        CKM_EC_KEY_PAIR_GEN
    );
    let born_open = make(false, true);
    assert_eq!(flags(born_open), [false, true, false, false, true]);
    token
        .set(s, born_open, &Template::new().bool(CKA_SENSITIVE, true))
        .unwrap();
    token
        .set(s, born_open, &Template::new().bool(CKA_EXTRACTABLE, false))
        .unwrap();
    assert_eq!(flags(born_open), [true, false, false, false, true]);
    let imported = token
        .create(
            s,
            &key_template()
                .replaced(CKA_SENSITIVE, &[CK_TRUE])
                .replaced(CKA_EXTRACTABLE, &[CK_FALSE]),
        )
        .unwrap();
    assert_eq!(flags(imported), [true, false, false, false, false]);
    assert_eq!(
        token.get_ulong(s, imported, CKA_KEY_GEN_MECHANISM),
        CK_UNAVAILABLE_INFORMATION
    );
}

#[test]
fn changes_are_all_or_nothing() {
    let token = Token::new();
    let s = token.user();
    let key = token
        .create(
            s,
            &key_template()
                .replaced(CKA_SENSITIVE, &[CK_TRUE])
                .token(true),
        )
        .unwrap();
    let change = Template::new().label("new").bytes(CKA_ID, b"new");
    for (bad, code) in [
        (
            change.clone().ulong(CKA_CLASS, CKO_DATA),
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            change.clone().bytes(CKA_VALUE, &[8; 32]),
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            change.clone().bool(CKA_SENSITIVE, false),
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            change.clone().bool(CKA_LOCAL, true),
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (change.clone().ulong(0x7777, 1), CKR_ATTRIBUTE_TYPE_INVALID),
        (
            change.clone().bytes(CKA_SIGN, &[1, 1]),
            CKR_ATTRIBUTE_VALUE_INVALID,
        ),
    ] {
        assert_rv(token.set(s, key, &bad), code);
        assert_eq!(token.get(s, key, CKA_LABEL).unwrap(), b"k");
        assert_eq!(token.get(s, key, CKA_ID).unwrap(), b"");
    }
    token.set(s, key, &change).unwrap();
    token.restart();
    let s = token.user();
    let key = token.find_one(s, &change);
    assert_eq!(token.get(s, key, CKA_LABEL).unwrap(), b"new");
}

#[test]
fn one_way_attributes() {
    let token = Token::new();
    let s = token.user();
    let t = key_template()
        .replaced(CKA_SENSITIVE, &[CK_TRUE])
        .replaced(CKA_EXTRACTABLE, &[CK_FALSE])
        .bool(CKA_WRAP_WITH_TRUSTED, true);
    let key = token.create(s, &t).unwrap();
    let no = CKR_ATTRIBUTE_READ_ONLY;
    let set = |a, value| token.set(s, key, &Template::new().bool(a, value));
    assert_rv(set(CKA_SENSITIVE, false), no);
    assert_rv(set(CKA_EXTRACTABLE, true), no);
    assert_rv(set(CKA_WRAP_WITH_TRUSTED, false), no);
    set(CKA_SENSITIVE, true).unwrap();
    set(CKA_EXTRACTABLE, false).unwrap();
    set(CKA_SIGN, false).unwrap();
    assert_rv(
        token.sign_init(s, CKM_ECDSA, key),
        CKR_KEY_FUNCTION_NOT_PERMITTED,
    );
    set(CKA_SIGN, true).unwrap();
    token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
}

#[test]
fn label_and_id_exist_and_are_arbitrary_bytes() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &curve::P256);
    for object in [public, private] {
        assert_eq!(token.get(s, object, CKA_LABEL).unwrap(), b"");
        assert_eq!(token.get(s, object, CKA_ID).unwrap(), b"");
        let odd = [0xff, 0, 0xfe, 0];
        let t = Template::new().bytes(CKA_LABEL, &odd).bytes(CKA_ID, &odd);
        token.set(s, object, &t).unwrap();
        assert_eq!(token.get(s, object, CKA_LABEL).unwrap(), odd);
        assert_eq!(token.get(s, object, CKA_ID).unwrap(), odd);
    }
}

#[test]
fn unique_identifiers() {
    let token = Token::new();
    let s = token.user();
    let t = Template::class(CKO_DATA).token(true).label("d");
    let ids: Vec<_> = (0..10)
        .map(|_| {
            let object = token.create(s, &t).unwrap();
            token.get(s, object, CKA_UNIQUE_ID).unwrap()
        })
        .collect();
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 10);
    token.restart();
    let s = token.user();
    for id in &ids {
        token.find_one(s, &Template::new().bytes(CKA_UNIQUE_ID, id));
    }
    let object = token.find_one(s, &Template::new().bytes(CKA_UNIQUE_ID, &ids[0]));
    let change = Template::new().bytes(CKA_UNIQUE_ID, b"x");
    assert_rv(token.set(s, object, &change), CKR_ATTRIBUTE_READ_ONLY);
}

#[test]
fn a_key_may_be_limited_to_mechanisms() {
    let token = Token::new();
    let s = token.user();
    let allowed = CKM_ECDSA_SHA256.to_ne_bytes();
    let t = key_template().bytes(CKA_ALLOWED_MECHANISMS, &allowed);
    let key = token.create(s, &t).unwrap();
    assert_eq!(token.get(s, key, CKA_ALLOWED_MECHANISMS).unwrap(), allowed);
    token.sign(s, CKM_ECDSA_SHA256, key, b"m").unwrap();
    let Rv(rv) = token.sign_init(s, CKM_ECDSA, key).unwrap_err();
    assert!(
        rv == CKR_MECHANISM_INVALID || rv == CKR_KEY_FUNCTION_NOT_PERMITTED,
        "{:?}",
        Rv(rv)
    );
}
