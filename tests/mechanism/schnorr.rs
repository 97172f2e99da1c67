//! BIP-340 signatures and taproot output keys.

use std::collections::HashMap;

use super::*;
use crate::support::vendor::*;

const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/// Each row of the published table: signing, verification, and what is refused.
#[test]
fn bip340_vectors() {
    let token = Token::new();
    let s = token.user();
    let table = include_str!("../vectors/bip340.csv");
    let mut seen = (0, 0);
    for row in table.lines().skip(1) {
        let fields: Vec<_> = row.splitn(8, ',').collect();
        let [index, secret, x, aux, message, signature] =
            [0, 1, 2, 3, 4, 5].map(|i| if i == 0 { vec![] } else { hex(fields[i]) });
        assert!(index.is_empty(), "row {}", fields[0]);
        let valid = fields[6] == "TRUE";
        if !secret.is_empty() {
            let key = token.create(s, &SECP256K1.import(&secret)).unwrap();
            let params = Schnorr::new(0, &aux, &[]);
            let made = token.sign(s, params.mech(), key, &message).unwrap();
            assert_eq!(made, signature, "row {}", fields[0]);
            assert_eq!(token.get(s, key, CKA_BC_POINT_XONLY).unwrap(), x);
            seen.0 += 1;
        }
        let point = [&[2], x.as_slice()].concat();
        let verified = match token.create(s, &SECP256K1.import_public(&point)) {
            Ok(key) => token.verify(s, CKM_BC_SCHNORR_BIP340, key, &message, &signature),
            Err(rv) => {
                assert_eq!(rv, Rv(CKR_ATTRIBUTE_VALUE_INVALID));
                Err(Rv(CKR_SIGNATURE_INVALID))
            }
        };
        let expected = if valid {
            Ok(())
        } else {
            Err(Rv(CKR_SIGNATURE_INVALID))
        };
        assert_eq!(verified, expected, "row {}", fields[0]);
        seen.1 += 1;
    }
    assert_eq!(seen, (8, 19));
}

/// The key path spends of BIP-341: by parameter and by a derived key.
#[test]
fn bip341_vectors() {
    let token = Token::new();
    let s = token.user();
    let mut seen = 0;
    for paragraph in include_str!("../vectors/bip341.txt").split("\n\n").skip(1) {
        let case: HashMap<_, _> = paragraph
            .lines()
            .map(|line| line.split_once('=').unwrap())
            .map(|(name, value)| (name.trim(), hex(value.trim())))
            .collect();
        let (public, private) = import(&token, s, &SECP256K1, &case["private"]);
        assert_eq!(
            token.get(s, private, CKA_BC_POINT_XONLY).unwrap(),
            case["internal"]
        );
        let root = &case["merkle_root"];
        let tweak = || Mech::bytes(CKM_BC_TAPROOT_TWEAK, root);

        // By parameter.
        let params = Schnorr::new(1 | 2, &[], root);
        let sighash = &case["sighash"];
        let made = token.sign(s, params.mech(), private, sighash).unwrap();
        assert_eq!(made, case["signature"]);
        token
            .verify(s, params.mech(), public, sighash, &made)
            .unwrap();
        assert_rv(
            token.verify(s, CKM_BC_SCHNORR_BIP340, public, sighash, &made),
            CKR_SIGNATURE_INVALID,
        );

        // By a derived key, private and public.
        let key = token.derive(s, tweak(), private, &Template::new()).unwrap();
        assert_eq!(token.get_ulong(s, key, CKA_CLASS), CKO_PRIVATE_KEY);
        assert_eq!(
            token.get(s, key, CKA_VALUE).unwrap(),
            case["tweaked_private"]
        );
        let plain = Schnorr::new(1, &[], &[]);
        let made = token.sign(s, plain.mech(), key, sighash).unwrap();
        assert_eq!(made, case["signature"]);
        let of_private = Template::class(CKO_PUBLIC_KEY);
        for (base, template) in [(private, of_private), (public, Template::new())] {
            let key = token.derive(s, tweak(), base, &template).unwrap();
            assert_eq!(token.get_ulong(s, key, CKA_CLASS), CKO_PUBLIC_KEY);
            assert_eq!(
                token.get(s, key, CKA_BC_POINT_XONLY).unwrap(),
                case["output"]
            );
            token
                .verify(s, CKM_BC_SCHNORR_BIP340, key, sighash, &made)
                .unwrap();
        }
        seen += 1;
    }
    assert_eq!(seen, 7);
}

/// BIP-86, first receiving address of "abandon … about".
#[test]
fn bip86_output_key() {
    let token = Token::new();
    let s = token.user();
    let internal = hex("cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115");
    for parity in [2, 3] {
        let point = [&[parity], internal.as_slice()].concat();
        let template = SECP256K1.import_public(&point).bool(CKA_DERIVE, true);
        let base = token.create(s, &template).unwrap();
        let key = token
            .derive(s, CKM_BC_TAPROOT_TWEAK, base, &Template::new())
            .unwrap();
        assert_eq!(
            hex::encode(token.get(s, key, CKA_BC_POINT_XONLY).unwrap()),
            "a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c"
        );
    }
}

