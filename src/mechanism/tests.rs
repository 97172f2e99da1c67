//! Tests of the tables, and known answers: each vector goes through the registry as a caller's
//! mechanism would.

use std::sync::Arc;

use super::*;
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::{
        Key, der, ec, edwards,
        testing::{Broken, Case, Given, cases, parsed},
    },
    secret::SecretBytes,
};

/// Curve names of the vector files and their parameters.
pub(super) const CURVES: [(&str, &[u8]); 4] = [
    ("secp256k1", b"\x06\x05\x2B\x81\x04\x00\x0A"),
    ("P-256", b"\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"),
    ("P-384", b"\x06\x05\x2B\x81\x04\x00\x22"),
    ("P-521", b"\x06\x05\x2B\x81\x04\x00\x23"),
];

const ED25519: &[u8] = b"\x06\x03\x2B\x65\x70";

const NAMES: [(&str, CK_MECHANISM_TYPE); 17] = [
    ("CKM_SHA_1", CKM_SHA_1),
    ("CKM_SHA224", CKM_SHA224),
    ("CKM_SHA256", CKM_SHA256),
    ("CKM_SHA384", CKM_SHA384),
    ("CKM_SHA512", CKM_SHA512),
    ("CKM_SHA512_224", CKM_SHA512_224),
    ("CKM_SHA512_256", CKM_SHA512_256),
    ("CKM_SHA3_224", CKM_SHA3_224),
    ("CKM_SHA3_256", CKM_SHA3_256),
    ("CKM_SHA3_384", CKM_SHA3_384),
    ("CKM_SHA3_512", CKM_SHA3_512),
    ("CKM_ECDSA", CKM_ECDSA),
    ("CKM_ECDSA_SHA1", CKM_ECDSA_SHA1),
    ("CKM_ECDSA_SHA224", CKM_ECDSA_SHA224),
    ("CKM_ECDSA_SHA256", CKM_ECDSA_SHA256),
    ("CKM_ECDSA_SHA384", CKM_ECDSA_SHA384),
    ("CKM_ECDSA_SHA512", CKM_ECDSA_SHA512),
];

fn mechanism(case: &Case) -> &'static Mechanism {
    let name = case.get("mechanism");
    let id = NAMES.iter().find(|(n, _)| *n == name).unwrap().1;
    find(id).unwrap()
}

fn curve(case: &Case) -> &'static [u8] {
    let name = case.get("curve");
    CURVES.iter().find(|(n, _)| *n == name).unwrap().1
}

pub(super) fn public_key(params: &[u8], point: &[u8]) -> Result<Key> {
    let key_type = if params == ED25519 {
        &edwards::TYPE
    } else {
        &ec::TYPE
    };
    let attributes = Template::new()
        .with(CKA_EC_PARAMS, params)
        .with(CKA_EC_POINT, point);
    parsed(key_type, CKO_PUBLIC_KEY, attributes)
}

/// The private key of a scalar or seed, and its public key.
pub(super) fn key_pair(params: &[u8], value: &[u8]) -> (Key, Key) {
    let key_type = if params == ED25519 {
        &edwards::TYPE
    } else {
        &ec::TYPE
    };
    let attributes = Template::new()
        .with(CKA_EC_PARAMS, params)
        .with(CKA_VALUE, SecretBytes::copy_from(value));
    let private = parsed(key_type, CKO_PRIVATE_KEY, attributes).unwrap();
    let point = match &private {
        Key::EcPrivate(key) => key.public_key().to_uncompressed(),
        Key::EdwardsPrivate(key) => key.public_key().as_bytes().to_vec(),
        Key::EcPublic(_)
        | Key::EdwardsPublic(_)
        | Key::BlsPrivate(_)
        | Key::BlsPublic(_)
        | Key::Secret(_) => panic!("{private:?}"),
    };
    (private, public_key(params, &point).unwrap())
}

