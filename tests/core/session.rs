//! Sessions (PKCS#11 v3.1 section 5.6).

use std::ptr;

use crate::support::*;

#[test]
fn open_wants_a_serial_session() {
    let token = Token::new();
    assert_rv(
        token.open(token.slot, 0),
        CKR_SESSION_PARALLEL_NOT_SUPPORTED,
    );
    assert_rv(
        token.open(token.slot, CKF_RW_SESSION),
        CKR_SESSION_PARALLEL_NOT_SUPPORTED,
    );
    assert_rv(
        c!(
            token,
            C_OpenSession,
            token.slot,
            CKF_SERIAL_SESSION,
            ptr::null_mut(),
            None,
            ptr::null_mut()
        ),
        CKR_ARGUMENTS_BAD,
    );
    assert_eq!(token.token_info(token.slot).unwrap().ulSessionCount, 0);
}

#[test]
fn information() {
    let token = Token::new();
    for (session, flags, state) in [
        (token.ro(), CKF_SERIAL_SESSION, CKS_RO_PUBLIC_SESSION),
        (
            token.rw(),
            CKF_SERIAL_SESSION | CKF_RW_SESSION,
            CKS_RW_PUBLIC_SESSION,
        ),
    ] {
        assert_ne!(session, CK_INVALID_HANDLE);
        let info = token.session_info(session).unwrap();
        assert_eq!(
            (info.slotID, info.flags, info.state),
            (token.slot, flags, state)
        );
        assert_eq!(info.ulDeviceError, 0);
        assert_rv(
            c!(token, C_GetSessionInfo, session, ptr::null_mut()),
            CKR_ARGUMENTS_BAD,
        );
    }
}

#[test]
fn states_follow_the_login_of_the_token() {
    let token = Token::new();
    let (ro, rw) = (token.ro(), token.rw());
    token.login(ro, CKU_USER, USER_PIN).unwrap();
    assert_eq!(token.state(ro), CKS_RO_USER_FUNCTIONS);
    assert_eq!(token.state(rw), CKS_RW_USER_FUNCTIONS);
    let later = token.ro();
    assert_eq!(token.state(later), CKS_RO_USER_FUNCTIONS);
    token.logout(rw).unwrap();
    for (session, state) in [
        (ro, CKS_RO_PUBLIC_SESSION),
        (later, CKS_RO_PUBLIC_SESSION),
        (rw, CKS_RW_PUBLIC_SESSION),
    ] {
        assert_eq!(token.state(session), state);
    }
    token.close(ro).unwrap();
    token.close(later).unwrap();
    token.login(rw, CKU_SO, SO_PIN).unwrap();
    assert_eq!(token.state(rw), CKS_RW_SO_FUNCTIONS);
    let second = token.rw();
    assert_eq!(token.state(second), CKS_RW_SO_FUNCTIONS);
}

#[test]
fn the_so_and_read_only_sessions_exclude_each_other() {
    let token = Token::new();
    let rw = token.rw();
    let ro = token.ro();
    assert_rv(
        token.login(rw, CKU_SO, SO_PIN),
        CKR_SESSION_READ_ONLY_EXISTS,
    );
    assert_rv(
        token.login(ro, CKU_SO, SO_PIN),
        CKR_SESSION_READ_ONLY_EXISTS,
    );
    token.close(ro).unwrap();
    token.login(rw, CKU_SO, SO_PIN).unwrap();
    assert_rv(token.open_ro(token.slot), CKR_SESSION_READ_WRITE_SO_EXISTS);
    token.logout(rw).unwrap();
    token.open_ro(token.slot).unwrap();
}

#[test]
fn closing_the_last_session_logs_out() {
    let token = Token::new();
    let (a, b) = (token.user(), token.rw());
    token.close(a).unwrap();
    assert_eq!(token.state(b), CKS_RW_USER_FUNCTIONS);
    token.close(b).unwrap();
    let c = token.rw();
    assert_eq!(token.state(c), CKS_RW_PUBLIC_SESSION);
}

