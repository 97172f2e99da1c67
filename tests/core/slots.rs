//! Slots and tokens (PKCS#11 v3.1 section 5.5).

use std::{ptr, sync::Arc, thread, time::Duration};

use crate::support::{token::make, *};

#[test]
fn a_new_store_has_one_free_slot() {
    let module = Module::new(&Arc::new(Place::new()));
    let slots = module.slots(false).unwrap();
    assert_eq!(slots.len(), 1);
    assert_eq!(
        module.slots(true).unwrap(),
        slots,
        "a token waits to be initialised"
    );
    let info = module.token_info(slots[0]).unwrap();
    assert_eq!(
        info.flags & (CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED),
        0
    );
    assert_eq!(info.label, [b' '; 32]);
    assert_rv(module.open_rw(slots[0]), CKR_TOKEN_NOT_RECOGNIZED);
}

#[test]
fn tokens_keep_their_slots() {
    let place = Arc::new(Place::new());
    let module = Module::new(&place);
    let labels = ["one", "two", "three"];
    let slots: Vec<_> = labels.iter().map(|label| make(&module, label)).collect();
    assert!(slots.is_sorted(), "in order of creation");
    assert_eq!(module.slots(false).unwrap().len(), 4, "and one free");
    let serials: Vec<_> = slots
        .iter()
        .map(|s| module.token_info(*s).unwrap().serialNumber)
        .collect();
    assert!(serials[0] != serials[1] && serials[1] != serials[2] && serials[0] != serials[2]);
    module.restart();
    let other = Module::new(&place);
    for m in [&module, &other] {
        for (i, slot) in slots.iter().enumerate() {
            assert_eq!(m.slot_of(labels[i]), Some(*slot));
            assert_eq!(m.token_info(*slot).unwrap().serialNumber, serials[i]);
        }
    }
}

#[test]
fn slot_list_counts() {
    let token = Token::new();
    for present in [CK_TRUE, CK_FALSE] {
        let mut count = 0;
        c!(token, C_GetSlotList, present, ptr::null_mut(), &mut count).unwrap();
        assert_eq!(count, 2);
        let mut list = [0xfeed; 8];
        count = 1;
        assert_rv(
            c!(token, C_GetSlotList, present, list.as_mut_ptr(), &mut count),
            CKR_BUFFER_TOO_SMALL,
        );
        assert_eq!((count, list), (2, [0xfeed; 8]));
        count = 8;
        c!(token, C_GetSlotList, present, list.as_mut_ptr(), &mut count).unwrap();
        assert_eq!(count, 2);
        assert_eq!(list[2], 0xfeed, "no more than it says");
        assert_rv(
            c!(
                token,
                C_GetSlotList,
                present,
                list.as_mut_ptr(),
                ptr::null_mut()
            ),
            CKR_ARGUMENTS_BAD,
        );
    }
}

#[test]
fn slots_that_do_not_exist() {
    let token = Token::new();
    for slot in [9999, CK_ULONG::MAX, CK_ULONG::MAX >> 1] {
        let no = CKR_SLOT_ID_INVALID;
        assert_rv(token.slot_info(slot), no);
        assert_rv(token.token_info(slot), no);
        assert_rv(token.mechanisms(slot), no);
        assert_rv(token.mechanism_info(slot, CKM_ECDSA), no);
        assert_rv(token.init_token(slot, SO_PIN, "x"), no);
        assert_rv(token.open_rw(slot), no);
        assert_rv(token.close_all(slot), no);
    }
}

