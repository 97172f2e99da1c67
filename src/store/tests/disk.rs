//! The store on disk: what it survives that disks, other processes and sudden deaths do to it.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use super::{
    place::{FileCounter, env},
    *,
};
use crate::env::{Clock, Env};

#[test]
fn attempts_are_durable() {
    let place = Place::new();
    place.shelf().create(0, &first_changes()).unwrap();
    for failures in 1..=3 {
        let store = place.shelf().open(0).unwrap();
        assert_eq!(store.count_attempt(&Role::User).unwrap().failures, failures);
    }
    let locked = place.shelf().open(0).unwrap().count_attempt(&Role::User);
    assert_eq!(locked.unwrap_err(), Error::PinLocked);
}

#[test]
fn a_storm_of_attempts_counts_each() {
    let place = Place::new();
    let changes = [Change::SetRole(role(Role::User, 20))];
    place.shelf().create(0, &changes).unwrap();
    let passed: usize = thread::scope(|scope| {
        let storms: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let store = place.shelf().open(0).unwrap();
                    let attempts = (0..5).map(|_| store.count_attempt(&Role::User));
                    attempts.filter(Result::is_ok).count()
                })
            })
            .collect();
        storms.into_iter().map(|storm| storm.join().unwrap()).sum()
    });
    assert_eq!(passed, 20, "of 30 attempts");
    let store = place.shelf().open(0).unwrap();
    assert_eq!(store.load(Revision(0)).unwrap().roles[0].failures, 20);
}

#[test]
fn two_shelves_see_each_others_commits() {
    let place = Place::new();
    let one = place.shelf().create(0, &first_changes()).unwrap();
    let two = place.shelf().open(0).unwrap();
    let mut generation = two.generation();
    let mut revision = two.load(Revision(0)).unwrap().revision;
    for id in 1..20 {
        assert_eq!(two.generation(), generation);
        one.commit(&[Change::Insert(record(id))]).unwrap();
        assert_ne!(two.generation(), generation);
        generation = two.generation();
        let delta = two.load(revision).unwrap();
        assert_eq!(uids(&delta.changed), [id]);
        revision = delta.revision;
    }
}

#[test]
fn commits_are_seen_after_a_writer_died_within_one() {
    let place = Place::new();
    let one = place.shelf().create(0, &first_changes()).unwrap();
    let dead = FileCounter::open(&place.file("0/counter")).unwrap();
    let two = place.shelf().open(0).unwrap();
    let settled = two.generation();
    dead.begin();
    let unsettled = two.generation();
    assert_ne!(unsettled, settled);
    assert_eq!(
        two.generation(),
        unsettled,
        "SQLite says that nothing happened"
    );
    // What a writer does that dies after its COMMIT and before it says so.
    let database = rusqlite::Connection::open(place.file("0/token.db")).unwrap();
    database
        .execute("UPDATE token SET label = 'changed'", [])
        .unwrap();
    let seen = two.generation();
    assert_ne!(seen, unsettled);
    assert_eq!(two.load(Revision(0)).unwrap().token.label, "changed");
    two.suspend();
    assert_ne!(two.generation(), seen, "a new connection cannot know");
    one.commit(&[Change::Insert(record(1))]).unwrap();
    let healed = two.generation();
    assert!(![settled, unsettled, seen].contains(&healed));
    assert_eq!(two.generation(), healed);
}

#[test]
fn a_suspended_store_has_no_open_file_and_opens_again() {
    let place = Place::new();
    let store = place.shelf().create(0, &first_changes()).unwrap();
    let database = fs::canonicalize(place.file("0/token.db")).unwrap();
    let open_here = || {
        fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
            .filter(|file| file.starts_with(database.parent().unwrap()))
            .filter(|file| !file.ends_with("counter"))
            .count()
    };
    store.load(Revision(0)).unwrap();
    assert!(open_here() > 0);
    store.suspend();
    assert_eq!(open_here(), 0);
    store.commit(&[Change::Insert(record(1))]).unwrap();
    assert_eq!(uids(&store.load(Revision(0)).unwrap().changed), [1]);
}

