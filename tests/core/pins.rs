//! C_InitPIN, C_SetPIN, PIN lengths and retry limits (PKCS#11 v3.1 sections 3.2 and 5.5).

use std::ptr;

use crate::support::*;

const USER_FLAGS: CK_FLAGS = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
const SO_FLAGS: CK_FLAGS = CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED;

#[test]
fn only_the_so_sets_a_forgotten_pin() {
    let token = Token::new();
    let s = token.rw();
    assert_rv(token.init_pin(s, b"new-pin"), CKR_USER_NOT_LOGGED_IN);
    token.login(s, CKU_USER, USER_PIN).unwrap();
    assert_rv(token.init_pin(s, b"new-pin"), CKR_USER_NOT_LOGGED_IN);
    token.logout(s).unwrap();
    token.login(s, CKU_SO, SO_PIN).unwrap();
    token.init_pin(s, b"new-pin").unwrap();
    token.logout(s).unwrap();
    assert_rv(token.login(s, CKU_USER, USER_PIN), CKR_PIN_INCORRECT);
    token.login(s, CKU_USER, b"new-pin").unwrap();
}

/// The user's objects must outlive a PIN that the SO has reset.
#[test]
fn a_reset_pin_keeps_private_objects() {
    let token = Token::new();
    let s = token.user();
    let t = Template::class(CKO_DATA)
        .token(true)
        .bool(CKA_PRIVATE, true)
        .label("kept")
        .bytes(CKA_VALUE, b"value");
    token.create(s, &t).unwrap();
    token.logout(s).unwrap();
    token.login(s, CKU_SO, SO_PIN).unwrap();
    token.init_pin(s, b"reset-pin").unwrap();
    token.restart();
    let s = token.rw();
    token.login(s, CKU_USER, b"reset-pin").unwrap();
    let object = token.find_one(s, &Template::new().label("kept"));
    assert_eq!(token.get(s, object, CKA_VALUE).unwrap(), b"value");
}

#[test]
fn set_pin_by_each() {
    let token = Token::new();
    let s = token.rw();
    // nobody logged in: the user's
    assert_rv(token.set_pin(s, b"wrong", b"second-pin"), CKR_PIN_INCORRECT);
    token.set_pin(s, USER_PIN, b"second-pin").unwrap();
    token.login(s, CKU_USER, b"second-pin").unwrap();
    token.set_pin(s, b"second-pin", b"third-pin").unwrap();
    assert_eq!(token.state(s), CKS_RW_USER_FUNCTIONS, "still logged in");
    token.logout(s).unwrap();
    assert_rv(token.login(s, CKU_USER, b"second-pin"), CKR_PIN_INCORRECT);
    token.login(s, CKU_USER, b"third-pin").unwrap();
    token.logout(s).unwrap();
    token.login(s, CKU_SO, SO_PIN).unwrap();
    assert_rv(
        token.set_pin(s, b"third-pin", b"fourth-pin"),
        CKR_PIN_INCORRECT,
    );
    token.set_pin(s, SO_PIN, b"officer-1111").unwrap();
    token.restart();
    let s = token.rw();
    assert_rv(token.login(s, CKU_SO, SO_PIN), CKR_PIN_INCORRECT);
    token.login(s, CKU_SO, b"officer-1111").unwrap();
    token.logout(s).unwrap();
    token.login(s, CKU_USER, b"third-pin").unwrap();
}

#[test]
fn set_pin_needs_a_read_write_session() {
    let token = Token::new();
    let s = token.ro();
    assert_rv(
        token.set_pin(s, USER_PIN, b"new-pin"),
        CKR_SESSION_READ_ONLY,
    );
    token.login(s, CKU_USER, USER_PIN).unwrap();
    assert_rv(
        token.set_pin(s, USER_PIN, b"new-pin"),
        CKR_SESSION_READ_ONLY,
    );
    assert_eq!(token.token_flags(token.slot) & USER_FLAGS, 0);
}

#[test]
fn lengths() {
    let token = Token::with("[pin]\nmin_length = 6\nmax_length = 20\n");
    let info = token.token_info(token.slot).unwrap();
    assert_eq!((info.ulMinPinLen, info.ulMaxPinLen), (6, 20));
    let s = token.user();
    let long = [b'x'; 21];
    assert_rv(token.set_pin(s, USER_PIN, b"12345"), CKR_PIN_LEN_RANGE);
    assert_rv(token.set_pin(s, USER_PIN, b""), CKR_PIN_LEN_RANGE);
    assert_rv(token.set_pin(s, USER_PIN, &long), CKR_PIN_LEN_RANGE);
    token.set_pin(s, USER_PIN, b"123456").unwrap();
    token.set_pin(s, b"123456", &long[..20]).unwrap();
    token.logout(s).unwrap();
    token.login(s, CKU_SO, SO_PIN).unwrap();
    assert_rv(token.init_pin(s, b"12345"), CKR_PIN_LEN_RANGE);
    assert_rv(token.init_pin(s, &long), CKR_PIN_LEN_RANGE);
    token.logout(s).unwrap();
    token.login(s, CKU_USER, &long[..20]).unwrap();
}