#[test]
fn slot_and_token_information() {
    let token = Token::new();
    let slot = token.slot_info(token.slot).unwrap();
    assert_ne!(slot.flags & CKF_TOKEN_PRESENT, 0);
    assert_eq!(slot.flags & CKF_HW_SLOT, 0, "we are no hardware");
    let info = token.token_info(token.slot).unwrap();
    for text in [
        &info.manufacturerID[..],
        &info.model,
        &info.serialNumber,
        &info.label,
    ] {
        let text = std::str::from_utf8(text).expect("UTF-8");
        assert!(!text.trim().is_empty() && !text.contains('\0'), "{text:?}");
    }
    let must = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED;
    assert_eq!(info.flags & must, must);
    let must_not = CKF_WRITE_PROTECTED
        | CKF_PROTECTED_AUTHENTICATION_PATH
        | CKF_USER_PIN_LOCKED
        | CKF_USER_PIN_COUNT_LOW
        | CKF_USER_PIN_FINAL_TRY
        | CKF_USER_PIN_TO_BE_CHANGED
        | CKF_SO_PIN_LOCKED
        | CKF_SO_PIN_COUNT_LOW
        | CKF_SO_PIN_FINAL_TRY;
    assert_eq!(info.flags & must_not, 0);
    assert!(info.ulMinPinLen <= 4 && info.ulMaxPinLen >= 64);
    assert_eq!((info.ulSessionCount, info.ulRwSessionCount), (0, 0));
    let (a, b) = (token.ro(), token.rw());
    let info = token.token_info(token.slot).unwrap();
    assert_eq!((info.ulSessionCount, info.ulRwSessionCount), (2, 1));
    token.close(a).unwrap();
    token.close(b).unwrap();
    let info = token.token_info(token.slot).unwrap();
    assert_eq!((info.ulSessionCount, info.ulRwSessionCount), (0, 0));
}

#[test]
fn mechanism_list_holds_what_the_readme_promises() {
    let token = Token::new();
    let list = token.mechanisms(token.slot).unwrap();
    let mut unique = list.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), list.len(), "no duplicates");
    for (mechanism, flags) in [
        (CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR),
        (CKM_EC_EDWARDS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR),
        (CKM_ECDSA, CKF_SIGN | CKF_VERIFY),
        (CKM_ECDSA_SHA256, CKF_SIGN | CKF_VERIFY),
        (CKM_ECDSA_SHA384, CKF_SIGN | CKF_VERIFY),
        (CKM_ECDSA_SHA512, CKF_SIGN | CKF_VERIFY),
        (CKM_EDDSA, CKF_SIGN | CKF_VERIFY),
        (CKM_SHA256, CKF_DIGEST),
        (CKM_SHA512, CKF_DIGEST),
    ] {
        assert!(list.contains(&mechanism), "{mechanism:#x}");
        let info = token.mechanism_info(token.slot, mechanism).unwrap();
        assert_eq!(info.flags & flags, flags, "{mechanism:#x}");
        assert_eq!(info.flags & CKF_HW, 0);
    }
    let ecdsa = token.mechanism_info(token.slot, CKM_ECDSA).unwrap();
    assert!(ecdsa.ulMinKeySize <= 256 && ecdsa.ulMaxKeySize >= 521);
    assert_ne!(ecdsa.flags & CKF_EC_F_P, 0);
    let mut count = 1;
    let mut one = [0; 1];
    assert_rv(
        c!(
            token,
            C_GetMechanismList,
            token.slot,
            one.as_mut_ptr(),
            &mut count
        ),
        CKR_BUFFER_TOO_SMALL,
    );
    assert_eq!(count as usize, list.len());
}

#[test]
fn init_token_again_needs_the_so_pin_and_erases() {
    let token = Token::new();
    let session = token.user();
    token
        .create(session, &Template::class(CKO_DATA).token(true).label("old"))
        .unwrap();
    assert_rv(
        token.init_token(token.slot, SO_PIN, "again"),
        CKR_SESSION_EXISTS,
    );
    token.close(session).unwrap();
    assert_rv(
        token.init_token(token.slot, b"wrong-pin", "again"),
        CKR_PIN_INCORRECT,
    );
    let session = token.user();
    token.find_one(session, &Template::new().label("old"));
    token.close(session).unwrap();

    token.init_token(token.slot, SO_PIN, "again").unwrap();
    assert_eq!(token.slot_of("again"), Some(token.slot));
    assert_eq!(token.token_flags(token.slot) & CKF_USER_PIN_INITIALIZED, 0);
    let session = token.rw();
    assert_rv(
        token.login(session, CKU_USER, USER_PIN),
        CKR_USER_PIN_NOT_INITIALIZED,
    );
    token.login(session, CKU_SO, SO_PIN).unwrap();
    token.init_pin(session, b"another-pin").unwrap();
    token.logout(session).unwrap();
    token.login(session, CKU_USER, b"another-pin").unwrap();
    assert!(token.find(session, &Template::new()).unwrap().is_empty());
}

