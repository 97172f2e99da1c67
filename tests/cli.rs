//! The admin program from outside: each subcommand, its exit codes, its JSON, and what it must not
//! say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A store of its own with cheap PINs.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let text = "store = 'store'\n[pin]\nuser_attempts = 3\n\
                    [argon2]\nmemory_kib = 8\niterations = 1\n";
        std::fs::write(dir.path().join("chainhsm.toml"), text).unwrap();
        Self(dir)
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_chainhsm"))
            .args(args)
            .env_clear()
            .env("CHAINHSM_CONF", self.0.path().join("chainhsm.toml"))
            .env("PIN_OF_TEST", "1234")
            .output()
            .unwrap()
    }

    /// Runs, wants this exit code, and returns standard output.
    fn exits(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {err}");
        assert_eq!(code == 0 || code == 7, err.is_empty(), "{args:?}: {err}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn ok(&self, args: &[&str]) -> String {
        self.exits(0, args)
    }

    fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        serde_json::from_str(&self.ok(&args)).unwrap()
    }

    /// A place with the token `main`.
    fn with_token() -> Self {
        let place = Self::new();
        place.ok(&["init-token", "--label=main", "--pin=1234", "--so-pin=8765"]);
        place
    }

    fn import(&self, label: &str, file: &str, more: &[&str]) -> Value {
        let file = format!("src/bin/chainhsm/testdata/{file}");
        let args = ["import", &file, "--label", label, "--pin=1234"];
        self.json(&[&args, more].concat())
    }
}

#[test]
fn config_says_where_values_come_from() {
    let place = Place::new();
    let json = place.json(&["config"]);
    let setting = &json["settings"]["argon2.memory_kib"];
    assert_eq!(setting["value"], "8");
    assert_eq!(setting["origin"]["line"], 5);
    assert_eq!(json["settings"]["log.level"]["origin"]["from"], "default");
}

#[test]
fn a_wrong_configuration_is_explained() {
    let place = Place::new();
    std::fs::write(place.0.path().join("chainhsm.toml"), "\nstoer = 'x'\n").unwrap();
    let output = place.run(&["list"]);
    assert_eq!(output.status.code(), Some(6));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("chainhsm.toml:2: unknown field `stoer`"),
        "{message}"
    );
    let findings = place.exits(7, &["doctor"]);
    assert!(
        findings.contains("problem") && findings.contains("Remedy"),
        "{findings}"
    );
}

#[test]
fn one_line_makes_a_token() {
    let place = Place::with_token();
    let listed = place.json(&["list"]);
    assert_eq!(listed["slots"][0]["label"], "main");
    assert_eq!(listed["slots"][1]["initialised"], false);
    // The same label again, a bad PIN, a bad label: refused, and nothing is left behind.
    place.exits(
        1,
        &["init-token", "--label=main", "--pin=1234", "--so-pin=8765"],
    );
    place.exits(
        1,
        &["init-token", "--label=b", "--pin=123", "--so-pin=8765"],
    );
    place.exits(
        2,
        &["init-token", "--label=", "--pin=1234", "--so-pin=8765"],
    );
    assert_eq!(place.json(&["list"]), listed);
    place.ok(&[
        "init-token",
        "--label=second",
        "--pin-env=PIN_OF_TEST",
        "--so-pin=8765",
    ]);
    assert_eq!(place.json(&["list"])["slots"][1]["label"], "second");
    // Two tokens: one must be named.
    place.exits(2, &["list", "--pin=1234"]);
    place.ok(&["list", "--pin=1234", "--token=second"]);
    place.exits(5, &["list", "--token=third"]);
}

