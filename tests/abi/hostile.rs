//! Arguments that no honest caller gives.

use std::ptr;

use crate::support::{curve::*, *};

/// Lengths that no memory can have.
const ABSURD: [CK_ULONG; 3] = [CK_ULONG::MAX, CK_ULONG::MAX - 1, 1 << 63];

#[test]
fn null_where_a_place_to_write_is_needed() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &P256);
    let bad = CKR_ARGUMENTS_BAD;
    let mut t = [CK_ATTRIBUTE {
        type_: CKA_CLASS,
        pValue: ptr::from_ref(&CKO_DATA).cast_mut().cast(),
        ulValueLen: 8,
    }];
    let mech = Mech::from(CKM_EC_KEY_PAIR_GEN);
    assert_rv(c!(token, C_GetSlotInfo, token.slot, ptr::null_mut()), bad);
    assert_rv(c!(token, C_GetTokenInfo, token.slot, ptr::null_mut()), bad);
    assert_rv(
        c!(
            token,
            C_GetMechanismInfo,
            token.slot,
            CKM_ECDSA,
            ptr::null_mut()
        ),
        bad,
    );
    assert_rv(
        c!(
            token,
            C_GetMechanismList,
            token.slot,
            ptr::null_mut(),
            ptr::null_mut()
        ),
        bad,
    );
    assert_rv(
        c!(token, C_CreateObject, s, t.as_mut_ptr(), 1, ptr::null_mut()),
        bad,
    );
    assert_rv(
        c!(
            token,
            C_CopyObject,
            s,
            key,
            t.as_mut_ptr(),
            0,
            ptr::null_mut()
        ),
        bad,
    );
    assert_rv(c!(token, C_GetObjectSize, s, key, ptr::null_mut()), bad);
    assert_rv(
        c!(
            token,
            C_GenerateKeyPair,
            s,
            mech.as_ptr(),
            t.as_mut_ptr(),
            0,
            t.as_mut_ptr(),
            0,
            ptr::null_mut(),
            ptr::null_mut()
        ),
        bad,
    );
    let aes = Mech::from(CKM_AES_KEY_GEN);
    assert_rv(
        c!(
            token,
            C_GenerateKey,
            s,
            aes.as_ptr(),
            t.as_mut_ptr(),
            0,
            ptr::null_mut()
        ),
        bad,
    );
    let mut object = 0;
    assert_rv(
        c!(
            token,
            C_GenerateKey,
            s,
            ptr::null_mut(),
            t.as_mut_ptr(),
            0,
            &mut object
        ),
        bad,
    );
    assert!(
        token
            .find(s, &Template::class(CKO_DATA))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn templates_that_are_not_there() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &P256);
    let mut object = 0;
    let null = ptr::null_mut();
    for count in [1, 5, 1 << 32, CK_ULONG::MAX] {
        let bad = CKR_ARGUMENTS_BAD;
        assert_rv(c!(token, C_CreateObject, s, null, count, &mut object), bad);
        assert_rv(
            c!(token, C_CopyObject, s, key, null, count, &mut object),
            bad,
        );
        assert_rv(c!(token, C_GetAttributeValue, s, key, null, count), bad);
        assert_rv(c!(token, C_SetAttributeValue, s, key, null, count), bad);
        assert_rv(c!(token, C_FindObjectsInit, s, null, count), bad);
    }
    assert!(c!(token, C_CreateObject, s, null, 0, &mut object).is_err());
}

#[test]
fn templates_too_long_for_any_memory() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &P256);
    let mut t = Template::class(CKO_DATA).raw();
    let mut object = 0;
    for count in [1 << 32, 1 << 59, CK_ULONG::MAX] {
        let p = t.as_mut_ptr();
        assert!(c!(token, C_CreateObject, s, p, count, &mut object).is_err());
        assert!(c!(token, C_CopyObject, s, key, p, count, &mut object).is_err());
        assert!(c!(token, C_GetAttributeValue, s, key, p, count).is_err());
        assert!(c!(token, C_SetAttributeValue, s, key, p, count).is_err());
        assert!(c!(token, C_FindObjectsInit, s, p, count).is_err());
    }
    assert_eq!(object, 0);
}

#[test]
fn attribute_values_that_are_not_there() {
    let token = Token::new();
    let s = token.user();
    let class = CKO_DATA;
    let value = [0u8; 8];
    for (pointer, len) in [
        (ptr::null(), 5),
        (ptr::null(), CK_ULONG::MAX),
        (value.as_ptr(), CK_ULONG::MAX),
        (value.as_ptr(), 1 << 63),
    ] {
        let mut t = [
            CK_ATTRIBUTE {
                type_: CKA_CLASS,
                pValue: ptr::from_ref(&class).cast_mut().cast(),
                ulValueLen: 8,
            },
            CK_ATTRIBUTE {
                type_: CKA_LABEL,
                pValue: pointer.cast_mut().cast(),
                ulValueLen: len,
            },
        ];
        let mut object = 0;
        let Rv(rv) = c!(token, C_CreateObject, s, t.as_mut_ptr(), 2, &mut object).unwrap_err();
        let sound = [CKR_ATTRIBUTE_VALUE_INVALID, CKR_ARGUMENTS_BAD];
        assert!(sound.contains(&rv), "{:?}", Rv(rv));
    }
    assert!(token.find(s, &Template::new()).unwrap().is_empty());
}

