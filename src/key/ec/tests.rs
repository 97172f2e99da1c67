//! Tests of `CKK_EC`: parameters, points, scalars, and what `complete` makes of them.

use super::{
    super::testing::{Broken, Case, Given, cases, completed},
    *,
};

const CURVES: [Curve; 4] = [Curve::Secp256k1, Curve::P256, Curve::P384, Curve::P521];

/// The parameters of secp256k1 by OID.
const K1: &[u8] = b"\x06\x05\x2B\x81\x04\x00\x0A";
/// Those of P-256.
const R1: &[u8] = b"\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07";

fn secret(bytes: &[u8]) -> SecretBytes {
    SecretBytes::copy_from(bytes)
}

fn private(params: &[u8], value: &[u8]) -> Template {
    Template::new()
        .with(CKA_EC_PARAMS, params)
        .with(CKA_VALUE, secret(value))
}

fn public(params: &[u8], point: &[u8]) -> Template {
    Template::new()
        .with(CKA_EC_PARAMS, params)
        .with(CKA_EC_POINT, point)
}

/// 2G on secp256k1.
fn two_g() -> Vec<u8> {
    PrivateKey::from_scalar(Curve::Secp256k1, &[2])
        .unwrap()
        .public_key()
        .to_uncompressed()
}

#[test]
fn parameters_name_curves() {
    for case in cases(include_str!("../../../tests/vectors/ec_params.txt")) {
        let found = Curve::from_params(&case.bytes("params"));
        match case.error() {
            None => assert_eq!(
                found.map(|c| format!("{c:?}")).as_deref(),
                Ok(case.get("curve")),
                "{case}"
            ),
            Some(rv) => assert_eq!(found.map_err(|e| e.rv()), Err(rv), "{case}"),
        }
    }
}

#[test]
fn parameters_stay_as_given_and_the_info_names_the_curve() {
    let infos = cases(include_str!("../../../tests/vectors/ec_params.txt"))
        .iter()
        .filter(|case| case.find("curve") == Some("P256"))
        .map(|case: &Case| {
            let params = case.bytes("params");
            let key = completed(&TYPE, CKO_PRIVATE_KEY, private(&params, &[7])).unwrap();
            assert_eq!(key.bytes(CKA_EC_PARAMS), Some(params.as_slice()));
            key.bytes(CKA_PUBLIC_KEY_INFO).unwrap().to_vec()
        })
        .collect::<Vec<_>>();
    assert!(infos.len() > 4);
    assert!(infos.windows(2).all(|pair| pair[0] == pair[1]));
    // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { point } }
    let prefix = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
    assert!(hex::encode(&infos[0]).starts_with(prefix));
}

#[test]
fn every_form_of_a_point_becomes_the_same() {
    for curve in CURVES {
        let key = PrivateKey::from_scalar(curve, &[0xC0, 0xFF, 0xEE]).unwrap();
        let bare = key.public_key().to_uncompressed();
        let n = curve.coordinate_len();
        assert_eq!(bare.len(), 1 + 2 * n);
        let mut compressed = vec![2 + (bare[2 * n] & 1)];
        compressed.extend_from_slice(&bare[1..=n]);
        let forms = [
            bare.clone(),
            compressed.clone(),
            der::octet_string(&bare).unwrap(),
            der::octet_string(&compressed).unwrap(),
        ];
        for form in forms {
            let read = PublicKey::from_point(curve, &form).unwrap();
            assert_eq!(read.to_uncompressed(), bare);
        }
    }
}

#[test]
fn what_is_no_point_is_refused() {
    let bare = two_g();
    let with = |at: usize, value: u8| {
        let mut point = bare.clone();
        point[at] = value;
        point
    };
    let bad = [
        vec![],
        vec![0],                                                        // infinity
        bare[1..].to_vec(),                       // X9.62 "raw" without its tag
        with(64, bare[64] ^ 1),                   // off the curve
        with(0, 6),                               // hybrid
        with(0, 2),                               // a tag that promises less
        [&[5][..], &bare[1..33]].concat(),        // "compact"
        [&[4][..], &[0xFF; 64]].concat(),         // coordinates above the prime
        [&bare[..], &[0]].concat(),               // a byte too much
        der::octet_string(&bare[1..]).unwrap(),   // wrapped, without its tag
        [&[4, 65][..], &bare[..], &[0]].concat(), // wrapped, a byte too much
        [&[4, 0x81, 65][..], &bare].concat(),     // length not minimal
        [&[3, 66, 0][..], &bare].concat(),        // a BIT STRING
        der::octet_string(&der::octet_string(&bare).unwrap()).unwrap(), // twice
    ];
    for point in bad {
        let refused = completed(&TYPE, CKO_PUBLIC_KEY, public(K1, &point));
        assert_eq!(
            refused.err(),
            Some(Error::AttributeValueInvalid(CKA_EC_POINT)),
            "{point:02x?}"
        );
    }
    // A point of another curve.
    assert!(completed(&TYPE, CKO_PUBLIC_KEY, public(R1, &bare)).is_err());
}

