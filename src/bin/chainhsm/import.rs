//! `chainhsm import`: brings a private key, its public half and a certificate into a token.

use std::path::PathBuf;

use chainhsm::{attribute::Template, pkcs11::*};
use clap::Args;
use pkcs8::der::{Decode, Encode, asn1::OctetStringRef};
use serde_json::json;
use sha1::{Digest, Sha1};

use crate::{
    answer::Answer,
    certificate::Certificate,
    curve::Curve,
    failure::Failure,
    hex::{self, Hex},
    hsm::{Hsm, WhichToken, bytes},
    material::{self, Material},
    pin::{Passphrase, UserPin, read_file},
};

/// Import a private key with its public half: PKCS#8 (encrypted too), SEC1, PEM, DER, hexadecimal.
///
/// The private key is sensitive and never leaves the token unless --extractable is given.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The key file.
    file: PathBuf,
    #[command(flatten)]
    which: WhichToken,
    /// Label of the new objects.
    #[arg(long)]
    label: String,
    /// CKA_ID of the new objects in hexadecimal; the SHA-1 of the public key when not given.
    #[arg(long, value_parser = hex::parse)]
    id: Option<Hex>,
    /// The curve, where the file does not name it.
    #[arg(long)]
    curve: Option<Curve>,
    /// Let the private key be wrapped out of the token later.
    #[arg(long)]
    extractable: bool,
    /// X.509 certificate (PEM or DER) of this key to store beside it.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    #[command(flatten)]
    pin: UserPin,
    #[command(flatten)]
    passphrase: Passphrase,
}

impl Import {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let file = read_file(&self.file)?;
        let material = material::read(&file, self.curve, || self.passphrase.read())?;
        drop(file);
        let certificate = self
            .cert
            .as_ref()
            .map(|path| Certificate::read(&read_file(path)?));
        let certificate = certificate.transpose()?;

        let hsm = Hsm::open()?;
        let token = hsm.choose(&self.which)?;
        let session = hsm.login(token.slot, CKU_USER, &self.pin.read()?)?;
        let public = public_half(&hsm, session, &material)?;
        let id = match &self.id {
            Some(Hex(id)) => id.clone(),
            None => Sha1::digest(&public.raw).to_vec(),
        };
        let mut objects = vec![
            ("private key", self.private(&material)?),
            ("public key", self.public(&material, &public)?),
        ];
        if let Some(certificate) = &certificate {
            if certificate.public_key_info != public.info {
                return Err(Failure::usage("the certificate belongs to another key"));
            }
            objects.push(("certificate", self.certificate(certificate)?));
        }
        for (name, template) in &mut objects {
            template.set(CKA_ID, id.as_slice());
            let same = [CKA_CLASS, CKA_ID].into_iter();
            let same = same.filter_map(|a| Some((a, template.get(a)?.clone())));
            if !hsm.find(session, &same.collect())?.is_empty() {
                let id = hex::encode(&id);
                return Err(Failure::failed(format!(
                    "a {name} with id {id} exists already"
                )));
            }
        }
        let names: Vec<&str> = objects.iter().map(|(name, _)| *name).collect();
        create_all(
            &hsm,
            session,
            objects.into_iter().map(|(_, template)| template),
        )?;
        let (curve, id) = (material.curve.name(), hex::encode(&id));
        Ok(Answer::new(
            format!(
                "imported {curve} {}, label {:?}, id {id:?}",
                names.join(", "),
                self.label
            ),
            json!({ "curve": curve, "label": self.label, "id": id, "objects": names }),
        ))
    }

    fn common(&self, class: CK_OBJECT_CLASS, private: bool) -> Template {
        Template::new()
            .with(CKA_CLASS, class)
            .with(CKA_TOKEN, true)
            .with(CKA_PRIVATE, private)
            .with(CKA_LABEL, self.label.as_bytes())
    }

    fn private(&self, material: &Material) -> Result<Template, Failure> {
        let template = self.common(CKO_PRIVATE_KEY, true);
        Ok(private(template, material)?.with(CKA_EXTRACTABLE, self.extractable))
    }

    fn public(&self, material: &Material, public: &Public) -> Result<Template, Failure> {
        let template = self.common(CKO_PUBLIC_KEY, false);
        Ok(key(template, material.curve)?.with(CKA_EC_POINT, public.point.as_slice()))
    }

    fn certificate(&self, certificate: &Certificate) -> Result<Template, Failure> {
        Ok(self
            .common(CKO_CERTIFICATE, false)
            .with(CKA_CERTIFICATE_TYPE, CKC_X_509)
            .with(CKA_SUBJECT, certificate.subject.as_slice())
            .with(CKA_ISSUER, certificate.issuer.as_slice())
            .with(CKA_SERIAL_NUMBER, certificate.serial.as_slice())
            .with(CKA_VALUE, certificate.der.as_slice()))
    }
}

