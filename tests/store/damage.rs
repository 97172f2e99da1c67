//! Files that are damaged or tampered with: a clear answer, no other token harmed, nothing
//! overwritten.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::support::{curve::*, *};

/// Two tokens with a key each, finalised, and the file of the first.
fn two_tokens() -> (Arc<Place>, PathBuf) {
    let place = Arc::new(Place::new());
    let module = Module::new(&place);
    for label in ["first", "second"] {
        let slot = token::make(&module, label);
        let s = module.open_rw(slot).unwrap();
        module.login(s, CKU_USER, USER_PIN).unwrap();
        for n in 0..5 {
            let name = format!("{label} public {n}");
            let public = P256
                .public()
                .token(true)
                .label(&name)
                .bool(CKA_PRIVATE, false);
            let private = P256.private().token(true).label("a private label");
            module.pair(s, P256.generate, &public, &private).unwrap();
        }
        module.close(s).unwrap();
    }
    drop(module);
    let files = place.databases();
    assert_eq!(files.len(), 2, "one database a token: {files:?}");
    let first = files
        .into_iter()
        .find(|file| contains(file, b"first public 0"))
        .expect("the first token's file");
    (place, first)
}

fn contains(file: &Path, text: &[u8]) -> bool {
    fs::read(file)
        .unwrap()
        .windows(text.len())
        .any(|w| w == text)
}

/// The second token does all that it did.
fn second_works(module: &Module) {
    let slot = module.slot_of("second").expect("the other token");
    let s = module.open_rw(slot).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    let keys = module.find(s, &Template::class(CKO_PRIVATE_KEY)).unwrap();
    assert_eq!(keys.len(), 5);
    module.sign(s, CKM_ECDSA, keys[0], &[1; 32]).unwrap();
    module.close(s).unwrap();
}

/// Uses the first token for all that is possible; answers do not matter, crashes do.
fn use_first(module: &Module) {
    for slot in module.slots(false).unwrap() {
        let _ = module.slot_info(slot);
        let Ok(info) = module.token_info(slot) else {
            continue;
        };
        if info.label == sessions::padded("second") || info.flags & CKF_TOKEN_INITIALIZED == 0 {
            continue;
        }
        let Ok(s) = module.open_rw(slot) else {
            continue;
        };
        let _ = module.find(s, &Template::new());
        let _ = module.login(s, CKU_USER, USER_PIN);
        for object in module.find(s, &Template::new()).unwrap_or_default() {
            let _ = module.get(s, object, CKA_LABEL);
            let _ = module.sign(s, CKM_ECDSA, object, &[1; 32]);
        }
        let _ = module.close(s);
    }
}

#[test]
fn a_file_that_is_no_database() {
    let (place, file) = two_tokens();
    let good = fs::read(&file).unwrap();
    let mut header = good.clone();
    header[..16].fill(b'x');
    for bad in [
        &b""[..],
        &good[..100],
        &good[..good.len() / 2],
        &header,
        b"hello",
    ] {
        fs::write(&file, bad).unwrap();
        let module = Module::new(&place);
        second_works(&module);
        use_first(&module);
        assert_eq!(
            module.slot_of("first").and_then(|s| module.open_rw(s).ok()),
            None
        );
        for slot in module.slots(false).unwrap() {
            let taken = module.slot_of("second") == Some(slot);
            let free = module
                .token_info(slot)
                .is_ok_and(|t| t.flags & CKF_TOKEN_INITIALIZED == 0);
            if !taken && !free {
                assert!(
                    module.init_token(slot, SO_PIN, "over it").is_err(),
                    "what cannot be read must not be overwritten"
                );
            }
        }
        assert!(module.free_slot() < 1000);
        drop(module);
        let after = fs::read(&file).unwrap();
        assert!(after == bad, "{} bytes became {}", bad.len(), after.len());
    }
    fs::write(&file, &good).unwrap();
    let module = Module::new(&place);
    let slot = module.slot_of("first").unwrap();
    let s = module.open_ro(slot).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    assert_eq!(
        module
            .find(s, &Template::class(CKO_PRIVATE_KEY))
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn bits_flipped_anywhere() {
    let (place, file) = two_tokens();
    let good = fs::read(&file).unwrap();
    for position in (0..good.len()).step_by(good.len() / 60) {
        let mut bad = good.clone();
        bad[position] ^= 0x10;
        fs::write(&file, &bad).unwrap();
        let module = Module::new(&place);
        second_works(&module);
        use_first(&module);
        drop(module);
        second_works(&Module::new(&place));
    }
}

/// A public object is readable without login; who changed it on disk is found out at login.
#[test]
fn a_public_object_tampered_with() {
    let (place, file) = two_tokens();
    let mut bytes = fs::read(&file).unwrap();
    let label = b"first public 3";
    let mut changed = 0;
    for at in 0..bytes.len() - label.len() {
        if bytes[at..].starts_with(label) {
            bytes[at + 13] = b'8';
            changed += 1;
        }
    }
    assert!(changed > 0);
    fs::write(&file, &bytes).unwrap();
    let module = Module::new(&place);
    let slot = module.slot_of("first").unwrap();
    let s = module.open_ro(slot).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    let forged = Template::new().label("first public 8");
    for object in module.find(s, &forged).unwrap() {
        assert!(
            module.verify_init(s, CKM_ECDSA, object).is_err(),
            "a forged key verifies"
        );
    }
    let others = module.find(s, &Template::class(CKO_PUBLIC_KEY)).unwrap();
    let sound = others.iter().filter(|key| {
        module
            .get(s, **key, CKA_LABEL)
            .is_ok_and(|l| l != b"first public 8")
    });
    assert_eq!(sound.count(), 4, "the rest is as it was");
    let private = module.find(s, &Template::class(CKO_PRIVATE_KEY)).unwrap();
    assert_eq!(private.len(), 5);
    module.sign(s, CKM_ECDSA, private[0], &[1; 32]).unwrap();
    drop(module);
    let log = fs::read_to_string(place.log()).unwrap_or_default();
    assert!(
        !log.is_empty(),
        "the log says that a record failed its check"
    );
}

#[test]
fn one_tokens_file_under_anothers_name() {
    let (place, first) = two_tokens();
    let second = place.databases().into_iter().find(|f| *f != first).unwrap();
    let bytes = fs::read(&second).unwrap();
    fs::write(&first, bytes).unwrap();
    let module = Module::new(&place);
    for slot in module.slots(true).unwrap() {
        let _ = module.token_info(slot);
        if let Ok(s) = module.open_rw(slot) {
            let _ = module.login(s, CKU_USER, USER_PIN);
            let _ = module.find(s, &Template::new());
        }
    }
    second_works(&Module::new(&place));
}

#[test]
fn stray_files_in_the_store() {
    let (place, _) = two_tokens();
    for name in [
        "lost+found",
        ".hidden",
        "token",
        "99999999999999999999",
        "-1",
        "x.db",
    ] {
        fs::write(place.store().join(name), b"stray").unwrap();
    }
    fs::create_dir(place.store().join("directory")).unwrap();
    let module = Module::new(&place);
    assert!(module.slot_of("first").is_some());
    second_works(&module);
}
