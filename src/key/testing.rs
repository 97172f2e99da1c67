//! What the tests of keys and mechanisms share: vector files, errors by name, given randomness.

use std::collections::BTreeMap;

use super::{Key, KeyType};
use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    pkcs11::*,
};

/// One paragraph of a vector file: `name = value` lines, `#` before a comment.
#[derive(Debug)]
pub(crate) struct Case {
    line: usize,
    fields: BTreeMap<&'static str, &'static str>,
}

/// The paragraphs of a vector file.
pub(crate) fn cases(text: &'static str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut fields = BTreeMap::new();
    for (at, line) in text.lines().chain([""]).enumerate() {
        if let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let old = fields.insert(name.trim(), value.trim());
            assert_eq!(old, None, "line {}: {name} twice", at + 1);
        } else if line.is_empty() && !fields.is_empty() {
            let fields = std::mem::take(&mut fields);
            cases.push(Case { line: at, fields });
        } else {
            let is_comment = line.is_empty() || line.starts_with('#');
            assert!(is_comment, "line {}: {line}", at + 1);
        }
    }
    assert!(!cases.is_empty(), "no cases");
    cases
}

impl Case {
    pub(crate) fn find(&self, name: &str) -> Option<&'static str> {
        self.fields.get(name).copied()
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &'static str {
        self.find(name)
            .unwrap_or_else(|| panic!("{self}: no {name}"))
    }

    #[track_caller]
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.get(name)).unwrap_or_else(|e| panic!("{self}: {name}: {e}"))
    }

    /// The error that a case with `valid = no` names; `None` for a valid case.
    pub(crate) fn error(&self) -> Option<CK_RV> {
        if self.find("valid") != Some("no") {
            assert_eq!(self.find("error"), None, "{self}: an error of a valid case");
            return None;
        }
        Some(match self.get("error") {
            "CKR_SIGNATURE_INVALID" => CKR_SIGNATURE_INVALID,
            "CKR_SIGNATURE_LEN_RANGE" => CKR_SIGNATURE_LEN_RANGE,
            "CKR_CURVE_NOT_SUPPORTED" => CKR_CURVE_NOT_SUPPORTED,
            "CKR_DOMAIN_PARAMS_INVALID" => CKR_DOMAIN_PARAMS_INVALID,
            other => panic!("{self}: error {other}"),
        })
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the case that ends at line {}", self.line)
    }
}

/// Randomness that repeats given bytes, one start to a call.
#[derive(Debug)]
pub(crate) struct Given(pub(crate) fn(usize) -> u8);

impl Entropy for Given {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        for (at, byte) in out.iter_mut().enumerate() {
            *byte = (self.0)(at);
        }
        Ok(())
    }
}

/// Randomness that is not there.
#[derive(Debug)]
pub(crate) struct Broken;

impl Entropy for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<()> {
        Err(Error::DeviceError("no randomness".into()))
    }
}

/// A key as the schema engine would store it.
pub(crate) fn completed(
    key_type: &KeyType,
    class: CK_OBJECT_CLASS,
    mut attributes: Template,
) -> Result<Template> {
    (key_type.complete)(class, &mut attributes)?;
    Ok(attributes)
}

/// A key, completed and parsed.
pub(crate) fn parsed(
    key_type: &KeyType,
    class: CK_OBJECT_CLASS,
    attributes: Template,
) -> Result<Key> {
    (key_type.parse)(class, &completed(key_type, class, attributes)?)
}
