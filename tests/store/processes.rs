//! Several processes at one token.

use std::sync::Arc;

use crate::support::{
    child::{self, Process, Role},
    curve::*,
    *,
};

pub const ROLES: &[Role] = &[("serve", serve), ("start", start)];

/// The one token of a place that another process has made.
fn existing(place: &Arc<Place>) -> (Module, CK_SLOT_ID) {
    let module = Module::new(place);
    let slot = module.slot_of("test").expect("the token");
    (module, slot)
}

/// Obeys: `create LABEL`, `destroy LABEL`, `rename LABEL`, `pair LABEL`.
fn serve(place: Arc<Place>) {
    let (module, slot) = existing(&place);
    let s = module.open_rw(slot).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    child::say("ready");
    while let Some(order) = child::hear() {
        let (verb, label) = order.split_once(' ').unwrap();
        let t = Template::new().label(label);
        match verb {
            "create" => {
                let data = Template::class(CKO_DATA).label(label).token(true);
                module.create(s, &data).unwrap();
            }
            "destroy" => {
                for object in module.find(s, &t).unwrap() {
                    module.destroy(s, object).unwrap();
                }
            }
            "rename" => {
                let object = module.find_one(s, &t);
                module
                    .set(s, object, &Template::new().label("renamed"))
                    .unwrap();
            }
            "pair" => {
                let public = P256.public().label(label).token(true);
                let private = P256.private().label(label).token(true);
                module.pair(s, P256.generate, &public, &private).unwrap();
            }
            _ => panic!("an order that I do not know"),
        }
        child::say("done");
    }
}

fn order(process: &mut Process, order: &str) {
    process.tell(order);
    assert_eq!(process.line().as_deref(), Some("done"));
}

#[test]
fn each_sees_at_once_what_the_other_does() {
    let token = Token::new();
    let s = token.user();
    let mut other = Process::start("serve", token.place());
    assert_eq!(other.line().as_deref(), Some("ready"));
    let find = |label: &str| token.find(s, &Template::new().label(label)).unwrap();

    order(&mut other, "create one");
    let one = find("one");
    assert_eq!(one.len(), 1);
    order(&mut other, "rename one");
    assert!(find("one").is_empty());
    assert_eq!(find("renamed"), one, "the handle stays");
    assert_eq!(token.get(s, one[0], CKA_LABEL).unwrap(), b"renamed");
    order(&mut other, "destroy renamed");
    assert_rv(token.get(s, one[0], CKA_LABEL), CKR_OBJECT_HANDLE_INVALID);

    let mine = Template::class(CKO_DATA).label("mine").token(true);
    let mine = token.create(s, &mine).unwrap();
    order(&mut other, "destroy mine");
    assert_rv(token.destroy(s, mine), CKR_OBJECT_HANDLE_INVALID);

    order(&mut other, "pair key");
    let private = Template::class(CKO_PRIVATE_KEY).label("key");
    let key = token.find_one(s, &private);
    token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
    order(&mut other, "destroy key");
    assert_rv(token.sign_init(s, CKM_ECDSA, key), CKR_KEY_HANDLE_INVALID);
    other.finish();
}

/// Without a single call between: the key is gone when the next C_SignInit comes.
#[test]
fn a_key_destroyed_elsewhere_stops_signing() {
    let token = Token::new();
    let s = token.user();
    let private = P256.private().label("key").token(true);
    let (_, key) = token
        .pair(s, P256.generate, &P256.public(), &private)
        .unwrap();
    token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
    let mut other = Process::start("serve", token.place());
    assert_eq!(other.line().as_deref(), Some("ready"));
    order(&mut other, "destroy key");
    assert_rv(token.sign_init(s, CKM_ECDSA, key), CKR_KEY_HANDLE_INVALID);
    other.finish();
}

#[test]
fn a_pin_changed_elsewhere_is_the_pin() {
    let token = Token::new();
    let other = Module::new(token.place());
    let s = other.open_rw(token.slot).unwrap();
    other.set_pin(s, USER_PIN, b"changed-pin").unwrap();
    let s = token.rw();
    assert_rv(token.login(s, CKU_USER, USER_PIN), CKR_PIN_INCORRECT);
    token.login(s, CKU_USER, b"changed-pin").unwrap();
}

#[test]
fn a_token_erased_elsewhere_is_empty() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token
        .pair(
            s,
            P256.generate,
            &P256.public(),
            &P256.private().token(true),
        )
        .unwrap();
    let other = Module::new(token.place());
    other.init_token(token.slot, SO_PIN, "erased").unwrap();
    assert!(
        token.sign_init(s, CKM_ECDSA, key).is_err(),
        "its key is gone"
    );
    assert!(
        token
            .create(
                s,
                &Template::class(CKO_DATA)
                    .token(true)
                    .bool(CKA_PRIVATE, true)
            )
            .is_err(),
        "a login to what was erased writes nothing"
    );
    token.close_all(token.slot).unwrap();
    let s = token.rw();
    assert_rv(
        token.login(s, CKU_USER, USER_PIN),
        CKR_USER_PIN_NOT_INITIALIZED,
    );
    assert!(token.find(s, &Template::new()).unwrap().is_empty());
}

/// Starts, finds the token, signs, ends.
fn start(place: Arc<Place>) {
    child::hear();
    let (module, slot) = existing(&place);
    let s = module.open_ro(slot).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    let key = module.find_one(s, &Template::class(CKO_PRIVATE_KEY));
    module.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
    module.finalize().unwrap();
}

#[test]
fn many_start_at_once() {
    let place = Arc::new(Place::new());
    {
        let token = Token::at(&place);
        let s = token.user();
        let private = P256.private().token(true);
        token
            .pair(s, P256.generate, &P256.public(), &private)
            .unwrap();
    }
    let mut all: Vec<_> = (0..12).map(|_| Process::start("start", &place)).collect();
    for process in &mut all {
        process.tell("go");
    }
    for process in all {
        process.finish();
    }
}
