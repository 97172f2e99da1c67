//! Wrapping and unwrapping (PKCS#11 v3.1 sections 5.18.3 and 5.18.4).

use crate::support::{curve::*, *};

fn aes(token: &Token, s: CK_SESSION_HANDLE) -> CK_OBJECT_HANDLE {
    let template = Template::new().ulong(CKA_VALUE_LEN, 32);
    token.generate(s, CKM_AES_KEY_GEN, &template).unwrap()
}

fn private(key_type: CK_KEY_TYPE) -> Template {
    Template::class(CKO_PRIVATE_KEY).ulong(CKA_KEY_TYPE, key_type)
}

#[test]
fn private_keys_come_back_as_they_were() {
    let token = Token::new();
    let s = token.user();
    let wrapping = aes(&token, s);
    for curve in [&SECP256K1, &P256, &ED25519] {
        let open = curve.private().bool(CKA_EXTRACTABLE, true);
        let (_, key) = token
            .pair(s, curve.generate, &curve.public(), &open)
            .unwrap();
        let wrapped = token.wrap(s, CKM_AES_KEY_WRAP_KWP, wrapping, key).unwrap();
        let template = private(curve.key_type);
        let back = token.unwrap_key(s, CKM_AES_KEY_WRAP_KWP, wrapping, &wrapped, &template);
        let back = back.unwrap();
        // Both algorithms are deterministic: equal signatures, equal keys.
        assert_eq!(
            token.sign(s, curve.sign, key, &[5; 32]).unwrap(),
            token.sign(s, curve.sign, back, &[5; 32]).unwrap()
        );
        assert_eq!(token.get(s, back, CKA_LOCAL).unwrap(), [0]);
        assert_eq!(token.get(s, back, CKA_NEVER_EXTRACTABLE).unwrap(), [0]);
    }
}

#[test]
fn keys_that_must_stay_stay() {
    let token = Token::new();
    let s = token.user();
    let wrapping = aes(&token, s);
    let (public, key) = token.keys(s, &P256);
    assert_rv(
        token.wrap(s, CKM_AES_KEY_WRAP_KWP, wrapping, key),
        CKR_KEY_UNEXTRACTABLE,
    );
    assert_rv(
        token.wrap(s, CKM_AES_KEY_WRAP_KWP, wrapping, public),
        CKR_KEY_NOT_WRAPPABLE,
    );
    let trusting = P256
        .private()
        .bool(CKA_EXTRACTABLE, true)
        .bool(CKA_WRAP_WITH_TRUSTED, true);
    let (_, trusting) = token
        .pair(s, P256.generate, &P256.public(), &trusting)
        .unwrap();
    assert_rv(
        token.wrap(s, CKM_AES_KEY_WRAP_KWP, wrapping, trusting),
        CKR_KEY_NOT_WRAPPABLE,
    );
    assert_rv(
        token.wrap(s, CKM_AES_KEY_WRAP_KWP, 9999, trusting),
        CKR_WRAPPING_KEY_HANDLE_INVALID,
    );
}

#[test]
fn a_changed_wrapping_is_noticed() {
    let token = Token::new();
    let s = token.user();
    let wrapping = aes(&token, s);
    let open = P256.private().bool(CKA_EXTRACTABLE, true);
    let (_, key) = token.pair(s, P256.generate, &P256.public(), &open).unwrap();
    let mut wrapped = token.wrap(s, CKM_AES_KEY_WRAP_KWP, wrapping, key).unwrap();
    wrapped[9] ^= 1;
    assert_rv(
        token.unwrap_key(
            s,
            CKM_AES_KEY_WRAP_KWP,
            wrapping,
            &wrapped,
            &private(CKK_EC),
        ),
        CKR_WRAPPED_KEY_INVALID,
    );
    assert_rv(
        token.unwrap_key(s, CKM_AES_KEY_WRAP_KWP, 9999, &wrapped, &private(CKK_EC)),
        CKR_UNWRAPPING_KEY_HANDLE_INVALID,
    );
}
