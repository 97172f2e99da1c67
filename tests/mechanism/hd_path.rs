//! Derivation by a path in the usual notation, from mnemonic to address.

use crate::support::{curve::*, hd::*, *};

fn open() -> Template {
    Template::new()
        .bool(CKA_SENSITIVE, false)
        .bool(CKA_EXTRACTABLE, true)
}

fn at(path: &str) -> Mech<'_> {
    Mech::bytes(CKM_BC_HD_DERIVE, path.as_bytes())
}

/// The seed of entropy without a passphrase.
fn seed_of(token: &Token, s: CK_SESSION_HANDLE, entropy: &str) -> CK_OBJECT_HANDLE {
    let entropy = token.seed(s, &unhex(entropy));
    token
        .derive(s, CKM_BC_BIP39_SEED, entropy, &open())
        .unwrap()
}

/// "test test test test test test test test test test test junk".
const TEST_JUNK: &str = "df9bf37e6fcdf9bf37e6fcdf9bf37e3c";
/// "abandon abandon … about".
const ABANDON_ABOUT: &str = "00000000000000000000000000000000";

#[test]
fn the_well_known_ethereum_account() {
    let token = Token::new();
    let s = token.user();
    let seed = seed_of(&token, s, TEST_JUNK);
    let key = token
        .derive(s, at("m/44'/60'/0'/0/0"), seed, &open())
        .unwrap();
    assert_eq!(
        token.get(s, key, CKA_VALUE).unwrap(),
        unhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    );
    assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), CKK_EC);
    assert_eq!(token.get_ulong(s, key, CKA_CLASS), CKO_PRIVATE_KEY);
    assert_eq!(
        token.get(s, key, CKA_BC_HD_PATH).unwrap(),
        b"m/44'/60'/0'/0/0"
    );
    let public = Template::class(CKO_PUBLIC_KEY);
    let public = token
        .derive(s, at("m/44h/60H/0'/0/0"), seed, &public)
        .unwrap();
    let point = token.get(s, public, CKA_EC_POINT).unwrap();
    let keccak256 = 0x8000_0F09;
    token.digest_init(s, keccak256).unwrap();
    let digest = token.digest_end(s, &point[3..]).unwrap();
    assert_eq!(
        digest[12..],
        unhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266")
    );
    let signature = token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
    token
        .verify(s, CKM_ECDSA, public, &[1; 32], &signature)
        .unwrap();
}

#[test]
fn well_known_bitcoin_keys() {
    let token = Token::new();
    let s = token.user();
    let seed = seed_of(&token, s, ABANDON_ABOUT);
    let public = Template::class(CKO_PUBLIC_KEY);
    for (path, point) in [
        (
            "m/84'/0'/0'/0/0",
            "0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c",
        ),
        (
            "m/86'/0'/0'/0/0",
            "03cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115",
        ),
    ] {
        let key = token.derive(s, at(path), seed, &public).unwrap();
        let computed = compressed(&token.get(s, key, CKA_EC_POINT).unwrap());
        assert_eq!(computed[1..], unhex(point)[1..], "{path}");
        if path.starts_with("m/84") {
            assert_eq!(computed, unhex(point));
            let hash160 = 0xC243_0002;
            token.digest_init(s, hash160).unwrap();
            assert_eq!(
                token.digest_end(s, &computed).unwrap(),
                unhex("c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2")
            );
        }
        assert_eq!(
            token.get(s, key, CKA_BC_MASTER_FINGERPRINT).unwrap(),
            unhex("73c5da0a")
        );
    }
    // BIP-84's account, for a wallet that watches.
    let account = token.derive(s, at("m/84'/0'/0'"), seed, &open()).unwrap();
    let xpub = token.get(s, account, CKA_BC_XPUB).unwrap();
    assert!(xpub.starts_with(b"xpub6C"));
}

