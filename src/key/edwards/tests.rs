//! Tests of `CKK_EC_EDWARDS`: parameters, points, seeds, and what `complete` makes of them.

use super::{super::testing::*, *};

const PARAMS: [&[u8]; 3] = [
    b"\x06\x03\x2B\x65\x70",
    b"\x13\x0Cedwards25519",
    b"\x06\x09\x2B\x06\x01\x04\x01\xDA\x47\x0F\x01",
];

/// RFC 8032 section 7.1, TEST 2.
const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const POINT: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

fn private(value: &[u8]) -> Template {
    Template::new()
        .with(CKA_EC_PARAMS, PARAMS[0])
        .with(CKA_VALUE, SecretBytes::copy_from(value))
}

fn public(point: &[u8]) -> Template {
    Template::new()
        .with(CKA_EC_PARAMS, PARAMS[0])
        .with(CKA_EC_POINT, point)
}

#[test]
fn parameters_stay_as_given() {
    for params in PARAMS {
        let mut key = private(&hex::decode(SEED).unwrap());
        key.set(CKA_EC_PARAMS, params);
        let key = completed(&TYPE, CKO_PRIVATE_KEY, key).unwrap();
        assert_eq!(key.bytes(CKA_EC_PARAMS), Some(params));
        // RFC 8410 section 4.
        let info = format!("302a300506032b6570032100{POINT}");
        assert_eq!(
            key.bytes(CKA_PUBLIC_KEY_INFO),
            Some(hex::decode(info).unwrap().as_slice())
        );
    }
}

#[test]
fn other_parameters_are_refused() {
    let cases: [(&[u8], Error); 7] = [
        (b"\x06\x03\x2B\x65\x71", Error::CurveNotSupported), // Ed448
        (b"\x13\x0Aedwards448", Error::CurveNotSupported),
        (b"\x06\x03\x2B\x65\x6E", Error::CurveNotSupported), // X25519
        (b"\x06\x05\x2B\x81\x04\x00\x0A", Error::CurveNotSupported), // secp256k1
        (b"\x05\x00", Error::DomainParamsInvalid),
        (b"\x30\x00", Error::DomainParamsInvalid),
        (b"", Error::DomainParamsInvalid),
    ];
    for (params, error) in cases {
        assert_eq!(check_params(params), Err(error), "{params:02x?}");
    }
}

#[test]
fn every_form_of_a_point_and_of_a_seed_becomes_the_same() {
    let (seed, point) = (hex::decode(SEED).unwrap(), hex::decode(POINT).unwrap());
    let wrapped = der::octet_string(&point).unwrap();
    let bits = [b"\x03\x21\x00".as_slice(), &point].concat();
    for form in [&point, &wrapped, &bits] {
        let key = completed(&TYPE, CKO_PUBLIC_KEY, public(form)).unwrap();
        assert_eq!(key.bytes(CKA_EC_POINT), Some(wrapped.as_slice()));
        let given = private(&seed).with(CKA_EC_POINT, form.as_slice());
        assert!(completed(&TYPE, CKO_PRIVATE_KEY, given).is_ok());
    }
    for form in [&seed, &der::octet_string(&seed).unwrap()] {
        let key = completed(&TYPE, CKO_PRIVATE_KEY, private(form)).unwrap();
        assert_eq!(key.bytes(CKA_EC_POINT), Some(wrapped.as_slice()));
        let stored = key.get(CKA_VALUE).unwrap();
        stored.expose(|bytes| assert_eq!(bytes, seed));
        let again = completed(&TYPE, CKO_PRIVATE_KEY, key.clone()).unwrap();
        assert!(again.matches(&key));
    }
}

#[test]
fn what_is_no_point_is_refused() {
    let point = hex::decode(POINT).unwrap();
    let identity = [&[1][..], &[0; 31]].concat();
    // y = p + 1 is the identity again, in an encoding that RFC 8032 forbids.
    let above = hex::decode("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    // y = p + 3 would be a point of large order if it were y = 3.
    let noncanonical =
        hex::decode("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    let off_curve = [&[2][..], &[0; 31]].concat();
    let bad = [
        vec![],
        point[1..].to_vec(),
        [&point[..], &[0]].concat(),
        [&[4, 32][..], &point, &[0]].concat(),
        [&[3, 33, 1][..], &point].concat(),
        vec![0; 32], // order 4
        identity,
        above.unwrap(),
        noncanonical.unwrap(),
        off_curve,
    ];
    for point in bad {
        assert_eq!(
            completed(&TYPE, CKO_PUBLIC_KEY, public(&point)).err(),
            Some(Error::AttributeValueInvalid(CKA_EC_POINT)),
            "{point:02x?}"
        );
    }
}

#[test]
fn what_is_no_seed_is_refused() {
    for bad in [&[][..], &[1; 31], &[1; 33], &[4; 34], &[1; 64]] {
        assert_eq!(
            completed(&TYPE, CKO_PRIVATE_KEY, private(bad)).err(),
            Some(Error::AttributeValueInvalid(CKA_VALUE))
        );
    }
    let foreign = private(&[1; 32]).with(CKA_EC_POINT, hex::decode(POINT).unwrap());
    assert_eq!(
        completed(&TYPE, CKO_PRIVATE_KEY, foreign).err(),
        Some(Error::TemplateInconsistent(CKA_EC_POINT))
    );
}

#[test]
fn pairs_are_made() {
    let params = Template::new().with(CKA_EC_PARAMS, PARAMS[1]);
    let (public, private) = generate(&params, &Template::new(), &Given(|_| 9)).unwrap();
    let private = completed(&TYPE, CKO_PRIVATE_KEY, private).unwrap();
    assert_eq!(private.bytes(CKA_EC_PARAMS), Some(PARAMS[1]));
    assert_eq!(private.bytes(CKA_EC_POINT), public.bytes(CKA_EC_POINT));
    assert!(generate(&Template::new(), &params, &Given(|_| 9)).is_err());
    assert!(generate(&params, &Template::new(), &Broken).is_err());
}

#[test]
fn a_private_key_does_not_print_itself() {
    let key = PrivateKey::from_seed(&[0x42; 32]);
    assert_eq!(format!("{key:?}"), "PrivateKey(..)");
}