/// Signs a message given in parts; no signature of this family draws randomness.
fn sign(row: &Mechanism, key: &Key, params: &Params, parts: &[&[u8]]) -> Result<Vec<u8>> {
    let entropy: Arc<dyn Entropy> = Arc::new(Broken);
    let mut op = row.ops.sign.unwrap()(key, params, &entropy)?;
    for part in parts {
        op.update(part)?;
    }
    let mut out = vec![0xEE; op.signature_len() + 1];
    let len = op.finish(&mut out)?;
    assert_eq!(out[len..], [0xEE], "written beyond the announced length");
    out.truncate(len);
    Ok(out)
}

pub(super) fn verify(
    row: &Mechanism,
    key: &Key,
    params: &Params,
    parts: &[&[u8]],
    signature: &[u8],
) -> Result<()> {
    let mut op = row.ops.verify.unwrap()(key, params)?;
    for part in parts {
        op.update(part)?;
    }
    op.finish(signature)
}

/// Ways to cut a message: whole, in two, byte by byte, with an empty part, and not at all.
fn cuts(message: &[u8]) -> Vec<Vec<&[u8]>> {
    let (left, right) = message.split_at(message.len() / 3);
    let mut cuts = vec![
        vec![message],
        vec![left, right],
        vec![&[], left, &[], right],
        message.chunks(1).collect(),
    ];
    if message.is_empty() {
        cuts.push(vec![]);
    }
    cuts
}

#[test]
fn the_tables_make_sense() {
    for row in all() {
        let same = all().filter(|other| other.id == row.id).count();
        assert_eq!(same, 1, "{row:?}");
        assert!(std::ptr::eq(find(row.id).unwrap(), row));
        let info = row.info();
        assert!(info.ulMinKeySize <= info.ulMaxKeySize, "{row:?}");
        let operations = CKF_DIGEST
            | CKF_SIGN
            | CKF_VERIFY
            | CKF_GENERATE
            | CKF_GENERATE_KEY_PAIR
            | CKF_ENCRYPT
            | CKF_DECRYPT
            | CKF_WRAP
            | CKF_UNWRAP
            | CKF_DERIVE;
        assert_ne!(info.flags & operations, 0, "{row:?} does nothing");
        // Flags about curves are for curves, and the rest is computed.
        let extra = info.flags & !operations;
        assert_eq!(extra, row.flags, "{row:?}");
        let on_curves = row.keys.contains(&CKK_EC) || row.keys.contains(&CKK_EC_EDWARDS);
        assert_eq!(extra != 0, on_curves, "{row:?}");
        // Many keys' signatures are verified together, but each key signs alone.
        let verifies_only = matches!(
            row.id,
            CKM_BC_BLS_FAST_AGGREGATE_VERIFY | CKM_BC_BLS_AGGREGATE_VERIFY
        );
        assert_eq!(
            row.ops.verify.is_some(),
            row.ops.sign.is_some() || verifies_only
        );
        for key in row.keys {
            assert!(crate::key::find(*key).is_some(), "{row:?}");
        }
    }
    assert!(find(CK_UNAVAILABLE_INFORMATION).is_none());
}

#[test]
fn digests() {
    for case in cases(include_str!("../../tests/vectors/digest.txt")) {
        let (row, message) = (mechanism(&case), case.bytes("message"));
        let count = case.find("count").map_or(1, |n| n.parse().unwrap());
        let message = message.repeat(count);
        let cuts = if count == 1 {
            cuts(&message)
        } else {
            vec![message.chunks(997).collect()]
        };
        for cut in cuts {
            let mut op = row.ops.digest.unwrap()(&Params::None).unwrap();
            for part in cut {
                op.update(part).unwrap();
            }
            let mut out = vec![0; op.digest_len()];
            assert_eq!(op.finish(&mut out), Ok(out.len()));
            assert_eq!(out, case.bytes("digest"), "{case}");
        }
    }
    // Every digest has vectors.
    let known = include_str!("../../tests/vectors/digest.txt");
    for (name, id) in NAMES {
        let is_digest = find(id).unwrap().ops.digest.is_some();
        assert_eq!(known.contains(&format!("= {name}\n")), is_digest, "{name}");
    }
}