#[test]
fn without_a_parameter_the_nonce_is_fresh() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    let mechanism = CKM_BC_SCHNORR_BIP340;
    let sign = || token.sign(s, mechanism, private, b"message").unwrap();
    let (one, two) = (sign(), sign());
    assert_ne!(one[..32], two[..32]);
    for signature in [&one, &two] {
        token
            .verify(s, mechanism, public, b"message", signature)
            .unwrap();
    }
    // Given or no auxiliary randomness is deterministic.
    for params in [Schnorr::new(1, &[], &[]), Schnorr::new(0, &[9; 32], &[])] {
        let sign = || token.sign(s, params.mech(), private, b"message").unwrap();
        assert_eq!(sign(), sign());
    }
    // In parts.
    let params = Schnorr::new(1, &[], &[]);
    let whole = token.sign(s, params.mech(), private, b"message").unwrap();
    token.sign_init(s, params.mech(), private).unwrap();
    token.sign_update(s, b"mess").unwrap();
    token.sign_update(s, b"age").unwrap();
    assert_eq!(token.sign_final(s).unwrap(), whole);
    token.verify_init(s, mechanism, public).unwrap();
    token.verify_update(s, b"mess").unwrap();
    token.verify_update(s, b"age").unwrap();
    token.verify_final(s, &whole).unwrap();
    for wrong in [&whole[..63], &[0; 65]] {
        assert_rv(
            token.verify(s, mechanism, public, b"message", wrong),
            CKR_SIGNATURE_LEN_RANGE,
        );
    }
}

#[test]
fn parameters_that_mean_nothing() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    for params in [
        Schnorr::new(4, &[], &[]),
        Schnorr::new(1, &[1; 32], &[]),
        Schnorr::new(0, &[1; 31], &[]),
        Schnorr::new(0, &[1; 33], &[]),
        Schnorr::new(0, &[], &[1; 32]),
        Schnorr::new(2, &[], &[1; 31]),
        Schnorr::new(2, &[], &[1; 64]),
    ] {
        let invalid = CKR_MECHANISM_PARAM_INVALID;
        assert_rv(token.sign_init(s, params.mech(), private), invalid);
        assert_rv(token.verify_init(s, params.mech(), public), invalid);
    }
    for parameter in [&[1; 31][..], &[1; 33], &[1]] {
        let schnorr = Mech::bytes(CKM_BC_SCHNORR_BIP340, parameter);
        let tweak = Mech::bytes(CKM_BC_TAPROOT_TWEAK, parameter);
        let invalid = CKR_MECHANISM_PARAM_INVALID;
        assert_rv(token.sign_init(s, schnorr, private), invalid);
        assert_rv(token.derive(s, tweak, private, &Template::new()), invalid);
    }
}

#[test]
fn wrong_keys() {
    let token = Token::new();
    let s = token.user();
    for curve in [P256, P384, P521, ED25519] {
        let (public, private) = token.keys(s, &curve);
        let wrong = CKR_KEY_TYPE_INCONSISTENT;
        let tweaked = Schnorr::new(2, &[], &[]);
        assert_rv(token.sign_init(s, CKM_BC_SCHNORR_BIP340, private), wrong);
        assert_rv(token.sign_init(s, tweaked.mech(), private), wrong);
        assert_rv(token.verify_init(s, CKM_BC_SCHNORR_BIP340, public), wrong);
        let derived = token.derive(s, CKM_BC_TAPROOT_TWEAK, private, &Template::new());
        assert_rv(derived, wrong);
    }
    let (public, private) = import(&token, s, &SECP256K1, &[1; 32]);
    for (base, class) in [
        (public, CKO_PRIVATE_KEY),
        (public, CKO_SECRET_KEY),
        (private, CKO_SECRET_KEY),
    ] {
        assert_rv(
            token.derive(s, CKM_BC_TAPROOT_TWEAK, base, &Template::class(class)),
            CKR_TEMPLATE_INCONSISTENT,
        );
    }
    let locked = SECP256K1.import(&[1; 32]).bool(CKA_DERIVE, false);
    let locked = token.create(s, &locked).unwrap();
    assert_rv(
        token.derive(s, CKM_BC_TAPROOT_TWEAK, locked, &Template::new()),
        CKR_KEY_FUNCTION_NOT_PERMITTED,
    );
}

/// An output key is as secret as its internal key, whatever the template says.
#[test]
fn output_keys_are_protected_as_their_base() {
    let token = Token::new();
    let s = token.user();
    let (_, private) = token.keys(s, &SECP256K1);
    let derive = |t: &Template| token.derive(s, CKM_BC_TAPROOT_TWEAK, private, t);
    let key = derive(&Template::new()).unwrap();
    assert!(token.get_bool(s, key, CKA_SENSITIVE));
    assert!(!token.get_bool(s, key, CKA_EXTRACTABLE));
    assert!(!token.get_bool(s, key, CKA_LOCAL));
    assert_rv(token.get(s, key, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
    for (attribute, value) in [(CKA_SENSITIVE, false), (CKA_EXTRACTABLE, true)] {
        assert_rv(
            derive(&Template::new().bool(attribute, value)),
            CKR_TEMPLATE_INCONSISTENT,
        );
    }
    let key = derive(&Template::new().token(true).label("output")).unwrap();
    assert_eq!(token.get(s, key, CKA_LABEL).unwrap(), b"output");
}

/// d and n − d have the same x: they sign and tweak alike.
#[test]
fn a_key_and_its_negative_are_one() {
    let token = Token::new();
    let s = token.user();
    let mut negative = hex(ORDER);
    negative[31] -= 5;
    let keys = [import(&token, s, &SECP256K1, &[5]), {
        import(&token, s, &SECP256K1, &negative)
    }];
    for flags in [1, 1 | 2] {
        let params = Schnorr::new(flags, &[], &[]);
        let made = keys.map(|(_, key)| token.sign(s, params.mech(), key, b"x").unwrap());
        assert_eq!(made[0], made[1]);
        for (public, _) in keys {
            token
                .verify(s, params.mech(), public, b"x", &made[0])
                .unwrap();
        }
    }
}
