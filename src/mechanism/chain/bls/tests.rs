//! Tests of BLS: each vector goes through the registry as a caller's mechanism would.

mod trees;

use super::*;
use crate::{
    key::testing::{Broken, Case, Given, cases, parsed},
    mechanism::find,
    secret::SecretBytes,
};

const POSSESSION: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// The vectors of one kind.
fn of(kind: &str) -> Vec<Case> {
    let all = cases(include_str!("../../../../tests/vectors/bls.txt"));
    let chosen: Vec<_> = all.into_iter().filter(|c| c.get("kind") == kind).collect();
    assert!(!chosen.is_empty(), "{kind}");
    chosen
}

fn private(scalar: &[u8]) -> Result<Key> {
    let value = SecretBytes::copy_from(scalar);
    let attributes = Template::new().with(CKA_VALUE, value);
    parsed(&bls::TYPE, CKO_PRIVATE_KEY, attributes)
}

fn public(point: &[u8]) -> Result<Key> {
    let attributes = Template::new().with(CKA_EC_POINT, point);
    parsed(&bls::TYPE, CKO_PUBLIC_KEY, attributes)
}

fn params(case: &Case) -> Params {
    case.find("tag")
        .map_or(Params::None, |tag| Params::Bytes(tag.into()))
}

fn sign(key: &Key, params: &Params, parts: &[&[u8]]) -> Result<Vec<u8>> {
    let entropy: Arc<dyn Entropy> = Arc::new(Broken);
    let start = find(CKM_BC_BLS_SIGN).unwrap().ops.sign.unwrap();
    let mut op = start(key, params, &entropy)?;
    for part in parts {
        op.update(part)?;
    }
    let mut out = vec![0xEE; op.signature_len() + 1];
    let len = op.finish(&mut out)?;
    assert_eq!(out.split_off(len), [0xEE]);
    Ok(out)
}

fn verify(
    id: CK_MECHANISM_TYPE,
    key: &Key,
    params: &Params,
    parts: &[&[u8]],
    signature: &[u8],
) -> Result<()> {
    let mut op = find(id).unwrap().ops.verify.unwrap()(key, params)?;
    for part in parts {
        op.update(part)?;
    }
    op.finish(signature)
}

fn aggregate(parts: &[&[u8]]) -> Result<Vec<u8>> {
    let mut op = find(CKM_BC_BLS_AGGREGATE).unwrap().ops.digest.unwrap()(&Params::None)?;
    for part in parts {
        op.update(part)?;
    }
    let mut out = vec![0xEE; op.digest_len() + 1];
    let len = op.finish(&mut out)?;
    assert_eq!(out.split_off(len), [0xEE]);
    Ok(out)
}

fn expected(case: &Case) -> bool {
    match case.get("valid") {
        "yes" => true,
        "no" => false,
        other => panic!("{case}: {other}"),
    }
}

#[test]
fn signatures() {
    for case in of("sign") {
        let (key, message) = (
            private(&case.bytes("scalar")).unwrap(),
            case.bytes("message"),
        );
        let params = params(&case);
        let (left, right) = message.split_at(message.len() / 3);
        for cut in [
            vec![&message[..]],
            vec![left, &[], right],
            message.chunks(1).collect(),
        ] {
            let made = sign(&key, &params, &cut).unwrap();
            assert_eq!(made, case.bytes("signature"), "{case}");
            let public = public(&case.bytes("public")).unwrap();
            let checked = verify(CKM_BC_BLS_SIGN, &public, &params, &cut, &made);
            assert_eq!(checked, Ok(()), "{case}");
        }
    }
}

#[test]
fn verifications() {
    for case in of("verify") {
        let Ok(key) = public(&case.bytes("public")) else {
            // The point at infinity never becomes a key.
            assert!(!expected(&case), "{case}");
            continue;
        };
        let signature = case.bytes("signature");
        let message = case.bytes("message");
        let result = verify(
            CKM_BC_BLS_SIGN,
            &key,
            &params(&case),
            &[&message],
            &signature,
        );
        let wanted = match signature.len() {
            _ if expected(&case) => Ok(()),
            SIGNATURE_LEN => Err(Error::SignatureInvalid),
            _ => Err(Error::SignatureLenRange),
        };
        assert_eq!(result, wanted, "{case}");
    }
}

#[test]
fn proofs_of_possession() {
    let tag = Params::Bytes(POSSESSION.to_vec());
    for case in of("possession") {
        let (secret, point) = (case.bytes("scalar"), case.bytes("public"));
        let made = sign(&private(&secret).unwrap(), &tag, &[&point]).unwrap();
        assert_eq!(made, case.bytes("signature"), "{case}");
        let key = public(&point).unwrap();
        let check = |params| verify(CKM_BC_BLS_SIGN, &key, params, &[&point], &made);
        assert_eq!(check(&tag), Ok(()));
        // What proves possession is no signature.
        assert_eq!(check(&Params::None), Err(Error::SignatureInvalid));
    }
}

