//! Secrets: not on disk, not in the log, not in memory after their time; and who may read the files.

use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, PermissionsExt},
    ptr,
    sync::Arc,
};

use crate::support::{
    child::{Process, Role},
    curve::*,
    *,
};

pub const ROLES: &[Role] = &[("forget", forget), ("umask", umask)];

const LABEL: &str = "a label that is nobody's business";
const SECRET: [u8; 32] = *b"\x11a private key, 32 bytes in all.";

/// The files of a place that hold `needle`.
fn holding(place: &Place, needle: &[u8]) -> Vec<String> {
    let mut files = place.files();
    files.push(place.log());
    files.retain(|file| {
        fs::read(file).is_ok_and(|bytes| bytes.windows(needle.len()).any(|w| w == needle))
    });
    files.iter().map(|f| f.display().to_string()).collect()
}

#[test]
fn no_secret_on_disk_or_in_the_log() {
    let token = Token::new();
    let s = token.user();
    let private = SECP256K1
        .import(&SECRET)
        .token(true)
        .label(LABEL)
        .bytes(CKA_ID, b"an identifier of it");
    token.create(s, &private).unwrap();
    let secret = Template::class(CKO_SECRET_KEY)
        .ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .bytes(CKA_VALUE, &SECRET)
        .token(true)
        .bool(CKA_PRIVATE, true)
        .label(LABEL);
    token.create(s, &secret).unwrap();
    let data = Template::class(CKO_DATA)
        .bytes(CKA_VALUE, b"private data of the user")
        .token(true)
        .bool(CKA_PRIVATE, true)
        .label(LABEL);
    token.create(s, &data).unwrap();
    let public = Template::class(CKO_DATA)
        .bool(CKA_PRIVATE, false)
        .token(true)
        .label("a label for everybody");
    token.create(s, &public).unwrap();
    assert_rv(
        token.set_pin(s, b"wrong-pin-in-log?", b"new"),
        CKR_PIN_LEN_RANGE,
    );
    assert_rv(
        token.set_pin(s, b"wrong-pin-in-log?", b"new-pin"),
        CKR_PIN_INCORRECT,
    );
    let check = || {
        for secret in [
            &SECRET[..],
            LABEL.as_bytes(),
            b"an identifier of it",
            b"private data of the user",
            USER_PIN,
            SO_PIN,
            b"wrong-pin-in-log?",
        ] {
            let text = String::from_utf8_lossy(secret);
            assert_eq!(holding(token.place(), secret), [""; 0], "{text}");
            let hex = hex::encode(secret);
            assert_eq!(
                holding(token.place(), hex.as_bytes()),
                [""; 0],
                "{text} in hexadecimal"
            );
        }
    };
    check();
    token.finalize().unwrap();
    check();
    assert_ne!(
        holding(token.place(), b"a label for everybody"),
        [""; 0],
        "this test must find what is there"
    );
}

/// What is sought, disguised so that the search does not find itself.
struct Disguised(Vec<u8>);

impl Disguised {
    fn is_at(&self, bytes: &[u8]) -> bool {
        self.0.iter().zip(bytes).all(|(a, b)| a ^ 0x5a == *b)
    }

    /// Where in this process's memory the secret is.
    fn sightings(&self) -> Vec<String> {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut found = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            if !rights.starts_with("rw") {
                continue; // a secret that was written can only be in writable memory
            }
            let (from, to) = range.split_once('-').unwrap();
            let from = u64::from_str_radix(from, 16).unwrap();
            let to = u64::from_str_radix(to, 16).unwrap();
            let mut bytes = vec![0; (to - from) as usize];
            if memory.read_exact_at(&mut bytes, from).is_err() {
                continue; // the kernel's own pages
            }
            for at in 0..bytes.len().saturating_sub(self.0.len()) {
                if self.is_at(&bytes[at..]) {
                    found.push(format!("{:#x} in {line}", from + at as u64));
                }
            }
            bytes.fill(0);
        }
        found
    }
}

