//! The layout of the source as a test: which room may name which, how long a file may be, where
//! `unsafe` may stand, and that the README says what the tables say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use chainhsm::{
    config::{Loaded, Variables},
    mechanism,
    pkcs11::*,
};

/// Each room, from the top down, and the rooms that it may name: all of them stand below it.
const ARROWS: &[(&str, &str)] = &[
    (
        "abi",
        "core object mechanism key attribute config logging error env secret pkcs11",
    ),
    (
        "core",
        "policy object mechanism key attribute store audit config logging error env secret pkcs11",
    ),
    (
        "policy",
        "object mechanism key attribute store error env secret pkcs11",
    ),
    ("object", "key attribute error env secret pkcs11"),
    ("mechanism", "key attribute error env secret pkcs11"),
    ("key", "attribute error env secret pkcs11"),
    ("attribute", "error env secret pkcs11"),
    ("logging", "config error pkcs11"),
    ("audit", "store error env secret pkcs11"),
    ("config", "store error"),
    ("store", "error env secret pkcs11"),
    ("env", "error"),
    ("secret", ""),
    ("error", "pkcs11"),
    ("pkcs11", ""),
];

/// What may stand only in some places (outside tests).
const PLACES: &[(&str, &[&str])] = &[
    ("unsafe ", &["src/abi"]),
    ("unsafe(", &["src/abi"]),
    ("pkcs11_sys", &["src/pkcs11"]),
    ("println!", &["src/bin"]),
    ("print!", &["src/bin"]),
    ("dbg!", &[]),
    (
        "std::env::var",
        &["src/config.rs", "src/bin/chainhsm/pin.rs"],
    ),
    ("rusqlite", &["src/store"]),
    ("k256::", &["src/key", "src/mechanism"]),
    ("p256::", &["src/key", "src/mechanism"]),
    ("p384::", &["src/key", "src/mechanism"]),
    ("p521::", &["src/key", "src/mechanism"]),
    ("ed25519_dalek", &["src/key", "src/mechanism"]),
    ("blst::", &["src/key"]),
];

const MAX_LINES: usize = 500;

