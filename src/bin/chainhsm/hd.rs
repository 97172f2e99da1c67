//! `chainhsm hd`: keys from a seed in a token.

use chainhsm::{
    attribute::Template,
    mechanism::{Invocation, Params},
    pkcs11::*,
};
use clap::{Args, Subcommand};
use pkcs8::der::{Decode, Encode, asn1::OctetStringRef};
use serde_json::{Value as Json, json};
use sha1::{Digest, Sha1};

use crate::{
    answer::Answer,
    curve::Curve,
    failure::Failure,
    hex,
    hsm::{Hsm, WhichToken, bytes},
    pin::UserPin,
};

/// Keys from a seed in a token (BIP-32, SLIP-10).
#[derive(Debug, Args)]
pub(crate) struct Hd {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Provision(Provision),
}

/// Derive a run of key pairs and store them, all or none.
///
/// The keys are PATH/0, PATH/1 and so on, labelled LABEL-0, LABEL-1; on Ed25519 the last step is
/// hardened. Private keys are sensitive and never leave the token.
#[derive(Debug, Args)]
struct Provision {
    #[command(flatten)]
    which: WhichToken,
    /// Label of the seed, or of the key of a tree, to derive from.
    #[arg(long, value_name = "LABEL")]
    seed: String,
    /// Where the keys stand: m/44'/60'/0'/0 for Ethereum.
    #[arg(long)]
    path: String,
    /// How many keys.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Number of the first one.
    #[arg(long, default_value_t = 0)]
    start: u32,
    /// Beginning of the labels.
    #[arg(long)]
    label: String,
    /// The curve: secp256k1, p-256 or ed25519.
    #[arg(long, default_value = "secp256k1")]
    curve: Curve,
    #[command(flatten)]
    pin: UserPin,
}

impl Hd {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        match &self.action {
            Action::Provision(command) => command.run(),
        }
    }
}

impl Provision {
    fn run(&self) -> Result<Answer, Failure> {
        let last = self.start.checked_add(self.count);
        let last = last.ok_or_else(|| Failure::usage("the last number is too large"))?;
        let hsm = Hsm::open()?;
        let token = hsm.choose(&self.which)?;
        let session = hsm.login(token.slot, CKU_USER, &self.pin.read()?)?;
        let base = self.base(&hsm, session)?;
        let mut made = Vec::new();
        let keys: Result<Vec<Key>, Failure> = (self.start..last)
            .map(|number| self.pair(&hsm, session, base, number, &mut made))
            .collect();
        let keys = keys.or_else(|failure| {
            for object in made {
                hsm.library.destroy_object(session, object)?;
            }
            Err(failure)
        })?;
        let lines = keys.iter().map(Key::line);
        let json: Vec<Json> = keys.iter().map(Key::json).collect();
        Ok(Answer::new(
            lines.collect::<String>(),
            json!({ "curve": self.curve.name(), "keys": json }),
        ))
    }

    /// The one seed, or private key of a tree, with the label.
    fn base(&self, hsm: &Hsm, session: SessionHandle) -> Result<ObjectHandle, Failure> {
        let label = || Template::new().with(CKA_LABEL, self.seed.as_bytes());
        let seed = label().with(CKA_CLASS, CKO_SECRET_KEY);
        let tree = label()
            .with(CKA_CLASS, CKO_PRIVATE_KEY)
            .with(CKA_KEY_TYPE, CKK_BIP32);
        let mut found = hsm.find(session, &seed)?;
        found.extend(hsm.find(session, &tree)?);
        match found.as_slice() {
            [base] => Ok(*base),
            [] => Err(Failure::not_found(
                "no such seed: make one with `chainhsm mnemonic create`",
            )),
            _ => Err(Failure::usage("several seeds have this label")),
        }
    }

    /// Makes one pair; what is stored is added to `made`.
    fn pair(
        &self,
        hsm: &Hsm,
        session: SessionHandle,
        base: ObjectHandle,
        number: u32,
        made: &mut Vec<ObjectHandle>,
    ) -> Result<Key, Failure> {
        let mark = if self.curve == Curve::Ed25519 {
            "'"
        } else {
            ""
        };
        let path = format!("{}/{number}{mark}", self.path);
        let label = format!("{}-{number}", self.label);
        let parameters = self.curve.oid().to_der();
        let parameters =
            parameters.map_err(|e| Failure::failed(format!("curve parameters: {e}")))?;
        let derive = |class, template: Template| {
            let template = template
                .with(CKA_CLASS, class)
                .with(CKA_EC_PARAMS, parameters.as_slice());
            let mut mechanism = Invocation {
                mechanism: CKM_BC_HD_DERIVE,
                params: Ok(Params::Bytes(path.clone().into_bytes())),
            };
            let key = hsm
                .library
                .derive_key(session, &mut mechanism, base, template)?;
            key.ok_or_else(|| Failure::failed("the token has derived nothing"))
        };
        // In the session first: the identity of what is stored depends on the public key.
        let probe = derive(CKO_PUBLIC_KEY, Template::new().with(CKA_TOKEN, false))?;
        let read = hsm.read(session, probe, &[CKA_EC_POINT, CKA_BC_ETH_ADDRESS]);
        hsm.library.destroy_object(session, probe)?;
        let read = read?;
        let point = bytes(&read, CKA_EC_POINT);
        let point = <&OctetStringRef>::from_der(&point)
            .map_err(|e| Failure::failed(format!("the token computed no public key: {e}")))?;
        let id = Sha1::digest(point.as_bytes()).to_vec();
        for (class, private) in [(CKO_PRIVATE_KEY, true), (CKO_PUBLIC_KEY, false)] {
            let same = Template::new()
                .with(CKA_CLASS, class)
                .with(CKA_ID, id.as_slice());
            if !hsm.find(session, &same)?.is_empty() {
                return Err(Failure::failed(format!("the key at {path} exists already")));
            }
            let template = Template::new()
                .with(CKA_TOKEN, true)
                .with(CKA_PRIVATE, private)
                .with(CKA_LABEL, label.as_bytes())
                .with(CKA_ID, id.as_slice());
            made.push(derive(class, template)?);
        }
        Ok(Key {
            path,
            label,
            id: hex::encode(&id),
            public: hex::encode(point.as_bytes()),
            address: bytes(&read, CKA_BC_ETH_ADDRESS),
        })
    }
}

/// What is told of a new pair.
struct Key {
    path: String,
    label: String,
    id: String,
    public: String,
    /// Ethereum's; empty on other curves.
    address: Vec<u8>,
}

impl Key {
    fn line(&self) -> String {
        let Self {
            path,
            label,
            id,
            public,
            ..
        } = self;
        format!("{path}  {label:?}  id {id}  {public}\n")
    }

    fn json(&self) -> Json {
        let mut json = json!({
            "path": self.path,
            "label": self.label,
            "id": self.id,
            "public_key": self.public,
        });
        if !self.address.is_empty()
            && let Some(object) = json.as_object_mut()
        {
            let address = format!("0x{}", hex::encode(&self.address));
            object.insert("eth_address".into(), address.into());
        }
        json
    }
}
