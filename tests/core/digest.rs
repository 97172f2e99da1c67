//! Digests, against published values.

use std::ptr;

use crate::support::{vendor::CKM_BC_BLS_AGGREGATE, *};

const ABC: [(CK_MECHANISM_TYPE, &str); 2] = [
    (
        CKM_SHA256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    (
        CKM_SHA512,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
];

#[test]
fn one_part_and_many() {
    let token = Token::new();
    let s = token.ro();
    for (mechanism, hex) in ABC {
        let expected = hex::decode(hex).unwrap();
        token.digest_init(s, mechanism).unwrap();
        assert_eq!(token.digest_end(s, b"abc").unwrap(), expected);
        token.digest_init(s, mechanism).unwrap();
        for part in [&b"a"[..], b"", b"bc"] {
            token.digest_update(s, part).unwrap();
        }
        assert_eq!(token.digest_final(s).unwrap(), expected);
    }
}

#[test]
fn every_digest_gives_what_it_asks_room_for() {
    let token = Token::new();
    let s = token.ro();
    for mechanism in token.mechanisms(token.slot).unwrap() {
        let info = token.mechanism_info(token.slot, mechanism).unwrap();
        if info.flags & CKF_DIGEST == 0 {
            continue;
        }
        match token.digest_init(s, mechanism) {
            Err(Rv(CKR_MECHANISM_PARAM_INVALID)) => continue, // one that cannot do without
            begun => begun.unwrap(),
        }
        // A signature where signatures are added up: the point at infinity.
        let mut data = match mechanism {
            CKM_BC_BLS_AGGREGATE => [&[0xc0][..], &[0; 95]].concat(),
            _ => b"abc".to_vec(),
        };
        let (d, n) = (data.as_mut_ptr(), data.len() as CK_ULONG);
        let mut len = 0;
        c!(token, C_Digest, s, d, n, ptr::null_mut(), &mut len).unwrap();
        let needed = len;
        let mut out = [0xee; 128];
        len = needed - 1;
        assert_rv(
            c!(token, C_Digest, s, d, n, out.as_mut_ptr(), &mut len),
            CKR_BUFFER_TOO_SMALL,
        );
        assert_eq!((len, out), (needed, [0xee; 128]));
        c!(token, C_Digest, s, d, n, out.as_mut_ptr(), &mut len).unwrap();
        assert_eq!(len, needed);
        assert!(out[needed as usize..].iter().all(|b| *b == 0xee));
    }
}

#[test]
fn states() {
    let token = Token::new();
    let s = token.ro();
    let no = CKR_OPERATION_NOT_INITIALIZED;
    assert_rv(token.digest_end(s, b"x"), no);
    assert_rv(token.digest_update(s, b"x"), no);
    assert_rv(token.digest_final(s), no);
    token.digest_init(s, CKM_SHA256).unwrap();
    assert_rv(token.digest_init(s, CKM_SHA256), CKR_OPERATION_ACTIVE);
    token.digest_update(s, b"x").unwrap();
    assert_rv(token.digest_end(s, b"x"), CKR_OPERATION_ACTIVE);
    assert_rv(token.digest_final(s), no);
    assert_rv(
        c!(
            token,
            C_DigestInit,
            s,
            Mech::with(CKM_SHA256, &1u64).as_ptr()
        ),
        CKR_MECHANISM_PARAM_INVALID,
    );
}

#[test]
fn a_sensitive_key_is_not_digested_into_the_open() {
    let token = Token::new();
    let s = token.user();
    let (_, private) = token.keys(s, &curve::P256);
    token.digest_init(s, CKM_SHA256).unwrap();
    assert!(c!(token, C_DigestKey, s, private).is_err());
    assert_rv(token.digest_final(s), CKR_OPERATION_NOT_INITIALIZED);
}