#[test]
fn scalars_are_numbers_in_range() {
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let order = order.unwrap();
    let mut last = order.clone();
    last[31] -= 1;
    let long = [&[0; 40][..], &last].concat();
    for good in [&[1][..], &last, &long] {
        let key = completed(&TYPE, CKO_PRIVATE_KEY, private(K1, good)).unwrap();
        let stored = key.get(CKA_VALUE).unwrap();
        stored.expose(|bytes| {
            assert_eq!(bytes.len(), 32);
            assert!(good.ends_with(bytes) || bytes.ends_with(good));
        });
    }
    let above = [&[1][..], &[0; 32]].concat();
    for bad in [&[][..], &[0], &[0; 32], &order, &[0xFF; 32], &above] {
        assert_eq!(
            completed(&TYPE, CKO_PRIVATE_KEY, private(K1, bad)).err(),
            Some(Error::AttributeValueInvalid(CKA_VALUE)),
            "{bad:02x?}"
        );
    }
}

#[test]
fn a_private_key_learns_its_public_half() {
    let key = completed(&TYPE, CKO_PRIVATE_KEY, private(K1, &[2])).unwrap();
    let point = der::octet_string(&two_g()).unwrap();
    assert_eq!(key.bytes(CKA_EC_POINT), Some(point.as_slice()));
    let other = completed(&TYPE, CKO_PUBLIC_KEY, public(K1, &two_g())).unwrap();
    assert_eq!(
        key.bytes(CKA_PUBLIC_KEY_INFO),
        other.bytes(CKA_PUBLIC_KEY_INFO)
    );
    // What is complete stays as it is.
    let again = completed(&TYPE, CKO_PRIVATE_KEY, key.clone()).unwrap();
    assert!(again.matches(&key));
}

#[test]
fn a_foreign_public_half_is_refused() {
    let given = private(K1, &[2]).with(CKA_EC_POINT, two_g());
    assert!(completed(&TYPE, CKO_PRIVATE_KEY, given).is_ok());
    let foreign = private(K1, &[3]).with(CKA_EC_POINT, two_g());
    assert_eq!(
        completed(&TYPE, CKO_PRIVATE_KEY, foreign).err(),
        Some(Error::TemplateInconsistent(CKA_EC_POINT))
    );
    let unset = private(K1, &[3]).with(CKA_PUBLIC_KEY_INFO, Vec::new());
    assert!(completed(&TYPE, CKO_PRIVATE_KEY, unset).is_ok());
    let foreign = private(K1, &[3]).with(CKA_PUBLIC_KEY_INFO, b"0".to_vec());
    assert_eq!(
        completed(&TYPE, CKO_PRIVATE_KEY, foreign).err(),
        Some(Error::TemplateInconsistent(CKA_PUBLIC_KEY_INFO))
    );
}

#[test]
fn what_is_missing_is_named() {
    let without = |attribute| {
        let mut key = private(K1, &[2]).with(CKA_EC_POINT, two_g());
        key.remove(attribute);
        key
    };
    for (class, attribute) in [
        (CKO_PRIVATE_KEY, CKA_EC_PARAMS),
        (CKO_PRIVATE_KEY, CKA_VALUE),
        (CKO_PUBLIC_KEY, CKA_EC_PARAMS),
        (CKO_PUBLIC_KEY, CKA_EC_POINT),
    ] {
        assert_eq!(
            completed(&TYPE, class, without(attribute)).err(),
            Some(Error::TemplateIncomplete(attribute))
        );
    }
    assert!(completed(&TYPE, CKO_SECRET_KEY, private(K1, &[2])).is_err());
}

