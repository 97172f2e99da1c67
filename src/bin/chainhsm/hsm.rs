//! The library as the subcommands use it: open it, choose a token, log in, read attributes.

use chainhsm::{
    attribute::{Template, Value},
    config::Config,
    core::{Library, TokenInfo},
    error::Result as CoreResult,
    object::schema::Answer,
    pkcs11::*,
    secret::SecretBytes,
};
use clap::Args;

use crate::failure::Failure;

/// Which token; the only one there is when nothing is given.
#[derive(Debug, Args)]
pub(crate) struct WhichToken {
    /// The token with this label.
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["slot", "serial"])]
    token: Option<String>,
    /// The token in this slot.
    #[arg(long, value_name = "NUMBER", conflicts_with = "serial")]
    slot: Option<u64>,
    /// The token with this serial number.
    #[arg(long, value_name = "SERIAL")]
    serial: Option<String>,
}

impl WhichToken {
    /// True when the token of this slot, label and serial number is meant.
    pub(crate) fn means(&self, slot: u64, label: &str, serial: &str) -> bool {
        self.slot.is_none_or(|s| s == slot)
            && self.token.as_deref().is_none_or(|l| l == label)
            && self.serial.as_deref().is_none_or(|s| s == serial)
    }

    /// True when no option narrows the choice.
    pub(crate) const fn is_any(&self) -> bool {
        self.token.is_none() && self.slot.is_none() && self.serial.is_none()
    }

    /// The one of `tokens` that is meant.
    pub(crate) fn choose<T>(
        &self,
        tokens: Vec<T>,
        describe: impl Fn(&T) -> (u64, String, String),
    ) -> Result<T, Failure> {
        let any = !tokens.is_empty();
        let mut meant = tokens.into_iter().filter(|token| {
            let (slot, label, serial) = describe(token);
            self.means(slot, &label, &serial)
        });
        match (meant.next(), meant.next()) {
            (Some(token), None) => Ok(token),
            (None, _) if any => Err(Failure::not_found(
                "no such token: `chainhsm list` shows all",
            )),
            (None, _) => Err(Failure::not_found(
                "there is no token: make one with `chainhsm init-token`",
            )),
            (Some(_), Some(_)) => Err(Failure::usage(
                "several tokens match: name one with --token, --slot or --serial",
            )),
        }
    }
}

/// An initialised token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) slot: CK_SLOT_ID,
    pub(crate) info: TokenInfo,
}

impl Token {
    /// False for the free slot's token.
    pub(crate) const fn is_initialised(&self) -> bool {
        self.info.flags & CKF_TOKEN_INITIALIZED != 0
    }
}

/// The open library.
#[derive(Debug)]
pub(crate) struct Hsm {
    pub(crate) library: Library,
    pub(crate) config: Config,
}

impl Hsm {
    /// Loads the configuration and opens the store.
    pub(crate) fn open() -> Result<Self, Failure> {
        let config = Config::load().map_err(|e| Failure::setup(&e))?;
        let library = Library::open(config.clone(), chainhsm::abi::counter::system_env());
        let library = library.map_err(|e| Failure::setup(&e))?;
        Ok(Self { library, config })
    }

    /// Every slot in ascending order with what its token says of itself, or why it cannot be read.
    pub(crate) fn slots(&self) -> Result<Vec<(CK_SLOT_ID, CoreResult<TokenInfo>)>, Failure> {
        let slots = self.library.slot_list(true)?;
        let info = |slot| (slot, self.library.token_info(slot));
        Ok(slots.into_iter().map(info).collect())
    }

    /// Every initialised token that can be read.
    pub(crate) fn tokens(&self) -> Result<Vec<Token>, Failure> {
        let slots = self.slots()?.into_iter();
        let tokens = slots.filter_map(|(slot, info)| {
            Some(Token {
                slot,
                info: info.ok()?,
            })
        });
        Ok(tokens.filter(Token::is_initialised).collect())
    }

    /// The token that is meant.
    pub(crate) fn choose(&self, which: &WhichToken) -> Result<Token, Failure> {
        which.choose(self.tokens()?, |token| {
            let TokenInfo { label, serial, .. } = &token.info;
            (token.slot, label.clone(), serial.clone())
        })
    }

    /// A session with the token of a slot.
    pub(crate) fn session(&self, slot: CK_SLOT_ID, rw: bool) -> Result<SessionHandle, Failure> {
        let flags = CKF_SERIAL_SESSION | if rw { CKF_RW_SESSION } else { 0 };
        Ok(self.library.open_session(slot, flags)?)
    }

    /// A read/write session in which `user` is logged in.
    pub(crate) fn login(
        &self,
        slot: CK_SLOT_ID,
        user: CK_USER_TYPE,
        pin: &SecretBytes,
    ) -> Result<SessionHandle, Failure> {
        let session = self.session(slot, true)?;
        self.library.login(session, user, pin, b"")?;
        Ok(session)
    }

    /// Handles of all objects that match a template.
    pub(crate) fn find(
        &self,
        session: SessionHandle,
        template: &Template,
    ) -> Result<Vec<ObjectHandle>, Failure> {
        let mut found = Vec::new();
        self.library.find_objects_init(session, template)?;
        loop {
            let mut more = self.library.find_objects(session, 256)?;
            if more.is_empty() {
                break;
            }
            found.append(&mut more);
        }
        self.library.find_objects_final(session)?;
        Ok(found)
    }

    /// The attributes of an object that exist and may be read.
    pub(crate) fn read(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        attributes: &[CK_ATTRIBUTE_TYPE],
    ) -> Result<Template, Failure> {
        let answers = self.library.attribute_values(session, object, attributes)?;
        let known = |(attribute, answer)| match answer {
            Answer::Value(value) => Some((attribute, value)),
            Answer::Sensitive | Answer::Absent => None,
        };
        let pairs = attributes.iter().copied().zip(answers);
        Ok(pairs.filter_map(known).collect())
    }
}

/// The bytes of an attribute that is no secret; empty when absent.
pub(crate) fn bytes(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE) -> Vec<u8> {
    match attributes.get(attribute) {
        Some(Value::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    }
}
