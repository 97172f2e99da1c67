//! The few fields of an X.509 certificate that PKCS#11 wants as attributes (RFC 5280 section 4.1).

use pkcs8::{
    Document,
    der::{self, Decode, Reader, SliceReader, TagNumber, asn1::AnyRef, asn1::ContextSpecific},
};

use crate::failure::Failure;

/// A certificate and the DER of some of its fields.
#[derive(Debug)]
pub(crate) struct Certificate {
    /// The whole.
    pub(crate) der: Vec<u8>,
    /// `CKA_SERIAL_NUMBER`.
    pub(crate) serial: Vec<u8>,
    /// `CKA_ISSUER`.
    pub(crate) issuer: Vec<u8>,
    /// `CKA_SUBJECT`.
    pub(crate) subject: Vec<u8>,
    /// SubjectPublicKeyInfo.
    pub(crate) public_key_info: Vec<u8>,
}

impl Certificate {
    /// Reads one certificate in PEM or DER.
    pub(crate) fn read(file: &[u8]) -> Result<Self, Failure> {
        let bad = |e| Failure::usage(format!("the certificate cannot be read: {e}"));
        let der = match std::str::from_utf8(file) {
            Ok(text) if text.contains("-----BEGIN ") => {
                let (label, document) = Document::from_pem(text).map_err(bad)?;
                if label != "CERTIFICATE" {
                    return Err(Failure::usage("the file of --cert holds no certificate"));
                }
                document.into_vec()
            }
            _ => file.to_vec(),
        };
        Self::parse(&der).map_err(bad)
    }

    fn parse(whole: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(whole)?;
        let fields = reader.sequence(|certificate| {
            let fields = certificate.sequence(|tbs| {
                // Absent in version 1.
                ContextSpecific::<AnyRef<'_>>::decode_explicit(tbs, TagNumber(0))?;
                let serial = tbs.tlv_bytes()?.to_vec();
                tbs.tlv_bytes()?; // signature algorithm
                let issuer = tbs.tlv_bytes()?.to_vec();
                tbs.tlv_bytes()?; // validity
                let subject = tbs.tlv_bytes()?.to_vec();
                let public_key_info = tbs.tlv_bytes()?.to_vec();
                while !tbs.is_finished() {
                    AnyRef::decode(tbs)?; // unique identifiers, extensions
                }
                Ok::<_, der::Error>((serial, issuer, subject, public_key_info))
            })?;
            certificate.tlv_bytes()?; // signature algorithm
            certificate.tlv_bytes()?; // signature
            Ok::<_, der::Error>(fields)
        })?;
        reader.finish()?;
        let (serial, issuer, subject, public_key_info) = fields;
        Ok(Self {
            der: whole.to_vec(),
            serial,
            issuer,
            subject,
            public_key_info,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn the_fields_of_a_certificate() {
        let file = include_bytes!("testdata/p256-certificate.pem");
        let certificate = Certificate::read(file).unwrap();
        let name = "300f310d300b06035504030c0474657374";
        assert_eq!(hex::encode(&certificate.subject), name);
        assert_eq!(hex::encode(&certificate.issuer), name);
        assert_eq!(
            hex::encode(&certificate.serial),
            "021429b9c4310716e788e7333a3de642725fa8cc2f1e"
        );
        assert!(
            hex::encode(&certificate.public_key_info).starts_with("3059301306072a8648ce3d0201")
        );
        assert!(Certificate::read(&certificate.der).is_ok());
        let cut = certificate.der.get(..200).unwrap();
        assert!(Certificate::read(cut).is_err());
        assert!(Certificate::read(include_bytes!("testdata/rsa.pem")).is_err());
    }
}