#[test]
fn seed_and_tree_give_the_same_keys() {
    let token = Token::new();
    let s = token.user();
    for case in vectors(include_str!("../vectors/bip32.txt")) {
        let seed = token.seed(s, &unhex(case["seed"]));
        let plain = token.derive(s, at(case["path"]), seed, &open()).unwrap();
        let tree = open().ulong(CKA_KEY_TYPE, CKK_BIP32);
        let node = token.derive(s, at(case["path"]), seed, &tree).unwrap();
        assert_eq!(
            token.get(s, plain, CKA_VALUE),
            token.get(s, node, CKA_VALUE)
        );
        for key in [plain, node] {
            let xpub = token.get(s, key, CKA_BC_XPUB).unwrap();
            assert_eq!(xpub, case["xpub"].as_bytes());
        }
        assert_rv(
            token.get(s, plain, CKA_BIP32_CHAIN_CODE),
            CKR_ATTRIBUTE_TYPE_INVALID,
        );
        // From a key in the middle the path goes on; what is recorded is the whole.
        let child = token.derive(s, at("m/1/2"), node, &open()).unwrap();
        let whole = format!("{}/1/2", case["path"]);
        assert_eq!(
            token.get(s, child, CKA_BC_HD_PATH).unwrap(),
            whole.as_bytes()
        );
        let direct = token.derive(s, at(&whole), seed, &open()).unwrap();
        assert_eq!(
            token.get(s, child, CKA_VALUE),
            token.get(s, direct, CKA_VALUE)
        );
        // The public half of the middle goes on to public keys.
        let half = Template::class(CKO_PUBLIC_KEY)
            .ulong(CKA_KEY_TYPE, CKK_BIP32)
            .bool(CKA_DERIVE, true);
        let half = token.derive(s, at("m"), node, &half).unwrap();
        let public = token
            .derive(s, at("m/1/2"), half, &Template::new())
            .unwrap();
        assert_eq!(token.get_ulong(s, public, CKA_CLASS), CKO_PUBLIC_KEY);
        assert_eq!(
            token.get(s, public, CKA_EC_POINT),
            token.get(s, child, CKA_EC_POINT)
        );
        assert_rv(
            token.derive(s, at("m/1'"), half, &Template::new()),
            CKR_BIP32_INVALID_HARDENED_DERIVATION,
        );
    }
}

#[test]
fn other_curves_by_slip10() {
    let token = Token::new();
    let s = token.user();
    for case in vectors(include_str!("../vectors/slip10.txt")) {
        let curve = match case["curve"] {
            "P-256" => P256,
            _ => ED25519,
        };
        let seed = token.seed(s, &unhex(case["seed"]));
        let template = open().bytes(CKA_EC_PARAMS, curve.params);
        let key = token.derive(s, at(case["path"]), seed, &template).unwrap();
        assert_eq!(token.get(s, key, CKA_VALUE).unwrap(), unhex(case["key"]));
        assert_eq!(token.get_ulong(s, key, CKA_KEY_TYPE), curve.key_type);
        assert_eq!(token.sign(s, curve.sign, key, &[1; 32]).unwrap().len(), 64);
    }
}

#[test]
fn bad_paths_and_bases_are_refused() {
    let token = Token::new();
    let s = token.user();
    let seed = token.seed(s, &[7; 32]);
    for path in ["", "x", "m/", "m//1", "m/-1", "44'/0", "m/1\0"] {
        assert_rv(
            token.derive(s, at(path), seed, &open()),
            CKR_MECHANISM_PARAM_INVALID,
        );
    }
    assert_rv(
        token.derive(s, at("m/2147483648"), seed, &open()),
        CKR_BIP32_CHILD_INDEX_INVALID,
    );
    let deep = format!("m{}", "/0".repeat(256));
    assert_rv(
        token.derive(s, at(&deep), seed, &open()),
        CKR_BIP32_INVALID_KEY_PATH_LEN,
    );
    let short = token.seed(s, &[7; 15]);
    assert_rv(
        token.derive(s, at("m"), short, &open()),
        CKR_BIP32_MASTER_SEED_LEN_INVALID,
    );
    let ed25519 = open().bytes(CKA_EC_PARAMS, ED25519.params);
    assert_rv(
        token.derive(s, at("m/0"), seed, &ed25519),
        CKR_BIP32_INVALID_HARDENED_DERIVATION,
    );
    assert_rv(
        token.derive(
            s,
            at("m"),
            seed,
            &open().ulong(CKA_KEY_TYPE, CKK_EC_EDWARDS),
        ),
        CKR_TEMPLATE_INCONSISTENT,
    );
    let (_, plain) = token.keys(s, &SECP256K1);
    assert_rv(
        token.derive(s, at("m/0"), plain, &open()),
        CKR_KEY_TYPE_INCONSISTENT,
    );
}
