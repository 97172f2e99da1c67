//! C_Login, C_LoginUser, C_Logout (PKCS#11 v3.1 section 5.6).

use std::ptr;

use crate::support::*;

#[test]
fn who_may_be_logged_in() {
    let token = Token::new();
    let (a, b) = (token.user(), token.rw());
    assert_rv(
        token.login(a, CKU_USER, USER_PIN),
        CKR_USER_ALREADY_LOGGED_IN,
    );
    assert_rv(
        token.login(b, CKU_USER, USER_PIN),
        CKR_USER_ALREADY_LOGGED_IN,
    );
    assert_rv(
        token.login(b, CKU_SO, SO_PIN),
        CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
    );
    assert_eq!(token.state(a), CKS_RW_USER_FUNCTIONS);
    token.logout(b).unwrap();
    assert_rv(token.logout(a), CKR_USER_NOT_LOGGED_IN);
    token.login(a, CKU_SO, SO_PIN).unwrap();
    assert_rv(token.login(b, CKU_SO, SO_PIN), CKR_USER_ALREADY_LOGGED_IN);
    assert_rv(
        token.login(b, CKU_USER, USER_PIN),
        CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
    );
}

#[test]
fn wrong_pins() {
    let token = Token::new();
    let s = token.rw();
    for pin in [
        &b"wrong-pin"[..],
        b"",
        b"u",
        b"user-000",
        b"user-0000x",
        &[b'x'; 4096],
    ] {
        assert_rv(token.login(s, CKU_USER, pin), CKR_PIN_INCORRECT);
        token.login(s, CKU_USER, USER_PIN).unwrap();
        token.logout(s).unwrap();
        assert_rv(token.login(s, CKU_SO, pin), CKR_PIN_INCORRECT);
        token.login(s, CKU_SO, SO_PIN).unwrap();
        token.logout(s).unwrap();
    }
    assert_rv(token.login(s, CKU_USER, SO_PIN), CKR_PIN_INCORRECT);
    assert_rv(token.login(s, CKU_SO, USER_PIN), CKR_PIN_INCORRECT);
    assert_eq!(token.state(s), CKS_RW_PUBLIC_SESSION);
}

#[test]
fn arguments() {
    let token = Token::new();
    let s = token.rw();
    assert_rv(
        c!(token, C_Login, s, CKU_USER, ptr::null_mut(), 0),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(
        c!(token, C_Login, s, CKU_USER, ptr::null_mut(), 8),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(token.login(s, 77, USER_PIN), CKR_USER_TYPE_INVALID);
    assert_rv(
        token.login(s, CKU_CONTEXT_SPECIFIC, USER_PIN),
        CKR_OPERATION_NOT_INITIALIZED,
    );
    assert_eq!(token.token_flags(token.slot) & CKF_USER_PIN_COUNT_LOW, 0);
}

#[test]
fn login_user_without_a_name_is_login() {
    let token = Token::new();
    let s = token.rw();
    let login = |user, name: &[u8]| {
        let name_ptr = if name.is_empty() {
            ptr::null_mut()
        } else {
            name.as_ptr().cast_mut()
        };
        c3!(
            token,
            C_LoginUser,
            s,
            user,
            USER_PIN.as_ptr().cast_mut(),
            USER_PIN.len() as CK_ULONG,
            name_ptr,
            name.len() as CK_ULONG
        )
    };
    login(CKU_USER, b"").unwrap();
    assert_eq!(token.state(s), CKS_RW_USER_FUNCTIONS);
    assert_rv(login(CKU_USER, b""), CKR_USER_ALREADY_LOGGED_IN);
    token.logout(s).unwrap();
    assert!(login(CKU_USER, b"nobody").is_err(), "no such named user");
    assert_eq!(token.state(s), CKS_RW_PUBLIC_SESSION);
}

#[test]
fn logout_hides_private_objects_and_ends_their_operations() {
    let token = Token::new();
    let s = token.user();
    let t = Template::class(CKO_DATA).label("d");
    let public = token
        .create(s, &t.clone().bool(CKA_PRIVATE, false))
        .unwrap();
    let private = token.create(s, &t.clone().bool(CKA_PRIVATE, true)).unwrap();
    let on_token = token
        .create(s, &t.bool(CKA_PRIVATE, true).token(true))
        .unwrap();
    let (_, key) = token.keys(s, &curve::SECP256K1);
    token.sign_init(s, CKM_ECDSA, key).unwrap();
    token.logout(s).unwrap();
    assert_rv(token.sign_end(s, &[1; 32]), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(token.get(s, private, CKA_LABEL), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(token.get(s, on_token, CKA_LABEL), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(token.sign_init(s, CKM_ECDSA, key), CKR_KEY_HANDLE_INVALID);
    assert_eq!(token.get(s, public, CKA_LABEL).unwrap(), b"d");
    assert_eq!(
        token.find(s, &Template::new().label("d")).unwrap(),
        [public]
    );
    token.login(s, CKU_USER, USER_PIN).unwrap();
    assert_eq!(token.find(s, &Template::new().label("d")).unwrap().len(), 2);
    assert_rv(token.sign_init(s, CKM_ECDSA, key), CKR_KEY_HANDLE_INVALID);
}

#[test]
fn the_so_sees_no_private_object() {
    let token = Token::new();
    let s = token.user();
    let t = Template::class(CKO_DATA).token(true).label("d");
    token.create(s, &t.clone().bool(CKA_PRIVATE, true)).unwrap();
    token.create(s, &t.bool(CKA_PRIVATE, false)).unwrap();
    token.logout(s).unwrap();
    token.login(s, CKU_SO, SO_PIN).unwrap();
    assert_eq!(token.find(s, &Template::new().label("d")).unwrap().len(), 1);
    let private = Template::class(CKO_DATA).bool(CKA_PRIVATE, true);
    assert_rv(token.create(s, &private), CKR_USER_NOT_LOGGED_IN);
}
