//! Functions that the module does not have say so, whatever their arguments.

use std::ptr;

use crate::support::*;

#[test]
fn parallel_functions() {
    let token = Token::new();
    let session = token.ro();
    assert_rv(
        c!(token, C_GetFunctionStatus, session),
        CKR_FUNCTION_NOT_PARALLEL,
    );
    assert_rv(
        c!(token, C_CancelFunction, session),
        CKR_FUNCTION_NOT_PARALLEL,
    );
}

#[test]
fn dual_and_recover_functions() {
    let token = Token::new();
    let s = token.ro();
    let no = CKR_FUNCTION_NOT_SUPPORTED;
    let (mut out, mut len) = ([0u8; 64], 64);
    let (o, n) = (out.as_mut_ptr(), &raw mut len);
    let mech = Mech::from(CKM_ECDSA);
    assert_rv(c!(token, C_SignRecoverInit, s, mech.as_ptr(), 1), no);
    assert_rv(c!(token, C_SignRecover, s, o, 64, o, n), no);
    assert_rv(c!(token, C_VerifyRecoverInit, s, mech.as_ptr(), 1), no);
    assert_rv(c!(token, C_VerifyRecover, s, o, 64, o, n), no);
    assert_rv(c!(token, C_DigestEncryptUpdate, s, o, 64, o, n), no);
    assert_rv(c!(token, C_DecryptDigestUpdate, s, o, 64, o, n), no);
    assert_rv(c!(token, C_SignEncryptUpdate, s, o, 64, o, n), no);
    assert_rv(c!(token, C_DecryptVerifyUpdate, s, o, 64, o, n), no);
    assert_eq!((out, len), ([0; 64], 64), "nothing was written");
}

/// A function that is not supported says so, or says what is wrong first; it never says CKR_OK.
#[test]
fn message_functions_never_pretend() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &curve::P256);
    let mech = Mech::from(CKM_AES_GCM);
    assert!(c3!(token, C_MessageEncryptInit, s, mech.as_ptr(), key).is_err());
    assert!(c3!(token, C_MessageDecryptInit, s, mech.as_ptr(), key).is_err());
    let (mut out, mut len) = ([0u8; 64], 64);
    let (o, n) = (out.as_mut_ptr(), &raw mut len);
    let null = ptr::null_mut();
    assert!(c3!(token, C_EncryptMessage, s, null, 0, o, 0, o, 16, o, n).is_err());
    assert!(c3!(token, C_DecryptMessage, s, null, 0, o, 0, o, 16, o, n).is_err());
    assert!(c3!(token, C_SignMessage, s, null, 0, o, 16, o, n).is_err());
    assert!(c3!(token, C_VerifyMessage, s, null, 0, o, 16, o, 64).is_err());
    assert!(c3!(token, C_MessageEncryptFinal, s).is_err());
    assert!(c3!(token, C_MessageDecryptFinal, s).is_err());
    assert!(c3!(token, C_MessageSignFinal, s).is_err());
    assert!(c3!(token, C_MessageVerifyFinal, s).is_err());
    assert_eq!((out, len), ([0; 64], 64), "nothing was written");
}

/// What the mechanism list does not offer, no function does.
#[test]
fn what_the_list_does_not_offer_is_refused() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &curve::P256);
    let offered = token.mechanisms(token.slot).unwrap();
    for mechanism in [
        CKM_RC4,
        CKM_DES_CBC,
        CKM_MD2,
        CKM_DSA,
        CKM_CAST5_CBC,
        0x8fff_ffff,
    ] {
        assert!(!offered.contains(&mechanism));
        assert_rv(
            token.mechanism_info(token.slot, mechanism),
            CKR_MECHANISM_INVALID,
        );
        assert_rv(
            token.sign_init(s, mechanism, private),
            CKR_MECHANISM_INVALID,
        );
        assert_rv(
            token.verify_init(s, mechanism, public),
            CKR_MECHANISM_INVALID,
        );
        assert_rv(token.digest_init(s, mechanism), CKR_MECHANISM_INVALID);
        let t = Template::new();
        assert_rv(token.generate(s, mechanism, &t), CKR_MECHANISM_INVALID);
        assert_rv(token.pair(s, mechanism, &t, &t), CKR_MECHANISM_INVALID);
    }
}

/// A mechanism that exists is still refused for what its flags do not say.
#[test]
fn flags_say_what_init_functions_do() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &curve::P256);
    for mechanism in token.mechanisms(token.slot).unwrap() {
        let flags = token.mechanism_info(token.slot, mechanism).unwrap().flags;
        if flags & CKF_DIGEST == 0 {
            assert_rv(token.digest_init(s, mechanism), CKR_MECHANISM_INVALID);
        }
        if flags & CKF_SIGN == 0 {
            assert_rv(
                token.sign_init(s, mechanism, private),
                CKR_MECHANISM_INVALID,
            );
        }
        if flags & CKF_VERIFY == 0 {
            assert_rv(
                token.verify_init(s, mechanism, public),
                CKR_MECHANISM_INVALID,
            );
        }
        if flags & CKF_GENERATE == 0 {
            let t = Template::new();
            assert_rv(token.generate(s, mechanism, &t), CKR_MECHANISM_INVALID);
        }
        if flags & CKF_GENERATE_KEY_PAIR == 0 {
            let t = Template::new();
            assert_rv(token.pair(s, mechanism, &t, &t), CKR_MECHANISM_INVALID);
        }
    }
}