#[test]
fn ecdsa() {
    for case in cases(include_str!("../../tests/vectors/ecdsa.txt")) {
        let (row, params, message) = (mechanism(&case), curve(&case), case.bytes("message"));
        let signature = case.bytes("signature");
        let check = |public: &Key| verify(row, public, &Params::None, &[&message], &signature);
        if let Some(rv) = case.error() {
            let public = public_key(params, &case.bytes("point")).unwrap();
            assert_eq!(check(&public).map_err(|e| e.rv()), Err(rv), "{case}");
            continue;
        }
        let (private, public) = key_pair(params, &case.bytes("scalar"));
        assert_eq!(check(&public), Ok(()), "{case}");
        if case.find("sign") == Some("no") {
            continue;
        }
        for cut in cuts(&message) {
            let made = sign(row, &private, &Params::None, &cut).unwrap();
            assert_eq!(hex::encode(made), hex::encode(&signature), "{case}");
            let checked = verify(row, &public, &Params::None, &cut, &signature);
            assert_eq!(checked, Ok(()), "{case}");
        }
    }
}

/// The digests of the vectors that agree in all bits but some: equal signatures exactly where the
/// leftmost 521 bits are equal, and never one r for two digests.
#[test]
fn p521_digests_of_66_bytes_never_share_a_nonce() {
    let (key, _) = key_pair(CURVES[3].1, &[0x11; 60]);
    let row = find(CKM_ECDSA).unwrap();
    let r = |digest: &[u8]| sign(row, &key, &Params::None, &[digest]).unwrap()[..66].to_vec();
    let base = [0x5A; 66];
    for bit in 0..528 {
        let mut other = base;
        other[bit / 8] ^= 0x80 >> (bit % 8);
        assert_eq!(r(&base) == r(&other), bit >= 521, "bit {bit}");
    }
}