#[test]
fn a_batch_left_in_the_log_by_a_sudden_death_is_there_again() {
    let (place, copy) = (Place::new(), Place::new());
    let store = place.shelf().create(0, &first_changes()).unwrap();
    store.commit(&[Change::Insert(record(1))]).unwrap();
    // The files as they are now, without the closing of the database, are what a death leaves.
    copy.shelf();
    fs::create_dir(copy.file("0")).unwrap();
    for name in ["0/token.db", "0/token.db-wal"] {
        fs::copy(place.file(name), copy.file(name)).unwrap();
    }
    let found = copy.shelf().open(0).unwrap().load(Revision(0)).unwrap();
    assert_eq!(uids(&found.changed), [1]);
    // A log that ends in the middle of a commit: the commit never was.
    let log = OpenOptions::new()
        .write(true)
        .open(place.file("0/token.db-wal"))
        .unwrap();
    let cut = Place::new();
    cut.shelf();
    fs::create_dir(cut.file("0")).unwrap();
    log.set_len(log.metadata().unwrap().len() - 1).unwrap();
    for name in ["0/token.db", "0/token.db-wal"] {
        fs::copy(place.file(name), cut.file(name)).unwrap();
    }
    let found = cut.shelf().open(0).unwrap().load(Revision(0)).unwrap();
    assert!(found.changed.is_empty());
    assert_eq!(found.roles.len(), 2);
}

#[test]
fn a_failed_creation_leaves_nothing() {
    let place = Place::new();
    let shelf = place.shelf();
    let failed = shelf.create(0, &[Change::Delete(Uid([1; 16]))]);
    assert_eq!(failed.unwrap_err(), Error::ObjectHandleInvalid);
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 0);
    assert_eq!(shelf.list().unwrap(), (vec![], 0));
    shelf.create(0, &first_changes()).unwrap();
}

#[test]
fn of_many_creators_of_one_slot_one_wins() {
    let place = Place::new();
    let won: usize = thread::scope(|scope| {
        let creators: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| match place.shelf().create(0, &first_changes()) {
                    Ok(_) => 1,
                    Err(e) => {
                        assert_eq!(e, Error::SlotIdInvalid(0));
                        0
                    }
                })
            })
            .collect();
        creators
            .into_iter()
            .map(|creator| creator.join().unwrap())
            .sum()
    });
    assert_eq!(won, 1);
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 1);
}

#[test]
fn what_dead_processes_left_is_cleared_away() {
    #[derive(Debug)]
    struct Later;
    impl Clock for Later {
        fn now(&self) -> SystemTime {
            SystemTime::now() + Duration::from_secs(2 * 60 * 60)
        }
    }
    let place = Place::new();
    place.shelf().create(0, &first_changes()).unwrap();
    let draft = place.file(".new-0123456789abcdef");
    fs::create_dir(&draft).unwrap();
    fs::write(draft.join("token.db"), "half").unwrap();
    fs::write(place.file("0/deleted"), "").unwrap();
    place.shelf();
    assert!(draft.exists(), "its maker may still be at work");
    assert!(!place.file("0/token.db").exists(), "a removal is finished");
    let later = Env {
        clock: Arc::new(Later),
        ..env()
    };
    let shelf = SqliteShelf::open(place.root(), &later).unwrap();
    assert!(!draft.exists());
    assert_eq!(shelf.list().unwrap(), (vec![], 1));
}

