//! Tests of keystores: the EIP's two, and what is wrong with others.

use super::{super::testing::Broken, *};
use crate::env::OsEntropy;

const PASSWORD: &str = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑";
const SECRET: &str = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";

/// The keystores of EIP-2335, section "Test Cases".
fn published() -> [Value; 2] {
    [
        include_str!("../../../tests/vectors/eip2335_scrypt.json"),
        include_str!("../../../tests/vectors/eip2335_pbkdf2.json"),
    ]
    .map(|text| serde_json::from_str(text).unwrap())
}

/// A keystore that is cheap to open: one round of PBKDF2.
fn cheap() -> Value {
    let mut store = published()[1].clone();
    store["crypto"]["kdf"]["params"]["c"] = json!(1);
    let key = stretched(&Cost::Pbkdf2 { rounds: 1 }, &salt(&store), PASSWORD).unwrap();
    let encrypted = key.crypt(&[7; 16], &hex::decode(SECRET).unwrap());
    let encrypted = encrypted.expose(<[u8]>::to_vec);
    store["crypto"]["cipher"]["params"]["iv"] = json!(hex::encode([7; 16]));
    store["crypto"]["cipher"]["message"] = json!(hex::encode(&encrypted));
    store["crypto"]["checksum"]["message"] = json!(hex::encode(key.checksum(&encrypted)));
    store
}

fn salt(store: &Value) -> Vec<u8> {
    hex::decode(store["crypto"]["kdf"]["params"]["salt"].as_str().unwrap()).unwrap()
}

fn secret_of(content: &Content) -> String {
    content.secret.expose(|secret| hex::encode(secret))
}

#[test]
fn the_eip_s_keystores_open() {
    for (store, path) in published()
        .iter()
        .zip(["m/12381/60/3141592653/589793238", "m/12381/60/0/0"])
    {
        let content = decrypt(store, PASSWORD).unwrap();
        assert_eq!(secret_of(&content), SECRET);
        assert_eq!(content.path, path);
        assert_eq!(content.description, store["description"].as_str().unwrap());
        let key = content.bls_key().unwrap();
        assert_eq!(
            hex::encode(key.public_key().to_compressed()),
            store["pubkey"].as_str().unwrap()
        );
    }
}

#[test]
fn what_is_written_opens() {
    let key = PrivateKey::from_seed(&[1; 32]).unwrap();
    let written = Content::of_bls_key(&key, "m/12381/3600/0/0/0", "a key");
    for stretching in [Stretching::Scrypt, Stretching::Pbkdf2] {
        let store = encrypt(&written, "pass\u{8}word", stretching, &OsEntropy).unwrap();
        let read = decrypt(&store, "password").unwrap();
        assert!(read.secret.ct_eq(&written.secret));
        assert_eq!(read.public_key, written.public_key);
        assert_eq!(
            (read.path, read.description),
            (written.path.clone(), written.description.clone())
        );
        assert_eq!(
            decrypt(&store, "Password").err(),
            Some(Fault::WrongPassword)
        );
        // The same names and no others as in the EIP's.
        let model = &published()[usize::from(stretching == Stretching::Pbkdf2)];
        assert_eq!(names(&store), names(model));
        assert_eq!(store["version"], 4);
    }
}

/// The names of all fields, in order.
fn names(value: &Value) -> Vec<String> {
    let Value::Object(fields) = value else {
        return Vec::new();
    };
    let inner = |(name, value): (&String, &Value)| {
        let below = names(value).into_iter().map(move |n| format!("{name}.{n}"));
        std::iter::once(name.clone())
            .chain(below)
            .collect::<Vec<_>>()
    };
    fields.iter().flat_map(inner).collect()
}

#[test]
fn no_two_keystores_are_alike() {
    let key = PrivateKey::from_seed(&[1; 32]).unwrap();
    let content = Content::of_bls_key(&key, "", "");
    let make = || encrypt(&content, "a", Stretching::Pbkdf2, &OsEntropy).unwrap();
    let (one, other) = (make(), make());
    for place in [
        "/crypto/kdf/params/salt",
        "/crypto/cipher/params/iv",
        "/crypto/cipher/message",
        "/uuid",
    ] {
        assert_ne!(one.pointer(place).unwrap(), other.pointer(place).unwrap());
    }
    let broken = encrypt(&content, "a", Stretching::Pbkdf2, &Broken);
    assert!(matches!(broken, Err(Fault::Entropy(Error::DeviceError(_)))));
}

#[test]
fn passwords_are_normalised() {
    assert_eq!(
        normalised(PASSWORD).as_bytes(),
        hex::decode("7465737470617373776f7264f09f9491").unwrap()
    );
    assert_eq!(*normalised("\0a\u{1f}b \u{7f}\u{80}c\u{9f}\u{a0}"), "ab c ");
    assert_eq!(*normalised("Å"), "A\u{30a}");
    // The character that grows most.
    let grown = normalised("\u{fdfa}");
    assert_eq!(grown.len(), 33);
    assert_eq!(grown.capacity(), 33);
}

#[test]
fn optional_fields_may_be_missing() {
    let mut store = cheap();
    let fields = store.as_object_mut().unwrap();
    fields.remove("pubkey");
    fields.remove("description");
    let content = decrypt(&store, PASSWORD).unwrap();
    assert_eq!(
        (content.public_key.as_ref(), content.description.as_str()),
        (None, "")
    );
    assert!(content.bls_key().is_ok());
    store["pubkey"] = json!("");
    assert_eq!(decrypt(&store, PASSWORD).unwrap().public_key, None);
    store["description"] = json!(null);
    assert!(decrypt(&store, PASSWORD).is_ok());
    store["pubkey"] = json!(format!("0x{}", published()[0]["pubkey"].as_str().unwrap()));
    assert!(decrypt(&store, PASSWORD).unwrap().bls_key().is_ok());
}

