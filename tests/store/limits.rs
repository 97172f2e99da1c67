//! A store that cannot be written, and a disk that is full.

use std::{
    ffi::CString,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
    sync::Arc,
};

use crate::support::{
    child::{self, Process, Role},
    curve::*,
    *,
};

pub const ROLES: &[Role] = &[("fill", fill), ("look", look)];

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// What a write may be refused with.
const REFUSALS: [CK_RV; 3] = [
    CKR_TOKEN_WRITE_PROTECTED,
    CKR_DEVICE_ERROR,
    CKR_DEVICE_MEMORY,
];

fn as_root() -> bool {
    // SAFETY: asks only.
    unsafe { libc::geteuid() == 0 }
}

fn everything_under(path: &Path, act: &mut dyn FnMut(&Path)) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            everything_under(&entry.unwrap().path(), act);
        }
    }
    act(path);
}

fn give_to_nobody(path: &Path) {
    everything_under(path, &mut |path| {
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: a NUL-terminated path.
        assert_eq!(unsafe { libc::chown(name.as_ptr(), NOBODY, NOBODY) }, 0);
    });
}

fn forbid_writing(path: &Path, forbid: bool) {
    everything_under(path, &mut |path| {
        let mode = match (path.is_dir(), forbid) {
            (true, true) => 0o500,
            (true, false) => 0o700,
            (false, true) => 0o400,
            (false, false) => 0o600,
        };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    });
}

/// Tries all that writes, and says the answers.
fn look(place: Arc<Place>) {
    let module = Module::load(&place);
    if as_root() {
        // SAFETY: gives up rights, in a process of its own.
        assert_eq!(unsafe { libc::setgid(NOBODY) }, 0);
        // SAFETY: likewise.
        assert_eq!(unsafe { libc::setuid(NOBODY) }, 0);
    }
    let say = |what: &str, outcome: Outcome| {
        let rv = outcome.err().map_or(CKR_OK, |Rv(rv)| rv);
        child::say(&format!("{what} {rv}"));
    };
    say("initialize", module.initialize());
    let slot = module.slots(true).unwrap()[0];
    say("token", module.token_info(slot).map(drop));
    let Ok(s) = module.open_rw(slot) else { return };
    let data = Template::class(CKO_DATA).bool(CKA_PRIVATE, false);
    say("session object", module.create(s, &data).map(drop));
    say(
        "token object",
        module.create(s, &data.clone().token(true)).map(drop),
    );
    say("login", module.login(s, CKU_USER, USER_PIN));
    say("after login", module.create(s, &data.token(true)).map(drop));
    say("set PIN", module.set_pin(s, USER_PIN, b"new-pin"));
}

#[test]
fn a_store_that_must_not_be_written() {
    let place = Arc::new(Place::new());
    drop(Token::at(&place));
    forbid_writing(&place.store(), true);
    if as_root() {
        give_to_nobody(place.directory());
    }
    let mut process = Process::start("look", &place);
    let mut lines = 0;
    while let Some(line) = process.line() {
        let (what, rv) = line.rsplit_once(' ').unwrap();
        let rv: CK_RV = rv.parse().unwrap();
        lines += 1;
        match what {
            "token" | "login" => assert!(
                rv == CKR_OK || REFUSALS.contains(&rv),
                "{what}: {:?}",
                Rv(rv)
            ),
            "initialize" | "session object" => assert_eq!(Rv(rv), Rv(CKR_OK)),
            // Without a login there is no key to authenticate a record with; and a login must be counted.
            "token object" | "after login" if rv == CKR_USER_NOT_LOGGED_IN => {}
            _ => assert!(REFUSALS.contains(&rv), "{what}: {:?}", Rv(rv)),
        }
    }
    assert!(lines >= 2, "the library works, whatever the token says");
    process.finish();
    forbid_writing(&place.store(), false);
    let module = Module::new(&place);
    let s = module.open_rw(module.slot_of("test").unwrap()).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    module
        .create(s, &Template::class(CKO_DATA).token(true))
        .unwrap();
}

/// Creates until the disk is full, says what was confirmed, and goes on reading and signing.
fn fill(place: Arc<Place>) {
    let module = Module::new(&place);
    let s = module.open_rw(module.slot_of("test").unwrap()).unwrap();
    module.login(s, CKU_USER, USER_PIN).unwrap();
    let private = P256.private().token(true);
    let (public, key) = module
        .pair(s, P256.generate, &P256.public(), &private)
        .unwrap();
    let largest = place
        .files()
        .iter()
        .map(|f| fs::metadata(f).unwrap().len())
        .max();
    let room = largest.unwrap() + (256 << 10);
    // SAFETY: a write beyond the limit fails with EFBIG instead of ending the process.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let limit = libc::rlimit {
        rlim_cur: room,
        rlim_max: room,
    };
    // SAFETY: a valid limit, for this process alone.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
    let mut refusals = 0;
    for n in 0..1000 {
        let label = format!("object {n}");
        let data = Template::class(CKO_DATA)
            .token(true)
            .label(&label)
            .bytes(CKA_VALUE, &[5; 10_000]);
        match module.create(s, &data) {
            Ok(_) => child::say(&label),
            Err(Rv(rv)) => {
                assert!(REFUSALS.contains(&rv), "{:?}", Rv(rv));
                let found = module.find(s, &Template::new().label(&label)).unwrap();
                assert!(found.is_empty(), "refused and yet there");
                refusals += 1;
            }
        }
        if refusals == 5 {
            break;
        }
    }
    assert_eq!(refusals, 5, "the disk was never full");
    let signature = module.sign(s, CKM_ECDSA, key, &[1; 32]).unwrap();
    module
        .verify(s, CKM_ECDSA, public, &[1; 32], &signature)
        .unwrap();
}

#[test]
fn a_full_disk() {
    let token = Token::new();
    let mut process = Process::start("fill", token.place());
    let mut confirmed = Vec::new();
    while let Some(line) = process.line() {
        confirmed.push(line);
    }
    process.finish();
    assert!(!confirmed.is_empty());
    token.restart();
    let s = token.user();
    for label in &confirmed {
        let object = token.find_one(s, &Template::new().label(label));
        assert_eq!(token.get(s, object, CKA_VALUE).unwrap(), [5; 10_000]);
    }
    assert_eq!(
        token.find(s, &Template::class(CKO_DATA)).unwrap().len(),
        confirmed.len()
    );
    token
        .create(s, &Template::class(CKO_DATA).token(true))
        .unwrap();
}
