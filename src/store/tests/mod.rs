//! A store as its users see it: what both kinds have in common.

mod disk;
mod place;

use std::sync::Arc;

use super::{
    memory::{Failing, MemoryShelf},
    pin::{Cost, unwrap, wrap},
    *,
};
use crate::{env::OsEntropy, error::Error, secret::SecretBytes};
use place::Place;

const SERIAL: &str = "0011223344556677";

fn record(id: u8) -> Record {
    Record {
        uid: Uid([id; 16]),
        format: 1,
        private: id.is_multiple_of(2),
        clear: vec![id; 3],
        nonce: [id; 12],
        sealed: vec![id; 40],
        revision: Revision::default(),
    }
}

fn role(role: Role, max_failures: u32) -> RoleRecord {
    let root = RootKey::generate(&OsEntropy).unwrap();
    let cost = Cost {
        memory_kib: 8,
        iterations: 1,
        lanes: 1,
    };
    let pin = SecretBytes::copy_from(b"1234");
    wrap(role, &pin, &root, SERIAL, cost, max_failures, &OsEntropy).unwrap()
}

fn first_changes() -> Vec<Change> {
    let token = TokenRecord {
        label: "a token".to_owned(),
        serial: SERIAL.to_owned(),
    };
    vec![
        Change::SetToken(token),
        Change::SetRole(role(Role::So, 10)),
        Change::SetRole(role(Role::User, 3)),
    ]
}

fn uids(records: &[Record]) -> Vec<u8> {
    records.iter().map(|record| record.uid.0[0]).collect()
}

/// Runs a test on both kinds of shelf.
fn on_both(test: impl Fn(&dyn Shelf)) {
    test(&MemoryShelf::default());
    test(&Place::new().shelf());
}

#[test]
fn a_new_token_holds_its_first_changes() {
    on_both(|shelf| {
        assert_eq!(shelf.list().unwrap(), (vec![], 0));
        let store = shelf.create(0, &first_changes()).unwrap();
        assert_eq!(shelf.list().unwrap(), (vec![0], 1));
        let delta = store.load(Revision(0)).unwrap();
        assert_eq!(delta.token.label, "a token");
        assert_eq!(delta.token.serial, SERIAL);
        assert!(delta.complete && delta.changed.is_empty() && delta.removed.is_empty());
        let roles: Vec<_> = delta.roles.iter().map(|record| &record.role).collect();
        assert_eq!(roles, [&Role::So, &Role::User]);
        let pin = SecretBytes::copy_from(b"1234");
        assert!(unwrap(&delta.roles[1], &pin, SERIAL).is_ok());
    });
}

#[test]
fn a_record_comes_back_as_it_was() {
    on_both(|shelf| {
        let store = shelf.create(0, &first_changes()).unwrap();
        let revision = store.commit(&[Change::Insert(record(7))]).unwrap();
        let mut expected = record(7);
        expected.revision = revision;
        let found = store.load(Revision(0)).unwrap().changed;
        assert_eq!(format!("{found:?}"), format!("{:?}", [expected]));
    });
}

#[test]
fn a_delta_holds_what_changed_since() {
    on_both(|shelf| {
        let store = shelf.create(0, &first_changes()).unwrap();
        let first = store
            .commit(&[Change::Insert(record(1)), Change::Insert(record(2))])
            .unwrap();
        let second = store
            .commit(&[Change::Insert(record(3)), Change::Delete(Uid([1; 16]))])
            .unwrap();
        assert!(second > first);
        let delta = store.load(first).unwrap();
        assert_eq!(uids(&delta.changed), [3]);
        assert_eq!(delta.removed, [Uid([1; 16])]);
        assert_eq!(delta.revision, second);
        assert!(!delta.complete);
        let delta = store.load(second).unwrap();
        assert!(delta.changed.is_empty() && delta.removed.is_empty() && !delta.complete);
        let all = store.load(Revision(0)).unwrap();
        assert_eq!(uids(&all.changed), [2, 3]);
        assert!(all.complete && all.removed.is_empty());
        let future = store.load(Revision(second.0 + 100)).unwrap();
        assert_eq!(uids(&future.changed), [2, 3]);
        assert!(future.complete);
    });
}

#[test]
fn clearing_makes_every_older_delta_complete() {
    on_both(|shelf| {
        let store = shelf.create(0, &first_changes()).unwrap();
        let before = store.commit(&[Change::Insert(record(1))]).unwrap();
        let after = store
            .commit(&[Change::Clear, Change::Insert(record(2))])
            .unwrap();
        let delta = store.load(before).unwrap();
        assert!(delta.complete);
        assert_eq!(uids(&delta.changed), [2]);
        assert!(!store.load(after).unwrap().complete);
    });
}