/// Bytes that are wiped when they drop.
struct Wiped(Box<[u8]>);

impl Drop for Wiped {
    fn drop(&mut self) {
        for byte in &mut self.0 {
            // SAFETY: our own byte; volatile so that the wiping happens.
            unsafe { ptr::write_volatile(byte, 0) };
        }
    }
}

impl Disguised {
    fn reveal(&self) -> Wiped {
        Wiped(self.0.iter().map(|b| b ^ 0x5a).collect())
    }
}

/// Uses a key and a PIN, lets them go, and looks for them.
fn forget(place: Arc<Place>) {
    let token = Token::at(&place);
    let s = token.so();
    let random = token.random(s, 32).unwrap();
    let key = Disguised(random.clone());
    let pin = Disguised(random.iter().rev().map(|b| b | 1).take(24).collect());
    token.init_pin(s, &pin.reveal().0).unwrap();
    token.logout(s).unwrap();
    token.login(s, CKU_USER, &pin.reveal().0).unwrap();
    {
        let value = key.reveal();
        let mut t = SECP256K1.import(&[0; 32]).without(CKA_VALUE).token(true);
        t = t.replaced(CKA_SENSITIVE, &[CK_TRUE]);
        let mut raw = t.raw();
        raw.push(CK_ATTRIBUTE {
            type_: CKA_VALUE,
            pValue: value.0.as_ptr().cast_mut().cast(),
            ulValueLen: 32,
        });
        let mut object = 0;
        let n = raw.len() as CK_ULONG;
        c!(token, C_CreateObject, s, raw.as_mut_ptr(), n, &mut object).unwrap();
        for _ in 0..5 {
            token.sign(s, CKM_ECDSA, object, &[1; 32]).unwrap();
        }
        assert!(
            !key.sightings().is_empty(),
            "this test must find what is there"
        );
    }
    token.logout(s).unwrap();
    assert_eq!(key.sightings(), [""; 0], "the key after C_Logout");
    assert_eq!(pin.sightings(), [""; 0], "the PIN after C_Logout");
    token.login(s, CKU_USER, &pin.reveal().0).unwrap();
    let object = token.find_one(s, &Template::class(CKO_PRIVATE_KEY));
    token.sign(s, CKM_ECDSA, object, &[1; 32]).unwrap();
    token.finalize().unwrap();
    assert_eq!(key.sightings(), [""; 0], "the key after C_Finalize");
    assert_eq!(pin.sightings(), [""; 0], "the PIN after C_Finalize");
}

#[test]
#[cfg(target_os = "linux")]
fn memory_forgets_keys_and_pins() {
    Process::start("forget", &Place::new()).finish();
}

/// Makes a token with the most careless umask.
fn umask(place: Arc<Place>) {
    // SAFETY: sets a number of this process.
    unsafe { libc::umask(0) };
    let token = Token::at(&place);
    token.user();
    assert_private(&place);
    token.finalize().unwrap();
    assert_private(&place);
}

fn assert_private(place: &Place) {
    for path in place.files() {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o177, 0, "{}: {mode:o}", path.display());
        for directory in path
            .ancestors()
            .take_while(|p| p.starts_with(place.store()))
        {
            let mode = fs::metadata(directory).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", directory.display());
        }
    }
    if place.log().exists() {
        let mode = fs::metadata(place.log()).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "the log: {mode:o}");
    }
}

#[test]
fn files_are_for_their_owner() {
    Process::start("umask", &Place::new()).finish();
}

#[test]
fn a_store_open_to_others_is_refused() {
    let place = Arc::new(Place::new());
    drop(Token::at(&place));
    for mode in [0o777, 0o755, 0o770] {
        fs::set_permissions(place.store(), fs::Permissions::from_mode(mode)).unwrap();
        let module = Module::load(&place);
        assert!(module.initialize().is_err(), "mode {mode:o}");
    }
    fs::set_permissions(place.store(), fs::Permissions::from_mode(0o700)).unwrap();
    let module = Module::new(&place);
    assert!(module.slot_of("test").is_some());
}
