//! `chainhsm doctor`: looks at configuration and store, and says for each problem what to do.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
};

use chainhsm::{
    config::{Config, Loaded},
    error::{Error, Result},
    secret::SecretBytes,
    store::{Change, Delta, Revision, Role, Shelf, SqliteShelf, Store, pin},
};
use clap::Args;
use serde_json::json;

use crate::{answer::Answer, failure::Failure, hsm::WhichToken, pin::UserPin};

/// Check configuration and store; with a PIN, every record of the token too.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    which: WhichToken,
    #[command(flatten)]
    pin: UserPin,
}

/// What was looked at and found.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

#[derive(Debug)]
struct Finding {
    subject: String,
    /// What is wrong and what to do; `None` when all is well.
    problem: Option<(String, String)>,
}

impl Findings {
    fn good(&mut self, subject: impl Into<String>) {
        self.0.push(Finding {
            subject: subject.into(),
            problem: None,
        });
    }

    fn bad(&mut self, subject: impl Into<String>, what: impl ToString, remedy: &str) {
        self.0.push(Finding {
            subject: subject.into(),
            problem: Some((what.to_string(), remedy.into())),
        });
    }

    fn answer(self) -> Answer {
        let line = |finding: &Finding| match &finding.problem {
            None => format!("ok       {}\n", finding.subject),
            Some((what, remedy)) => {
                format!("problem  {}: {what}. Remedy: {remedy}.\n", finding.subject)
            }
        };
        let entry = |finding: &Finding| {
            let problem = finding.problem.as_ref();
            json!({
                "subject": finding.subject,
                "ok": problem.is_none(),
                "problem": problem.map(|(what, _)| what),
                "remedy": problem.map(|(_, remedy)| remedy),
            })
        };
        let healthy = self.0.iter().all(|finding| finding.problem.is_none());
        let findings: Vec<_> = self.0.iter().map(entry).collect();
        Answer {
            code: if healthy { 0 } else { 7 },
            ..Answer::new(
                self.0.iter().map(line).collect::<String>(),
                json!({ "healthy": healthy, "findings": findings }),
            )
        }
    }
}

/// An opened token.
struct Opened {
    slot: u64,
    store: Arc<dyn Store>,
    delta: Delta,
}

impl Doctor {
    pub(crate) fn run(&self) -> std::result::Result<Answer, Failure> {
        let mut findings = Findings::default();
        if let Some(config) = configuration(&mut findings) {
            let tokens = store(&config, &mut findings);
            if self.pin.is_given() {
                let token = self.which.choose(tokens, |opened| {
                    let token = &opened.delta.token;
                    (opened.slot, token.label.clone(), token.serial.clone())
                })?;
                records(&token, &self.pin.read()?, &mut findings);
            }
        }
        Ok(findings.answer())
    }
}

fn configuration(findings: &mut Findings) -> Option<Config> {
    let loaded = match Loaded::load() {
        Ok(loaded) => loaded,
        Err(e) => {
            findings.bad("configuration", e, "correct what the message names");
            return None;
        }
    };
    let config = loaded.config;
    match &loaded.file {
        None => findings.good("configuration: built-in defaults"),
        Some(file) => {
            let subject = format!("configuration {}", file.display());
            if file.is_file() && mode(file).is_some_and(|mode| mode & 0o022 != 0) {
                let remedy = format!("chmod go-w {}", file.display());
                findings.bad(subject, "others may change it", &remedy);
            } else {
                findings.good(subject);
            }
        }
    }
    if let Some(file) = &config.log.file {
        let subject = format!("log file {}", file.display());
        match OpenOptions::new().append(true).create(true).open(file) {
            Ok(_) => findings.good(subject),
            Err(e) => findings.bad(subject, e, "make it writable, or change log.file"),
        }
    }
    Some(config)
}