#[test]
fn a_public_key_of_another_is_noticed() {
    let mut store = cheap();
    store["pubkey"] = json!(hex::encode([0xC0; 48]));
    let content = decrypt(&store, PASSWORD).unwrap();
    assert!(matches!(content.bls_key(), Err(Fault::Malformed(_))));
    let zero = Content {
        secret: SecretBytes::copy_from(&[0; 32]),
        public_key: None,
        path: String::new(),
        description: String::new(),
    };
    assert!(matches!(zero.bls_key(), Err(Fault::Malformed(_))));
}

/// A field, what is put there, and what is then wrong.
type Damage = (&'static str, Value, fn(&Fault) -> bool);

#[test]
fn damage_is_named() {
    const MALFORMED: fn(&Fault) -> bool = |f| matches!(f, Fault::Malformed(_));
    const UNSUPPORTED: fn(&Fault) -> bool = |f| matches!(f, Fault::Unsupported(_));
    const COSTLY: fn(&Fault) -> bool = |f| matches!(f, Fault::TooCostly(_));
    const WRONG: fn(&Fault) -> bool = |f| *f == Fault::WrongPassword;
    let damages: [Damage; 25] = [
        ("/version", json!(3), UNSUPPORTED),
        ("/version", json!("4"), MALFORMED),
        ("/path", json!(null), MALFORMED),
        ("/uuid", json!(1), MALFORMED),
        ("/pubkey", json!("xyz"), MALFORMED),
        ("/crypto", json!({}), MALFORMED),
        ("/crypto/kdf/function", json!("argon2id"), UNSUPPORTED),
        ("/crypto/kdf/function", json!("scrypt"), MALFORMED),
        ("/crypto/kdf/params", json!({}), MALFORMED),
        ("/crypto/kdf/params/dklen", json!(31), MALFORMED),
        ("/crypto/kdf/params/dklen", json!(-32), MALFORMED),
        ("/crypto/kdf/params/prf", json!("hmac-sha512"), UNSUPPORTED),
        ("/crypto/kdf/params/c", json!(0), MALFORMED),
        ("/crypto/kdf/params/c", json!(1.5), MALFORMED),
        ("/crypto/kdf/params/c", json!(u64::MAX), COSTLY),
        ("/crypto/kdf/params/c", json!((1 << 24) + 1), COSTLY),
        ("/crypto/kdf/params/c", json!(2), WRONG),
        ("/crypto/kdf/params/salt", json!("0g"), MALFORMED),
        ("/crypto/kdf/params/salt", json!("00"), WRONG),
        ("/crypto/checksum/function", json!("keccak256"), UNSUPPORTED),
        ("/crypto/checksum/message", json!("00"), WRONG),
        ("/crypto/cipher/function", json!("aes-256-ctr"), UNSUPPORTED),
        ("/crypto/cipher/params/iv", json!("00"), MALFORMED),
        ("/crypto/cipher/message", json!("000"), MALFORMED),
        ("/crypto/cipher/message", json!("00"), WRONG),
    ];
    assert!(decrypt(&cheap(), PASSWORD).is_ok());
    for (place, value, is_right) in damages {
        let mut store = cheap();
        *store.pointer_mut(place).unwrap() = value.clone();
        let fault = decrypt(&store, PASSWORD).unwrap_err();
        assert!(is_right(&fault), "{place} = {value}: {fault:?}");
    }
    for other in [
        json!(null),
        json!([]),
        json!("keystore"),
        json!({"version": 3}),
    ] {
        assert!(MALFORMED(&decrypt(&other, PASSWORD).unwrap_err()));
    }
}

#[test]
fn scrypt_s_parameters_are_checked() {
    let read = |n: u64, r: u64, p: u64| {
        let params = json!({"dklen": 32, "n": n, "r": r, "p": p});
        let kdf = json!({"function": "scrypt", "params": params, "message": ""});
        Cost::read(&serde_json::from_value(kdf).unwrap())
    };
    assert_eq!(read(1 << 18, 8, 1), Ok(Stretching::Scrypt.cost()));
    assert_eq!(
        read(2, 1, 1),
        Ok(Cost::Scrypt {
            log_n: 1,
            r: 1,
            p: 1
        })
    );
    assert_eq!(
        read(1 << 20, 8, 2),
        Ok(Cost::Scrypt {
            log_n: 20,
            r: 8,
            p: 2
        })
    );
    for (n, r, p) in [
        (0, 8, 1),
        (1, 8, 1),
        (3, 8, 1),
        (1 << 18, 0, 1),
        (1 << 18, 8, 0),
    ] {
        assert!(
            matches!(read(n, r, p), Err(Fault::Malformed(_))),
            "{n} {r} {p}"
        );
    }
    for (n, r, p) in [
        (1 << 21, 8, 1),
        (1 << 18, 8, 9),
        (u64::MAX, 2, 1),
        (2, 1, u64::MAX),
        (2, u64::MAX, 1),
    ] {
        assert!(
            matches!(read(n, r, p), Err(Fault::TooCostly(_))),
            "{n} {r} {p}"
        );
    }
}

#[test]
fn uuids_say_that_they_are_random() {
    assert_eq!(uuid_text([0; 16]), "00000000-0000-4000-8000-000000000000");
    assert_eq!(
        uuid_text([0xFF; 16]),
        "ffffffff-ffff-4fff-bfff-ffffffffffff"
    );
}
