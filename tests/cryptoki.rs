//! The `cryptoki` crate as a client: what its interface offers of what the module can do.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11},
    error::{Error, RvError},
    mechanism::{Mechanism, MechanismType, eddsa::*},
    object::{Attribute, AttributeInfo, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, SessionState, UserType},
    types::AuthPin,
};
use tempfile::TempDir;

const SECP256K1: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x0a";
const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";

#[track_caller]
fn refused<T>(result: Result<T, Error>, expected: RvError) {
    match result {
        Err(Error::Pkcs11(got, _)) => assert_eq!(got, expected),
        Err(other) => panic!("expected {expected:?}, got {other}"),
        Ok(_) => panic!("expected {expected:?}, got CKR_OK"),
    }
}

fn pin(text: &str) -> AuthPin {
    AuthPin::new(text.to_owned().into_boxed_str())
}

/// The module that cargo built beside this test, with a store in a temp directory.
fn module(place: &TempDir) -> Pkcs11 {
    let conf = place.path().join("chainhsm.toml");
    let store = place.path().join("store");
    let text = format!(
        "store = {store:?}\n[argon2]\nmemory_kib = 64\niterations = 1\nlanes = 1\n[log]\nlevel = \"off\"\n"
    );
    fs::write(&conf, text).unwrap();
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o600)).unwrap();
    // SAFETY: this binary has one test, so nothing else uses the environment.
    unsafe { std::env::set_var("CHAINHSM_CONF", &conf) };
    let beside = || {
        let test = std::env::current_exe().unwrap();
        let mut directories = test.ancestors().skip(1).take(3);
        directories
            .find_map(|d| Some(d.join("libchainhsm.so")).filter(|path| path.is_file()))
            .expect("libchainhsm.so beside the test binary")
    };
    let path = std::env::var_os("CHAINHSM_SO").map_or_else(beside, PathBuf::from);
    let module = Pkcs11::new(path).unwrap();
    module
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    module
}

fn pair(session: &Session, params: &[u8], label: &str) -> (ObjectHandle, ObjectHandle) {
    let mechanism = if params == ED25519 {
        Mechanism::EccEdwardsKeyPairGen
    } else {
        Mechanism::EccKeyPairGen
    };
    let public = [
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::EcParams(params.to_vec()),
        Attribute::Verify(true),
        Attribute::Label(label.into()),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Label(label.into()),
    ];
    session
        .generate_key_pair(&mechanism, &public, &private)
        .unwrap()
}

#[test]
fn the_cryptoki_crate() {
    let place = tempfile::tempdir().unwrap();
    let module = module(&place);
    library(&module);
    let slot = module.get_slots_with_token().unwrap()[0];
    module
        .init_token(slot, &pin("officer-0000"), "crate")
        .unwrap();
    assert_eq!(module.get_slots_with_initialized_token().unwrap(), [slot]);
    assert_eq!(module.get_all_slots().unwrap().len(), 2);
    pins(&module.open_rw_session(slot).unwrap());

    let info = module.get_token_info(slot).unwrap();
    assert_eq!(info.label(), "crate");
    assert!(info.token_initialized() && info.user_pin_initialized() && info.login_required());
    assert!(!info.user_pin_locked() && !info.so_pin_locked() && !info.write_protected());

    let session = module.open_rw_session(slot).unwrap();
    session
        .login(UserType::User, Some(&pin("user-0000")))
        .unwrap();
    let state = session.get_session_info().unwrap().session_state();
    assert_eq!(state, SessionState::RwUser);
    signatures(&session);
    edwards(&session);
    objects(&session);
    digests(&session);
    let keys = session
        .find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])
        .unwrap();
    assert_eq!(keys.len(), 3);

    let reader = module.open_ro_session(slot).unwrap();
    let state = reader.get_session_info().unwrap().session_state();
    assert_eq!(state, SessionState::RoUser);
    refused(reader.destroy_object(keys[0]), RvError::SessionReadOnly);
    session.logout().unwrap();
    refused(session.logout(), RvError::UserNotLoggedIn);
    let hidden = reader
        .find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])
        .unwrap();
    assert!(hidden.is_empty());
    session.close().unwrap();
    reader.close().unwrap();
    module.finalize().unwrap();
}

fn library(module: &Pkcs11) {
    let info = module.get_library_info().unwrap();
    assert!(!info.library_description().is_empty() && !info.manufacturer_id().is_empty());
    for function in [
        Function::Sign,
        Function::GenerateKeyPair,
        Function::WaitForSlotEvent,
    ] {
        assert!(module.is_fn_supported(function));
    }
    let slots = module.get_slots_with_token().unwrap();
    assert_eq!(slots.len(), 1);
    assert!(
        module
            .get_slots_with_initialized_token()
            .unwrap()
            .is_empty()
    );
    assert!(module.get_slot_info(slots[0]).unwrap().token_present());
    assert_eq!(module.get_slot_event().unwrap(), None);
    let mechanisms = module.get_mechanism_list(slots[0]).unwrap();
    for wanted in [
        MechanismType::ECDSA,
        MechanismType::EDDSA,
        MechanismType::SHA256,
    ] {
        assert!(mechanisms.contains(&wanted));
    }
    let info = module
        .get_mechanism_info(slots[0], MechanismType::ECDSA)
        .unwrap();
    assert!(info.sign() && info.verify() && !info.encrypt() && !info.hardware());
    refused(
        module.get_mechanism_info(slots[0], MechanismType::RSA_X_509),
        RvError::MechanismInvalid,
    );
}

