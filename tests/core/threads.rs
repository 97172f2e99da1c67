//! Many threads in one library.

use std::{ptr, sync::Barrier, thread};

use crate::support::{curve::*, *};

const THREADS: usize = 8;

#[test]
fn each_signs_in_its_own_session() {
    let token = Token::new();
    token.finalize().unwrap();
    token.initialize_with(ptr::null_mut()).unwrap();
    let s = token.user();
    let keys = ALL.map(|curve| (curve, token.keys(s, &curve)));
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for t in 0..THREADS {
            let (token, keys, start) = (&token, &keys, &start);
            scope.spawn(move || {
                start.wait();
                let s = token.ro();
                for i in 0..40u8 {
                    let (curve, (public, private)) = &keys[(t + usize::from(i)) % keys.len()];
                    let data = [i ^ t as u8; 32];
                    let signature = token.sign(s, curve.sign, *private, &data).unwrap();
                    token
                        .verify(s, curve.sign, *public, &data, &signature)
                        .unwrap();
                }
                token.close(s).unwrap();
            });
        }
    });
}

#[test]
fn each_makes_and_destroys_objects() {
    let token = Token::new();
    let s = token.user();
    let handles = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|t| {
                let token = &token;
                scope.spawn(move || {
                    let s = token.rw();
                    let label = format!("thread {t}");
                    let mut kept = Vec::new();
                    for i in 0..10 {
                        let t = Template::class(CKO_DATA).label(&label).token(true);
                        let object = token.create(s, &t).unwrap();
                        if i % 2 == 0 {
                            token.destroy(s, object).unwrap();
                        } else {
                            kept.push(object);
                        }
                    }
                    let mut found = token.find(s, &Template::new().label(&label)).unwrap();
                    found.sort_unstable();
                    kept.sort_unstable();
                    assert_eq!(found, kept);
                    kept
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect::<Vec<_>>()
    });
    let mut unique = handles.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), handles.len());
    assert_eq!(token.find(s, &Template::new()).unwrap(), unique);
}

/// Threads that use the library while another finalises it get an answer, not a crash.
#[test]
fn finalize_under_load() {
    let token = Token::new();
    let s = token.user();
    let (_, key) = token.keys(s, &SECP256K1);
    let start = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                loop {
                    let signed = token
                        .open_ro(token.slot)
                        .and_then(|s| token.sign(s, CKM_ECDSA, key, &[1; 32]).map(|_| s))
                        .and_then(|s| token.close(s));
                    if let Err(Rv(rv)) = signed {
                        let sound = [CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID];
                        assert!(sound.contains(&rv), "{:?}", Rv(rv));
                        break;
                    }
                }
            });
        }
        start.wait();
        thread::yield_now();
        token.finalize().unwrap();
    });
    token.initialize().unwrap();
}

/// One session used by two threads gives an answer to each call, in whatever order.
#[test]
fn two_threads_in_one_session() {
    let token = Token::new();
    let s = token.user();
    let (public, key) = token.keys(s, &P256);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    if let Ok(signature) = token.sign(s, CKM_ECDSA, key, &[1; 32]) {
                        assert_eq!(signature.len(), 64);
                    }
                }
            });
        }
    });
    let _ = c!(token, C_SignInit, s, ptr::null_mut(), 0);
    let signature = token.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
    token
        .verify(s, CKM_ECDSA, public, &[1; 32], &signature)
        .unwrap();
}