#[test]
fn lengths_that_no_memory_has() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    let mut byte = [0u8; 64];
    let p = byte.as_mut_ptr();
    let mut out = 64;
    for len in ABSURD {
        token.sign_init(s, CKM_ECDSA, key).unwrap();
        assert!(c!(token, C_Sign, s, p, len, p, &mut out).is_err());
        assert_rv(token.sign_end(s, &byte), CKR_OPERATION_NOT_INITIALIZED);
        token.sign_init(s, CKM_ECDSA_SHA256, key).unwrap();
        assert!(c!(token, C_SignUpdate, s, p, len).is_err());
        assert_rv(token.sign_final(s), CKR_OPERATION_NOT_INITIALIZED);
        token.verify_init(s, CKM_ECDSA, public).unwrap();
        assert!(c!(token, C_Verify, s, p, 32, p, len).is_err());
        assert_rv(
            token.verify_end(s, &byte, &byte),
            CKR_OPERATION_NOT_INITIALIZED,
        );
        token.digest_init(s, CKM_SHA256).unwrap();
        assert!(c!(token, C_DigestUpdate, s, p, len).is_err());
        assert_rv(token.digest_final(s), CKR_OPERATION_NOT_INITIALIZED);
        assert!(c!(token, C_GenerateRandom, s, p, len).is_err());
        assert!(c!(token, C_SeedRandom, s, p, len).is_err());
        let other = token.rw();
        assert!(c!(token, C_SetPIN, other, p, len, p, 8).is_err());
        assert!(c!(token, C_SetPIN, other, p, 8, p, len).is_err());
        assert!(c!(token, C_InitToken, token.free_slot(), p, len, p).is_err());
    }
    token.logout(s).unwrap();
    for len in ABSURD {
        assert!(c!(token, C_Login, s, CKU_USER, p, len).is_err());
    }
    token.login(s, CKU_USER, USER_PIN).unwrap();
}

/// An output length that no memory has is refused or taken for what it is worth; nothing is written
/// past what is needed.
#[test]
fn room_without_end() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    let mut data = [1u8; 32];
    for promised in ABSURD {
        let mut out = [0xee; 80];
        let mut len = promised;
        token.sign_init(s, CKM_ECDSA, key).unwrap();
        let (d, o) = (data.as_mut_ptr(), out.as_mut_ptr());
        match c!(token, C_Sign, s, d, 32, o, &mut len) {
            Ok(()) => {
                assert_eq!((len, &out[64..]), (64, &[0xee; 16][..]));
                let signature = &out[..64];
                token
                    .verify(s, CKM_ECDSA, public, &data, signature)
                    .unwrap();
            }
            refused => {
                assert_rv(refused, CKR_ARGUMENTS_BAD);
                assert_eq!(out, [0xee; 80]);
            }
        }
        let mut ask = CK_ATTRIBUTE {
            type_: CKA_CLASS,
            pValue: out.as_mut_ptr().cast(),
            ulValueLen: promised >> 1,
        };
        c!(token, C_GetAttributeValue, s, key, &mut ask, 1).unwrap();
        assert_eq!(ask.ulValueLen, 8);
    }
}

#[test]
fn mechanism_parameters_that_are_not_there() {
    let token = Token::new();
    let s = token.user();
    let (_, ec) = token.keys(s, &P256);
    let (_, ed) = token.keys(s, &ED25519);
    let byte = [0u8; 64];
    for (mechanism, key) in [(CKM_ECDSA, ec), (CKM_EDDSA, ed)] {
        for (pointer, len) in [
            (ptr::null(), 16),
            (ptr::null(), CK_ULONG::MAX),
            (byte.as_ptr(), CK_ULONG::MAX),
            (byte.as_ptr(), 1),
            (byte.as_ptr(), 25),
        ] {
            let mut mech = CK_MECHANISM {
                mechanism,
                pParameter: pointer.cast_mut().cast(),
                ulParameterLen: len,
            };
            let Rv(rv) = c!(token, C_SignInit, s, &mut mech, key).unwrap_err();
            let sound = [CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD];
            assert!(sound.contains(&rv), "{:?}", Rv(rv));
            assert_rv(token.sign_end(s, &byte), CKR_OPERATION_NOT_INITIALIZED);
        }
    }
    for len in [5, 256, CK_ULONG::MAX] {
        let params = CK_EDDSA_PARAMS {
            phFlag: CK_FALSE,
            ulContextDataLen: len,
            pContextData: ptr::null_mut(),
        };
        let Rv(rv) = token
            .sign_init(s, Mech::with(CKM_EDDSA, &params), ed)
            .unwrap_err();
        let sound = [CKR_MECHANISM_PARAM_INVALID, CKR_ARGUMENTS_BAD];
        assert!(sound.contains(&rv), "{:?}", Rv(rv));
    }
}

/// A structure inside a byte stream has no alignment to rely on.
#[test]
fn values_that_are_not_aligned() {
    let token = Token::new();
    let s = token.user();
    let mut bytes = [0u8; 9];
    bytes[1..].copy_from_slice(&CKO_DATA.to_ne_bytes());
    let mut t = [CK_ATTRIBUTE {
        type_: CKA_CLASS,
        pValue: bytes[1..].as_mut_ptr().cast(),
        ulValueLen: 8,
    }];
    let mut object = 0;
    c!(token, C_CreateObject, s, t.as_mut_ptr(), 1, &mut object).unwrap();
    let mut out = [0u8; 9];
    t[0].pValue = out[1..].as_mut_ptr().cast();
    c!(token, C_GetAttributeValue, s, object, t.as_mut_ptr(), 1).unwrap();
    assert_eq!(out, bytes);
}
