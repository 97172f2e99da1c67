//! Reads a private key from a file: PKCS#8 (encrypted or not), SEC1, in PEM or DER, or hexadecimal.

use chainhsm::secret::SecretBytes;
use pkcs8::{
    EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
    der::{Decode, asn1::OctetStringRef},
};
use sec1::EcPrivateKey;

use crate::{curve::Curve, failure::Failure, hex};

/// A private key as the file gives it.
#[derive(Debug)]
pub(crate) struct Material {
    /// The curve.
    pub(crate) curve: Curve,
    /// The private scalar (big-endian, full length) or the Ed25519 seed.
    pub(crate) secret: SecretBytes,
    /// The public point, when the file holds it too.
    pub(crate) public: Option<Vec<u8>>,
}

/// Reads a key. `curve` is needed where the file does not name it, and must agree where it does;
/// `passphrase` is asked for only when the key is encrypted.
pub(crate) fn read(
    file: &[u8],
    curve: Option<Curve>,
    passphrase: impl FnOnce() -> Result<SecretBytes, Failure>,
) -> Result<Material, Failure> {
    let material = match std::str::from_utf8(file) {
        Ok(text) if text.contains("-----BEGIN ") => pem(text, curve, passphrase)?,
        Ok(text) if hex::decode(text.trim().as_bytes()).is_some() => raw(text.trim(), curve)?,
        _ => der(file, curve, passphrase)?,
    };
    if curve.is_some_and(|curve| curve != material.curve) {
        let name = material.curve.name();
        return Err(Failure::usage(format!(
            "the file says that the curve is {name}"
        )));
    }
    Ok(material)
}

fn pem(
    text: &str,
    curve: Option<Curve>,
    passphrase: impl FnOnce() -> Result<SecretBytes, Failure>,
) -> Result<Material, Failure> {
    let mut keys = blocks(text).filter(|block| {
        let first = block.lines().next().unwrap_or_default();
        first.ends_with("PRIVATE KEY-----")
    });
    let block = match (keys.next(), keys.next()) {
        (Some(block), None) => block,
        (None, _) => return Err(Failure::usage("the file holds no private key")),
        (Some(_), Some(_)) => return Err(Failure::usage("the file holds several private keys")),
    };
    if block.contains("Proc-Type:") {
        return Err(Failure::usage(
            "the key is encrypted in OpenSSL's old way: convert it with `openssl pkcs8 -topk8`",
        ));
    }
    let (label, document) = SecretDocument::from_pem(block)
        .map_err(|e| Failure::usage(format!("the PEM block cannot be read: {e}")))?;
    match label {
        "PRIVATE KEY" => pkcs8(document.as_bytes()),
        "ENCRYPTED PRIVATE KEY" => encrypted(document.as_bytes(), passphrase),
        "EC PRIVATE KEY" => sec1(document.as_bytes(), curve),
        other => Err(Failure::usage(format!(
            "a PEM block of type {other:?} is not supported"
        ))),
    }
}

/// The PEM blocks of a text, from BEGIN line to END line.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive("-----END ").filter_map(move |part| {
        let start = part.find("-----BEGIN ")?;
        // The END line reaches into the next part: measured in the whole text.
        let start = part.as_ptr().addr() + start - text.as_ptr().addr();
        let end = part.as_ptr().addr() + part.len() - text.as_ptr().addr();
        let rest = text.get(end..)?;
        let end = end + rest.find('\n').unwrap_or(rest.len());
        text.get(start..end)
    })
}

fn der(
    bytes: &[u8],
    curve: Option<Curve>,
    passphrase: impl FnOnce() -> Result<SecretBytes, Failure>,
) -> Result<Material, Failure> {
    if PrivateKeyInfoRef::from_der(bytes).is_ok() {
        pkcs8(bytes)
    } else if EncryptedPrivateKeyInfoRef::from_der(bytes).is_ok() {
        encrypted(bytes, passphrase)
    } else if EcPrivateKey::from_der(bytes).is_ok() {
        sec1(bytes, curve)
    } else {
        Err(Failure::usage(
            "the file is neither PEM, nor DER (PKCS#8 or SEC1), nor hexadecimal",
        ))
    }
}

fn encrypted(
    der: &[u8],
    passphrase: impl FnOnce() -> Result<SecretBytes, Failure>,
) -> Result<Material, Failure> {
    let bad = |e| Failure::usage(format!("the encrypted key cannot be read: {e}"));
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(bad)?;
    let passphrase = passphrase()?;
    let document = passphrase.expose(|bytes| info.decrypt(bytes));
    let document = document.map_err(|_| {
        Failure::failed("the key cannot be decrypted: wrong passphrase or unsupported encryption")
    })?;
    pkcs8(document.as_bytes())
}

fn pkcs8(der: &[u8]) -> Result<Material, Failure> {
    let bad = |e| Failure::usage(format!("the PKCS#8 key cannot be read: {e}"));
    let info = PrivateKeyInfoRef::from_der(der).map_err(bad)?;
    let inner = info.private_key.as_bytes();
    if info.algorithm.oid == Curve::Ed25519.oid() {
        let seed = <&OctetStringRef>::from_der(inner).map_err(bad)?;
        let public = info.public_key.and_then(|p| p.as_bytes());
        return material(Curve::Ed25519, seed.as_bytes(), public);
    }
    if info.algorithm.oid != ID_EC_PUBLIC_KEY {
        let oid = info.algorithm.oid;
        return Err(Failure::usage(format!(
            "keys of algorithm {oid} are not supported"
        )));
    }
    let parameters = info.algorithm.parameters_oid();
    let curve = parameters.map_err(|_| Failure::usage("the key names no curve"))?;
    sec1(inner, Some(known(curve)?))
}