#[test]
fn the_tag_by_name_is_the_default() {
    let key = private(&[1; 32]).unwrap();
    let named = Params::Bytes(POP_SCHEME.to_vec());
    assert_eq!(
        sign(&key, &named, &[b"a"]),
        sign(&key, &Params::None, &[b"a"])
    );
    let other = Params::Bytes(vec![b'x'; 255]);
    assert_ne!(
        sign(&key, &other, &[b"a"]),
        sign(&key, &Params::None, &[b"a"])
    );
}

#[test]
fn aggregates() {
    for case in of("aggregate") {
        let signatures = case.bytes("signatures");
        for size in [SIGNATURE_LEN, 1, 100, signatures.len()] {
            let parts: Vec<_> = signatures.chunks(size).collect();
            assert_eq!(aggregate(&parts), Ok(case.bytes("signature")), "{case}");
        }
    }
    for case in of("signature") {
        let signature = case.bytes("signature");
        let wanted = match signature.len() {
            _ if expected(&case) => Ok(signature.clone()),
            SIGNATURE_LEN => Err(Error::DataInvalid),
            _ => Err(Error::DataLenRange),
        };
        assert_eq!(aggregate(&[&signature]), wanted, "{case}");
        // Behind a good one as well.
        let good = of("sign")[0].bytes("signature");
        assert_eq!(
            aggregate(&[&good, &signature]).is_ok(),
            wanted.is_ok(),
            "{case}"
        );
    }
    assert_eq!(aggregate(&[]), Err(Error::DataLenRange));
}

#[test]
fn fast_aggregate_verifications() {
    for case in of("fast_aggregate_verify") {
        let points = case.bytes("public");
        let (own, others) = points.split_at(PUBLIC_KEY_LEN);
        let params = match others {
            [] => Params::None,
            others => Params::Bytes(others.to_vec()),
        };
        let result = verify(
            CKM_BC_BLS_FAST_AGGREGATE_VERIFY,
            &public(own).unwrap(),
            &params,
            &[&case.bytes("message")],
            &case.bytes("signature"),
        );
        let infinity = others.ends_with(&[0; PUBLIC_KEY_LEN - 1]);
        let wanted = match expected(&case) {
            true => Ok(()),
            false if infinity => Err(INVALID_KEYS),
            false => Err(Error::SignatureInvalid),
        };
        assert_eq!(result, wanted, "{case}");
    }
}

const INVALID_KEYS: Error = Error::MechanismParamInvalid(CKM_BC_BLS_FAST_AGGREGATE_VERIFY);

/// A key and its negative add up to infinity, whose signature would be infinity for any message.
#[test]
fn keys_that_cancel_out_sign_nothing() {
    let key = PrivateKey::from_seed(&[7; 32])
        .unwrap()
        .public_key()
        .to_compressed();
    let mut negative = key;
    negative[0] ^= 0x20;
    let mut infinity = [0; SIGNATURE_LEN];
    infinity[0] = 0xC0;
    let own = public(&key).unwrap();
    let others = Params::Bytes(negative.to_vec());
    assert!(public(&negative).is_ok());
    assert_eq!(
        verify(
            CKM_BC_BLS_FAST_AGGREGATE_VERIFY,
            &own,
            &others,
            &[b"any"],
            &infinity
        ),
        Err(Error::SignatureInvalid)
    );
}

#[test]
fn lists_of_other_keys_hold_whole_keys() {
    let own = public(&of("sign")[0].bytes("public")).unwrap();
    let point = of("sign")[3].bytes("public");
    for bad in [
        &point[1..],
        &[&point[..], &[0]].concat(),
        &[0; PUBLIC_KEY_LEN],
    ] {
        let params = Params::Bytes(bad.to_vec());
        let result = verify(CKM_BC_BLS_FAST_AGGREGATE_VERIFY, &own, &params, &[], &[]);
        assert_eq!(result, Err(INVALID_KEYS));
    }
}

/// The data of `CKM_BC_BLS_AGGREGATE_VERIFY`.
fn record(key: &[u8], message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap().to_be_bytes();
    [key, &len, message].concat()
}