#[test]
fn keys_go_in_and_their_public_halves_come_out() {
    let place = Place::with_token();
    for (label, file, curve) in [
        ("eth", "secp256k1-pkcs8.pem", "secp256k1"),
        ("r1", "p256-sec1.pem", "P-256"),
        ("big", "p521-sec1.pem", "P-521"),
        ("ed", "ed25519-pkcs8.pem", "Ed25519"),
    ] {
        assert_eq!(place.import(label, file, &[])["curve"], curve);
    }
    // What OpenSSL prints for the same keys.
    let point = place.ok(&["export-public", "--label=eth", "--hex"]);
    assert!(
        point.starts_with("04d7b66dc1b7f924a05c9c22b99144d25d63954851c50995d0a99f6f3a26f0d553")
    );
    let point = place.ok(&["export-public", "--label=ed", "--hex"]);
    assert_eq!(
        point.trim(),
        "ea6e6c0af559e4fde7ca74906bac402d4e6942d3665436cb33396c3c972cd187"
    );
    let pem = place.ok(&["export-public", "--label=r1"]);
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"));
    // Private keys are listed after a login only, sensitive and not extractable.
    let public = place.json(&["list"]);
    assert_eq!(public["slots"][0]["objects"].as_array().unwrap().len(), 4);
    let all = place.json(&["list", "--pin=1234"]);
    let objects = all["slots"][0]["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 8);
    for key in objects.iter().filter(|o| o["class"] == "private key") {
        let traits = key["traits"].to_string();
        for wanted in ["private", "sensitive", "never leaves"] {
            assert!(traits.contains(wanted), "{key}");
        }
    }
    // The same key twice, and the same key in another form: refused.
    let file = "src/bin/chainhsm/testdata/secp256k1-sec1.pem";
    place.exits(1, &["import", file, "--label=x", "--pin=1234"]);
    assert_eq!(place.json(&["list", "--pin=1234"]), all);
}

#[test]
fn import_takes_id_certificate_and_passphrase() {
    let place = Place::with_token();
    let cert = "--cert=src/bin/chainhsm/testdata/p256-certificate.pem";
    let done = place.import("tls", "p256-sec1.pem", &["--id=0a0b", cert]);
    assert_eq!(done["id"], "0a0b");
    assert_eq!(done["objects"].as_array().unwrap().len(), 3);
    place.import(
        "eth",
        "secp256k1-encrypted.pem",
        &["--passphrase=secret", "--extractable"],
    );
    // A certificate of another key stores nothing.
    let before = place.json(&["list", "--pin=1234"]);
    let key = "src/bin/chainhsm/testdata/ed25519-pkcs8.pem";
    place.exits(2, &["import", key, "--label=x", "--pin=1234", cert]);
    assert_eq!(place.json(&["list", "--pin=1234"]), before);
}

#[test]
fn pins_change_lock_and_unlock() {
    let place = Place::with_token();
    place.exits(3, &["list", "--pin=9999"]);
    place.ok(&["change-pin", "--pin=1234", "--new-pin=5678"]);
    place.exits(3, &["list", "--pin=1234"]);
    place.ok(&["list", "--pin=5678"]);
    place.ok(&["change-pin", "--so", "--so-pin=8765", "--new-pin=4321"]);
    for _ in 0..3 {
        assert_eq!(place.run(&["list", "--pin=0000"]).status.code(), Some(3));
    }
    place.exits(4, &["list", "--pin=5678"]);
    assert!(place.exits(7, &["doctor"]).contains("user PIN is locked"));
    place.exits(3, &["unlock", "--so-pin=8765", "--new-pin=1111"]);
    place.ok(&["unlock", "--so-pin=4321", "--new-pin=1111"]);
    place.ok(&["list", "--pin=1111"]);
}

#[test]
fn doctor_sees_what_is_wrong() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_token();
    place.import("eth", "secp256k1-pkcs8.pem", &[]);
    let healthy = place.json(&["doctor", "--pin=1234"]);
    assert_eq!(healthy["healthy"], true, "{healthy}");
    place.exits(7, &["doctor", "--pin=9999"]);
    let store = place.0.path().join("store");
    std::fs::set_permissions(&store, PermissionsExt::from_mode(0o755)).unwrap();
    let findings = place.exits(7, &["doctor"]);
    assert!(findings.contains("chmod -R go-rwx"), "{findings}");
}

#[test]
fn a_token_is_deleted_and_its_slot_never_used_again() {
    let place = Place::with_token();
    let first = place.json(&["list"])["slots"][0]["slot"].clone();
    place.exits(2, &["delete-token"]);
    place.exits(2, &["delete-token", "--token=main"]);
    place.ok(&["delete-token", "--token=main", "--yes"]);
    place.exits(5, &["delete-token", "--token=main", "--yes"]);
    let made = place.json(&["init-token", "--label=next", "--pin=1234", "--so-pin=8765"]);
    assert_ne!(made["slot"], first);
}

#[test]
fn secrets_are_never_said() {
    let place = Place::with_token();
    let secret = "6f1ec34bf9c8e1791ec0191c3f40ba4f6b1738a1601eb5a07f0a019dd4dab5a5";
    let file = place.0.path().join("key.hex");
    std::fs::write(&file, secret).unwrap();
    let file = file.to_str().unwrap();
    let pin = "--pin=wrong-pin-of-test";
    let cases: &[(i32, &[&str])] = &[
        (
            0,
            &[
                "import",
                file,
                "--curve=secp256k1",
                "--label=a",
                "--pin=1234",
            ],
        ),
        (
            1,
            &[
                "import",
                file,
                "--curve=secp256k1",
                "--label=a",
                "--pin=1234",
            ],
        ),
        (
            2,
            &["import", file, "--curve=p-384", "--label=b", "--pin=1234"],
        ),
        (2, &["import", file, "--label=b", "--pin=1234"]),
        (3, &["import", file, "--curve=secp256k1", "--label=b", pin]),
        (3, &["list", pin, "--json"]),
        (0, &["list", "--pin=1234", "--json"]),
        (0, &["doctor", "--pin=1234"]),
    ];
    for (code, args) in cases {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(*code), "{args:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("6f1ec34b"), "{args:?}: {said}");
        assert!(!said.contains("wrong-pin-of-test"), "{args:?}: {said}");
    }
}