#[test]
fn null_pins() {
    let token = Token::new();
    let s = token.so();
    let null = ptr::null_mut();
    let pin = SO_PIN.as_ptr().cast_mut();
    let len = SO_PIN.len() as CK_ULONG;
    assert_rv(c!(token, C_InitPIN, s, null, 6), CKR_ARGUMENTS_BAD);
    assert_rv(c!(token, C_InitPIN, s, null, 0), CKR_ARGUMENTS_BAD);
    assert_rv(c!(token, C_SetPIN, s, null, 6, pin, len), CKR_ARGUMENTS_BAD);
    assert_rv(c!(token, C_SetPIN, s, pin, len, null, 6), CKR_ARGUMENTS_BAD);
    assert_eq!(token.token_flags(token.slot) & SO_FLAGS, 0);
}

#[test]
fn arbitrary_bytes_are_a_pin() {
    let token = Token::new();
    let s = token.user();
    let pin = [0, 255, 0, 128, 10, 0];
    token.set_pin(s, USER_PIN, &pin).unwrap();
    token.logout(s).unwrap();
    assert_rv(token.login(s, CKU_USER, &pin[..5]), CKR_PIN_INCORRECT);
    token.login(s, CKU_USER, &pin).unwrap();
}

#[test]
fn user_attempts_are_counted_over_restarts() {
    let token = Token::with("[pin]\nuser_attempts = 4\nso_attempts = 4\n");
    let flags = || token.token_flags(token.slot) & USER_FLAGS;
    let wrong = |s| assert_rv(token.login(s, CKU_USER, b"wrong-pin"), CKR_PIN_INCORRECT);
    let s = token.rw();
    assert_eq!(flags(), 0);
    wrong(s);
    assert_eq!(flags(), CKF_USER_PIN_COUNT_LOW);
    token.login(s, CKU_USER, USER_PIN).unwrap();
    token.logout(s).unwrap();
    assert_eq!(flags(), 0, "a right PIN clears the count");
    wrong(s);
    wrong(s);
    assert_eq!(flags(), CKF_USER_PIN_COUNT_LOW);
    token.restart();
    assert_eq!(flags(), CKF_USER_PIN_COUNT_LOW);
    let s = token.rw();
    wrong(s);
    assert_eq!(flags(), CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
    token.restart();
    assert_eq!(flags(), CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
    let s = token.rw();
    assert!(token.login(s, CKU_USER, b"wrong-pin").is_err());
    assert_ne!(flags() & CKF_USER_PIN_LOCKED, 0);
    assert_rv(token.login(s, CKU_USER, USER_PIN), CKR_PIN_LOCKED);
    assert_rv(token.set_pin(s, USER_PIN, b"new-pin"), CKR_PIN_LOCKED);
    token.restart();
    let s = token.rw();
    assert_rv(token.login(s, CKU_USER, USER_PIN), CKR_PIN_LOCKED);
    // the SO unlocks
    token.login(s, CKU_SO, SO_PIN).unwrap();
    token.init_pin(s, b"unlocked").unwrap();
    assert_eq!(flags(), 0);
    token.logout(s).unwrap();
    token.login(s, CKU_USER, b"unlocked").unwrap();
}

#[test]
fn so_attempts_are_counted_wherever_the_pin_is_given() {
    let token = Token::with("[pin]\nuser_attempts = 3\nso_attempts = 3\n");
    let flags = || token.token_flags(token.slot) & SO_FLAGS;
    let s = token.rw();
    assert_rv(token.login(s, CKU_SO, b"wrong-pin"), CKR_PIN_INCORRECT);
    assert_eq!(flags(), CKF_SO_PIN_COUNT_LOW);
    token.close(s).unwrap();
    assert_rv(
        token.init_token(token.slot, b"wrong-pin", "x"),
        CKR_PIN_INCORRECT,
    );
    assert_eq!(flags(), CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY);
    let s = token.rw();
    assert!(token.login(s, CKU_SO, b"wrong-pin").is_err());
    assert_ne!(flags() & CKF_SO_PIN_LOCKED, 0);
    assert_rv(token.login(s, CKU_SO, SO_PIN), CKR_PIN_LOCKED);
    token.login(s, CKU_USER, USER_PIN).unwrap();
    token.close(s).unwrap();
    assert_rv(token.init_token(token.slot, SO_PIN, "x"), CKR_PIN_LOCKED);
}

#[test]
fn a_wrong_old_pin_counts() {
    let token = Token::with("[pin]\nuser_attempts = 3\n");
    let s = token.user();
    assert_rv(
        token.set_pin(s, b"wrong-pin", b"new-pin"),
        CKR_PIN_INCORRECT,
    );
    assert_ne!(token.token_flags(token.slot) & CKF_USER_PIN_COUNT_LOW, 0);
    token.set_pin(s, USER_PIN, b"new-pin").unwrap();
    assert_eq!(token.token_flags(token.slot) & USER_FLAGS, 0);
}

/// Two processes share one count.
#[test]
fn attempts_are_shared() {
    let token = Token::with("[pin]\nuser_attempts = 4\n");
    let other = Module::new(token.place());
    let (a, b) = (token.rw(), other.open_rw(token.slot).unwrap());
    for _ in 0..2 {
        assert_rv(token.login(a, CKU_USER, b"wrong-pin"), CKR_PIN_INCORRECT);
        assert!(other.login(b, CKU_USER, b"wrong-pin").is_err());
    }
    assert_rv(token.login(a, CKU_USER, USER_PIN), CKR_PIN_LOCKED);
    assert_rv(other.login(b, CKU_USER, USER_PIN), CKR_PIN_LOCKED);
}