#[test]
fn aggregate_verifications() {
    for case in of("aggregate_verify") {
        let keys: Vec<_> = case
            .get("public")
            .split(' ')
            .map(|k| hex::decode(k).unwrap())
            .collect();
        let messages: Vec<_> = case
            .get("message")
            .split(',')
            .map(|m| hex::decode(m).unwrap())
            .collect();
        assert_eq!(keys.len(), messages.len(), "{case}");
        let data: Vec<u8> = keys
            .iter()
            .zip(&messages)
            .flat_map(|(k, m)| record(k, m))
            .collect();
        let signature = case.bytes("signature");
        let check = |own: &[u8], parts: &[&[u8]]| {
            let own = public(own).unwrap();
            verify(
                CKM_BC_BLS_AGGREGATE_VERIFY,
                &own,
                &params(&case),
                parts,
                &signature,
            )
        };
        let wanted = match expected(&case) {
            true => Ok(()),
            false if keys.iter().any(|key| public(key).is_err()) => Err(Error::DataInvalid),
            false if signature.len() != SIGNATURE_LEN => Err(Error::SignatureLenRange),
            false => Err(Error::SignatureInvalid),
        };
        assert_eq!(check(&keys[0], &[&data]), wanted, "{case}");
        let parts: Vec<_> = data.chunks(7).collect();
        assert_eq!(check(&keys[0], &parts), wanted, "{case}");
        if expected(&case) {
            let stranger = PrivateKey::from_seed(&[9; 32]).unwrap().public_key();
            let stranger = stranger.to_compressed();
            assert_eq!(check(&stranger, &[&data]), Err(Error::SignatureInvalid));
            for cut in [1, PUBLIC_KEY_LEN, PUBLIC_KEY_LEN + 3, data.len() - 1] {
                assert_eq!(check(&keys[0], &[&data[..cut]]), Err(Error::DataInvalid));
            }
            assert_eq!(check(&keys[0], &[]), Err(Error::SignatureInvalid));
        }
    }
}

/// The private and the public key of a pair of templates.
fn pair((public, private): (Template, Template)) -> (Key, Key) {
    (
        parsed(&bls::TYPE, CKO_PRIVATE_KEY, private).unwrap(),
        parsed(&bls::TYPE, CKO_PUBLIC_KEY, public).unwrap(),
    )
}

fn scalar(template: &Template) -> Vec<u8> {
    template.get(CKA_VALUE).unwrap().expose(<[u8]>::to_vec)
}

/// Key material as a parameter.
fn given(material: &[u8]) -> Params {
    let material = SecretBytes::copy_from(material);
    Params::Struct(vec![FieldValue::Secret(Arc::new(material))])
}

#[test]
fn key_pairs() {
    let none = Template::new();
    for case in of("keygen") {
        let material = case.bytes("material");
        let made = generate(&given(&material), &none, &none, &Broken).unwrap();
        assert_eq!(scalar(&made.1), case.bytes("scalar"), "{case}");
        assert_eq!(made.1.bool(CKA_LOCAL), Some(false));
        let point = made.0.bytes(CKA_EC_POINT).unwrap();
        assert_eq!(point[2..], case.bytes("public"), "{case}");
        // Drawn randomness is key material too.
        if material.len() == SEED_LEN_MIN {
            let drawn = generate(&Params::None, &none, &none, &Given(|_| 1)).unwrap();
            assert_eq!(scalar(&drawn.1), scalar(&made.1));
            assert_eq!(drawn.1.bool(CKA_LOCAL), Some(true));
        }
    }
    let (private, public) = pair(
        generate(
            &Params::None,
            &none,
            &none,
            &Given(|at| u8::try_from(at).unwrap()),
        )
        .unwrap(),
    );
    let signature = sign(&private, &Params::None, &[b"message"]).unwrap();
    let check = |message| {
        verify(
            CKM_BC_BLS_SIGN,
            &public,
            &Params::None,
            &[message],
            &signature,
        )
    };
    assert_eq!(check(b"message"), Ok(()));
    assert_eq!(check(b"massage"), Err(Error::SignatureInvalid));
    for short in [1, SEED_LEN_MIN - 1] {
        assert_eq!(
            generate(&given(&vec![1; short]), &none, &none, &Broken).err(),
            Some(Error::MechanismParamInvalid(CKM_BC_BLS_KEY_PAIR_GEN))
        );
    }
    assert!(matches!(
        generate(&Params::None, &none, &none, &Broken),
        Err(Error::DeviceError(_))
    ));
}

#[test]
fn keys_of_other_types_are_refused() {
    let secret = Key::Secret(Arc::new(SecretBytes::copy_from(&[1; 32])));
    let private = private(&[1; 32]).unwrap();
    for row in TABLE {
        if let Some(start) = row.ops.verify {
            for key in [&secret, &private] {
                let refused = start(key, &Params::None).err();
                assert_eq!(refused, Some(Error::KeyTypeInconsistent), "{row:?}");
            }
        }
    }
    let public = public(&of("sign")[0].bytes("public")).unwrap();
    for key in [&secret, &public] {
        assert_eq!(
            sign(key, &Params::None, &[]),
            Err(Error::KeyTypeInconsistent)
        );
    }
}
