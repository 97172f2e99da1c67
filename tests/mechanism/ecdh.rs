//! Key agreement.

use super::*;
use crate::support::vendor::*;

/// Key 0x46…46 with the point of key 0x11…11 on secp256k1: computed with Python.
const PEER: &str = "044f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa\
                    385b6b1b8ead809ca67454d9683fcf2ba03456d6fe2c4abe2b07f0fbdbb2f1c1";
const SHARED: &str = "049b186749932bdd7d0f7614dfae1cac259fc79aa732fddaf7f23ab632a145fa8d\
                      dc8fe01a7e40d2dff62111ee0cad2f3879eefbfe2e1a38b9f2e1d603b7065783";

/// The X9.63 KDF with "shared" to 100 bytes: computed with Python's cryptography.
const DERIVED: [(CK_ULONG, &str); 9] = [
    (
        2,
        "8971b6e1f1efbc869ddfe7f03cc1073ab15833a38eb0c18be1d40a0713f06d22d24f4322bdb0f756ea4575d6\
         d013426b6b4637224ef4d5ee076dcd93c3844d6d2aa52572a59ecf5bb99581c2b121fce77ff5147508825de7\
         0e103b90b589536adebc5074",
    ),
    (
        5,
        "333ce396fcdcc0fa5f614e060d15e1198d3e86d5f1e767c2ff772debd5b9478b680b55fa8304968d6babfe93\
         a6c28bb398549dce274802c84ddbba73d2a8501faa0d8f150e220ffb0690468d31f9c5922e947a80ef1fceb9\
         1d33ae1ccc44c1479ec1e814",
    ),
    (
        6,
        "46ae6e8ad4eb8745ab652a358bca4cf266afbe0b202e9b5191a867f404339535e7a4b43e7aa49a3497a52c14\
         d00ec4193fbd2b3b33010ee4865fc8bf0a4610cf197716ad9612c75ca8cbc2ec0077407d836830a564b5711d\
         da22c6f12e84eae10d7c071c",
    ),
    (
        7,
        "de278545b461161035e7835adf72bd1707b21d9f3038270d1a5d162f74b54f6088d90992f5cf631bc88705f7\
         81f526aadfe3abc04b080c0a294e98ea1ab66d3aa8001774c06a2d8770903178a0af410bcd5ffcf274e7520e\
         d8c30c0a869acbb45af765bc",
    ),
    (
        8,
        "36bd0f467d7db7d1e179696a008af8e2569a1b4aba869db8957aeace68994a08ced1ebff2be1e95bc2a4e74d\
         62654ede174bb0a77e6cfdb0982579bbc33c166cbbcdb899ab63fdcc69afe4ae4e498df0603af85892a93a30\
         6832cfb4a033e57714a2d239",
    ),
    (
        10,
        "a570fa9ba1ff025f5f8811c7b9e53b56e7465733b75cc2ae5c8a3db75bce4a23805ca9f55f75c252b4510760\
         9d55b563632e77cbc25f655602a6f5fd833fcda65e5217c6373d7cbf8273becae4eeb18003a4cbca69a71eec\
         534094d2b36b17b842c149c5",
    ),
    (
        11,
        "a9ca68116dd27cecf5bdfc148fc63248e5ce42318afe633b2d9819b6b34dc4c1350825c6fae81210783b70d7\
         2d0d426fe921d0c2e6499b57ec4e2b11463179d134765458ae522ca408945240bf2d89f2c7c59805226b1d2d\
         a965645392f85c17a47b6524",
    ),
    (
        12,
        "735af7639cad8e50766ca39b50fb70c16e6dabc898e67f700ff2ff6fe044ee085fbc582539dbedde4b874643\
         126c430d082e62073c8aab7c9bc01302d3171c59bd75e8d1be1d089c515a8fac3f9a3684034172f23ed6dc58\
         b7b9e0052020cdd5dfebe353",
    ),
    (
        13,
        "1f23fccb1298f95a26b57fcdc6ad1f635359e4ac09ddda209e715d3a870743fa38cac239789bf747ccbc4c30\
         f7c9027d341ca8b5a4b7a5179f7e4f369ac152cc6c4d326876907c8daa32e7738fb416881ea8aaff4e05faf1\
         6ef4f24e05f1b131786c756b",
    ),
];

