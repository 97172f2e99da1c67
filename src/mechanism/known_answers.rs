//! Reading the text vectors under `tests/vectors`, and running operations on them in one part and
//! in many.

use std::{collections::HashMap, sync::Arc};

use super::{Cipher, Mechanism, Params, descriptor::StartCipher};
use crate::{
    env::{Entropy, OsEntropy},
    error::Result,
    key::Key,
    pkcs11::CK_MECHANISM_TYPE,
    secret::SecretBytes,
};

/// One paragraph of `name = value` lines.
#[derive(Debug)]
pub(in crate::mechanism) struct Case<'a>(HashMap<&'a str, &'a str>);

impl<'a> Case<'a> {
    pub(in crate::mechanism) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    pub(in crate::mechanism) fn text(&self, name: &str) -> &'a str {
        self.get(name)
            .unwrap_or_else(|| panic!("{name} is missing in {self:?}"))
    }

    pub(in crate::mechanism) fn hex(&self, name: &str) -> Vec<u8> {
        hex::decode(self.text(name)).unwrap()
    }

    pub(in crate::mechanism) fn opt_hex(&self, name: &str) -> Option<Vec<u8>> {
        self.get(name).map(|value| hex::decode(value).unwrap())
    }

    pub(in crate::mechanism) fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap()
    }
}

/// The cases of a file; `#` starts a comment.
pub(in crate::mechanism) fn cases(text: &str) -> Vec<Case<'_>> {
    let cases: Vec<_> = text
        .split("\n\n")
        .map(|paragraph| {
            paragraph
                .lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.split_once('='))
                .map(|(name, value)| (name.trim(), value.trim()))
                .collect::<HashMap<_, _>>()
        })
        .filter(|fields| !fields.is_empty())
        .map(Case)
        .collect();
    assert!(!cases.is_empty());
    cases
}

/// The one row that the registry has for a mechanism.
pub(in crate::mechanism) fn registered(id: CK_MECHANISM_TYPE) -> &'static Mechanism {
    let mut rows = super::all().filter(|row| row.id == id);
    let row = rows.next().unwrap();
    assert!(rows.next().is_none(), "two rows for {id:#x}");
    row
}

pub(in crate::mechanism) fn secret(bytes: &[u8]) -> Key {
    Key::Secret(Arc::new(SecretBytes::copy_from(bytes)))
}

pub(in crate::mechanism) fn entropy() -> Arc<dyn Entropy> {
    Arc::new(OsEntropy)
}

/// The data cut at places that look random, empty parts among them.
pub(in crate::mechanism) fn parts(data: &[u8], seed: u64) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut left = data;
    let mut parts = Vec::new();
    while !left.is_empty() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let len = usize::try_from(state % 40).unwrap().min(left.len());
        let (part, rest) = left.split_at(len);
        parts.push(part);
        left = rest;
    }
    parts
}

/// Runs a cipher over parts, with buffers exactly as long as it asks for.
pub(in crate::mechanism) fn stream(
    start: Option<StartCipher>,
    key: &Key,
    params: &Params,
    parts: &[&[u8]],
) -> Result<Vec<u8>> {
    let mut cipher = start.unwrap()(key, params)?;
    let mut all = Vec::new();
    for part in parts {
        let mut out = vec![0; cipher.update_len(part.len())];
        let written = cipher.update(part, &mut out)?;
        all.extend_from_slice(&out[..written]);
    }
    let mut out = vec![0; cipher.finish_len()];
    let written = cipher.finish(&mut out)?;
    all.extend_from_slice(&out[..written]);
    Ok(all)
}

/// Runs a cipher as the one-part functions do.
pub(in crate::mechanism) fn single(
    start: Option<StartCipher>,
    key: &Key,
    params: &Params,
    input: &[u8],
) -> Result<Vec<u8>> {
    let mut cipher: Box<dyn Cipher> = start.unwrap()(key, params)?;
    let mut out = vec![0; cipher.total_len(input.len())];
    let first = cipher.update(input, &mut out)?;
    let written = first + cipher.finish(&mut out[first..])?;
    out.truncate(written);
    Ok(out)
}
