//! Tests of `CKK_BC_BLS12_381`: scalars, points, parameters, and what `complete` makes of them.

use super::{
    super::{facts, testing::*},
    *,
};

/// `sign_case` of ethereum/bls12-381-tests; the point in full was computed with py_ecc.
const SCALAR: &str = "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3";
const POINT: &str = "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a";
const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

fn private(value: &str) -> Template {
    let value = hex::decode(value).unwrap();
    Template::new().with(CKA_VALUE, SecretBytes::copy_from(&value))
}

fn public(point: &[u8]) -> Template {
    Template::new().with(CKA_EC_POINT, point)
}

fn complete_public(point: &[u8]) -> Result<Template> {
    completed(&TYPE, CKO_PUBLIC_KEY, public(point))
}

#[test]
fn vectors_of_encoded_keys() {
    let all = cases(include_str!("../../../tests/vectors/bls.txt"));
    let all = all.iter().filter(|case| case.get("kind") == "public_key");
    let mut valid = 0;
    for case in all {
        let made = complete_public(&case.bytes("public"));
        let expected = (case.get("valid") == "yes")
            .then_some(())
            .ok_or(Error::AttributeValueInvalid(CKA_EC_POINT));
        assert_eq!(made.map(drop), expected, "{case}");
        valid += usize::from(expected.is_ok());
    }
    assert_eq!(valid, 1);
}

#[test]
fn every_form_of_a_point_becomes_the_same() {
    let compressed = hex::decode(POINT).unwrap();
    let key = PublicKey::from_compressed(&compressed).unwrap();
    let full = key.0.serialize();
    let stored = der::octet_string(&compressed).unwrap();
    let forms = [
        compressed.clone(),
        full.to_vec(),
        stored.clone(),
        der::octet_string(&full).unwrap(),
    ];
    for form in &forms {
        let key = complete_public(form).unwrap();
        assert_eq!(key.bytes(CKA_EC_POINT), Some(stored.as_slice()));
        assert_eq!(key.bytes(CKA_EC_PARAMS), Some(PARAMS));
        // What a proof of possession signs.
        let raw = facts::find(&key, CKA_BC_POINT_RAW);
        assert_eq!(raw.as_ref(), Some(&compressed));
        let both = private(SCALAR).with(CKA_EC_POINT, form.as_slice());
        let both = completed(&TYPE, CKO_PRIVATE_KEY, both).unwrap();
        assert_eq!(both.bytes(CKA_EC_POINT), Some(stored.as_slice()));
        let again = completed(&TYPE, CKO_PRIVATE_KEY, both.clone()).unwrap();
        assert!(again.matches(&both));
    }
}

#[test]
fn what_is_no_point_is_refused() {
    let compressed = hex::decode(POINT).unwrap();
    let full = PublicKey::from_compressed(&compressed)
        .unwrap()
        .0
        .serialize();
    let mut infinity = [0; 96];
    infinity[0] = 0x40;
    let mut off_curve = full;
    off_curve[95] ^= 1;
    // A point of the curve outside the group, in full.
    let outside = encoded("not_in_G1");
    let outside = min_pk::PublicKey::uncompress(&outside).unwrap().serialize();
    let bad: [&[u8]; 9] = [
        &[],
        &compressed[1..],
        &[&compressed[..], &[0]].concat(),
        &[&[4, 48][..], &compressed, &[0]].concat(),
        &full[..95],
        &infinity,
        &off_curve,
        &outside,
        &[&compressed[..], &[0; 48]].concat(),
    ];
    for point in bad {
        assert_eq!(
            complete_public(point).err(),
            Some(Error::AttributeValueInvalid(CKA_EC_POINT)),
            "{point:02x?}"
        );
    }
}

/// The bytes of the case that a comment names.
fn encoded(name: &str) -> Vec<u8> {
    let text = include_str!("../../../tests/vectors/bls.txt");
    let (_, rest) = text.split_once(&format!("# {name}\n")).unwrap();
    let line = rest.lines().nth(1).unwrap();
    hex::decode(line.strip_prefix("public = ").unwrap()).unwrap()
}

#[test]
fn scalars_are_from_one_to_the_order_less_one() {
    let largest = format!("{}0", &ORDER[..63]);
    let one = format!("{:064x}", 1);
    for good in [SCALAR, &largest, &one] {
        let key = completed(&TYPE, CKO_PRIVATE_KEY, private(good)).unwrap();
        let stored = key.get(CKA_VALUE).unwrap();
        stored.expose(|bytes| assert_eq!(hex::encode(bytes), good));
    }
    let above = format!("{}2", &ORDER[..63]);
    let zero = "0".repeat(64);
    let short = &SCALAR[2..];
    let long = format!("00{SCALAR}");
    for bad in [ORDER, &above, &zero, &"f".repeat(64), short, &long, ""] {
        assert_eq!(
            completed(&TYPE, CKO_PRIVATE_KEY, private(bad)).err(),
            Some(Error::AttributeValueInvalid(CKA_VALUE)),
            "{bad}"
        );
    }
    assert_eq!(
        completed(&TYPE, CKO_PRIVATE_KEY, Template::new()).err(),
        Some(Error::TemplateIncomplete(CKA_VALUE))
    );
}

#[test]
fn halves_that_do_not_belong_together_are_refused() {
    let other = PrivateKey::from_seed(&[1; 32]).unwrap().public_key();
    let both = private(SCALAR).with(CKA_EC_POINT, other.to_compressed().as_slice());
    assert_eq!(
        completed(&TYPE, CKO_PRIVATE_KEY, both).err(),
        Some(Error::TemplateInconsistent(CKA_EC_POINT))
    );
}

#[test]
fn parameters_may_be_left_out_but_not_be_others() {
    let cases: [(&[u8], Result<()>); 5] = [
        (PARAMS, Ok(())),
        (b"", Ok(())),
        (
            b"\x06\x05\x2B\x81\x04\x00\x0A",
            Err(Error::CurveNotSupported),
        ),
        (b"\x05\x00", Err(Error::DomainParamsInvalid)),
        (&PARAMS[..13], Err(Error::DomainParamsInvalid)),
    ];
    for (params, result) in cases {
        let key = private(SCALAR).with(CKA_EC_PARAMS, params);
        let made = completed(&TYPE, CKO_PRIVATE_KEY, key);
        assert_eq!(made.map(drop), result, "{params:02x?}");
    }
}

#[test]
fn classes_that_do_not_exist_are_refused() {
    let key = completed(&TYPE, CKO_PRIVATE_KEY, private(SCALAR)).unwrap();
    assert_eq!(
        completed(&TYPE, CKO_SECRET_KEY, key.clone()).err(),
        Some(Error::TemplateInconsistent(CKA_CLASS))
    );
    assert_eq!(
        parse(CKO_SECRET_KEY, &key).err(),
        Some(Error::KeyTypeInconsistent)
    );
}

#[test]
fn nothing_secret_is_printed() {
    let Key::BlsPrivate(key) = parsed(&TYPE, CKO_PRIVATE_KEY, private(SCALAR)).unwrap() else {
        panic!("not a private key");
    };
    assert_eq!(
        format!("{key:?} {:?}", key.scalar()),
        "PrivateKey(..) Secret(32 bytes)"
    );
}

#[test]
fn short_seeds_make_no_key() {
    assert!(PrivateKey::from_seed(&[1; 31]).is_none());
    assert!(PrivateKey::from_seed(&[]).is_none());
    assert!(PrivateKey::from_seed(&[1; 32]).is_some());
}