/// `CK_ECDH1_DERIVE_PARAMS`; what it points to must outlive it.
fn params(kdf: CK_ULONG, shared: &[u8], peer: &[u8]) -> CK_ECDH1_DERIVE_PARAMS {
    CK_ECDH1_DERIVE_PARAMS {
        kdf,
        ulSharedDataLen: shared.len() as CK_ULONG,
        pSharedData: if shared.is_empty() {
            std::ptr::null_mut()
        } else {
            shared.as_ptr().cast_mut()
        },
        ulPublicDataLen: peer.len() as CK_ULONG,
        pPublicData: peer.as_ptr().cast_mut(),
    }
}

fn readable() -> Template {
    Template::class(CKO_SECRET_KEY)
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
}

fn compressed(point: &[u8]) -> Vec<u8> {
    let half = point.len() / 2;
    let mut out = point[..=half].to_vec();
    out[0] = 2 + point[point.len() - 1] % 2;
    out
}

#[test]
fn known_answers() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = import(&token, s, &SECP256K1, &[0x46; 32]);
    let (peer, shared) = (hex(PEER), hex(SHARED));
    let forms = [
        peer.clone(),
        octet_string(&peer),
        compressed(&peer),
        octet_string(&compressed(&peer)),
    ];
    for peer in &forms {
        for mechanism in [CKM_ECDH1_DERIVE, CKM_ECDH1_COFACTOR_DERIVE] {
            let params = params(1, &[], peer);
            let derive = |t: &Template| {
                token
                    .derive(s, Mech::with(mechanism, &params), key, t)
                    .unwrap()
            };
            let secret = derive(&Template::new());
            assert_eq!(token.get_ulong(s, secret, CKA_CLASS), CKO_SECRET_KEY);
            assert_eq!(token.get_ulong(s, secret, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
            assert_eq!(token.get(s, secret, CKA_VALUE).unwrap(), shared[1..=32]);
            // Shorter keys take the trailing bytes.
            let template = readable()
                .ulong(CKA_KEY_TYPE, CKK_AES)
                .ulong(CKA_VALUE_LEN, 16);
            let secret = derive(&template);
            assert_eq!(token.get_ulong(s, secret, CKA_KEY_TYPE), CKK_AES);
            assert_eq!(token.get(s, secret, CKA_VALUE).unwrap(), shared[17..=32]);
        }
        for format in [2, 3, 4] {
            let parameter = [&[format], peer.as_slice()].concat();
            let mechanism = Mech::bytes(CKM_BC_ECDH_POINT, &parameter);
            let secret = token.derive(s, mechanism, key, &readable()).unwrap();
            let value = token.get(s, secret, CKA_VALUE).unwrap();
            if format == 4 {
                assert_eq!(value, shared);
            } else {
                assert_eq!(value, compressed(&shared));
            }
        }
        for (kdf, derived) in DERIVED {
            for len in [1, 16, 32, 64, 100] {
                let params = params(kdf, b"shared", peer);
                let template = readable().ulong(CKA_VALUE_LEN, len);
                let secret = token
                    .derive(s, Mech::with(CKM_ECDH1_DERIVE, &params), key, &template)
                    .unwrap();
                let value = token.get(s, secret, CKA_VALUE).unwrap();
                assert_eq!(value, hex(derived)[..len as usize]);
            }
        }
    }
}

#[test]
fn both_sides_agree_on_every_curve() {
    let token = Token::new();
    let s = token.user();
    for curve in WEIERSTRASS {
        let (a_public, a) = token.keys(s, &curve);
        let (b_public, b) = token.keys(s, &curve);
        let side = |key, peer, kdf| {
            let point = token.get(s, peer, CKA_EC_POINT).unwrap();
            let params = params(kdf, &[], &point);
            let template = readable().ulong(CKA_VALUE_LEN, 24);
            let mechanism = Mech::with(CKM_ECDH1_DERIVE, &params);
            let secret = token.derive(s, mechanism, key, &template).unwrap();
            token.get(s, secret, CKA_VALUE).unwrap()
        };
        for kdf in [1, 6] {
            assert_eq!(side(a, b_public, kdf), side(b, a_public, kdf));
            assert_ne!(side(a, b_public, kdf), side(a, a_public, kdf));
        }
        let point = |key, peer| {
            let point = token.get(s, peer, CKA_BC_POINT_RAW).unwrap();
            let parameter = [&[4], point.as_slice()].concat();
            let mechanism = Mech::bytes(CKM_BC_ECDH_POINT, &parameter);
            let secret = token.derive(s, mechanism, key, &readable()).unwrap();
            token.get(s, secret, CKA_VALUE).unwrap()
        };
        let shared = point(a, b_public);
        assert_eq!(shared.len(), curve.point_len());
        assert_eq!(shared, point(b, a_public));
        // It is a point of the curve.
        token.create(s, &curve.import_public(&shared)).unwrap();
    }
}

#[test]
fn parameters_that_mean_nothing() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = import(&token, s, &SECP256K1, &[0x46; 32]);
    let (other, _) = token.keys(s, &P256);
    let peer = hex(PEER);
    let on_other_curve = token.get(s, other, CKA_BC_POINT_RAW).unwrap();
    let mut off_curve = peer.clone();
    off_curve[64] ^= 1;
    let template = readable().ulong(CKA_VALUE_LEN, 32);
    let bad_peers: [&[u8]; 7] = [
        &[],
        &[0],
        &peer[1..],
        &peer[..64],
        &off_curve,
        &on_other_curve,
        &[&peer[..], &[0]].concat(),
    ];
    let invalid = CKR_MECHANISM_PARAM_INVALID;
    for peer in bad_peers {
        let params = params(1, &[], peer);
        let mechanism = Mech::with(CKM_ECDH1_DERIVE, &params);
        assert_rv(token.derive(s, mechanism, key, &template), invalid);
        let parameter = [&[4], peer].concat();
        let mechanism = Mech::bytes(CKM_BC_ECDH_POINT, &parameter);
        assert_rv(token.derive(s, mechanism, key, &readable()), invalid);
    }
    // Shared data without a KDF; KDFs that do not exist.
    for params in [
        params(1, b"shared", &peer),
        params(0, &[], &peer),
        params(3, &[], &peer),
        params(9, &[], &peer),
        params(CK_ULONG::MAX, &[], &peer),
    ] {
        let mechanism = Mech::with(CKM_ECDH1_DERIVE, &params);
        assert_rv(token.derive(s, mechanism, key, &template), invalid);
    }
    for format in [0, 1, 5] {
        let parameter = [&[format], peer.as_slice()].concat();
        let mechanism = Mech::bytes(CKM_BC_ECDH_POINT, &parameter);
        assert_rv(token.derive(s, mechanism, key, &readable()), invalid);
    }
    for mechanism in [
        CKM_ECDH1_DERIVE,
        CKM_ECDH1_COFACTOR_DERIVE,
        CKM_BC_ECDH_POINT,
    ] {
        assert_rv(token.derive(s, mechanism, key, &template), invalid);
    }
}

