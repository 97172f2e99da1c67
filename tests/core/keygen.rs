//! Key generation and import on every curve, and secret keys.

use crate::support::{curve::octet_string, *};

#[test]
fn pairs_on_every_curve() {
    let token = Token::new();
    let s = token.user();
    for curve in curve::ALL {
        let (public, private) = token
            .pair(
                s,
                curve.generate,
                &curve
                    .public()
                    .token(true)
                    .label(curve.name)
                    .bytes(CKA_ID, b"id"),
                &curve
                    .private()
                    .token(true)
                    .label(curve.name)
                    .bytes(CKA_ID, b"id"),
            )
            .unwrap();
        for (key, class) in [(public, CKO_PUBLIC_KEY), (private, CKO_PRIVATE_KEY)] {
            assert_eq!(token.get_ulong(s, key, CKA_CLASS), class);
            assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), curve.key_type);
            assert_eq!(token.get(s, key, CKA_EC_PARAMS).unwrap(), curve.params);
            assert_eq!(
                token.get_ulong(s, key, CKA_KEY_GEN_MECHANISM),
                curve.generate
            );
            assert!(token.get_bool(s, key, CKA_LOCAL) && token.get_bool(s, key, CKA_TOKEN));
        }
        let point = token.get(s, public, CKA_EC_POINT).unwrap();
        assert_eq!(
            point,
            octet_string(&point[point.len() - curve.point_len()..])
        );
        assert!(token.get_bool(s, public, CKA_VERIFY) && token.get_bool(s, private, CKA_SIGN));
        assert!(token.get_bool(s, private, CKA_PRIVATE), "{}", curve.name);
        assert!(token.get_bool(s, private, CKA_SENSITIVE));
        assert!(!token.get_bool(s, private, CKA_EXTRACTABLE));
        assert_rv(token.get(s, private, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
        let info = token.get(s, public, CKA_PUBLIC_KEY_INFO).unwrap();
        assert!(info.ends_with(&point[point.len() - curve.point_len()..]));
        assert_eq!(token.get(s, private, CKA_PUBLIC_KEY_INFO).unwrap(), info);
    }
    assert_eq!(token.find(s, &Template::new()).unwrap().len(), 10);
}

#[test]
fn keys_differ() {
    let token = Token::new();
    let s = token.user();
    for curve in curve::ALL {
        let (a, _) = token.keys(s, &curve);
        let (b, _) = token.keys(s, &curve);
        assert_ne!(
            token.get(s, a, CKA_EC_POINT).unwrap(),
            token.get(s, b, CKA_EC_POINT).unwrap()
        );
    }
}

#[test]
fn an_extractable_key_can_be_imported_again() {
    let token = Token::new();
    let s = token.user();
    for curve in curve::ALL {
        let open = curve
            .private()
            .bool(CKA_SENSITIVE, false)
            .bool(CKA_EXTRACTABLE, true);
        let (public, private) = token
            .pair(s, curve.generate, &curve.public(), &open)
            .unwrap();
        let value = token.get(s, private, CKA_VALUE).unwrap();
        assert_eq!(value.len(), curve.scalar);
        let again = token.create(s, &curve.import(&value)).unwrap();
        let signature = token.sign(s, curve.sign, again, &[5; 32]).unwrap();
        token
            .verify(s, curve.sign, public, &[5; 32], &signature)
            .unwrap();
    }
}