fn sec1(der: &[u8], curve: Option<Curve>) -> Result<Material, Failure> {
    let key = EcPrivateKey::from_der(der)
        .map_err(|e| Failure::usage(format!("the SEC1 key cannot be read: {e}")))?;
    let named = key.parameters.and_then(|p| p.named_curve()).map(known);
    let curve = match (named.transpose()?, curve) {
        (Some(named), Some(asked)) if named != asked => {
            return Err(Failure::usage(format!(
                "the key is on curve {}",
                named.name()
            )));
        }
        (Some(curve), _) | (None, Some(curve)) => curve,
        (None, None) => return Err(Failure::usage("the key names no curve: add --curve")),
    };
    material(curve, key.private_key, key.public_key)
}

fn raw(text: &str, curve: Option<Curve>) -> Result<Material, Failure> {
    let curve = curve.ok_or_else(|| Failure::usage("a key in hexadecimal needs --curve"))?;
    let secret =
        hex::decode(text.as_bytes()).ok_or_else(|| Failure::usage("the key is not hexadecimal"))?;
    secret.expose(|bytes| material(curve, bytes, None))
}

fn material(curve: Curve, secret: &[u8], public: Option<&[u8]>) -> Result<Material, Failure> {
    let (len, name) = (curve.secret_len(), curve.name());
    if secret.len() != len {
        let got = secret.len();
        return Err(Failure::usage(format!(
            "a key of {name} has {len} bytes, not {got}"
        )));
    }
    Ok(Material {
        curve,
        secret: SecretBytes::copy_from(secret),
        public: public.map(<[u8]>::to_vec),
    })
}

fn known(oid: ObjectIdentifier) -> Result<Curve, Failure> {
    let unknown = || Failure::usage(format!("curve {oid} is not supported"));
    Curve::from_oid(oid).ok_or_else(unknown)
}

const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

#[cfg(test)]
mod tests {
    use super::*;

    fn no_passphrase() -> Result<SecretBytes, Failure> {
        Err(Failure::failed("asked for a passphrase"))
    }

    fn plain(file: &str, curve: Option<Curve>) -> Result<Material, Failure> {
        read(file.as_bytes(), curve, no_passphrase)
    }

    fn secret(material: &Material) -> String {
        material.secret.expose(hex::encode)
    }

    #[test]
    fn one_key_in_all_its_forms() {
        let unlock = || Ok(SecretBytes::copy_from(b"secret"));
        let (_, der) = SecretDocument::from_pem(PKCS8).unwrap();
        let forms = [
            plain(SEC1, None),
            plain(PKCS8, None),
            plain(&format!("0x{SCALAR}\n"), Some(Curve::Secp256k1)),
            read(der.as_bytes(), Some(Curve::Secp256k1), no_passphrase),
            read(ENCRYPTED.as_bytes(), None, unlock),
        ];
        for material in forms {
            let material = material.unwrap();
            assert_eq!(material.curve, Curve::Secp256k1);
            assert_eq!(secret(&material), SCALAR);
            let public = material.public.as_deref().unwrap_or(&[4, 0xd7, 0xb6]);
            assert!(public.starts_with(&[4, 0xd7, 0xb6]));
        }
    }

    #[test]
    fn other_curves() {
        let ed25519 = plain(ED25519, None).unwrap();
        assert_eq!(ed25519.curve, Curve::Ed25519);
        assert!(secret(&ed25519).starts_with("3b4dc37f"));
        assert_eq!(plain(P256, None).unwrap().curve, Curve::P256);
        let p521 = plain(P521, None).unwrap();
        assert_eq!((p521.curve, p521.secret.len()), (Curve::P521, 66));
    }

    #[test]
    fn refused_with_a_reason() {
        let wrong = || Ok(SecretBytes::copy_from(b"wrong"));
        let encrypted = read(ENCRYPTED.as_bytes(), None, wrong);
        for (result, reason) in [
            (encrypted, "wrong passphrase"),
            (plain(OLD, None), "openssl pkcs8 -topk8"),
            (plain(RSA, None), "not supported"),
            (plain(SCALAR, None), "needs --curve"),
            (plain(SCALAR, Some(Curve::P384)), "has 48 bytes, not 32"),
            (plain(PKCS8, Some(Curve::P256)), "curve is secp256k1"),
            (plain(CERTIFICATE, None), "no private key"),
            (plain(&format!("{P256}{P521}"), None), "several"),
            (plain("hello", None), "neither PEM"),
            (
                plain("-----BEGIN EC PRIVATE KEY-----\nMHQ", None),
                "cannot be read",
            ),
        ] {
            let message = format!("{:?}", result.map(|m| m.curve).unwrap_err());
            assert!(message.contains(reason), "{message} lacks {reason:?}");
            assert!(
                !message.contains("6f1ec34b") && !message.contains("MHQ"),
                "{message}"
            );
        }
    }

    const SCALAR: &str = "6f1ec34bf9c8e1791ec0191c3f40ba4f6b1738a1601eb5a07f0a019dd4dab5a5";
    const SEC1: &str = include_str!("testdata/secp256k1-sec1.pem");
    const PKCS8: &str = include_str!("testdata/secp256k1-pkcs8.pem");
    const ENCRYPTED: &str = include_str!("testdata/secp256k1-encrypted.pem");
    const ED25519: &str = include_str!("testdata/ed25519-pkcs8.pem");
    const P256: &str = include_str!("testdata/p256-sec1.pem");
    const P521: &str = include_str!("testdata/p521-sec1.pem");
    const OLD: &str = include_str!("testdata/p256-old-encryption.pem");
    const RSA: &str = include_str!("testdata/rsa.pem");
    const CERTIFICATE: &str = include_str!("testdata/p256-certificate.pem");
}
