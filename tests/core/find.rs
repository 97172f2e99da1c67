//! Searching (PKCS#11 v3.1 section 5.7).

use std::ptr;

use crate::support::*;

#[test]
fn by_any_attribute() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token
        .pair(
            s,
            CKM_EC_KEY_PAIR_GEN,
            &curve::P256.public().label("pair").bytes(CKA_ID, b"1"),
            &Template::new()
                .label("pair")
                .bytes(CKA_ID, b"1")
                .token(true),
        )
        .unwrap();
    let data = token
        .create(
            s,
            &Template::class(CKO_DATA)
                .label("data")
                .bytes(CKA_VALUE, b"v"),
        )
        .unwrap();
    let find = |t: Template| token.find(s, &t).unwrap();
    let mut all = vec![public, private, data];
    all.sort_unstable();
    assert_eq!(find(Template::new()), all);
    assert_eq!(find(Template::class(CKO_PRIVATE_KEY)), [private]);
    assert_eq!(find(Template::class(CKO_PUBLIC_KEY)), [public]);
    assert_eq!(find(Template::new().label("pair")).len(), 2);
    assert!(find(Template::new().label("pai")).is_empty());
    assert_eq!(
        find(Template::new().bytes(CKA_ID, b"1").token(true)),
        [private]
    );
    assert_eq!(find(Template::new().bytes(CKA_VALUE, b"v")), [data]);
    assert_eq!(
        find(Template::new().bytes(CKA_EC_PARAMS, curve::P256.params)).len(),
        2
    );
    let point = token.get(s, public, CKA_EC_POINT).unwrap();
    assert!(find(Template::new().bytes(CKA_EC_POINT, &point)).contains(&public));
    assert_eq!(find(Template::new().bool(CKA_VERIFY, true)), [public]);
    assert_eq!(find(Template::new().ulong(CKA_KEY_TYPE, CKK_EC)).len(), 2);
    assert!(find(Template::new().ulong(CKA_KEY_TYPE, CKK_RSA)).is_empty());
    assert!(find(Template::new().label("pair").label("other")).is_empty());
    assert!(
        find(Template::new().ulong(0x7777, 1)).is_empty(),
        "an unknown attribute is on no object"
    );
}

#[test]
fn a_search_never_tells_a_secret() {
    let token = Token::new();
    let s = token.user();
    let t = curve::SECP256K1
        .import(&[7; 32])
        .replaced(CKA_SENSITIVE, &[CK_TRUE]);
    token.create(s, &t).unwrap();
    let guess = Template::new().bytes(CKA_VALUE, &[7; 32]);
    assert!(token.find(s, &guess).unwrap().is_empty());
}

#[test]
fn states() {
    let token = Token::new();
    let s = token.user();
    for i in 0..5 {
        token
            .create(s, &Template::class(CKO_DATA).label(&i.to_string()))
            .unwrap();
    }
    let no = CKR_OPERATION_NOT_INITIALIZED;
    assert_rv(token.find_next(s, 1), no);
    assert_rv(token.find_final(s), no);
    token.find_init(s, &Template::new()).unwrap();
    assert_rv(token.find_init(s, &Template::new()), CKR_OPERATION_ACTIVE);
    assert_eq!(token.find_next(s, 2).unwrap().len(), 2);
    assert_eq!(token.find_next(s, 2).unwrap().len(), 2);
    assert_eq!(token.find_next(s, 2).unwrap().len(), 1);
    assert_eq!(token.find_next(s, 2).unwrap().len(), 0);
    token.find_final(s).unwrap();
    assert_rv(token.find_final(s), no);
    let (other, mut one, mut count) = (token.ro(), 0, 0);
    token.find_init(s, &Template::new()).unwrap();
    assert_rv(token.find_next(other, 1), no);
    assert_rv(
        c!(token, C_FindObjects, s, ptr::null_mut(), 1, &mut count),
        CKR_ARGUMENTS_BAD,
    );
    token.find_init(other, &Template::new()).unwrap();
    assert_rv(
        c!(token, C_FindObjects, other, &mut one, 1, ptr::null_mut()),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(
        c!(token, C_FindObjectsInit, token.ro(), ptr::null_mut(), 1),
        CKR_ARGUMENTS_BAD,
    );
}

#[test]
fn a_search_does_not_disturb_a_signature() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &curve::P256);
    token.sign_init(s, CKM_ECDSA, key).unwrap();
    assert_eq!(
        token.find(s, &Template::class(CKO_PRIVATE_KEY)).unwrap(),
        [key]
    );
    token.sign_end(s, &[1; 32]).unwrap();
}

#[test]
fn objects_that_go_during_a_search() {
    let token = Token::new();
    let s = token.user();
    let t = Template::class(CKO_DATA);
    let objects: Vec<_> = (0..4).map(|_| token.create(s, &t).unwrap()).collect();
    token.find_init(s, &t).unwrap();
    let first = token.find_next(s, 1).unwrap();
    for object in &objects {
        token.destroy(s, *object).unwrap();
    }
    let rest = token.find_next(s, 10).unwrap();
    assert!(first.len() + rest.len() <= 4);
    token.find_final(s).unwrap();
    assert!(token.find(s, &t).unwrap().is_empty());
}

#[test]
fn ten_thousand_objects() {
    let token = Token::new();
    let s = token.user();
    for i in 0..10_000u32 {
        let t = Template::class(CKO_DATA).bytes(CKA_OBJECT_ID, &i.to_be_bytes());
        token.create(s, &t).unwrap();
    }
    assert_eq!(token.find(s, &Template::new()).unwrap().len(), 10_000);
    let one = Template::new().bytes(CKA_OBJECT_ID, &7777u32.to_be_bytes());
    assert_eq!(token.find(s, &one).unwrap().len(), 1);
}