fn key(template: Template, curve: Curve) -> Result<Template, Failure> {
    let parameters = curve.oid().to_der();
    let parameters = parameters.map_err(|e| Failure::failed(format!("curve parameters: {e}")))?;
    Ok(template
        .with(CKA_KEY_TYPE, curve.key_type())
        .with(CKA_EC_PARAMS, parameters))
}

fn private(template: Template, material: &Material) -> Result<Template, Failure> {
    let secret = material
        .secret
        .expose(chainhsm::secret::SecretBytes::copy_from);
    Ok(key(template, material.curve)?
        .with(CKA_SENSITIVE, true)
        .with(CKA_VALUE, secret))
}

/// The public half, as the token computes it.
struct Public {
    /// `CKA_EC_POINT`.
    point: Vec<u8>,
    /// The point without its DER wrapping.
    raw: Vec<u8>,
    /// `CKA_PUBLIC_KEY_INFO`.
    info: Vec<u8>,
}

/// Asks the token for the public half by way of a session object, so that nothing is stored before
/// everything is known to fit.
fn public_half(hsm: &Hsm, session: SessionHandle, material: &Material) -> Result<Public, Failure> {
    let template = Template::new()
        .with(CKA_CLASS, CKO_PRIVATE_KEY)
        .with(CKA_TOKEN, false)
        .with(CKA_PRIVATE, true);
    let object = hsm
        .library
        .create_object(session, private(template, material)?)?;
    let read = hsm.read(session, object, &[CKA_EC_POINT, CKA_PUBLIC_KEY_INFO]);
    hsm.library.destroy_object(session, object)?;
    let read = read?;
    let point = bytes(&read, CKA_EC_POINT);
    let raw = <&OctetStringRef>::from_der(&point)
        .map_err(|e| Failure::failed(format!("the token computed no public key: {e}")))?;
    let raw = raw.as_bytes().to_vec();
    let agrees = |claimed: &[u8]| match claimed.split_first() {
        // A compressed point: its x is the first half of the uncompressed one.
        Some((2 | 3, x)) if raw.len() > x.len() => raw.get(1..=x.len()) == Some(x),
        _ => claimed == raw,
    };
    if !material.public.as_deref().is_none_or(agrees) {
        return Err(Failure::usage(
            "the file's public key does not belong to its private key",
        ));
    }
    let info = bytes(&read, CKA_PUBLIC_KEY_INFO);
    Ok(Public { point, raw, info })
}

/// Creates all or none.
fn create_all(
    hsm: &Hsm,
    session: SessionHandle,
    templates: impl Iterator<Item = Template>,
) -> Result<(), Failure> {
    let mut made = Vec::new();
    for template in templates {
        match hsm.library.create_object(session, template) {
            Ok(object) => made.push(object),
            Err(error) => {
                for object in made {
                    hsm.library.destroy_object(session, object)?;
                }
                return Err(error.into());
            }
        }
    }
    Ok(())
}