/// Looks at the store, and returns the tokens that can be opened.
fn store(config: &Config, findings: &mut Findings) -> Vec<Opened> {
    let subject = format!("store {}", config.store.display());
    if !config.store.exists() {
        findings.good(format!("{subject}: not there yet, the first use makes it"));
        return Vec::new();
    }
    let exposed = exposed(&config.store, 3);
    if !exposed.is_empty() {
        let remedy = format!("chmod -R go-rwx {}", config.store.display());
        findings.bad(
            &subject,
            format!("others may use {}", exposed.join(", ")),
            &remedy,
        );
    }
    let listed = SqliteShelf::open(&config.store, &chainhsm::abi::counter::system_env())
        .and_then(|shelf| Ok((shelf.list()?.0, shelf)));
    let (slots, shelf) = match listed {
        Ok(listed) => listed,
        Err(e) => {
            findings.bad(
                &subject,
                e,
                "correct what the message names, or restore a backup",
            );
            return Vec::new();
        }
    };
    findings.good(format!("{subject}: tokens in {} slots", slots.len()));
    slots
        .into_iter()
        .filter_map(|slot| match open(&shelf, slot) {
            Ok(opened) => {
                token(&opened, config, findings);
                Some(opened)
            }
            Err(e) => {
                let remedy = "restore this token's directory from a backup";
                findings.bad(format!("token in slot {slot}"), e, remedy);
                None
            }
        })
        .collect()
}

fn open(shelf: &SqliteShelf, slot: u64) -> Result<Opened> {
    let store = shelf.open(slot)?;
    let delta = store.load(Revision(0))?;
    Ok(Opened { slot, store, delta })
}

fn token(opened: &Opened, config: &Config, findings: &mut Findings) {
    let Delta { token, roles, .. } = &opened.delta;
    let subject = format!("token {:?} in slot {}", token.label, opened.slot);
    let count = findings.0.len();
    for (role, name, remedy) in [
        (Role::User, "user PIN", "set one with `chainhsm unlock`"),
        (
            Role::So,
            "SO PIN",
            "none: keep using the token, and move its keys to a new one",
        ),
    ] {
        let Some(record) = roles.iter().find(|record| record.role == role) else {
            findings.bad(&subject, format!("it has no {name}"), remedy);
            continue;
        };
        if record.failures >= record.max_failures {
            findings.bad(&subject, format!("the {name} is locked"), remedy);
        } else if record.failures > 0 {
            let left = record.max_failures - record.failures;
            let what = format!("wrong entries of the {name}, {left} attempts left");
            findings.bad(&subject, what, "log in once with the right PIN");
        }
        let weak = record.memory_kib < config.argon2.memory_kib
            || record.iterations < config.argon2.iterations;
        if weak {
            let what = format!("the {name} is protected less than the configuration asks");
            findings.bad(&subject, what, "set it again with `chainhsm change-pin`");
        }
    }
    if findings.0.len() == count {
        findings.good(subject);
    }
}

/// Logs in, counted like any login, and opens every record.
fn records(opened: &Opened, pin: &SecretBytes, findings: &mut Findings) {
    let Opened { slot, store, delta } = opened;
    let serial = &delta.token.serial;
    let subject = format!("records of token {:?} in slot {slot}", delta.token.label);
    let root = store.count_attempt(&Role::User).and_then(|role| {
        let root = pin::unwrap(&role, pin, serial)?;
        store.commit(&[Change::ResetFailures(Role::User)])?;
        Ok(root)
    });
    let root = match root {
        Ok(root) => root,
        Err(e @ Error::PinLocked) => return findings.bad(subject, e, "`chainhsm unlock`"),
        Err(e) => return findings.bad(subject, e, "try again with the right PIN"),
    };
    let records = &delta.changed;
    let mut damaged = 0;
    for record in records {
        if let Err(e) = root.open(serial, record) {
            damaged += 1;
            let uid = crate::hex::encode(&record.uid.0);
            let remedy = "restore the token from a backup, or destroy this object";
            findings.bad(format!("{subject}: object {uid}"), e, remedy);
        }
    }
    if damaged == 0 {
        findings.good(format!("{subject}: all {} are sound", records.len()));
    }
}

fn mode(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path)
        .ok()
        .map(|meta| meta.permissions().mode())
}

/// The paths at and under `path` that the group or others may use.
fn exposed(path: &Path, depth: u32) -> Vec<String> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if !meta.is_symlink() && meta.permissions().mode() & 0o077 != 0 {
        found.push(path.display().to_string());
    }
    if meta.is_dir() && depth > 0 {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        found.extend(entries.flat_map(|entry| exposed(&entry.path(), depth - 1)));
    }
    found
}
