//! Fork: the child finds a library that is not initialised, and can initialise it; the parent does
//! not notice (PKCS#11 v3.1 section 5.4).

use std::{
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::support::{
    child::{Process, Role, fork},
    curve::P256,
    *,
};

pub const ROLES: &[Role] = &[
    ("fork", fork_once),
    ("fork-grandchild", fork_twice),
    ("fork-under-load", fork_under_load),
    ("fork-uninitialised", fork_uninitialised),
];

#[test]
fn a_child_starts_afresh_and_the_parent_goes_on() {
    Process::start("fork", &Place::new()).finish();
}

#[test]
fn a_grandchild_too() {
    Process::start("fork-grandchild", &Place::new()).finish();
}

#[test]
fn while_other_threads_sign_and_create() {
    Process::start("fork-under-load", &Place::new()).finish();
}

#[test]
fn before_initialize_and_after_finalize() {
    Process::start("fork-uninitialised", &Place::new()).finish();
}

/// Initialises in a forked child, and signs with the parent's token key.
fn work_anew(token: &Token) {
    assert_rv(token.info(), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(token.slots(false), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(token.finalize(), CKR_CRYPTOKI_NOT_INITIALIZED);
    token.initialize_with(ptr::null_mut()).unwrap();
    let s = token.open_ro(token.slot).unwrap();
    assert_eq!(token.state(s), CKS_RO_PUBLIC_SESSION);
    token.login(s, CKU_USER, USER_PIN).unwrap();
    let key = token.find_one(s, &Template::class(CKO_PRIVATE_KEY));
    assert_eq!(token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap().len(), 64);
    token.finalize().unwrap();
}

fn token_with_key(place: &Arc<Place>) -> (Token, CK_SESSION_HANDLE, CK_OBJECT_HANDLE) {
    let token = Token::at(place);
    let s = token.user();
    let private = P256.private().token(true);
    let (_, key) = token
        .pair(s, P256.generate, &P256.public(), &private)
        .unwrap();
    (token, s, key)
}

fn fork_once(place: Arc<Place>) {
    let (token, s, key) = token_with_key(&place);
    token.sign_init(s, CKM_ECDSA, key).unwrap();
    assert!(fork(|| {
        assert_rv(token.sign_end(s, &[1; 32]), CKR_CRYPTOKI_NOT_INITIALIZED);
        assert_rv(token.close(s), CKR_CRYPTOKI_NOT_INITIALIZED);
        work_anew(&token);
    }));
    assert!(fork(|| {})); // a child that never uses the library harms nobody
    assert_eq!(token.state(s), CKS_RW_USER_FUNCTIONS);
    token.sign_end(s, &[1; 32]).unwrap();
    token
        .create(s, &Template::class(CKO_DATA).token(true))
        .unwrap();
}

fn fork_twice(place: Arc<Place>) {
    let (token, s, key) = token_with_key(&place);
    assert!(fork(|| {
        token.initialize().unwrap();
        let s = token.user();
        assert!(fork(|| work_anew(&token)));
        assert_eq!(token.state(s), CKS_RW_USER_FUNCTIONS);
    }));
    token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
}

fn fork_under_load(place: Arc<Place>) {
    let (token, _, key) = token_with_key(&place);
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for t in 0..3 {
            let (token, stop, done) = (&token, &stop, &done);
            scope.spawn(move || {
                let s = token.rw();
                while !stop.load(Ordering::Relaxed) {
                    if t == 0 {
                        let data = Template::class(CKO_DATA).token(true);
                        let object = token.create(s, &data).unwrap();
                        token.destroy(s, object).unwrap();
                    } else {
                        token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let forked = (0..25).all(|_| fork(|| work_anew(&token)));
        stop.store(true, Ordering::Relaxed);
        assert!(forked, "a forked child failed");
    });
    assert!(done.into_inner() > 0);
}

fn fork_uninitialised(place: Arc<Place>) {
    let module = Module::load(&place);
    let start = || {
        assert_rv(module.info(), CKR_CRYPTOKI_NOT_INITIALIZED);
        module.initialize().unwrap();
        assert_eq!(module.slots(false).unwrap().len(), 1);
    };
    assert!(fork(start));
    module.initialize().unwrap();
    module.finalize().unwrap();
    assert!(fork(start));
    start();
}