#[test]
fn writing_checks_what_is_there() {
    on_both(|shelf| {
        let store = shelf.create(0, &first_changes()).unwrap();
        let first = store.commit(&[Change::Insert(record(1))]).unwrap();
        let refused = |change: Change| store.commit(&[change]).unwrap_err();
        assert!(matches!(
            refused(Change::Insert(record(1))),
            Error::DeviceError(_)
        ));
        let second = store.commit(&[Change::Update(record(1), first)]).unwrap();
        assert_eq!(
            refused(Change::Update(record(1), first)),
            Error::ObjectHandleInvalid,
            "somebody else has changed it since"
        );
        store.commit(&[Change::Update(record(1), second)]).unwrap();
        store.commit(&[Change::Delete(Uid([1; 16]))]).unwrap();
        let gone = Error::ObjectHandleInvalid;
        assert_eq!(refused(Change::Delete(Uid([1; 16]))), gone);
        assert_eq!(refused(Change::Update(record(1), Revision(99))), gone);
    });
}

#[test]
fn a_batch_is_done_whole_or_not_at_all() {
    on_both(|shelf| {
        let store = shelf.create(0, &first_changes()).unwrap();
        let before = store.commit(&[Change::Insert(record(1))]).unwrap();
        let failed = store.commit(&[
            Change::Insert(record(2)),
            Change::Delete(Uid([1; 16])),
            Change::RemoveRole(Role::User),
            Change::Insert(record(2)),
        ]);
        assert!(failed.is_err());
        let delta = store.load(Revision(0)).unwrap();
        assert_eq!(uids(&delta.changed), [1]);
        assert_eq!(delta.roles.len(), 2);
        assert_eq!(delta.revision, before);
    });
}

#[test]
fn attempts_are_counted_to_the_lock_and_reset() {
    on_both(|shelf| {
        let store = shelf.create(0, &first_changes()).unwrap();
        for failures in 1..=3 {
            let role = store.count_attempt(&Role::User).unwrap();
            assert_eq!((role.failures, role.max_failures), (failures, 3));
        }
        let locked = store.count_attempt(&Role::User).unwrap_err();
        assert_eq!(locked, Error::PinLocked);
        assert_eq!(store.count_attempt(&Role::So).unwrap().failures, 1);
        store.commit(&[Change::ResetFailures(Role::User)]).unwrap();
        assert_eq!(store.count_attempt(&Role::User).unwrap().failures, 1);
        store.commit(&[Change::RemoveRole(Role::User)]).unwrap();
        let missing = store.count_attempt(&Role::User).unwrap_err();
        assert_eq!(missing, Error::UserPinNotInitialized);
        let missing = store.commit(&[Change::ResetFailures(Role::User)]);
        assert_eq!(missing.unwrap_err(), Error::UserPinNotInitialized);
    });
}

#[test]
fn every_commit_changes_the_generation() {
    on_both(|shelf| {
        let store = shelf.create(0, &first_changes()).unwrap();
        let mut last = store.generation();
        assert_eq!(store.generation(), last, "nothing happened");
        for change in [
            Change::Insert(record(1)),
            Change::Delete(Uid([1; 16])),
            Change::Clear,
        ] {
            store.commit(&[change]).unwrap();
            assert_ne!(store.generation(), last);
            last = store.generation();
        }
        store.count_attempt(&Role::So).unwrap();
        assert_ne!(store.generation(), last);
    });
}

#[test]
fn a_slot_number_is_never_used_again() {
    on_both(|shelf| {
        let other = shelf.create(0, &first_changes()).unwrap();
        shelf.create(1, &first_changes()).unwrap();
        let free = |slot| {
            let error = shelf.create(slot, &first_changes()).unwrap_err();
            assert_eq!(error, Error::SlotIdInvalid(slot));
        };
        free(0);
        free(3);
        let last = other.generation();
        shelf.remove(0).unwrap();
        shelf.remove(1).unwrap();
        assert_eq!(shelf.list().unwrap(), (vec![], 2));
        free(0);
        free(1);
        assert_eq!(shelf.open(1).unwrap_err(), Error::SlotIdInvalid(1));
        assert_eq!(shelf.remove(1).unwrap_err(), Error::SlotIdInvalid(1));
        // Who still has it open learns that it is gone.
        assert_ne!(other.generation(), last);
        let gone = Error::TokenNotPresent;
        assert_eq!(other.load(Revision(0)).unwrap_err(), gone);
        assert_eq!(other.commit(&[]).unwrap_err(), gone);
        other.suspend();
        assert_eq!(other.load(Revision(0)).unwrap_err(), gone);
        shelf.create(2, &first_changes()).unwrap();
        assert_eq!(shelf.list().unwrap(), (vec![2], 3));
    });
}

#[test]
fn one_write_fails_on_request() {
    let error = Error::DeviceMemory("on request".to_owned());
    let failing = Failing::after(2, error.clone(), Arc::new(MemoryShelf::default()));
    let store = failing.create(0, &first_changes()).unwrap();
    store.commit(&[Change::Insert(record(1))]).unwrap();
    assert_eq!(store.count_attempt(&Role::User).unwrap_err(), error);
    assert_eq!(failing.writes(), 3);
    assert_eq!(store.count_attempt(&Role::User).unwrap().failures, 1);
}
