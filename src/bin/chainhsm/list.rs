//! `chainhsm list`: slots, tokens, objects.

use std::fmt::Write;

use chainhsm::{attribute::Template, pkcs11::*};
use clap::Args;
use pkcs8::{ObjectIdentifier, der::Decode};
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    curve::Curve,
    failure::Failure,
    hex,
    hsm::{Hsm, Token, WhichToken, bytes},
    pin::UserPin,
};

/// List slots, tokens and objects; private objects only after a login.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    which: WhichToken,
    #[command(flatten)]
    pin: UserPin,
    /// Ask for the PIN and show private objects too.
    #[arg(long)]
    login: bool,
}

impl List {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let hsm = Hsm::open()?;
        let login = self.login || self.pin.is_given();
        let mut text = String::new();
        let mut json = Vec::new();
        let slots = if login || !self.which.is_any() {
            let token = hsm.choose(&self.which)?;
            vec![(token.slot, Ok(token.info))]
        } else {
            hsm.slots()?
        };
        for (slot, info) in slots {
            json.push(match info {
                Ok(info) => {
                    let token = Token { slot, info };
                    if token.is_initialised() {
                        describe(&hsm, &token, login.then_some(&self.pin), &mut text)?
                    } else {
                        push(&mut text, format_args!("slot {slot}: free"));
                        json!({ "slot": slot, "initialised": false })
                    }
                }
                Err(e) => {
                    push(&mut text, format_args!("slot {slot}: cannot be read: {e}"));
                    json!({ "slot": slot, "error": e.to_string() })
                }
            });
        }
        Ok(Answer::new(text, json!({ "slots": json })))
    }
}

/// One token as JSON, and as lines added to `text`.
fn describe(
    hsm: &Hsm,
    token: &Token,
    pin: Option<&UserPin>,
    text: &mut String,
) -> Result<Value, Failure> {
    let (slot, info) = (token.slot, &token.info);
    let states: Vec<&str> = STATES
        .iter()
        .filter(|(flag, _)| info.flags & flag != 0)
        .map(|(_, name)| *name)
        .collect();
    let mut line = format!(
        "slot {slot}: token {:?}, serial number {}",
        info.label, info.serial
    );
    for state in &states {
        line = line + ", " + state;
    }
    push(text, format_args!("{line}"));
    let session = match pin {
        Some(pin) => hsm.login(slot, CKU_USER, &pin.read()?)?,
        None => hsm.session(slot, false)?,
    };
    let mut objects = Vec::new();
    for handle in hsm.find(session, &Template::new())? {
        let object = Object::new(&hsm.read(session, handle, SHOWN)?);
        push(text, format_args!("  {}", object.text()));
        objects.push(object.json());
    }
    hsm.library.close_session(session)?;
    Ok(json!({
        "slot": slot,
        "initialised": true,
        "label": info.label,
        "serial": info.serial,
        "states": states,
        "logged_in": pin.is_some(),
        "objects": objects,
    }))
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    writeln!(text, "{line}").unwrap_or_default();
}

/// What is shown of an object.
struct Object {
    class: String,
    kind: String,
    label: String,
    id: String,
    unique_id: String,
    traits: Vec<&'static str>,
}

impl Object {
    fn new(attributes: &Template) -> Self {
        let class = attributes.ulong(CKA_CLASS);
        let name = |n: CK_ULONG, names: &[(CK_ULONG, &str)]| {
            let found = names.iter().find(|(number, _)| *number == n);
            found.map_or_else(|| format!("{n:#x}"), |(_, name)| (*name).into())
        };
        let curve = ObjectIdentifier::from_der(&bytes(attributes, CKA_EC_PARAMS)).ok();
        let curve = curve.and_then(Curve::from_oid).map(|c| c.name().to_owned());
        let key_type = attributes.ulong(CKA_KEY_TYPE).map(|t| name(t, KEY_TYPES));
        let traits = TRAITS
            .iter()
            .filter(|(attribute, when, _)| attributes.bool(*attribute) == Some(*when));
        Self {
            class: class.map_or_else(String::new, |c| name(c, CLASSES)),
            kind: curve.or(key_type).unwrap_or_default(),
            label: String::from_utf8_lossy(&bytes(attributes, CKA_LABEL)).into_owned(),
            id: hex::encode(&bytes(attributes, CKA_ID)),
            unique_id: String::from_utf8_lossy(&bytes(attributes, CKA_UNIQUE_ID)).into_owned(),
            traits: traits.map(|(_, _, name)| *name).collect(),
        }
    }

    fn text(&self) -> String {
        let Self {
            class,
            kind,
            label,
            id,
            traits,
            ..
        } = self;
        let space = if kind.is_empty() { "" } else { " " };
        let traits = traits.join(", ");
        let traits = if traits.is_empty() {
            traits
        } else {
            format!(" ({traits})")
        };
        format!("{class}{space}{kind}, label {label:?}, id {id:?}{traits}")
    }

    fn json(&self) -> Value {
        json!({
            "class": self.class,
            "type": self.kind,
            "label": self.label,
            "id": self.id,
            "unique_id": self.unique_id,
            "traits": self.traits,
        })
    }
}

const STATES: &[(CK_FLAGS, &str)] = &[
    (CKF_USER_PIN_LOCKED, "user PIN locked"),
    (CKF_USER_PIN_FINAL_TRY, "one user PIN attempt left"),
    (
        CKF_USER_PIN_COUNT_LOW,
        "wrong user PINs since the last login",
    ),
    (CKF_SO_PIN_LOCKED, "SO PIN locked"),
    (CKF_SO_PIN_FINAL_TRY, "one SO PIN attempt left"),
    (CKF_SO_PIN_COUNT_LOW, "wrong SO PINs since the last login"),
    (CKF_WRITE_PROTECTED, "write-protected"),
];

const CLASSES: &[(CK_ULONG, &str)] = &[
    (CKO_DATA, "data"),
    (CKO_CERTIFICATE, "certificate"),
    (CKO_PUBLIC_KEY, "public key"),
    (CKO_PRIVATE_KEY, "private key"),
    (CKO_SECRET_KEY, "secret key"),
    (CKO_PROFILE, "profile"),
];

const KEY_TYPES: &[(CK_ULONG, &str)] = &[
    (CKK_EC, "EC"),
    (CKK_EC_EDWARDS, "Edwards"),
    (CKK_AES, "AES"),
    (CKK_GENERIC_SECRET, "generic"),
];

const TRAITS: &[(CK_ATTRIBUTE_TYPE, bool, &str)] = &[
    (CKA_PRIVATE, true, "private"),
    (CKA_SENSITIVE, true, "sensitive"),
    (CKA_SENSITIVE, false, "readable"),
    (CKA_EXTRACTABLE, true, "extractable"),
    (CKA_EXTRACTABLE, false, "never leaves"),
    (CKA_LOCAL, true, "made here"),
    (CKA_ALWAYS_AUTHENTICATE, true, "PIN at each use"),
];

const SHOWN: &[CK_ATTRIBUTE_TYPE] = &[
    CKA_CLASS,
    CKA_KEY_TYPE,
    CKA_EC_PARAMS,
    CKA_LABEL,
    CKA_ID,
    CKA_UNIQUE_ID,
    CKA_PRIVATE,
    CKA_SENSITIVE,
    CKA_EXTRACTABLE,
    CKA_LOCAL,
    CKA_ALWAYS_AUTHENTICATE,
];