#[test]
fn init_token_arguments() {
    let module = Module::new(&Arc::new(Place::new()));
    let slot = module.free_slot();
    let (mut pin, mut label) = (*b"12345678", sessions::padded("x"));
    assert_rv(
        c!(
            module,
            C_InitToken,
            slot,
            ptr::null_mut(),
            8,
            label.as_mut_ptr()
        ),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(
        c!(
            module,
            C_InitToken,
            slot,
            pin.as_mut_ptr(),
            8,
            ptr::null_mut()
        ),
        CKR_ARGUMENTS_BAD,
    );
    assert_rv(module.init_token(slot, b"abc", "x"), CKR_PIN_INCORRECT);
    assert_rv(
        module.init_token(slot, &[b'x'; 5000], "x"),
        CKR_PIN_INCORRECT,
    );
    assert_eq!(module.token_flags(slot) & CKF_TOKEN_INITIALIZED, 0);
    assert_eq!(module.slots(false).unwrap().len(), 1);
    module
        .init_token(slot, &pin, "with a label of 32 bytes, wholly")
        .unwrap();
    assert_eq!(
        module.slot_of("with a label of 32 bytes, wholly"),
        Some(slot)
    );
}

#[test]
fn waiting_for_slots() {
    let module = Arc::new(Module::new(&Arc::new(Place::new())));
    let mut slot = 0xfeed;
    assert_rv(
        c!(
            module,
            C_WaitForSlotEvent,
            CKF_DONT_BLOCK,
            &mut slot,
            ptr::null_mut()
        ),
        CKR_NO_EVENT,
    );
    assert_rv(
        c!(
            module,
            C_WaitForSlotEvent,
            CKF_DONT_BLOCK,
            ptr::null_mut(),
            ptr::null_mut()
        ),
        CKR_ARGUMENTS_BAD,
    );
    let mut reserved = 0u8;
    let reserved = ptr::from_mut(&mut reserved).cast();
    assert_rv(
        c!(
            module,
            C_WaitForSlotEvent,
            CKF_DONT_BLOCK,
            &mut slot,
            reserved
        ),
        CKR_ARGUMENTS_BAD,
    );

    let waiter = thread::spawn({
        let module = Arc::clone(&module);
        move || {
            let mut slot = 0;
            c!(module, C_WaitForSlotEvent, 0, &mut slot, ptr::null_mut())
        }
    });
    // The wait cannot be seen from outside; either order must end with the same answer.
    thread::sleep(Duration::from_millis(100));
    module.finalize().unwrap();
    assert_rv(waiter.join().unwrap(), CKR_CRYPTOKI_NOT_INITIALIZED);
}

#[test]
fn tokens_of_another_process_appear() {
    let place = Arc::new(Place::new());
    let (here, there) = (Module::new(&place), Module::new(&place));
    assert_eq!(here.slots(true).unwrap().len(), 1);
    let slot = make(&there, "from there");
    assert_eq!(here.slot_of("from there"), Some(slot));
    assert_ne!(here.free_slot(), slot);
    let session = here.open_rw(slot).unwrap();
    here.login(session, CKU_USER, USER_PIN).unwrap();
    let mine = make(&here, "from here");
    assert_ne!(mine, slot);
    assert_eq!(there.slot_of("from here"), Some(mine));
}
