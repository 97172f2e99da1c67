//! The small DER forms that key attributes use: EC domain parameters, wrapped points and
//! `SubjectPublicKeyInfo`.

use pkcs8::{
    ObjectIdentifier,
    der::{
        self, Decode, Encode, Reader, SliceReader, Tag, Tagged,
        asn1::{AnyRef, BitStringRef, OctetStringRef, PrintableStringRef, UintRef},
    },
    spki::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

use crate::error::{Error, Result};

/// A value of `CKA_EC_PARAMS`: the choices of X9.62 `Parameters`, and the curve name that
/// PKCS#11 v3.0 added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameters<'a> {
    /// `oId`.
    Oid(ObjectIdentifier),
    /// `curveName`.
    Name(&'a str),
    /// `ecParameters`.
    Explicit(Explicit<'a>),
}

/// Domain parameters in full, over a prime field. Integers and field elements are big-endian;
/// integers have no leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explicit<'a> {
    /// The prime of the field.
    pub prime: &'a [u8],
    /// Coefficient a, as long as the field.
    pub a: &'a [u8],
    /// Coefficient b, as long as the field.
    pub b: &'a [u8],
    /// Base point, compressed or not.
    pub base: &'a [u8],
    /// Order of the base point.
    pub order: &'a [u8],
    /// Cofactor.
    pub cofactor: Option<&'a [u8]>,
}

const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");
const BINARY_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.2");

impl<'a> Parameters<'a> {
    /// Reads `CKA_EC_PARAMS`.
    ///
    /// # Errors
    /// `CKR_DOMAIN_PARAMS_INVALID` for anything that is not one of the choices; that includes
    /// `implicitlyCA`, which PKCS#11 v3.1 section 6.3.3 bans. `CKR_CURVE_NOT_SUPPORTED` for a curve
    /// over a binary field.
    pub fn from_der(bytes: &'a [u8]) -> Result<Self> {
        let parameters = Self::decode(bytes).map_err(|_| Error::DomainParamsInvalid)?;
        parameters.ok_or(Error::CurveNotSupported)
    }

    fn decode(bytes: &'a [u8]) -> der::Result<Option<Self>> {
        let any = AnyRef::from_der(bytes)?;
        if any.tag() == Tag::ObjectIdentifier {
            return any.decode_as().map(|oid| Some(Self::Oid(oid)));
        }
        if any.tag() == Tag::PrintableString {
            let name: PrintableStringRef<'a> = any.decode_as()?;
            return Ok(Some(Self::Name(name.as_str())));
        }
        any.sequence(Explicit::decode)
            .map(|explicit| explicit.map(Self::Explicit))
    }
}

impl<'a> Explicit<'a> {
    /// X9.62 `ECParameters` without its outer header; `None` over a binary field.
    fn decode(reader: &mut SliceReader<'a>) -> der::Result<Option<Self>> {
        let _version: u8 = reader.decode()?;
        let prime = reader.sequence(|field| -> der::Result<_> {
            let kind: ObjectIdentifier = field.decode()?;
            let details: AnyRef<'a> = field.decode()?;
            match kind {
                PRIME_FIELD => Ok(Some(details.decode_as::<UintRef<'a>>()?.as_bytes())),
                BINARY_FIELD => Ok(None),
                _ => Err(Tag::ObjectIdentifier.value_error().into()),
            }
        })?;
        let (a, b) = reader.sequence(|curve| -> der::Result<_> {
            let a: &OctetStringRef = curve.decode()?;
            let b: &OctetStringRef = curve.decode()?;
            let _seed: Option<BitStringRef<'a>> = curve.decode()?;
            Ok((a.as_bytes(), b.as_bytes()))
        })?;
        let base: &OctetStringRef = reader.decode()?;
        let order: UintRef<'a> = reader.decode()?;
        let cofactor: Option<UintRef<'a>> = reader.decode()?;
        let _hash: Option<AnyRef<'a>> = reader.decode()?;
        Ok(prime.map(|prime| Self {
            prime,
            a,
            b,
            base: base.as_bytes(),
            order: order.as_bytes(),
            cofactor: cofactor.map(|n| n.as_bytes()),
        }))
    }
}

/// The DER OCTET STRING of `bytes`.
///
/// # Errors
/// `CKR_DATA_LEN_RANGE` beyond what DER can hold (256 MiB).
pub fn octet_string(bytes: &[u8]) -> Result<Vec<u8>> {
    OctetStringRef::new(bytes)
        .and_then(|string| string.to_der())
        .map_err(|_| Error::DataLenRange)
}

/// What a DER OCTET STRING holds; `None` unless `bytes` is exactly one.
#[must_use]
pub fn in_octet_string(bytes: &[u8]) -> Option<&[u8]> {
    let any = AnyRef::from_der(bytes).ok()?;
    (any.tag() == Tag::OctetString).then(|| any.value())
}

/// What a DER BIT STRING of whole bytes holds; `None` unless `bytes` is exactly one.
#[must_use]
pub fn in_bit_string(bytes: &[u8]) -> Option<&[u8]> {
    BitStringRef::from_der(bytes).ok()?.as_bytes()
}

/// The DER `SubjectPublicKeyInfo` of a public key.
///
/// # Errors
/// `CKR_DATA_LEN_RANGE` beyond what DER can hold (256 MiB).
pub fn public_key_info(
    algorithm: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
    key: &[u8],
) -> Result<Vec<u8>> {
    let encode = || {
        SubjectPublicKeyInfo {
            algorithm: AlgorithmIdentifier {
                oid: algorithm,
                parameters: curve.as_ref().map(AnyRef::from),
            },
            subject_public_key: BitStringRef::from_bytes(key)?,
        }
        .to_der()
    };
    encode().map_err(|_| Error::DataLenRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_apart() {
        let oid = ObjectIdentifier::new_unwrap("1.3.132.0.10");
        assert_eq!(
            Parameters::from_der(&[0x06, 5, 0x2B, 0x81, 4, 0, 0x0A]),
            Ok(Parameters::Oid(oid))
        );
        assert_eq!(
            Parameters::from_der(b"\x13\x05P-256"),
            Ok(Parameters::Name("P-256"))
        );
    }

    #[test]
    fn what_is_no_choice_of_parameters_is_refused() {
        let bad: &[&[u8]] = &[
            b"",
            b"\x05\x00",                     // implicitlyCA
            b"\x06\x05\x2B\x81\x04\x00",     // truncated
            b"\x06\x03\x2B\x65\x70\x00",     // trailing byte
            b"\x13\x82\x00\x05P-256",        // length not minimal
            b"\x0C\x05P-256",                // UTF8String
            b"\x13\x02\xFF\xFF",             // not printable
            b"\x30\x03\x02\x01\x01",         // explicit, cut short
            b"\x30\x84\xFF\xFF\xFF\xFF\x02", // absurd length
        ];
        for bytes in bad {
            assert_eq!(
                Parameters::from_der(bytes),
                Err(Error::DomainParamsInvalid),
                "{bytes:02x?}"
            );
        }
    }

    #[test]
    fn strings_must_span_the_value() {
        assert_eq!(in_octet_string(b"\x04\x02ab"), Some(b"ab".as_slice()));
        assert_eq!(in_octet_string(b"\x04\x02abc"), None);
        assert_eq!(in_octet_string(b"\x04\x03ab"), None);
        assert_eq!(in_octet_string(b"\x03\x03\x00ab"), None);
        assert_eq!(in_bit_string(b"\x03\x03\x00ab"), Some(b"ab".as_slice()));
        assert_eq!(in_bit_string(b"\x03\x03\x01ab"), None);
        assert_eq!(octet_string(b"ab"), Ok(b"\x04\x02ab".to_vec()));
    }
}