#[test]
fn a_removed_token_leaves_only_its_mark() {
    let place = Place::new();
    place.shelf().create(0, &first_changes()).unwrap();
    place.shelf().remove(0).unwrap();
    let left: Vec<_> = fs::read_dir(place.file("0"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["deleted"]);
}

#[test]
fn replaced_keys_leave_the_files() {
    let place = Place::new();
    let store = place.shelf().create(0, &first_changes()).unwrap();
    let old = store.load(Revision(0)).unwrap().roles[1].wrapped.clone();
    let lies_in = |name: &str| {
        let bytes = fs::read(place.file(name)).unwrap();
        bytes.windows(old.len()).any(|window| window == old)
    };
    assert!(lies_in("0/token.db"));
    store
        .commit(&[Change::Clear, Change::SetRole(role(Role::User, 3))])
        .unwrap();
    assert!(!lies_in("0/token.db"));
    assert!(!lies_in("0/token.db-wal"));
}

#[test]
fn files_and_directories_are_private() {
    let place = Place::new();
    let store = place.shelf().create(0, &first_changes()).unwrap();
    store.commit(&[Change::Insert(record(1))]).unwrap();
    let mode = |name: &str| fs::metadata(place.file(name)).unwrap().mode() & 0o7777;
    assert_eq!((mode(""), mode("0")), (0o700, 0o700));
    for name in ["0/token.db", "0/token.db-wal", "0/token.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn a_directory_open_to_others_is_refused() {
    for mode in [0o701, 0o704, 0o710, 0o740, 0o755, 0o777] {
        let place = Place::new();
        fs::set_permissions(place.root(), Permissions::from_mode(mode)).unwrap();
        let error = SqliteShelf::open(place.root(), &env()).unwrap_err();
        assert!(matches!(error, Error::General(_)), "{error}");
    }
}

#[test]
fn a_missing_directory_is_made_private() {
    let place = Place::new();
    let root = place.root().join("share/chainhsm");
    SqliteShelf::open(&root, &env()).unwrap();
    assert_eq!(fs::metadata(&root).unwrap().mode() & 0o7777, 0o700);
    let file = place.root().join("file");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = SqliteShelf::open(&path, &env()).unwrap_err();
        assert!(matches!(error, Error::General(_)), "{error}");
    }
}

#[test]
fn a_damaged_token_is_an_error_and_the_others_stay() {
    let place = Place::new();
    let shelf = place.shelf();
    let damages: [fn(&Path); 5] = [
        |file| fs::write(file, "").unwrap(),
        |file| fs::write(file, "this is no database at all, by any means").unwrap(),
        |file| {
            let whole = fs::read(file).unwrap();
            fs::write(file, &whole[..whole.len() / 2]).unwrap();
        },
        |file| {
            let mut bytes = fs::read(file).unwrap();
            bytes[100..].fill(0xff);
            fs::write(file, bytes).unwrap();
        },
        |file| fs::remove_file(file).unwrap(),
    ];
    for (slot, damage) in (0..).zip(damages) {
        drop(shelf.create(slot, &first_changes()).unwrap());
        damage(&place.file(&format!("{slot}/token.db")));
        let error = shelf
            .open(slot)
            .and_then(|store| store.load(Revision(0)))
            .unwrap_err();
        assert!(
            matches!(error, Error::TokenNotRecognized(_) | Error::DeviceError(_)),
            "{slot}: {error:?}"
        );
    }
    let last = shelf.create(5, &first_changes()).unwrap();
    assert_eq!(last.load(Revision(0)).unwrap().roles.len(), 2);
    assert_eq!(shelf.list().unwrap(), ((0..6).collect(), 6));
    shelf.remove(1).unwrap();
    assert_eq!(shelf.list().unwrap().0, [0, 2, 3, 4, 5]);
}

#[test]
fn a_malformed_row_does_not_hide_the_others() {
    let place = Place::new();
    let store = place.shelf().create(0, &first_changes()).unwrap();
    let both = [Change::Insert(record(1)), Change::Insert(record(2))];
    store.commit(&both).unwrap();
    let database = rusqlite::Connection::open(place.file("0/token.db")).unwrap();
    database
        .execute_batch(
            "UPDATE object SET nonce = x'00', format = 1000 WHERE rowid = 1;
             INSERT INTO object VALUES (x'0102', 1, 0, x'', x'', x'', 99);
             INSERT INTO role SELECT 'auditor', salt, memory_kib, iterations, lanes, nonce,
                 wrapped, failures, max_failures FROM role WHERE name = 'so';",
        )
        .unwrap();
    let delta = store.load(Revision(0)).unwrap();
    assert_eq!(uids(&delta.changed), [1, 2]);
    assert_eq!(delta.changed[0].format, 0, "a format that nothing opens");
    assert_eq!(delta.roles.len(), 2);
}

#[test]
fn old_removals_are_forgotten_and_then_everything_is_told() {
    let place = Place::new();
    let store = place.shelf().create(0, &first_changes()).unwrap();
    let start = store.commit(&[Change::Insert(record(1))]).unwrap();
    let numbered = |n: u16| {
        let mut record = record(0);
        record.uid.0[..2].copy_from_slice(&n.to_be_bytes());
        record
    };
    let (half, rest) = (256..2500, 2500..4800);
    for range in [half, rest] {
        let inserts: Vec<_> = range.clone().map(|n| Change::Insert(numbered(n))).collect();
        let deletes: Vec<_> = range.map(|n| Change::Delete(numbered(n).uid)).collect();
        store.commit(&inserts).unwrap();
        store.commit(&deletes).unwrap();
    }
    let delta = store.load(start).unwrap();
    assert!(delta.complete);
    assert_eq!(uids(&delta.changed), [1]);
    let recent = store.commit(&[Change::Delete(Uid([1; 16]))]).unwrap();
    let delta = store.load(Revision(recent.0 - 1)).unwrap();
    assert_eq!((delta.complete, delta.removed.len()), (false, 1));
}

#[test]
fn writers_of_many_threads_and_connections_take_turns() {
    let place = Place::new();
    place.shelf().create(0, &first_changes()).unwrap();
    thread::scope(|scope| {
        for id in 0..8 {
            let place = &place;
            scope.spawn(move || {
                let store = place.shelf().open(0).unwrap();
                for n in 0..10 {
                    store
                        .commit(&[Change::Insert(record(id * 10 + n))])
                        .unwrap();
                    store.load(Revision(0)).unwrap();
                }
            });
        }
    });
    let store = place.shelf().open(0).unwrap();
    let delta = store.load(Revision(0)).unwrap();
    assert_eq!(delta.changed.len(), 80);
    assert_eq!(delta.revision.0, 81, "one for each commit");
}

#[test]
fn a_read_only_store_is_read_and_not_written() {
    let place = Place::new();
    let store = place.shelf().create(0, &first_changes()).unwrap();
    store.commit(&[Change::Insert(record(1))]).unwrap();
    drop(store);
    let set_mode = |name: &str, mode| {
        fs::set_permissions(place.file(name), Permissions::from_mode(mode)).unwrap();
    };
    for name in ["0/token.db", "0/counter"] {
        set_mode(name, 0o400);
    }
    for name in ["0", ""] {
        set_mode(name, 0o500);
    }
    // Modes do not bind the superuser, who may therefore write.
    let bound = File::create_new(place.file("0/probe")).is_err();
    let shelf = place.shelf();
    let store = shelf.open(0).unwrap();
    let generation = store.generation();
    assert_eq!(uids(&store.load(Revision(0)).unwrap().changed), [1]);
    assert_eq!(store.generation(), generation);
    let written = [
        store.commit(&[Change::Insert(record(2))]).map(drop),
        store.count_attempt(&Role::User).map(drop),
        shelf.create(1, &first_changes()).map(drop),
        shelf.remove(0),
    ];
    for outcome in written {
        assert_eq!(
            matches!(outcome, Err(Error::TokenWriteProtected(_))),
            bound,
            "{outcome:?}"
        );
    }
    if bound {
        set_mode("0", 0o700);
        set_mode("0/token.db", 0o600);
        place
            .shelf()
            .open(0)
            .unwrap()
            .commit(&[Change::Insert(record(2))])
            .unwrap();
        assert_ne!(
            store.generation(),
            generation,
            "a frozen store sees what others write"
        );
        assert_eq!(uids(&store.load(Revision(0)).unwrap().changed), [1, 2]);
    }
    set_mode("", 0o700);
    set_mode("0", 0o700);
}