#[test]
fn completions_and_manual_page_are_made() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            place.ok(&["completions", shell]).contains("init-token"),
            "{shell}"
        );
    }
    assert!(place.ok(&["man"]).contains(".SH INIT-TOKEN"));
}

const WORDS: &str = "test test test test test test test test test test test junk";

#[test]
fn a_seed_comes_back_from_its_words_and_gives_the_known_keys() {
    let place = Place::with_token();
    let words = place.0.path().join("words");
    std::fs::write(&words, format!("{WORDS}\n")).unwrap();
    let file = format!("--words-file={}", words.display());
    let restore = ["mnemonic", "restore", "--label=seed", "--pin=1234", &file];
    let answer = place.ok(&restore);
    assert!(!answer.contains("junk"));
    // The label is taken.
    place.exits(1, &restore);
    let path = "--path=m/44'/60'/0'/0";
    let provision = [
        "hd",
        "provision",
        "--seed=seed",
        path,
        "--count=2",
        "--label=eth",
        "--pin=1234",
    ];
    let keys = place.json(&provision);
    let address = &keys["keys"][0]["eth_address"];
    assert_eq!(address, "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    assert_eq!(keys["keys"][1]["path"], "m/44'/60'/0'/0/1");
    assert_eq!(keys["keys"][1]["label"], "eth-1");
    // All or none: the second time nothing is added, and the next ones can be.
    let listed = place.json(&["list", "--pin=1234"]);
    place.exits(1, &provision);
    let more = [&provision[..], &["--start=1"]].concat();
    place.exits(1, &more);
    assert_eq!(place.json(&["list", "--pin=1234"]), listed);
    place.ok(&[&provision[..], &["--start=2"]].concat());
    let ed = [&provision[..], &["--curve=ed25519"]].concat();
    place.exits(1, &ed);
    let ed = [
        "hd",
        "provision",
        "--seed=seed",
        "--path=m/44'/501'",
        "--curve=ed25519",
        "--label=sol",
        "--pin=1234",
    ];
    assert_eq!(place.json(&ed)["keys"][0]["path"], "m/44'/501'/0'");
    let nothing = [
        "hd",
        "provision",
        "--seed=x",
        path,
        "--label=y",
        "--pin=1234",
    ];
    place.exits(5, &nothing);
}

#[test]
fn words_of_a_new_seed_are_shown_once_and_bring_it_back() {
    let place = Place::with_token();
    let create = [
        "mnemonic",
        "create",
        "--label=one",
        "--length=12",
        "--pin=1234",
        "--mnemonic-passphrase=extra",
    ];
    let made = place.json(&create);
    let words = made["words"].as_str().unwrap();
    assert_eq!(words.split(' ').count(), 12);
    assert!(!place.ok(&["list", "--pin=1234"]).contains(words));
    let words = format!("--words={words}");
    let restore = |label: &str, passphrase: &str| {
        place.ok(&[
            "mnemonic",
            "restore",
            label,
            "--pin=1234",
            &words,
            passphrase,
        ]);
    };
    restore("--label=two", "--mnemonic-passphrase=extra");
    restore("--label=three", "--mnemonic-passphrase=other");
    // The same tree twice is noticed; another passphrase gives another one.
    let provision = |seed: &str, code| {
        let args = [
            "hd",
            "provision",
            seed,
            "--path=m/0",
            "--label=k",
            "--pin=1234",
        ];
        place.exits(code, &args);
    };
    provision("--seed=one", 0);
    provision("--seed=two", 1);
    provision("--seed=three", 0);
}

#[test]
fn wrong_words_are_refused() {
    let place = Place::with_token();
    for words in [
        "",
        "test",
        "abandon abandon abandon",
        &WORDS.replace("junk", "test"),
    ] {
        let words = format!("--words={words}");
        let args = ["mnemonic", "restore", "--label=a", "--pin=1234", &words];
        place.exits(2, &args);
    }
    place.exits(2, &["mnemonic", "create", "--label=a", "--length=13"]);
}
