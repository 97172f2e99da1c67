//! `chainhsm mnemonic`: seeds that can be written down as words (BIP-39).

use std::sync::Arc;

use chainhsm::{
    attribute::{Template, Value},
    key::bip39,
    mechanism::{FieldValue, Invocation, Params},
    pkcs11::*,
    secret::SecretBytes,
};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use serde_json::json;

use crate::{
    answer::Answer,
    failure::Failure,
    hsm::{Hsm, Token, WhichToken},
    pin::{MnemonicPassphrase, UserPin, Words},
};

/// Seeds that can be written down as words (BIP-39, English).
#[derive(Debug, Args)]
pub(crate) struct Mnemonic {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    Restore(Restore),
}

/// Make a new seed in a token and show its words, this once.
#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    seed: Seed,
    /// How many words.
    #[arg(long, value_name = "NUMBER", default_value_t = 24,
          value_parser = PossibleValuesParser::new(["12", "15", "18", "21", "24"])
              .try_map(|n| n.parse::<u32>()))]
    length: u32,
}

/// Bring a seed back into a token from its words.
#[derive(Debug, Args)]
struct Restore {
    #[command(flatten)]
    seed: Seed,
    #[command(flatten)]
    words: Words,
}

/// The seed to be made.
#[derive(Debug, Args)]
struct Seed {
    #[command(flatten)]
    which: WhichToken,
    /// Label of the new seed.
    #[arg(long)]
    label: String,
    #[command(flatten)]
    pin: UserPin,
    // None unless an option names one: most seeds have none.
    #[command(flatten)]
    passphrase: MnemonicPassphrase,
}

impl Mnemonic {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        match &self.action {
            Action::Create(command) => command.run(),
            Action::Restore(command) => command.run(),
        }
    }
}

impl Create {
    fn run(&self) -> Result<Answer, Failure> {
        let (hsm, token, session) = self.seed.open()?;
        // Three words hold 32 bits.
        let len = CK_ULONG::from(self.length / 3 * 4);
        let mechanism = Invocation {
            mechanism: CKM_BC_BIP39_KEY_GEN,
            params: Ok(Params::None),
        };
        let template = readable().with(CKA_VALUE_LEN, len);
        let entropy = hsm.library.generate_key(session, mechanism, template)?;
        let read = hsm.read(session, entropy, &[CKA_VALUE])?;
        let Some(Value::Secret(value)) = read.get(CKA_VALUE) else {
            return Err(Failure::failed("the token does not show the new entropy"));
        };
        let words = value.expose(bip39::words)?;
        self.seed.make(&hsm, session, entropy)?;
        let (label, name) = (&self.seed.label, &token.info.label);
        Ok(Answer::new(
            format!(
                "seed {label:?} is in token {name:?}; write down its words, which are not shown \
                 again:\n\n{}",
                words.as_str()
            ),
            json!({ "label": label, "token": name, "words": words.as_str() }),
        ))
    }
}

impl Restore {
    fn run(&self) -> Result<Answer, Failure> {
        let words = self.words.read()?;
        let entropy = words.expose(|words| {
            let words = std::str::from_utf8(words).map_err(|_| bad_words())?;
            bip39::entropy(words).map_err(|_| bad_words())
        })?;
        let (hsm, token, session) = self.seed.open()?;
        let template = readable()
            .with(CKA_CLASS, CKO_SECRET_KEY)
            .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
            .with(CKA_DERIVE, true)
            .with(CKA_VALUE, entropy);
        let entropy = hsm.library.create_object(session, template)?;
        self.seed.make(&hsm, session, entropy)?;
        let (label, name) = (&self.seed.label, &token.info.label);
        Ok(Answer::new(
            format!("seed {label:?} is in token {name:?}"),
            json!({ "label": label, "token": name }),
        ))
    }
}

impl Seed {
    /// A session with the token, in which the label is free.
    fn open(&self) -> Result<(Hsm, Token, SessionHandle), Failure> {
        let hsm = Hsm::open()?;
        let token = hsm.choose(&self.which)?;
        let session = hsm.login(token.slot, CKU_USER, &self.pin.read()?)?;
        let same = Template::new()
            .with(CKA_CLASS, CKO_SECRET_KEY)
            .with(CKA_LABEL, self.label.as_bytes());
        if !hsm.find(session, &same)?.is_empty() {
            let label = &self.label;
            return Err(Failure::failed(format!(
                "a secret key is labelled {label:?} already"
            )));
        }
        Ok((hsm, token, session))
    }

    /// The seed, stored; the entropy goes.
    fn make(
        &self,
        hsm: &Hsm,
        session: SessionHandle,
        entropy: ObjectHandle,
    ) -> Result<(), Failure> {
        let passphrase = if self.passphrase.is_given() {
            self.passphrase.read()?
        } else {
            SecretBytes::copy_from(b"")
        };
        let passphrase = FieldValue::Secret(Arc::new(passphrase));
        let mut mechanism = Invocation {
            mechanism: CKM_BC_BIP39_SEED,
            params: Ok(Params::Struct(vec![passphrase])),
        };
        let template = Template::new()
            .with(CKA_TOKEN, true)
            .with(CKA_PRIVATE, true)
            .with(CKA_LABEL, self.label.as_bytes())
            .with(CKA_DERIVE, true)
            .with(CKA_SENSITIVE, true)
            .with(CKA_EXTRACTABLE, false);
        hsm.library
            .derive_key(session, &mut mechanism, entropy, template)?;
        Ok(hsm.library.destroy_object(session, entropy)?)
    }
}

/// A key of the session that this program may read.
fn readable() -> Template {
    Template::new()
        .with(CKA_TOKEN, false)
        .with(CKA_PRIVATE, true)
        .with(CKA_SENSITIVE, false)
        .with(CKA_EXTRACTABLE, true)
}

fn bad_words() -> Failure {
    Failure::usage("these are no 12, 15, 18, 21 or 24 words of a seed: one is unknown or wrong")
}
