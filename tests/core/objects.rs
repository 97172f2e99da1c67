//! Objects: life, rights, copies (PKCS#11 v3.1 sections 4.4 to 4.9 and 5.7).

use crate::support::*;

fn data(label: &str) -> Template {
    Template::class(CKO_DATA)
        .label(label)
        .bool(CKA_PRIVATE, false)
}

#[test]
fn data_objects() {
    let token = Token::new();
    let s = token.user();
    let value: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    let t = data("label")
        .token(true)
        .bytes(CKA_APPLICATION, b"application")
        .bytes(CKA_OBJECT_ID, b"\x06\x03\x2a\x03\x04")
        .bytes(CKA_VALUE, &value);
    let object = token.create(s, &t).unwrap();
    token.restart();
    let s = token.ro();
    let object_again = token.find_one(s, &data("label"));
    assert_eq!(token.get(s, object_again, CKA_VALUE).unwrap(), value);
    assert_eq!(
        token.get(s, object_again, CKA_APPLICATION).unwrap(),
        b"application"
    );
    assert_eq!(
        token.get(s, object_again, CKA_OBJECT_ID).unwrap(),
        b"\x06\x03\x2a\x03\x04"
    );
    assert_ne!(object, CK_INVALID_HANDLE);
    let mut size = 0;
    c!(token, C_GetObjectSize, s, object_again, &mut size).unwrap();
    assert!(size == CK_UNAVAILABLE_INFORMATION || size as usize >= value.len());
}

#[test]
fn certificates() {
    let token = Token::new();
    let s = token.user();
    let t = Template::class(CKO_CERTIFICATE)
        .ulong(CKA_CERTIFICATE_TYPE, CKC_X_509)
        .bytes(CKA_SUBJECT, b"\x30\x00")
        .bytes(CKA_ID, b"id")
        .bytes(CKA_VALUE, b"\x30\x03\x02\x01\x05")
        .bool(CKA_PRIVATE, false)
        .token(true);
    let object = token.create(s, &t).unwrap();
    assert_eq!(token.get(s, object, CKA_SUBJECT).unwrap(), b"\x30\x00");
    assert_eq!(token.get_ulong(s, object, CKA_CERTIFICATE_TYPE), CKC_X_509);
    assert!(!token.get_bool(s, object, CKA_TRUSTED));
    assert_rv(
        token.create(s, &t.clone().without(CKA_CERTIFICATE_TYPE)),
        CKR_TEMPLATE_INCOMPLETE,
    );
    assert_rv(
        token.create(s, &t.clone().without(CKA_SUBJECT)),
        CKR_TEMPLATE_INCOMPLETE,
    );
    assert_rv(
        token.create(s, &t.clone().bool(CKA_TRUSTED, true)),
        CKR_ATTRIBUTE_READ_ONLY,
    );
    token.logout(s).unwrap();
    token.login(s, CKU_SO, SO_PIN).unwrap();
    let trusted = token.create(s, &t.bool(CKA_TRUSTED, true)).unwrap();
    assert!(token.get_bool(s, trusted, CKA_TRUSTED));
}

#[test]
fn session_objects_die_with_their_session() {
    let token = Token::new();
    let (a, b) = (token.user(), token.rw());
    let object = token.create(a, &data("short-lived")).unwrap();
    assert_eq!(
        token.get(b, object, CKA_LABEL).unwrap(),
        b"short-lived",
        "seen by all sessions"
    );
    let kept = token.create(b, &data("other")).unwrap();
    token.close(a).unwrap();
    assert_rv(token.get(b, object, CKA_LABEL), CKR_OBJECT_HANDLE_INVALID);
    assert_eq!(token.find(b, &Template::new()).unwrap(), [kept]);
    token.restart();
    let s = token.user();
    assert!(token.find(s, &Template::new()).unwrap().is_empty());
}

#[test]
fn read_only_sessions_change_no_token_object() {
    let token = Token::new();
    let rw = token.user();
    let on_token = token.create(rw, &data("t").token(true)).unwrap();
    let ro = token.ro();
    let no = CKR_SESSION_READ_ONLY;
    assert_rv(token.create(ro, &data("x").token(true)), no);
    assert_rv(token.destroy(ro, on_token), no);
    assert_rv(token.set(ro, on_token, &Template::new().label("x")), no);
    assert_rv(token.copy(ro, on_token, &Template::new()), no);
    let curve = curve::P256;
    assert_rv(
        token.pair(
            ro,
            curve.generate,
            &curve.public().token(true),
            &curve.private(),
        ),
        no,
    );
    let in_session = token
        .copy(ro, on_token, &Template::new().token(false))
        .unwrap();
    token
        .set(ro, in_session, &Template::new().label("y"))
        .unwrap();
    token.destroy(ro, in_session).unwrap();
    let (_, key) = token.keys(ro, &curve);
    token.sign(ro, CKM_ECDSA, key, &[1; 32]).unwrap();
}

#[test]
fn without_login_there_are_no_private_objects() {
    let token = Token::new();
    let s = token.rw();
    assert_rv(
        token.create(s, &data("x").replaced(CKA_PRIVATE, &[CK_TRUE])),
        CKR_USER_NOT_LOGGED_IN,
    );
    let curve = curve::SECP256K1;
    assert_rv(
        token.pair(
            s,
            curve.generate,
            &curve.public(),
            &curve.private().bool(CKA_PRIVATE, true),
        ),
        CKR_USER_NOT_LOGGED_IN,
    );
    assert!(token.find(s, &Template::new()).unwrap().is_empty());
    token.create(s, &data("public")).unwrap();
}

