//! Keys as wrapping mechanisms carry them: the value of a secret key, PKCS#8 of a private key
//! (PKCS#11 v3.1 section 6.7, RFC 5958, RFC 5915, RFC 8410).

use pkcs8::{
    ObjectIdentifier, PrivateKeyInfo, PrivateKeyInfoRef,
    der::{
        Decode, Encode, Reader, SliceReader,
        asn1::{AnyRef, BitStringRef, OctetStringRef},
    },
    spki::AlgorithmIdentifierRef,
};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use super::{ec, required, secret_value};
use crate::{
    attribute::Template,
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A key's bytes, ready to be wrapped.
///
/// # Errors
/// `CKR_KEY_NOT_WRAPPABLE` for a type that has no such form.
pub(super) fn export(attributes: &Template) -> Result<SecretBytes> {
    let value = secret_value(attributes)?;
    if attributes.ulong(CKA_CLASS) == Some(CKO_SECRET_KEY) {
        return Ok(value.expose(SecretBytes::copy_from));
    }
    match attributes.ulong(CKA_KEY_TYPE) {
        Some(CKK_EC) => {
            let curve = ec::Curve::from_params(required(attributes, CKA_EC_PARAMS)?)?.oid();
            value.expose(|scalar| {
                let key = EcPrivateKey {
                    private_key: scalar,
                    parameters: None,
                    public_key: None,
                };
                info(EC_PUBLIC_KEY, Some(AnyRef::from(&curve)), &key)
            })
        }
        Some(CKK_EC_EDWARDS) => value.expose(|seed| {
            let key = OctetStringRef::new(seed).map_err(|_| Error::KeyNotWrappable)?;
            info(ED25519, None, &key)
        }),
        _ => Err(Error::KeyNotWrappable),
    }
}

/// PKCS#8 around a type's own private-key structure.
fn info(
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    key: &impl Encode,
) -> Result<SecretBytes> {
    let encode = || {
        let key = Zeroizing::new(key.to_der()?);
        let algorithm = AlgorithmIdentifierRef { oid, parameters };
        let info = PrivateKeyInfo {
            algorithm,
            private_key: OctetStringRef::new(&key)?,
            public_key: None::<BitStringRef<'_>>,
        };
        info.to_der().map(Zeroizing::new)
    };
    let der = encode().map_err(|_| Error::KeyNotWrappable)?;
    Ok(SecretBytes::copy_from(&der))
}

/// The attributes of unwrapped bytes, for the class and key type that the template names.
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE`, `CKR_WRAPPED_KEY_LEN_RANGE` for fewer bytes than `CKA_VALUE_LEN`
/// says, `CKR_WRAPPED_KEY_INVALID` for bytes that are no such key.
pub(super) fn import(material: &SecretBytes, template: &Template) -> Result<Template> {
    let named = |attribute| {
        template
            .ulong(attribute)
            .ok_or(Error::TemplateIncomplete(attribute))
    };
    let (class, key_type) = (named(CKA_CLASS)?, named(CKA_KEY_TYPE)?);
    let imported = match class {
        CKO_SECRET_KEY => secret(material, template.ulong(CKA_VALUE_LEN))?,
        CKO_PRIVATE_KEY => material.expose(|der| private(der, key_type))?,
        _ => return Err(Error::TemplateInconsistent(CKA_CLASS)),
    };
    Ok(imported.with(CKA_CLASS, class).with(CKA_KEY_TYPE, key_type))
}

/// Mechanisms without padding leave zeros behind the value: the template may say where it ends.
fn secret(material: &SecretBytes, len: Option<CK_ULONG>) -> Result<Template> {
    let Some(len) = len.filter(|len| *len != 0) else {
        return Ok(Template::new().with(CKA_VALUE, material.expose(SecretBytes::copy_from)));
    };
    let value = material.expose(|bytes| {
        let end = usize::try_from(len).ok()?;
        bytes.get(..end).map(SecretBytes::copy_from)
    });
    Ok(Template::new()
        .with(CKA_VALUE, value.ok_or(Error::WrappedKeyLenRange)?)
        .with(CKA_VALUE_LEN, len))
}

/// Reads PKCS#8, which zeros may follow.
fn private(der: &[u8], key_type: CK_KEY_TYPE) -> Result<Template> {
    let read = || {
        let mut reader = SliceReader::new(der).ok()?;
        let info: PrivateKeyInfoRef<'_> = reader.decode().ok()?;
        let rest = der.get(usize::try_from(reader.position()).ok()?..)?;
        rest.iter().all(|byte| *byte == 0).then_some(info)
    };
    let info = read().ok_or(Error::WrappedKeyInvalid)?;
    let key = info.private_key.as_bytes();
    let (value, params) = match (info.algorithm.oid, key_type) {
        (EC_PUBLIC_KEY, CKK_EC) => {
            let key = EcPrivateKey::from_der(key).map_err(|_| Error::WrappedKeyInvalid)?;
            let params = info.algorithm.parameters.ok_or(Error::WrappedKeyInvalid)?;
            (key.private_key, params.to_der())
        }
        (ED25519, CKK_EC_EDWARDS) => {
            let seed = <&OctetStringRef>::from_der(key).map_err(|_| Error::WrappedKeyInvalid)?;
            (seed.as_bytes(), ED25519.to_der())
        }
        _ => return Err(Error::WrappedKeyInvalid),
    };
    let params = params.map_err(|_| Error::WrappedKeyInvalid)?;
    Ok(Template::new()
        .with(CKA_EC_PARAMS, params)
        .with(CKA_VALUE, SecretBytes::copy_from(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    const ED25519_OID: &[u8] = &[0x06, 0x03, 0x2B, 0x65, 0x70];

    fn key(key_type: CK_KEY_TYPE, params: &[u8]) -> Template {
        Template::new()
            .with(CKA_CLASS, CKO_PRIVATE_KEY)
            .with(CKA_KEY_TYPE, key_type)
            .with(CKA_EC_PARAMS, params)
            .with(CKA_VALUE, SecretBytes::copy_from(&[7; 32]))
    }

    fn wanted(key_type: CK_KEY_TYPE) -> Template {
        Template::new()
            .with(CKA_CLASS, CKO_PRIVATE_KEY)
            .with(CKA_KEY_TYPE, key_type)
    }

    #[test]
    fn private_keys_travel_as_pkcs8() {
        for (key_type, params) in [(CKK_EC, P256), (CKK_EC_EDWARDS, ED25519_OID)] {
            let key = key(key_type, params);
            let material = export(&key).unwrap();
            assert!(import(&material, &wanted(key_type)).unwrap().matches(&key));
            // Block ciphers leave zeros behind, and nothing else.
            let padded =
                |pad: u8| material.expose(|der| SecretBytes::copy_from(&[der, &[pad; 5]].concat()));
            assert!(import(&padded(0), &wanted(key_type)).is_ok());
            assert_eq!(
                import(&padded(1), &wanted(key_type)).unwrap_err(),
                Error::WrappedKeyInvalid
            );
        }
    }

    #[test]
    fn the_form_is_rfc_8410s() {
        let material = export(&key(CKK_EC_EDWARDS, ED25519_OID)).unwrap();
        let head = [
            0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        material.expose(|der| assert_eq!(der, [&head[..], &[7; 32]].concat()));
    }

    #[test]
    fn secret_keys_travel_bare_and_are_cut_where_the_template_says() {
        let key = Template::new()
            .with(CKA_CLASS, CKO_SECRET_KEY)
            .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
            .with(CKA_VALUE, SecretBytes::copy_from(&[9; 20]));
        let material = export(&key).unwrap();
        assert_eq!(material.len(), 20);
        let wanted = |len: CK_ULONG| {
            Template::new()
                .with(CKA_CLASS, CKO_SECRET_KEY)
                .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
                .with(CKA_VALUE_LEN, len)
        };
        let cut = import(&material, &wanted(16)).unwrap();
        assert_eq!(secret_value(&cut).unwrap().len(), 16);
        assert_eq!(
            import(&material, &wanted(21)).unwrap_err(),
            Error::WrappedKeyLenRange
        );
    }

    #[test]
    fn another_key_or_no_key_is_refused() {
        let material = export(&key(CKK_EC, P256)).unwrap();
        for (material, key_type) in [
            (&material, CKK_EC_EDWARDS),
            (&SecretBytes::copy_from(b"no DER"), CKK_EC),
        ] {
            let imported = import(material, &wanted(key_type));
            assert_eq!(imported.unwrap_err(), Error::WrappedKeyInvalid);
        }
        let nameless = Template::new().with(CKA_CLASS, CKO_PRIVATE_KEY);
        assert_eq!(
            import(&material, &nameless).unwrap_err(),
            Error::TemplateIncomplete(CKA_KEY_TYPE)
        );
    }
}