#[test]
fn closing_all_sessions_logs_out_and_spares_other_tokens() {
    let token = Token::new();
    let other = token::make(&token, "other");
    let elsewhere = token.open_rw(other).unwrap();
    token.login(elsewhere, CKU_USER, USER_PIN).unwrap();
    let (a, b) = (token.user(), token.ro());
    token.close_all(token.slot).unwrap();
    assert_rv(token.session_info(a), CKR_SESSION_HANDLE_INVALID);
    assert_rv(token.session_info(b), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(token.state(elsewhere), CKS_RW_USER_FUNCTIONS);
    assert_eq!(token.state(token.rw()), CKS_RW_PUBLIC_SESSION);
}

#[test]
fn handles_are_never_used_again() {
    let token = Token::new();
    let mut seen = Vec::new();
    for _ in 0..100 {
        let session = token.ro();
        assert!(!seen.contains(&session));
        seen.push(session);
        token.close(session).unwrap();
        assert_rv(token.close(session), CKR_SESSION_HANDLE_INVALID);
    }
    assert_rv(token.session_info(seen[0]), CKR_SESSION_HANDLE_INVALID);
}

#[test]
fn many_sessions() {
    let token = Token::new();
    let sessions: Vec<_> = (0..2000).map(|_| token.ro()).collect();
    assert_eq!(token.token_info(token.slot).unwrap().ulSessionCount, 2000);
    assert_eq!(token.state(sessions[1999]), CKS_RO_PUBLIC_SESSION);
    token.close_all(token.slot).unwrap();
    assert_eq!(token.token_info(token.slot).unwrap().ulSessionCount, 0);
}

#[test]
fn bad_session_handles() {
    let token = Token::new();
    let session = token.user();
    let (public, private) = token.keys(session, &curve::P256);
    for bad in [CK_INVALID_HANDLE, session + 1000, CK_ULONG::MAX] {
        let no = CKR_SESSION_HANDLE_INVALID;
        assert_rv(token.close(bad), no);
        assert_rv(token.session_info(bad), no);
        assert_rv(token.login(bad, CKU_USER, USER_PIN), no);
        assert_rv(token.logout(bad), no);
        assert_rv(token.init_pin(bad, USER_PIN), no);
        assert_rv(token.set_pin(bad, USER_PIN, USER_PIN), no);
        assert_rv(token.create(bad, &Template::class(CKO_DATA)), no);
        assert_rv(token.get(bad, public, CKA_LABEL), no);
        assert_rv(token.destroy(bad, public), no);
        assert_rv(token.find_init(bad, &Template::new()), no);
        assert_rv(token.sign_init(bad, CKM_ECDSA, private), no);
        assert_rv(token.sign_end(bad, b"x"), no);
        assert_rv(token.verify_init(bad, CKM_ECDSA, public), no);
        assert_rv(token.digest_init(bad, CKM_SHA256), no);
        assert_rv(token.random(bad, 8), no);
        assert_rv(c3!(token, C_SessionCancel, bad, 0), no);
    }
}

#[test]
fn cancel_ends_the_named_operations_only() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &curve::P256);
    let begin = || {
        token.sign_init(s, CKM_ECDSA, private).unwrap();
        token.verify_init(s, CKM_ECDSA, public).unwrap();
        token.digest_init(s, CKM_SHA256).unwrap();
        token.find_init(s, &Template::new()).unwrap();
    };
    begin();
    c3!(token, C_SessionCancel, s, CKF_SIGN | CKF_FIND_OBJECTS).unwrap();
    assert_rv(token.sign_end(s, &[1; 32]), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(token.find_next(s, 1), CKR_OPERATION_NOT_INITIALIZED);
    assert_eq!(token.digest_end(s, b"abc").unwrap().len(), 32);
    assert_rv(
        token.verify_end(s, &[1; 32], &[1; 64]),
        CKR_SIGNATURE_INVALID,
    );
    begin();
    let all = CKF_SIGN | CKF_VERIFY | CKF_DIGEST | CKF_FIND_OBJECTS;
    c3!(token, C_SessionCancel, s, all).unwrap();
    begin();
    c3!(token, C_SessionCancel, s, 0).unwrap();
    assert_eq!(token.sign_end(s, &[1; 32]).unwrap().len(), 64);
}

#[test]
fn a_null_mechanism_cancels_too() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &curve::P256);
    token.sign_init(s, CKM_ECDSA, private).unwrap();
    c!(token, C_SignInit, s, ptr::null_mut(), private).unwrap();
    assert_rv(token.sign_end(s, &[1; 32]), CKR_OPERATION_NOT_INITIALIZED);
    token.verify_init(s, CKM_ECDSA, public).unwrap();
    c!(token, C_VerifyInit, s, ptr::null_mut(), public).unwrap();
    assert_rv(
        token.verify_end(s, &[1; 32], &[1; 64]),
        CKR_OPERATION_NOT_INITIALIZED,
    );
    token.digest_init(s, CKM_SHA256).unwrap();
    c!(token, C_DigestInit, s, ptr::null_mut()).unwrap();
    assert_rv(token.digest_end(s, b"x"), CKR_OPERATION_NOT_INITIALIZED);
}
