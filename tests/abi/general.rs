//! C_Initialize, C_Finalize, C_GetInfo (PKCS#11 v3.1 section 5.4).

use std::{
    ffi::c_void,
    ptr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::support::*;

fn loaded() -> Module {
    Module::load(&Arc::new(Place::new()))
}

static LOCKED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn create(mutex: *mut *mut c_void) -> CK_RV {
    let new = Box::into_raw(Box::new(Mutex::new(())));
    // SAFETY: the module gives a place for the mutex.
    unsafe { *mutex = new.cast() };
    CKR_OK
}

unsafe extern "C" fn destroy(mutex: *mut c_void) -> CK_RV {
    // SAFETY: made by `create`.
    drop(unsafe { Box::from_raw(mutex.cast::<Mutex<()>>()) });
    CKR_OK
}

unsafe extern "C" fn lock(_: *mut c_void) -> CK_RV {
    LOCKED.fetch_add(1, Ordering::SeqCst);
    CKR_OK
}

unsafe extern "C" fn unlock(_: *mut c_void) -> CK_RV {
    LOCKED.fetch_sub(1, Ordering::SeqCst);
    CKR_OK
}

const NONE: CK_C_INITIALIZE_ARGS = CK_C_INITIALIZE_ARGS {
    CreateMutex: None,
    DestroyMutex: None,
    LockMutex: None,
    UnlockMutex: None,
    flags: 0,
    pReserved: ptr::null_mut(),
};

const CALLBACKS: CK_C_INITIALIZE_ARGS = CK_C_INITIALIZE_ARGS {
    CreateMutex: Some(create),
    DestroyMutex: Some(destroy),
    LockMutex: Some(lock),
    UnlockMutex: Some(unlock),
    flags: 0,
    pReserved: ptr::null_mut(),
};

#[test]
fn null_arguments() {
    let module = loaded();
    module.initialize_with(ptr::null_mut()).unwrap();
    assert!(module.info().is_ok());
    module.finalize().unwrap();
}

#[test]
fn every_legal_form_of_arguments() {
    let module = loaded();
    let forms = [
        NONE,
        CK_C_INITIALIZE_ARGS {
            flags: CKF_OS_LOCKING_OK,
            ..NONE
        },
        CK_C_INITIALIZE_ARGS {
            flags: CKF_LIBRARY_CANT_CREATE_OS_THREADS,
            ..NONE
        },
        CK_C_INITIALIZE_ARGS {
            flags: CKF_LIBRARY_CANT_CREATE_OS_THREADS | CKF_OS_LOCKING_OK,
            ..NONE
        },
        CK_C_INITIALIZE_ARGS {
            flags: CKF_OS_LOCKING_OK,
            ..CALLBACKS
        },
    ];
    for mut form in forms {
        module.initialize_with(&mut form).unwrap();
        assert!(module.slots(false).is_ok());
        module.finalize().unwrap();
    }
}

#[test]
fn mutex_callbacks_alone_are_used_or_refused() {
    let module = loaded();
    let mut form = CALLBACKS;
    match module.initialize_with(&mut form) {
        Ok(()) => {
            module.slots(false).unwrap();
            module.finalize().unwrap();
            assert_eq!(LOCKED.load(Ordering::SeqCst), 0, "locks left locked");
        }
        refused => assert_rv(refused, CKR_CANT_LOCK),
    }
}

#[test]
fn some_callbacks_without_the_others_are_bad() {
    let module = loaded();
    for missing in 0..4 {
        let mut form = CALLBACKS;
        match missing {
            0 => form.CreateMutex = None,
            1 => form.DestroyMutex = None,
            2 => form.LockMutex = None,
            _ => form.UnlockMutex = None,
        }
        assert_rv(module.initialize_with(&mut form), CKR_ARGUMENTS_BAD);
        form.flags = CKF_OS_LOCKING_OK;
        assert_rv(module.initialize_with(&mut form), CKR_ARGUMENTS_BAD);
    }
    assert_rv(module.info(), CKR_CRYPTOKI_NOT_INITIALIZED);
    module.initialize().unwrap();
}

#[test]
fn foreign_reserved_pointer_is_ignored() {
    let module = loaded();
    let mut byte = 0u8;
    let mut form = CK_C_INITIALIZE_ARGS {
        pReserved: ptr::from_mut(&mut byte).cast(),
        ..NONE
    };
    module.initialize_with(&mut form).unwrap();
    assert_rv(
        c!(module, C_Finalize, ptr::from_mut(&mut byte).cast()),
        CKR_ARGUMENTS_BAD,
    );
    assert!(
        module.info().is_ok(),
        "a refused C_Finalize changes nothing"
    );
    module.finalize().unwrap();
}

#[test]
fn twice_is_refused_and_changes_nothing() {
    let token = Token::new();
    let session = token.user();
    assert_rv(token.initialize(), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    assert_rv(
        token.initialize_with(ptr::null_mut()),
        CKR_CRYPTOKI_ALREADY_INITIALIZED,
    );
    assert_eq!(token.state(session), CKS_RW_USER_FUNCTIONS);
}

#[test]
fn finalize_ends_everything_and_can_be_followed_by_initialize() {
    let token = Token::new();
    let session = token.user();
    token
        .create(
            session,
            &Template::class(CKO_DATA).token(true).label("kept"),
        )
        .unwrap();
    token.finalize().unwrap();
    assert_rv(token.finalize(), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(token.session_info(session), CKR_CRYPTOKI_NOT_INITIALIZED);
    for _ in 0..20 {
        token.initialize().unwrap();
        assert_rv(token.session_info(session), CKR_SESSION_HANDLE_INVALID);
        let again = token.rw();
        assert_eq!(token.state(again), CKS_RW_PUBLIC_SESSION);
        token.login(again, CKU_USER, USER_PIN).unwrap();
        token.find_one(again, &Template::new().label("kept"));
        token.finalize().unwrap();
    }
}

#[test]
fn nothing_but_the_lists_works_before_initialize() {
    let module = loaded();
    let no = CKR_CRYPTOKI_NOT_INITIALIZED;
    assert_rv(module.finalize(), no);
    assert_rv(module.info(), no);
    assert_rv(module.slots(false), no);
    assert_rv(module.slot_info(0), no);
    assert_rv(module.token_info(0), no);
    assert_rv(module.mechanisms(0), no);
    assert_rv(module.mechanism_info(0, CKM_ECDSA), no);
    assert_rv(module.init_token(0, SO_PIN, "x"), no);
    assert_rv(module.open_rw(0), no);
    assert_rv(module.close(1), no);
    assert_rv(module.close_all(0), no);
    assert_rv(module.session_info(1), no);
    assert_rv(module.init_pin(1, USER_PIN), no);
    assert_rv(module.set_pin(1, USER_PIN, USER_PIN), no);
    assert_rv(module.login(1, CKU_USER, USER_PIN), no);
    assert_rv(module.logout(1), no);
    let t = Template::class(CKO_DATA);
    assert_rv(module.create(1, &t), no);
    assert_rv(module.copy(1, 1, &t), no);
    assert_rv(module.destroy(1, 1), no);
    assert_rv(module.get(1, 1, CKA_LABEL), no);
    assert_rv(module.set(1, 1, &t), no);
    assert_rv(module.find_init(1, &t), no);
    assert_rv(module.find_next(1, 1), no);
    assert_rv(module.find_final(1), no);
    assert_rv(module.sign_init(1, CKM_ECDSA, 1), no);
    assert_rv(module.sign_end(1, b"x"), no);
    assert_rv(module.sign_update(1, b"x"), no);
    assert_rv(module.sign_final(1), no);
    assert_rv(module.verify_init(1, CKM_ECDSA, 1), no);
    assert_rv(module.verify_end(1, b"x", b"x"), no);
    assert_rv(module.digest_init(1, CKM_SHA256), no);
    assert_rv(module.digest_end(1, b"x"), no);
    assert_rv(module.random(1, 8), no);
    assert_rv(module.pair(1, CKM_EC_KEY_PAIR_GEN, &t, &t), no);
    assert_rv(module.generate(1, CKM_AES_KEY_GEN, &t), no);
    assert_rv(c3!(module, C_SessionCancel, 1, 0), no);
    let mut slot = 0;
    assert_rv(
        c!(
            module,
            C_WaitForSlotEvent,
            CKF_DONT_BLOCK,
            &mut slot,
            ptr::null_mut()
        ),
        no,
    );
}

#[test]
fn info_names_the_library() {
    let token = Token::new();
    let info = token.info().unwrap();
    assert_eq!(info.flags, 0);
    assert!(info.cryptokiVersion.major >= 3 || info.cryptokiVersion.minor == 40);
    for text in [&info.manufacturerID, &info.libraryDescription] {
        let text = std::str::from_utf8(text).expect("UTF-8");
        assert!(!text.trim_end().is_empty());
        assert!(!text.contains('\0'), "blank-padded, not NUL-terminated");
    }
    assert_rv(c!(token, C_GetInfo, ptr::null_mut()), CKR_ARGUMENTS_BAD);
}

#[test]
fn many_threads_initialise_at_once_and_one_wins() {
    let module = loaded();
    let wins = AtomicUsize::new(0);
    module.place().during(|| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| match c!(module, C_Initialize, ptr::null_mut()) {
                    Ok(()) => {
                        wins.fetch_add(1, Ordering::SeqCst);
                    }
                    refused => assert_rv(refused, CKR_CRYPTOKI_ALREADY_INITIALIZED),
                });
            }
        });
    });
    assert_eq!(wins.into_inner(), 1);
    assert!(module.info().is_ok());
}

#[test]
fn a_wrong_configuration_is_refused_and_can_be_mended() {
    let place = Arc::new(Place::new());
    let good = std::fs::read_to_string(place.conf()).unwrap();
    let module = Module::load(&place);
    for bad in [
        "store = 5\n",
        "nonsense",
        "[pin]\nmin_length = \"four\"\n",
        "[argon2]\nmemory_kib = 0\n",
    ] {
        place.configure(bad);
        assert_rv(module.initialize(), CKR_GENERAL_ERROR);
        assert_rv(module.info(), CKR_CRYPTOKI_NOT_INITIALIZED);
    }
    place.configure(&good);
    module.initialize().unwrap();
}