#[test]
fn lengths() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = import(&token, s, &SECP256K1, &[0x46; 32]);
    let peer = hex(PEER);
    let (null, kdf) = (params(1, &[], &peer), params(6, &[], &peer));
    let derive = |params: &CK_ECDH1_DERIVE_PARAMS, t: &Template| {
        token.derive(s, Mech::with(CKM_ECDH1_DERIVE, params), key, t)
    };
    let with_len = |len| readable().ulong(CKA_VALUE_LEN, len);
    // There are only 32 bytes.
    assert_rv(derive(&null, &with_len(33)), CKR_KEY_SIZE_RANGE);
    assert_rv(derive(&null, &with_len(0)), CKR_ATTRIBUTE_VALUE_INVALID);
    // A KDF gives as much as it is asked for, so it must be asked.
    assert_rv(derive(&kdf, &readable()), CKR_TEMPLATE_INCOMPLETE);
    let parameter = [&[4], peer.as_slice()].concat();
    let mechanism = Mech::bytes(CKM_BC_ECDH_POINT, &parameter);
    assert_rv(
        token.derive(s, mechanism, key, &with_len(33)),
        CKR_TEMPLATE_INCONSISTENT,
    );
}

#[test]
fn wrong_keys_and_templates() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = import(&token, s, &SECP256K1, &[0x46; 32]);
    let (_, ed) = token.keys(s, &ED25519);
    let peer = hex(PEER);
    let params = params(1, &[], &peer);
    let derive = |key, t: &Template| token.derive(s, Mech::with(CKM_ECDH1_DERIVE, &params), key, t);
    assert_rv(derive(public, &readable()), CKR_KEY_TYPE_INCONSISTENT);
    assert!(derive(ed, &readable()).is_err());
    let private_key = Template::class(CKO_PRIVATE_KEY).ulong(CKA_KEY_TYPE, CKK_EC);
    assert_rv(derive(private, &private_key), CKR_TEMPLATE_INCONSISTENT);
    let locked = SECP256K1.import(&[1; 32]).bool(CKA_DERIVE, false);
    let locked = token.create(s, &locked).unwrap();
    assert_rv(derive(locked, &readable()), CKR_KEY_FUNCTION_NOT_PERMITTED);
}
