//! The state of an operation: lengths, mixtures, ends (PKCS#11 v3.1 section 5.2).

use std::ptr;

use crate::support::{curve::*, *};

#[test]
fn length_queries_leave_the_operation() {
    let token = Token::new();
    let s = token.user();
    for curve in ALL {
        let (public, key) = token.keys(s, &curve);
        let n = curve.signature_len() as CK_ULONG;
        let mut data = [3u8; 32];
        let d = data.as_mut_ptr();
        token.sign_init(s, curve.sign, key).unwrap();
        for _ in 0..3 {
            let mut len = 0;
            c!(token, C_Sign, s, d, 32, ptr::null_mut(), &mut len).unwrap();
            assert_eq!(len, n);
        }
        let mut out = vec![0xee; n as usize + 8];
        for short in [0, 1, n - 1] {
            let mut len = short;
            assert_rv(
                c!(token, C_Sign, s, d, 32, out.as_mut_ptr(), &mut len),
                CKR_BUFFER_TOO_SMALL,
            );
            assert_eq!(len, n, "the needed length is stored");
            assert!(out.iter().all(|b| *b == 0xee));
        }
        let mut len = n;
        c!(token, C_Sign, s, d, 32, out.as_mut_ptr(), &mut len).unwrap();
        assert_eq!(len, n);
        assert_eq!(out[n as usize..], [0xee; 8]);
        token
            .verify(s, curve.sign, public, &data, &out[..n as usize])
            .unwrap();
        assert_rv(token.sign_end(s, &data), CKR_OPERATION_NOT_INITIALIZED);
    }
}

#[test]
fn length_queries_in_many_parts() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    token.sign_init(s, CKM_ECDSA_SHA256, key).unwrap();
    token.sign_update(s, b"ab").unwrap();
    let mut out = [0xee; 64];
    let mut len = 0;
    c!(token, C_SignFinal, s, ptr::null_mut(), &mut len).unwrap();
    assert_eq!(len, 64);
    len = 63;
    assert_rv(
        c!(token, C_SignFinal, s, out.as_mut_ptr(), &mut len),
        CKR_BUFFER_TOO_SMALL,
    );
    assert_eq!((len, out), (64, [0xee; 64]));
    token.sign_update(s, b"c").unwrap();
    c!(token, C_SignFinal, s, out.as_mut_ptr(), &mut len).unwrap();
    token
        .verify(s, CKM_ECDSA_SHA256, public, b"abc", &out)
        .unwrap();
    assert_rv(token.sign_final(s), CKR_OPERATION_NOT_INITIALIZED);
}

#[test]
fn any_split_of_a_message_is_the_same_message() {
    let token = Token::new();
    let s = token.user();
    let message: Vec<u8> = (0..300u32).map(|n| n as u8).collect();
    for curve in WEIERSTRASS {
        let (public, key) = token.keys(s, &curve);
        let whole = token.sign(s, CKM_ECDSA_SHA512, key, &message).unwrap();
        for size in [1, 7, 64, 128, 299] {
            token.sign_init(s, CKM_ECDSA_SHA512, key).unwrap();
            token.verify_init(s, CKM_ECDSA_SHA512, public).unwrap();
            for part in message.chunks(size) {
                token.sign_update(s, part).unwrap();
                token.verify_update(s, part).unwrap();
            }
            assert_eq!(token.sign_final(s).unwrap(), whole);
            token.verify_final(s, &whole).unwrap();
        }
    }
}