#[test]
fn secp256k1_signs_low_and_the_others_as_it_comes() {
    let row = find(CKM_ECDSA_SHA256).unwrap();
    let half = hex::decode("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
    let half = half.unwrap();
    for (params, low) in [(CURVES[0].1, true), (CURVES[1].1, false)] {
        let (private, public) = key_pair(params, &[7]);
        let highs = (0..32_u8)
            .filter(|message| {
                let made = sign(row, &private, &Params::None, &[&[*message]]).unwrap();
                verify(row, &public, &Params::None, &[&[*message]], &made).unwrap();
                made[32..] > half[..]
            })
            .count();
        assert_eq!(highs == 0, low);
    }
}

fn eddsa_params(case: &Case) -> Params {
    let prehash = match case.get("scheme") {
        "pure" => return Params::None,
        "ctx" => false,
        "ph" => true,
        other => panic!("{case}: {other}"),
    };
    let context = case
        .find("context")
        .map_or(Vec::new(), |_| case.bytes("context"));
    let fields = [FieldValue::Bool(prehash), FieldValue::Bytes(context)];
    Params::Struct(fields.into())
}

#[test]
fn eddsa() {
    let row = find(CKM_EDDSA).unwrap();
    for case in cases(include_str!("../../tests/vectors/eddsa.txt")) {
        let (params, message) = (eddsa_params(&case), case.bytes("message"));
        let signature = case.bytes("signature");
        let public = public_key(ED25519, &case.bytes("point")).unwrap();
        let checked = verify(row, &public, &params, &[&message], &signature);
        if let Some(rv) = case.error() {
            assert_eq!(checked.map_err(|e| e.rv()), Err(rv), "{case}");
            continue;
        }
        assert_eq!(checked, Ok(()), "{case}");
        let (private, _) = key_pair(ED25519, &case.bytes("seed"));
        for cut in cuts(&message) {
            let made = sign(row, &private, &params, &cut).unwrap();
            assert_eq!(hex::encode(made), hex::encode(&signature), "{case}");
            let checked = verify(row, &public, &params, &cut, &signature);
            assert_eq!(checked, Ok(()), "{case}");
        }
    }
}

#[test]
fn eddsa_parameters() {
    let row = find(CKM_EDDSA).unwrap();
    let (private, _) = key_pair(ED25519, &[3; 32]);
    let with = |prehash, context: &[u8]| {
        let fields = [
            FieldValue::Bool(prehash),
            FieldValue::Bytes(context.to_vec()),
        ];
        sign(row, &private, &Params::Struct(fields.into()), &[b"message"])
    };
    let pure = sign(row, &private, &Params::None, &[b"message"]).unwrap();
    assert_eq!(with(false, b""), Ok(pure.clone()));
    assert_ne!(with(true, b""), Ok(pure.clone()));
    assert_ne!(with(false, b"context"), Ok(pure));
    let invalid = Err(Error::MechanismParamInvalid(CKM_EDDSA));
    assert!(with(false, &[0; 255]).is_ok());
    assert!(with(true, &[0; 255]).is_ok());
    assert_eq!(with(false, &[0; 256]), invalid);
    assert_eq!(with(true, &[0; 256]), invalid);
    for params in [Params::Bytes(vec![]), Params::Struct(vec![])] {
        assert_eq!(sign(row, &private, &params, &[b"message"]), invalid);
    }
    let Shape::Struct { size, fields, .. } = row.param else {
        panic!("{:?}", row.param);
    };
    assert_eq!(size, size_of::<CK_EDDSA_PARAMS>());
    assert_eq!(fields.len(), 2);
}

#[test]
fn a_small_buffer_is_refused_and_left_alone() {
    let entropy: Arc<dyn Entropy> = Arc::new(Broken);
    let (ec, _) = key_pair(CURVES[1].1, &[7]);
    let (ed, _) = key_pair(ED25519, &[7; 32]);
    for (id, key) in [(CKM_ECDSA_SHA256, ec), (CKM_EDDSA, ed)] {
        let op = find(id).unwrap().ops.sign.unwrap()(&key, &Params::None, &entropy).unwrap();
        let mut out = [0; 63];
        assert_eq!(
            op.finish(&mut out),
            Err(Error::BufferTooSmall { needed: 64 })
        );
        assert_eq!(out, [0; 63]);
    }
    let op = find(CKM_SHA256).unwrap().ops.digest.unwrap()(&Params::None).unwrap();
    let refused = op.finish(&mut [0; 31]);
    assert_eq!(refused, Err(Error::BufferTooSmall { needed: 32 }));
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let entropy: Arc<dyn Entropy> = Arc::new(Broken);
    let (ec_private, ec_public) = key_pair(CURVES[1].1, &[7]);
    let (ed_private, ed_public) = key_pair(ED25519, &[7; 32]);
    let secret = Key::Secret(Arc::new(SecretBytes::copy_from(&[7; 32])));
    let wrong = Some(Error::KeyTypeInconsistent);
    let try_both = |id, private: &Key, public: &Key| {
        let row = find(id).unwrap();
        let sign = row.ops.sign.unwrap()(private, &Params::None, &entropy);
        let verify = row.ops.verify.unwrap()(public, &Params::None);
        assert_eq!(sign.err(), wrong);
        assert_eq!(verify.err(), wrong);
    };
    for id in [CKM_ECDSA, CKM_ECDSA_SHA256, CKM_ECDSA_SHA3_512] {
        try_both(id, &ec_public, &ec_private);
        try_both(id, &ed_private, &ed_public);
        try_both(id, &secret, &secret);
    }
    try_both(CKM_EDDSA, &ed_public, &ed_private);
    try_both(CKM_EDDSA, &ec_private, &ec_public);
}

#[test]
fn key_pairs_sign_and_verify() {
    for (id, params, signing) in [
        (CKM_EC_KEY_PAIR_GEN, CURVES[0].1, CKM_ECDSA_SHA3_256),
        (CKM_EC_KEY_PAIR_GEN, CURVES[2].1, CKM_ECDSA_SHA3_384),
        (
            CKM_EC_KEY_PAIR_GEN_W_EXTRA_BITS,
            CURVES[3].1,
            CKM_ECDSA_SHA3_512,
        ),
        (CKM_EC_EDWARDS_KEY_PAIR_GEN, ED25519, CKM_EDDSA),
    ] {
        let template = Template::new().with(CKA_EC_PARAMS, params);
        let generate = find(id).unwrap().ops.generate_pair.unwrap();
        let made = generate(&Params::None, &template, &Template::new(), &Given(|_| 0x35));
        let (made_public, made_private) = made.unwrap();
        let key_type = crate::key::find(made_private.ulong(CKA_KEY_TYPE).unwrap()).unwrap();
        let private = parsed(key_type, CKO_PRIVATE_KEY, made_private).unwrap();
        let point = made_public.bytes(CKA_EC_POINT).unwrap();
        assert!(der::in_octet_string(point).is_some());
        let public = public_key(params, point).unwrap();
        let row = find(signing).unwrap();
        let signature = sign(row, &private, &Params::None, &[b"message"]).unwrap();
        let check = |message: &[u8]| verify(row, &public, &Params::None, &[message], &signature);
        assert_eq!(check(b"message"), Ok(()));
        assert_eq!(check(b"massage"), Err(Error::SignatureInvalid));
    }
}

#[test]
fn secret_keys() {
    let make = |id, len: Option<CK_ULONG>, entropy: &dyn Entropy| {
        let template = len.map_or_else(Template::new, |n| Template::new().with(CKA_VALUE_LEN, n));
        find(id).unwrap().ops.generate.unwrap()(&Params::None, &template, entropy)
    };
    let given = Given(|at| u8::try_from(at).unwrap_or(0));
    for (id, len, key_type) in [
        (CKM_AES_KEY_GEN, 16, CKK_AES),
        (CKM_AES_KEY_GEN, 24, CKK_AES),
        (CKM_AES_KEY_GEN, 32, CKK_AES),
        (CKM_GENERIC_SECRET_KEY_GEN, 1, CKK_GENERIC_SECRET),
        (CKM_GENERIC_SECRET_KEY_GEN, 64, CKK_GENERIC_SECRET),
    ] {
        let made = make(id, Some(len), &given).unwrap();
        assert_eq!(made.ulong(CKA_KEY_TYPE), Some(key_type));
        made.get(CKA_VALUE).unwrap().expose(|bytes| {
            assert!(bytes.iter().zip(0..).all(|(byte, at)| *byte == at));
            assert_eq!(bytes.len(), usize::try_from(len).unwrap());
        });
    }
    let missing = Some(Error::TemplateIncomplete(CKA_VALUE_LEN));
    let invalid = Some(Error::AttributeValueInvalid(CKA_VALUE_LEN));
    for id in [CKM_AES_KEY_GEN, CKM_GENERIC_SECRET_KEY_GEN] {
        assert_eq!(make(id, None, &given).err(), missing);
        assert_eq!(make(id, Some(0), &given).err(), invalid);
        assert_eq!(make(id, Some(CK_ULONG::MAX), &given).err(), invalid);
        assert!(make(id, Some(32), &Broken).is_err());
    }
    for len in [1, 15, 17, 33, 128] {
        assert_eq!(make(CKM_AES_KEY_GEN, Some(len), &given).err(), invalid);
    }
}