fn pins(session: &Session) {
    refused(
        session.login(UserType::So, Some(&pin("wrong-0000"))),
        RvError::PinIncorrect,
    );
    session
        .login(UserType::So, Some(&pin("officer-0000")))
        .unwrap();
    session.init_pin(&pin("first-0000")).unwrap();
    session.logout().unwrap();
    session
        .login(UserType::User, Some(&pin("first-0000")))
        .unwrap();
    session
        .set_pin(&pin("first-0000"), &pin("user-0000"))
        .unwrap();
    refused(
        session.set_pin(&pin("first-0000"), &pin("other-0000")),
        RvError::PinIncorrect,
    );
    session.logout().unwrap();
    refused(
        session.login(UserType::User, Some(&pin("first-0000"))),
        RvError::PinIncorrect,
    );
}

fn signatures(session: &Session) {
    for (params, label) in [(SECP256K1, "secp256k1"), (P256, "P-256")] {
        let (public, private) = pair(session, params, label);
        let message = b"a message from Rust";
        for mechanism in [
            Mechanism::EcdsaSha256,
            Mechanism::EcdsaSha384,
            Mechanism::EcdsaSha512,
        ] {
            let signature = session.sign(&mechanism, private, message).unwrap();
            assert_eq!(signature.len(), 64);
            session
                .verify(&mechanism, public, message, &signature)
                .unwrap();
            refused(
                session.verify(&mechanism, public, b"another", &signature),
                RvError::SignatureInvalid,
            );
            session.sign_init(&mechanism, private).unwrap();
            session.sign_update(&message[..7]).unwrap();
            session.sign_update(&message[7..]).unwrap();
            assert_eq!(session.sign_final().unwrap(), signature);
            session.verify_init(&mechanism, public).unwrap();
            session.verify_update(message).unwrap();
            session.verify_final(&signature).unwrap();
        }
        let digest = session.digest(&Mechanism::Sha256, message).unwrap();
        let signature = session.sign(&Mechanism::Ecdsa, private, &digest).unwrap();
        session
            .verify(&Mechanism::EcdsaSha256, public, message, &signature)
            .unwrap();
        refused(
            session.sign_update(b"never begun"),
            RvError::OperationNotInitialized,
        );
        let value = session
            .get_attribute_info(private, &[AttributeType::Value])
            .unwrap();
        assert!(matches!(value[..], [AttributeInfo::Sensitive]));
    }
}

fn edwards(session: &Session) {
    let (public, private) = pair(session, ED25519, "ed25519");
    for scheme in [
        EddsaSignatureScheme::Pure,
        EddsaSignatureScheme::Ed25519,
        EddsaSignatureScheme::Ed25519ctx(b"context"),
        EddsaSignatureScheme::Ed25519ph(&[]),
    ] {
        let mechanism = Mechanism::Eddsa(EddsaParams::new(scheme));
        let signature = session.sign(&mechanism, private, b"message").unwrap();
        session
            .verify(&mechanism, public, b"message", &signature)
            .unwrap();
        refused(
            session.verify(&mechanism, public, b"another", &signature),
            RvError::SignatureInvalid,
        );
    }
}

fn objects(session: &Session) {
    let template = [
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Label(b"data".to_vec()),
        Attribute::Value(b"value".to_vec()),
    ];
    let object = session.create_object(&template).unwrap();
    let got = session
        .get_attributes(object, &[AttributeType::Value, AttributeType::Label])
        .unwrap();
    assert_eq!(got, [template[3].clone(), template[2].clone()]);
    session
        .update_attributes(object, &[Attribute::Label(b"renamed".to_vec())])
        .unwrap();
    let copy = session
        .copy_object(object, &[Attribute::Label(b"copy".to_vec())])
        .unwrap();
    for (handle, label) in [(object, "renamed"), (copy, "copy")] {
        let found = session
            .find_objects(&[Attribute::Label(label.into())])
            .unwrap();
        assert_eq!(found, [handle]);
        session.destroy_object(handle).unwrap();
        refused(session.destroy_object(handle), RvError::ObjectHandleInvalid);
    }
    refused(
        session.create_object(&template[1..]),
        RvError::TemplateIncomplete,
    );
    for n in 0..25u8 {
        session
            .create_object(&[
                Attribute::Class(ObjectClass::DATA),
                Attribute::ObjectId(vec![n]),
            ])
            .unwrap();
    }
    let all = [Attribute::Class(ObjectClass::DATA)];
    assert_eq!(session.iter_objects(&all).unwrap().count(), 25);
    let secret = session
        .generate_key(
            &Mechanism::AesKeyGen,
            &[Attribute::ValueLen(32.into()), Attribute::Token(false)],
        )
        .unwrap();
    let got = session
        .get_attributes(secret, &[AttributeType::KeyType])
        .unwrap();
    assert_eq!(got, [Attribute::KeyType(KeyType::AES)]);
}

fn digests(session: &Session) {
    let whole = session.digest(&Mechanism::Sha512, b"abc").unwrap();
    session.digest_init(&Mechanism::Sha512).unwrap();
    session.digest_update(b"a").unwrap();
    session.digest_update(b"bc").unwrap();
    assert_eq!(session.digest_final().unwrap(), whole);
    let random = session.generate_random_vec(32).unwrap();
    assert_ne!(random, session.generate_random_vec(32).unwrap());
}
