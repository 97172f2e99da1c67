//! kill -9 at random instants, from two processes at once. What a call has confirmed is there
//! afterwards, whole; what it has not confirmed is there whole or not at all.

use std::{
    collections::HashSet,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    child::{self, Process, Role},
    curve::*,
    *,
};

pub const ROLES: &[Role] = &[("write", write), ("wrong-pins", wrong_pins)];

const ROUNDS: u64 = 12;

/// Creates data objects and key pairs for ever, and says each one's CKA_ID or label once the call
/// has returned. A line that was cut short lacks its full stop.
fn write(place: Arc<Place>) {
    let module = Module::new(&place);
    let slot = module.slot_of("test").unwrap();
    let s = module.open_rw(slot).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    for n in 0u64.. {
        let id = format!("{}-{n}", std::process::id());
        if n % 3 == 0 {
            let data = Template::class(CKO_DATA)
                .token(true)
                .bool(CKA_PRIVATE, n % 2 == 0)
                .label(&id)
                .bytes(CKA_VALUE, &value_of(&id));
            module.create(s, &data).unwrap();
        } else {
            let public = SECP256K1.public().token(true).label(&id);
            let private = SECP256K1.private().token(true).label(&id);
            module
                .pair(s, SECP256K1.generate, &public, &private)
                .unwrap();
        }
        child::say(&format!("{id}."));
    }
}

/// A value that shows when any part of it is missing.
fn value_of(id: &str) -> Vec<u8> {
    id.bytes().cycle().take(3000).collect()
}

#[test]
fn confirmed_objects_survive() {
    let token = Token::new();
    let mut confirmed = HashSet::new();
    for round in 0..ROUNDS {
        let mut writers = [0, 1].map(|_| Process::start("write", token.place()));
        for writer in &mut writers {
            confirmed.extend(writer.line()); // both are at work
        }
        thread::sleep(Duration::from_micros(round * 7919 % 40_000));
        for writer in &mut writers {
            writer.kill();
        }
        for writer in &mut writers {
            while let Some(line) = writer.line() {
                confirmed.extend(line.ends_with('.').then_some(line));
            }
        }
        check(&token, &confirmed);
    }
    token.restart();
    check(&token, &confirmed);
}

fn check(token: &Token, confirmed: &HashSet<String>) {
    let s = token.user();
    let find = |class, id: &str| token.find(s, &Template::class(class).label(id)).unwrap();
    for id in confirmed {
        let id = id.trim_end_matches('.');
        let found = token.find(s, &Template::new().label(id)).unwrap();
        assert!(!found.is_empty(), "{id} was confirmed and is gone");
    }
    for object in token.find(s, &Template::class(CKO_DATA)).unwrap() {
        let id = String::from_utf8(token.get(s, object, CKA_LABEL).unwrap()).unwrap();
        assert_eq!(token.get(s, object, CKA_VALUE).unwrap(), value_of(&id));
    }
    for key in token.find(s, &Template::class(CKO_PRIVATE_KEY)).unwrap() {
        let id = String::from_utf8(token.get(s, key, CKA_LABEL).unwrap()).unwrap();
        let public = find(CKO_PUBLIC_KEY, &id);
        assert_eq!(public.len(), 1, "half a pair");
        let signature = token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
        token
            .verify(s, CKM_ECDSA, public[0], &[1; 32], &signature)
            .unwrap();
    }
    assert_eq!(
        token
            .find(s, &Template::class(CKO_PUBLIC_KEY))
            .unwrap()
            .len(),
        token
            .find(s, &Template::class(CKO_PRIVATE_KEY))
            .unwrap()
            .len()
    );
    token.close(s).unwrap();
}

/// Guesses for ever, and says each answer.
fn wrong_pins(place: Arc<Place>) {
    let module = Module::new(&place);
    let slot = module.slot_of("test").unwrap();
    let s = module.open_ro(slot).unwrap();
    for n in 0.. {
        match module.login(s, CKU_USER, format!("guess {n}").as_bytes()) {
            Err(Rv(CKR_PIN_INCORRECT)) => child::say("wrong."),
            Err(Rv(CKR_PIN_LOCKED)) => return child::say("locked."),
            other => panic!("{other:?}"),
        }
    }
}

/// A guess whose answer was seen has been counted, however the guesser died.
#[test]
fn no_attempt_is_free() {
    const ATTEMPTS: usize = 40;
    let token = Token::with(&format!("[pin]\nuser_attempts = {ATTEMPTS}\n"));
    let mut answers = 0;
    let mut locked = false;
    let deadline = Instant::now() + Duration::from_secs(60);
    for round in 0u64.. {
        assert!(Instant::now() < deadline, "never locked");
        let mut guessers = [0, 1].map(|_| Process::start("wrong-pins", token.place()));
        for guesser in &mut guessers {
            match guesser.line().as_deref() {
                Some("wrong.") => answers += 1,
                Some("locked.") => locked = true,
                other => panic!("{other:?}"),
            }
        }
        thread::sleep(Duration::from_micros(round * 977 % 3000));
        for guesser in &mut guessers {
            guesser.kill();
            while let Some(line) = guesser.line() {
                answers += usize::from(line == "wrong.");
                locked |= line == "locked.";
            }
        }
        if locked {
            break;
        }
    }
    assert!(
        answers <= ATTEMPTS,
        "{answers} answers for {ATTEMPTS} attempts"
    );
    let s = token.rw();
    assert_rv(token.login(s, CKU_USER, USER_PIN), CKR_PIN_LOCKED);
    token.login(s, CKU_SO, SO_PIN).unwrap();
}