#[test]
fn an_error_ends_the_operation() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    let over = CKR_OPERATION_NOT_INITIALIZED;
    let mut out = [0u8; 64];
    let mut len = 64;
    let mut data = [1u8; 32];
    let d = data.as_mut_ptr();

    token.sign_init(s, CKM_ECDSA, key).unwrap();
    assert_rv(
        c!(
            token,
            C_Sign,
            s,
            ptr::null_mut(),
            32,
            out.as_mut_ptr(),
            &mut len
        ),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(token.sign_end(s, &data), over);

    token.sign_init(s, CKM_ECDSA, key).unwrap();
    assert_rv(
        c!(token, C_Sign, s, d, 32, out.as_mut_ptr(), ptr::null_mut()),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(token.sign_end(s, &data), over);

    token.sign_init(s, CKM_ECDSA_SHA256, key).unwrap();
    assert_rv(
        c!(token, C_SignUpdate, s, ptr::null_mut(), 32),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(token.sign_final(s), over);

    token.verify_init(s, CKM_ECDSA, public).unwrap();
    assert_rv(
        c!(token, C_Verify, s, d, 32, ptr::null_mut(), 64),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(token.verify_end(s, &data, &out), over);

    token.digest_init(s, CKM_SHA256).unwrap();
    assert_rv(
        c!(token, C_DigestUpdate, s, ptr::null_mut(), 32),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(token.digest_final(s), over);
}

#[test]
fn one_part_and_many_do_not_mix() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    let over = CKR_OPERATION_NOT_INITIALIZED;
    token.sign_init(s, CKM_ECDSA_SHA256, key).unwrap();
    token.sign_update(s, b"x").unwrap();
    assert_rv(token.sign_end(s, b"x"), CKR_OPERATION_ACTIVE);
    assert_rv(token.sign_final(s), over);
    token.verify_init(s, CKM_ECDSA_SHA256, public).unwrap();
    token.verify_update(s, b"x").unwrap();
    assert_rv(token.verify_end(s, b"x", &[1; 64]), CKR_OPERATION_ACTIVE);
    assert_rv(token.verify_final(s, &[1; 64]), over);
}

#[test]
fn one_operation_of_a_kind() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    token.sign_init(s, CKM_ECDSA, key).unwrap();
    assert_rv(token.sign_init(s, CKM_ECDSA, key), CKR_OPERATION_ACTIVE);
    token.verify_init(s, CKM_ECDSA, public).unwrap();
    assert_rv(
        token.verify_init(s, CKM_ECDSA, public),
        CKR_OPERATION_ACTIVE,
    );
    token.digest_init(s, CKM_SHA256).unwrap();
    let signature = token.sign_end(s, &[1; 32]).unwrap();
    token.verify_end(s, &[1; 32], &signature).unwrap();
    token.digest_end(s, b"x").unwrap();
}

#[test]
fn nothing_without_init() {
    let token = Token::new();
    let s = token.user();
    let no = CKR_OPERATION_NOT_INITIALIZED;
    assert_rv(token.sign_end(s, b"x"), no);
    assert_rv(token.sign_update(s, b"x"), no);
    assert_rv(token.sign_final(s), no);
    assert_rv(token.verify_end(s, b"x", b"x"), no);
    assert_rv(token.verify_update(s, b"x"), no);
    assert_rv(token.verify_final(s, b"x"), no);
}

#[test]
fn operations_belong_to_their_session() {
    let token = Token::new();
    let (a, b) = (token.user(), token.rw());
    let (_, key) = token.keys(a, &P256);
    token.sign_init(a, CKM_ECDSA, key).unwrap();
    assert_rv(token.sign_end(b, &[1; 32]), CKR_OPERATION_NOT_INITIALIZED);
    token.sign_init(b, CKM_ECDSA, key).unwrap();
    assert_eq!(
        token.sign_end(a, &[1; 32]).unwrap(),
        token.sign_end(b, &[1; 32]).unwrap()
    );
}

/// Data and signature may lie in one buffer.
#[test]
fn input_and_output_may_overlap() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    let mut buffer = [9u8; 64];
    let mut len = 64;
    let p = buffer.as_mut_ptr();
    token.sign_init(s, CKM_ECDSA, key).unwrap();
    c!(token, C_Sign, s, p, 32, p, &mut len).unwrap();
    token
        .verify(s, CKM_ECDSA, public, &[9; 32], &buffer)
        .unwrap();
}
