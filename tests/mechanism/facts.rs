//! Attributes that are computed from the public point.

use super::*;
use crate::support::vendor::*;

const ALL: [CK_ATTRIBUTE_TYPE; 5] = [
    CKA_BC_ETH_ADDRESS,
    CKA_BC_HASH160,
    CKA_BC_POINT_COMPRESSED,
    CKA_BC_POINT_XONLY,
    CKA_BC_POINT_RAW,
];

#[test]
fn published_answers() {
    let token = Token::new();
    let s = token.user();
    // m/44'/60'/0'/0/0 of "test … junk".
    let d = hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    let (public, private) = import(&token, s, &SECP256K1, &d);
    for key in [public, private] {
        assert_eq!(
            hex::encode(token.get(s, key, CKA_BC_ETH_ADDRESS).unwrap()),
            "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
        );
        let raw = token.get(s, key, CKA_BC_POINT_RAW).unwrap();
        assert_eq!(octet_string(&raw), token.get(s, key, CKA_EC_POINT).unwrap());
        assert_eq!(token.get(s, key, CKA_BC_POINT_XONLY).unwrap(), raw[1..=32]);
        let compressed = token.get(s, key, CKA_BC_POINT_COMPRESSED).unwrap();
        assert_eq!(compressed[0], 2 + raw[64] % 2);
        assert_eq!(compressed[1..], raw[1..=32]);
    }
    // m/84'/0'/0'/0/0 of "abandon … about".
    let point = hex("0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c");
    let key = token.create(s, &SECP256K1.import_public(&point)).unwrap();
    assert_eq!(token.get(s, key, CKA_BC_POINT_COMPRESSED).unwrap(), point);
    assert_eq!(
        hex::encode(token.get(s, key, CKA_BC_HASH160).unwrap()),
        "c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2"
    );
}

#[test]
fn other_keys_have_what_makes_sense() {
    let token = Token::new();
    let s = token.user();
    for curve in [P256, P384, P521, ED25519] {
        let (public, private) = token.keys(s, &curve);
        for key in [public, private] {
            let raw = token.get(s, key, CKA_BC_POINT_RAW).unwrap();
            assert_eq!(octet_string(&raw), token.get(s, key, CKA_EC_POINT).unwrap());
            let absent = CKR_ATTRIBUTE_TYPE_INVALID;
            for attribute in [CKA_BC_ETH_ADDRESS, CKA_BC_HASH160, CKA_BC_POINT_XONLY] {
                assert_rv(token.get(s, key, attribute), absent);
            }
            let compressed = token.get(s, key, CKA_BC_POINT_COMPRESSED);
            if curve.key_type == CKK_EC {
                assert_eq!(compressed.unwrap()[1..], raw[1..=curve.scalar]);
            } else {
                assert_rv(compressed, absent);
            }
        }
    }
    let data = token.create(s, &Template::class(CKO_DATA)).unwrap();
    for attribute in ALL {
        assert_rv(token.get(s, data, attribute), CKR_ATTRIBUTE_TYPE_INVALID);
    }
}

#[test]
fn nobody_sets_them() {
    let token = Token::new();
    let s = token.user();
    let (public, private) = token.keys(s, &SECP256K1);
    for attribute in ALL {
        let wish = Template::new().bytes(attribute, &[1; 20]);
        let refused = CKR_ATTRIBUTE_READ_ONLY;
        for key in [public, private] {
            assert_rv(token.set(s, key, &wish), refused);
            assert_rv(token.copy(s, key, &wish), refused);
        }
        let template = SECP256K1.import(&[1; 32]).bytes(attribute, &[1; 20]);
        assert_rv(token.create(s, &template), refused);
        let template = SECP256K1.public().bytes(attribute, &[1; 20]);
        let made = token.pair(s, CKM_EC_KEY_PAIR_GEN, &template, &Template::new());
        assert_rv(made, refused);
    }
}

#[test]
fn a_key_is_found_by_its_address() {
    let token = Token::new();
    let s = token.user();
    let pairs = [0; 3].map(|_| token.keys(s, &SECP256K1));
    token.keys(s, &ED25519);
    for (public, private) in pairs {
        let address = token.get(s, public, CKA_BC_ETH_ADDRESS).unwrap();
        let by_address = Template::new().bytes(CKA_BC_ETH_ADDRESS, &address);
        assert_eq!(token.find(s, &by_address).unwrap(), [public, private]);
        let private_ones = by_address.ulong(CKA_CLASS, CKO_PRIVATE_KEY);
        assert_eq!(token.find_one(s, &private_ones), private);
    }
    let unknown = Template::new().bytes(CKA_BC_ETH_ADDRESS, &[0; 20]);
    assert!(token.find(s, &unknown).unwrap().is_empty());
}