#[test]
fn a_pair_is_made_whole_or_not_at_all() {
    let token = Token::new();
    let s = token.user();
    let curve = curve::P256;
    for (public, private, code) in [
        (
            curve.public(),
            Template::new().ulong(0x7777, 1),
            CKR_ATTRIBUTE_TYPE_INVALID,
        ),
        (
            curve.public().ulong(0x7777, 1),
            Template::new(),
            CKR_ATTRIBUTE_TYPE_INVALID,
        ),
        (
            curve.public(),
            Template::new().bytes(CKA_VALUE, &[1; 32]),
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            curve.public().bytes(CKA_EC_POINT, b"x"),
            Template::new(),
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            curve.public(),
            Template::class(CKO_PUBLIC_KEY),
            CKR_TEMPLATE_INCONSISTENT,
        ),
        (
            curve.public(),
            Template::new().ulong(CKA_KEY_TYPE, CKK_EC_EDWARDS),
            CKR_TEMPLATE_INCONSISTENT,
        ),
        (
            curve.public().bytes(CKA_TOKEN, b"12"),
            Template::new(),
            CKR_ATTRIBUTE_VALUE_INVALID,
        ),
    ] {
        let got = token.pair(s, curve.generate, &public.token(true), &private.token(true));
        assert_rv(got, code);
        assert!(token.find(s, &Template::new()).unwrap().is_empty());
    }
}

#[test]
fn names_of_curves() {
    let token = Token::new();
    let s = token.user();
    for (mechanism, params) in [
        (CKM_EC_KEY_PAIR_GEN, &b"\x13\x09secp256k1"[..]),
        (CKM_EC_EDWARDS_KEY_PAIR_GEN, b"\x13\x0cedwards25519"),
        (
            CKM_EC_EDWARDS_KEY_PAIR_GEN,
            b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01",
        ),
    ] {
        let t = Template::new().bytes(CKA_EC_PARAMS, params);
        let (public, private) = token.pair(s, mechanism, &t, &Template::new()).unwrap();
        assert_eq!(
            token.get(s, public, CKA_EC_PARAMS).unwrap(),
            params,
            "as it was given"
        );
        assert_eq!(token.get(s, private, CKA_EC_PARAMS).unwrap(), params);
    }
    for (mechanism, curve) in [
        (CKM_EC_KEY_PAIR_GEN, curve::ED25519),
        (CKM_EC_EDWARDS_KEY_PAIR_GEN, curve::P256),
    ] {
        assert!(
            token
                .pair(s, mechanism, &curve.public(), &Template::new())
                .is_err()
        );
    }
}

#[test]
fn secret_keys() {
    let token = Token::new();
    let s = token.user();
    for (mechanism, key_type, len) in [
        (CKM_AES_KEY_GEN, CKK_AES, 32),
        (CKM_AES_KEY_GEN, CKK_AES, 16),
        (CKM_GENERIC_SECRET_KEY_GEN, CKK_GENERIC_SECRET, 48),
    ] {
        let t = Template::new()
            .ulong(CKA_VALUE_LEN, len)
            .bool(CKA_SENSITIVE, false)
            .bool(CKA_EXTRACTABLE, true);
        let key = token.generate(s, mechanism, &t).unwrap();
        assert_eq!(token.get_ulong(s, key, CKA_CLASS), CKO_SECRET_KEY);
        assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), key_type);
        assert_eq!(token.get_ulong(s, key, CKA_VALUE_LEN), len);
        let value = token.get(s, key, CKA_VALUE).unwrap();
        assert_eq!(value.len() as CK_ULONG, len);
        assert_ne!(value, vec![0; value.len()]);
        let import = Template::class(CKO_SECRET_KEY)
            .ulong(CKA_KEY_TYPE, key_type)
            .bytes(CKA_VALUE, &value);
        token.create(s, &import).unwrap();
        assert_rv(
            token.create(s, &import.without(CKA_VALUE)),
            CKR_TEMPLATE_INCOMPLETE,
        );
        assert_rv(
            token.generate(s, mechanism, &t.without(CKA_VALUE_LEN)),
            CKR_TEMPLATE_INCOMPLETE,
        );
    }
    let odd = Template::new().ulong(CKA_VALUE_LEN, 17);
    let Rv(rv) = token.generate(s, CKM_AES_KEY_GEN, &odd).unwrap_err();
    assert!(
        rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_KEY_SIZE_RANGE,
        "{:?}",
        Rv(rv)
    );
    for huge in [CK_ULONG::MAX, 1 << 40] {
        let t = Template::new().ulong(CKA_VALUE_LEN, huge);
        assert!(token.generate(s, CKM_GENERIC_SECRET_KEY_GEN, &t).is_err());
    }
}