/// A source file.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Its room: `mechanism` for src/mechanism/ecdsa.rs; none for src/lib.rs and the program.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src").ok()?;
        let first = inside.iter().next()?.to_str()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "lib" | "bin")).then_some(room)
    }

    /// The text without comments and without the tests at its end.
    fn code(&self) -> String {
        let tests = self.text.find("#[cfg(test)]\nmod ");
        let code = &self.text[..tests.unwrap_or(self.text.len())];
        let lines = code.lines().filter_map(|line| line.split("//").next());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// All files under a place that `keep` wants, in order.
fn files(place: &str, keep: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(place)];
    while let Some(path) = open.pop() {
        let name = path.file_name().and_then(|name| name.to_str());
        if matches!(name, Some("target" | ".git" | "__pycache__")) {
            continue;
        }
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else if keep(&path) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All Rust files under a place; none when it does not exist.
fn sources(place: &str) -> Vec<Source> {
    let rust = files(place, |path| path.extension().is_some_and(|e| e == "rs"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        Source { path, text }
    };
    rust.into_iter().map(read).collect()
}

/// The names that a text takes from the crate's root, by `crate::a` or `crate::{a, b::…}`.
fn named(code: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
        text.trim_start().chars().take_while(is_word).collect()
    };
    let mut names = Vec::new();
    for part in code.split("crate::").skip(1) {
        let Some(group) = part.strip_prefix('{') else {
            names.push(word(part));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    names.push(word(&group[start..at]));
                    start = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Fails with all problems at once.
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn names_are_found() {
    let code = "use crate::{a, b::{c, d::*}, e::f,\n};\ncrate::g::h(); pub(crate) fn";
    assert_eq!(named(code), ["a", "b", "e", "g"]);
}

#[test]
fn arrows_point_down() {
    let mut problems = Vec::new();
    for source in sources("src") {
        let path = source.path.display();
        let Some(room) = source.room() else { continue };
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            problems.push(format!("{path}: room {room} is not in the table of arrows"));
            continue;
        };
        let code = source.code();
        for name in named(&code) {
            let is_room = ARROWS.iter().any(|(room, _)| *room == name);
            if is_room && name != room && !allowed.split(' ').any(|a| a == name) {
                problems.push(format!("{path}: {room} must not name {name}"));
            }
        }
        if code.contains("super::super::") {
            problems.push(format!("{path}: name it by crate::, not by super::super::"));
        }
    }
    none(&problems);
}

#[test]
fn the_table_of_arrows_is_in_order() {
    let place = |room: &str| ARROWS.iter().position(|(name, _)| *name == room).unwrap();
    for (room, allowed) in ARROWS {
        for below in allowed.split_whitespace() {
            assert!(place(below) > place(room), "{room} stands below {below}");
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut problems = Vec::new();
    for place in ["src", "tests", "benches", "fuzz"] {
        for source in sources(place) {
            let path = source.path.display();
            let lines = source.text.lines().count();
            if lines > MAX_LINES {
                problems.push(format!("{path}: {lines} lines, at most {MAX_LINES}"));
            }
            // A fuzz target opens with #![no_main].
            if place != "fuzz" && !source.text.starts_with("//!") {
                problems.push(format!("{path}: does not open with //!"));
            }
        }
    }
    none(&problems);
}

#[test]
fn each_thing_stands_in_its_place() {
    let mut problems = Vec::new();
    for source in sources("src") {
        let code = source.code();
        for (what, places) in PLACES {
            let is_here = code.contains(what);
            if is_here && !places.iter().any(|place| source.path.starts_with(place)) {
                let path = source.path.display();
                problems.push(format!("{path}: `{what}` may stand only in {places:?}"));
            }
        }
    }
    none(&problems);
}

#[test]
fn every_room_but_abi_forbids_unsafe() {
    for (room, _) in ARROWS {
        let places = [format!("src/{room}/mod.rs"), format!("src/{room}.rs")];
        let text = places.iter().find_map(|file| fs::read_to_string(file).ok());
        if let Some(text) = text {
            let forbids = text.contains("#![forbid(unsafe_code)]");
            assert_eq!(forbids, *room != "abi", "{room}");
        }
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    // Paths and words of the place where a change was made have no business in it.
    let words = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("work", "tree"),
    ];
    let mut problems = Vec::new();
    for path in files(".", |path| !path.ends_with(".git")) {
        let Ok(text) = fs::read_to_string(&path) else {
            continue; // not text
        };
        let found = words.iter().filter(|word| text.contains(*word));
        problems.extend(found.map(|word| format!("{}: {word}", path.display())));
    }
    none(&problems);
}

/// The README's table of mechanisms is made from the registry; `UPDATE=1` rewrites it.
#[test]
#[allow(clippy::disallowed_methods, reason = "a switch of the test")]
fn the_readme_lists_the_mechanisms() {
    let readme = fs::read_to_string("README.md").unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (now, after) = rest.split_once(END).unwrap();
    let table = mechanisms();
    if std::env::var_os("UPDATE").is_some() {
        fs::write("README.md", format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(now, table, "run UPDATE=1 cargo test --test tidy");
    }
}

fn mechanisms() -> String {
    let mut table = "| Mechanism | What it does | Key sizes |\n|---|---|---|\n".to_owned();
    for mechanism in mechanism::all() {
        let info = mechanism.info();
        let can = CAN.iter().filter(|(flag, _)| info.flags & flag != 0);
        let can: Vec<_> = can.map(|(_, name)| *name).collect();
        let size = match (info.ulMinKeySize, info.ulMaxKeySize) {
            (0, 0) => String::new(),
            (min, max) if min == max => min.to_string(),
            (min, CK_EFFECTIVELY_INFINITE | CK_UNAVAILABLE_INFORMATION) => format!("from {min}"),
            (min, max) => format!("{min} to {max}"),
        };
        let name = mechanism_name(mechanism.id);
        table += &format!("| `{name}` | {} | {size} |\n", can.join(", "));
    }
    table
}

/// Every configuration key has its row in the README.
#[test]
fn the_readme_lists_the_configuration() {
    let readme = fs::read_to_string("README.md").unwrap();
    let variables = Variables {
        home: Some("/home/ann".into()),
        ..Variables::default()
    };
    let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    let loaded = Loaded::from_sources(&variables, nothing).unwrap();
    for setting in loaded.settings {
        let row = format!("| `{}` |", setting.key);
        assert!(readme.contains(&row), "README.md has no row {row}");
    }
}

const BEGIN: &str = "<!-- mechanisms, written by tests/tidy.rs -->\n";
const END: &str = "<!-- end of mechanisms -->";
const CAN: &[(CK_FLAGS, &str)] = &[
    (CKF_GENERATE, "generate"),
    (CKF_GENERATE_KEY_PAIR, "generate pair"),
    (CKF_DIGEST, "digest"),
    (CKF_SIGN, "sign"),
    (CKF_VERIFY, "verify"),
    (CKF_ENCRYPT, "encrypt"),
    (CKF_DECRYPT, "decrypt"),
    (CKF_WRAP, "wrap"),
    (CKF_UNWRAP, "unwrap"),
    (CKF_DERIVE, "derive"),
];