#[test]
fn pairs_are_made_on_the_named_curve() {
    for draw in [Draw::Rejection, Draw::ExtraBits] {
        let params = public(K1, &[]);
        let (made_public, made_private) =
            generate(&params, &Template::new(), draw, &Given(|_| 0x55)).unwrap();
        let private = completed(&TYPE, CKO_PRIVATE_KEY, made_private).unwrap();
        assert_eq!(private.bytes(CKA_EC_PARAMS), Some(K1));
        assert_eq!(private.bytes(CKA_EC_POINT), made_public.bytes(CKA_EC_POINT));
        assert_eq!(made_public.ulong(CKA_KEY_TYPE), Some(CKK_EC));
    }
}

#[test]
fn pairs_that_cannot_be_made_are_refused() {
    let none = Template::new();
    let make = |public: &Template, private: &Template| {
        generate(public, private, Draw::Rejection, &Given(|_| 0x55)).err()
    };
    let k1 = public(K1, &[]);
    assert_eq!(
        make(&none, &none),
        Some(Error::TemplateIncomplete(CKA_EC_PARAMS))
    );
    assert_eq!(
        make(&public(b"\x05\x00", &[]), &none),
        Some(Error::DomainParamsInvalid)
    );
    assert_eq!(make(&k1, &k1), None);
    assert_eq!(
        make(&k1, &public(R1, &[])),
        Some(Error::TemplateInconsistent(CKA_EC_PARAMS))
    );
    for draw in [Draw::Rejection, Draw::ExtraBits] {
        let refused = generate(&k1, &none, draw, &Broken);
        assert!(matches!(refused.err(), Some(Error::DeviceError(_))));
    }
}

#[test]
fn a_scalar_out_of_range_is_drawn_again_but_not_for_ever() {
    for curve in CURVES {
        for stuck in [Given(|_| 0), Given(|_| 0xFF)] {
            let refused = PrivateKey::generate(curve, Draw::Rejection, &stuck);
            assert!(matches!(refused.err(), Some(Error::DeviceError(_))));
        }
        // Only the bits of the order count: 521 of the 528 on P-521.
        let high = Given(|at| if at == 0 { 0xFE } else { 1 });
        let key = PrivateKey::generate(curve, Draw::Rejection, &high).unwrap();
        let first = if curve == Curve::P521 { 0 } else { 0xFE };
        key.to_secret()
            .expose(|bytes| assert_eq!(bytes[0], first, "{curve:?}"));
    }
}

/// (c mod (n − 1)) + 1 for c of the bytes 1, 2, 3 …, computed with integers.
#[test]
fn extra_bits_are_reduced() {
    let expected = [
        "090a0b0c0d0e0f101259f2ae83a986c3b989d814fa02e8eac47e9f80602b5d29",
        "0e101214070605041155b315cb1c6f28abec21cff529b6e3d4e248eb668b4769",
        "090a0b0c0d0e0f101112131415161718195329b2b9cca856229b3c6f14f87a37\
         e5c4e18fa9f368115f29da0e383ecda9",
        "010a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021250017ebfe30cb\
         9b321b3e78d48536a1f640e7db6c52a7f6c7010c08a1f2b9bd41c0293f01aaba\
         992b",
    ];
    for (curve, expected) in CURVES.into_iter().zip(expected) {
        let counting = Given(|at| u8::try_from(at + 1).unwrap());
        let key = PrivateKey::generate(curve, Draw::ExtraBits, &counting).unwrap();
        key.to_secret()
            .expose(|bytes| assert_eq!(hex::encode(bytes), expected, "{curve:?}"));
        let zero = PrivateKey::generate(curve, Draw::ExtraBits, &Given(|_| 0)).unwrap();
        zero.to_secret().expose(|bytes| {
            assert_eq!(bytes.iter().map(|b| u32::from(*b)).sum::<u32>(), 1);
            assert_eq!(bytes.last(), Some(&1));
        });
    }
}

#[test]
fn a_private_key_does_not_print_itself() {
    let key = PrivateKey::from_scalar(Curve::P256, &[0x42; 32]).unwrap();
    assert_eq!(format!("{key:?}"), "P256(Scalar(..))");
    let key = Key::EcPrivate(Arc::new(key));
    assert_eq!(format!("{key:?}"), "EcPrivate(P256(Scalar(..)))");
}