#[test]
fn destroy() {
    let token = Token::new();
    let s = token.user();
    let object = token.create(s, &data("x").token(true)).unwrap();
    token.destroy(s, object).unwrap();
    assert_rv(token.destroy(s, object), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(token.get(s, object, CKA_LABEL), CKR_OBJECT_HANDLE_INVALID);
    token.restart();
    let s = token.user();
    assert!(token.find(s, &Template::new()).unwrap().is_empty());
    let firm = token
        .create(s, &data("x").bool(CKA_DESTROYABLE, false))
        .unwrap();
    assert_rv(token.destroy(s, firm), CKR_ACTION_PROHIBITED);
    assert_eq!(token.get(s, firm, CKA_LABEL).unwrap(), b"x");
}

#[test]
fn copies() {
    let token = Token::new();
    let s = token.user();
    let source = token
        .create(s, &data("source").bytes(CKA_VALUE, b"value"))
        .unwrap();
    let copy = token
        .copy(
            s,
            source,
            &Template::new()
                .label("copy")
                .token(true)
                .bool(CKA_MODIFIABLE, false),
        )
        .unwrap();
    assert_ne!(copy, source);
    assert_eq!(token.get(s, copy, CKA_VALUE).unwrap(), b"value");
    assert_eq!(token.get(s, copy, CKA_LABEL).unwrap(), b"copy");
    assert_eq!(token.get(s, source, CKA_LABEL).unwrap(), b"source");
    assert!(token.get_bool(s, copy, CKA_TOKEN) && !token.get_bool(s, source, CKA_TOKEN));
    assert_ne!(
        token.get(s, copy, CKA_UNIQUE_ID).unwrap(),
        token.get(s, source, CKA_UNIQUE_ID).unwrap()
    );
    assert_rv(
        token.set(s, copy, &Template::new().label("x")),
        CKR_ACTION_PROHIBITED,
    );
    let private = token
        .copy(s, source, &Template::new().bool(CKA_PRIVATE, true))
        .unwrap();
    assert!(token.get_bool(s, private, CKA_PRIVATE));
    assert!(
        token
            .copy(s, private, &Template::new().bool(CKA_PRIVATE, false))
            .is_err(),
        "a secret does not become public by copying"
    );
    assert_rv(
        token.copy(s, source, &Template::new().ulong(CKA_CLASS, CKO_SECRET_KEY)),
        CKR_ATTRIBUTE_READ_ONLY,
    );
    let single = token
        .create(s, &data("x").bool(CKA_COPYABLE, false))
        .unwrap();
    assert_rv(
        token.copy(s, single, &Template::new()),
        CKR_ACTION_PROHIBITED,
    );
    let before = token.find(s, &Template::new()).unwrap().len();
    assert!(
        token
            .copy(s, source, &Template::new().ulong(0x1234, 1))
            .is_err()
    );
    assert_eq!(token.find(s, &Template::new()).unwrap().len(), before);
}

#[test]
fn copied_keys_sign_alike_and_do_not_weaken() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &curve::ED25519);
    let copy = token
        .copy(s, private, &Template::new().token(true))
        .unwrap();
    let a = token.sign(s, CKM_EDDSA, private, b"m").unwrap();
    let b = token.sign(s, CKM_EDDSA, copy, b"m").unwrap();
    assert_eq!(a, b);
    token.verify(s, CKM_EDDSA, public, b"m", &b).unwrap();
    assert_rv(token.get(s, copy, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
    for weaker in [
        Template::new().bool(CKA_SENSITIVE, false),
        Template::new().bool(CKA_EXTRACTABLE, true),
    ] {
        assert_rv(token.copy(s, private, &weaker), CKR_ATTRIBUTE_READ_ONLY);
    }
}

#[test]
fn bad_object_handles() {
    let token = Token::new();
    let s = token.user();
    for bad in [CK_INVALID_HANDLE, 12345, CK_ULONG::MAX] {
        let no = CKR_OBJECT_HANDLE_INVALID;
        assert_rv(token.get(s, bad, CKA_LABEL), no);
        assert_rv(token.set(s, bad, &Template::new().label("x")), no);
        assert_rv(token.copy(s, bad, &Template::new()), no);
        assert_rv(token.destroy(s, bad), no);
        let mut size = 0;
        assert_rv(c!(token, C_GetObjectSize, s, bad, &mut size), no);
        assert_rv(token.sign_init(s, CKM_ECDSA, bad), CKR_KEY_HANDLE_INVALID);
        assert_rv(token.verify_init(s, CKM_ECDSA, bad), CKR_KEY_HANDLE_INVALID);
    }
}

#[test]
fn handles_of_one_token_do_not_open_another() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &curve::P256);
    let slot = token::make(&token, "other");
    let foreign = token.open_rw(slot).unwrap();
    token.login(foreign, CKU_USER, USER_PIN).unwrap();
    assert_rv(
        token.get(foreign, key, CKA_LABEL),
        CKR_OBJECT_HANDLE_INVALID,
    );
    assert_rv(
        token.sign_init(foreign, CKM_ECDSA, key),
        CKR_KEY_HANDLE_INVALID,
    );
}
