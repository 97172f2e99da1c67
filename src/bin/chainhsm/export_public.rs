//! `chainhsm export-public`: a public key as SubjectPublicKeyInfo.

use chainhsm::{attribute::Template, pkcs11::*};
use clap::Args;
use pkcs8::{
    Document, LineEnding,
    der::{Decode, asn1::OctetStringRef},
};
use serde_json::json;

use crate::{
    answer::Answer,
    failure::Failure,
    hex::{self, Hex},
    hsm::{Hsm, WhichToken, bytes},
    pin::UserPin,
};

/// Print a public key: PEM (SubjectPublicKeyInfo) unless another form is asked for.
#[derive(Debug, Args)]
pub(crate) struct ExportPublic {
    #[command(flatten)]
    which: WhichToken,
    /// Label of the key.
    #[arg(long, required_unless_present = "id")]
    label: Option<String>,
    /// CKA_ID of the key in hexadecimal.
    #[arg(long, value_parser = hex::parse)]
    id: Option<Hex>,
    /// SubjectPublicKeyInfo in DER.
    #[arg(long, conflicts_with = "hex")]
    der: bool,
    /// The bare public key in hexadecimal: the uncompressed point, or the 32 bytes of Ed25519.
    #[arg(long)]
    hex: bool,
    // Only needed where the token holds no public object for the key.
    #[command(flatten)]
    pin: UserPin,
}

impl ExportPublic {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let hsm = Hsm::open()?;
        let token = hsm.choose(&self.which)?;
        let session = if self.pin.is_given() {
            hsm.login(token.slot, CKU_USER, &self.pin.read()?)?
        } else {
            hsm.session(token.slot, false)?
        };
        let mut found = hsm.find(session, &self.template(CKO_PUBLIC_KEY))?;
        if found.is_empty() {
            found = hsm.find(session, &self.template(CKO_PRIVATE_KEY))?;
        }
        let object = match found.as_slice() {
            [object] => *object,
            [] => {
                return Err(Failure::not_found(
                    "no such key: `chainhsm list` shows all, private ones with a PIN",
                ));
            }
            _ => {
                return Err(Failure::usage(
                    "several keys match: give --id or --label too",
                ));
            }
        };
        let read = hsm.read(session, object, &[CKA_PUBLIC_KEY_INFO, CKA_EC_POINT])?;
        self.answer(
            &bytes(&read, CKA_PUBLIC_KEY_INFO),
            &bytes(&read, CKA_EC_POINT),
        )
    }

    fn template(&self, class: CK_OBJECT_CLASS) -> Template {
        let mut template = Template::new().with(CKA_CLASS, class);
        if let Some(label) = &self.label {
            template.set(CKA_LABEL, label.as_bytes());
        }
        if let Some(Hex(id)) = &self.id {
            template.set(CKA_ID, id.as_slice());
        }
        template
    }

    fn answer(&self, info: &[u8], point: &[u8]) -> Result<Answer, Failure> {
        let bad = |e| Failure::failed(format!("the public key cannot be read: {e}"));
        let pem = Document::try_from(info).map_err(bad)?;
        let pem = pem.to_pem("PUBLIC KEY", LineEnding::LF).map_err(bad)?;
        let point = <&OctetStringRef>::from_der(point).map_err(bad)?;
        let point = hex::encode(point.as_bytes());
        let json = json!({ "pem": pem, "spki": hex::encode(info), "public_key": point });
        Ok(if self.der {
            Answer::bytes(info.to_vec(), json)
        } else if self.hex {
            Answer::new(point, json)
        } else {
            Answer::new(pem, json)
        })
    }
}
