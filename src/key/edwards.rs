//! Ed25519 keys (`CKK_EC_EDWARDS`, PKCS#11 v3.1 sections 6.3.5 and 6.3.6; RFC 8032).
//!
//! `CKA_EC_PARAMS` stays as it was given. `CKA_EC_POINT` becomes the DER OCTET STRING of the 32
//! bytes: version 3.0 asked for a BIT STRING, 3.1 asks for the bare bytes, but what clients expect
//! is this. `CKA_VALUE` is the 32-byte seed.

use std::{fmt, sync::Arc};

use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{
    Signature, Verifier, VerifyingKey,
    hazmat::{ExpandedSecretKey, raw_sign, raw_sign_prehashed},
};
use pkcs8::ObjectIdentifier;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::{Key, KeyType, der};
use crate::{
    attribute::{Kind, Row, Template},
    env::Entropy,
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_EC_EDWARDS,
    public: Some(PUBLIC),
    private: Some(PRIVATE),
    secret: None,
    usages: &[CKA_SIGN, CKA_VERIFY],
    complete,
    parse,
};

const PUBLIC: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[1, 3]),
    Row::new(CKA_EC_POINT, Kind::Bytes, &[1, 4]),
];

const PRIVATE: &[Row] = &[
    Row::new(CKA_EC_PARAMS, Kind::Bytes, &[1, 4, 6]),
    Row::new(CKA_VALUE, Kind::Secret, &[1, 4, 6, 7]),
    // Not the standard's: see `CKK_EC`.
    Row::new(CKA_EC_POINT, Kind::Bytes, &[4]),
];

/// id-Ed25519 of RFC 8410.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The same curve in GNU's arc, which Thales Luna and old OpenPGP use.
const GNU_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.15.1");
/// The curve's name in RFC 8032.
const EDWARDS25519: &str = "edwards25519";

/// Length of a seed and of a public key in bytes.
const KEY_LEN: usize = 32;
/// Length of a signature in bytes.
pub const SIGNATURE_LEN: usize = 64;
/// Longest context in bytes.
pub const CONTEXT_LEN_MAX: usize = 255;

/// A private key: the expanded seed, and the public key that every signature hashes.
pub struct PrivateKey {
    expanded: ExpandedSecretKey,
    public: VerifyingKey,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// A public key.
#[derive(Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// The three schemes of RFC 8032 section 5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Ed25519.
    Pure,
    /// Ed25519ctx with its context, 1 to 255 bytes.
    Context(Vec<u8>),
    /// Ed25519ph with its context, up to 255 bytes.
    Prehash(Vec<u8>),
}

impl PrivateKey {
    /// Expands a seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; KEY_LEN]) -> Self {
        let expanded = ExpandedSecretKey::from(seed);
        let public = VerifyingKey::from(&expanded);
        Self { expanded, public }
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        PublicKey(self.public)
    }

    /// Ed25519.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        raw_sign::<Sha512>(&self.expanded, message, &self.public).to_bytes()
    }

    /// Ed25519ph of a message in a running hash.
    ///
    /// # Errors
    /// `CKR_MECHANISM_PARAM_INVALID` when the context is too long.
    pub fn sign_prehash(&self, message: Sha512, context: &[u8]) -> Result<[u8; SIGNATURE_LEN]> {
        raw_sign_prehashed::<Sha512, Sha512>(&self.expanded, message, &self.public, Some(context))
            .map(|signature| signature.to_bytes())
            .map_err(|_| Error::MechanismParamInvalid(CKM_EDDSA))
    }

    /// Ed25519ctx, which ed25519-dalek lacks (RFC 8032 section 5.1.6).
    ///
    /// # Errors
    /// `CKR_MECHANISM_PARAM_INVALID` when the context is too long.
    pub fn sign_with_context(&self, message: &[u8], context: &[u8]) -> Result<[u8; SIGNATURE_LEN]> {
        let domain = domain(context)?;
        let nonce = Zeroizing::new(Scalar::from_hash(
            domain
                .clone()
                .chain_update(self.expanded.hash_prefix)
                .chain_update(message),
        ));
        let r = EdwardsPoint::mul_base(&nonce).compress();
        let challenge = challenge(domain, r.as_bytes(), &self.public, message);
        let s = challenge * self.expanded.scalar + *nonce;
        Ok(Signature::from_components(r.to_bytes(), s.to_bytes()).to_bytes())
    }
}

impl PublicKey {
    /// Reads `CKA_EC_POINT`: 32 bytes bare, in a DER OCTET STRING or in a DER BIT STRING. The total
    /// length alone tells which. `None` unless it is the canonical encoding of a point (RFC 8032
    /// section 5.1.3) that is not of small order: under such a key anyone could sign.
    #[must_use]
    pub fn from_point(bytes: &[u8]) -> Option<Self> {
        let bare = if bytes.len() == KEY_LEN {
            bytes
        } else {
            der::in_octet_string(bytes).or_else(|| der::in_bit_string(bytes))?
        };
        let bare = bare.try_into().ok()?;
        let key = VerifyingKey::from_bytes(bare).ok()?;
        let canonical = key.to_edwards().compress().as_bytes() == bare;
        (canonical && !key.is_weak()).then_some(Self(key))
    }

    /// The bare 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_LEN] {
        self.0.as_bytes()
    }

    /// Checks an Ed25519 signature: canonical S, and R compared byte by byte.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_LEN_RANGE`, `CKR_SIGNATURE_INVALID`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        self.0
            .verify(message, &parsed(signature)?)
            .map_err(|_| Error::SignatureInvalid)
    }

    /// Checks an Ed25519ph signature of a message in a running hash.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_prehash(&self, message: Sha512, context: &[u8], signature: &[u8]) -> Result<()> {
        self.0
            .verify_prehashed(message, Some(context), &parsed(signature)?)
            .map_err(|_| Error::SignatureInvalid)
    }

    /// Checks an Ed25519ctx signature (RFC 8032 section 5.1.7).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_with_context(
        &self,
        message: &[u8],
        context: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let signature = parsed(signature)?;
        let s = Scalar::from_canonical_bytes(*signature.s_bytes())
            .into_option()
            .ok_or(Error::SignatureInvalid)?;
        let r = signature.r_bytes();
        let k = challenge(domain(context)?, r, &self.0, message);
        let expected =
            EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-self.0.to_edwards(), &s);
        (expected.compress().as_bytes() == r)
            .then_some(())
            .ok_or(Error::SignatureInvalid)
    }
}

fn parsed(signature: &[u8]) -> Result<Signature> {
    Signature::from_slice(signature).map_err(|_| Error::SignatureLenRange)
}

/// A hash that has absorbed dom2(0, context).
fn domain(context: &[u8]) -> Result<Sha512> {
    let len = u8::try_from(context.len()).map_err(|_| Error::MechanismParamInvalid(CKM_EDDSA))?;
    Ok(Sha512::new()
        .chain_update(b"SigEd25519 no Ed25519 collisions")
        .chain_update([0, len])
        .chain_update(context))
}

fn challenge(domain: Sha512, r: &[u8; 32], public: &VerifyingKey, message: &[u8]) -> Scalar {
    Scalar::from_hash(
        domain
            .chain_update(r)
            .chain_update(public.as_bytes())
            .chain_update(message),
    )
}

/// Makes a key pair on the curve that `CKA_EC_PARAMS` of the public template names: the key
/// material attributes of the public and of the private half.
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE` without parameters, `CKR_CURVE_NOT_SUPPORTED`,
/// `CKR_DOMAIN_PARAMS_INVALID`; `CKR_TEMPLATE_INCONSISTENT` when the private template names other
/// parameters.
pub fn generate(
    public: &Template,
    private: &Template,
    entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    let params = super::params_of_pair(public, private)?;
    check_params(params)?;
    let mut seed = Zeroizing::new([0; KEY_LEN]);
    entropy.fill(&mut *seed)?;
    let point = PrivateKey::from_seed(&seed).public_key();
    let public = Template::new()
        .with(CKA_KEY_TYPE, CKK_EC_EDWARDS)
        .with(CKA_EC_POINT, der::octet_string(point.as_bytes())?);
    let private = Template::new()
        .with(CKA_KEY_TYPE, CKK_EC_EDWARDS)
        .with(CKA_EC_PARAMS, params)
        .with(CKA_VALUE, SecretBytes::copy_from(&*seed));
    Ok((public, private))
}

fn complete(class: CK_OBJECT_CLASS, attributes: &mut Template) -> Result<()> {
    check_params(super::required(attributes, CKA_EC_PARAMS)?)?;
    let key = match class {
        CKO_PUBLIC_KEY => public_key(attributes)?,
        CKO_PRIVATE_KEY => {
            let seed = seed(attributes)?;
            attributes.set(CKA_VALUE, SecretBytes::copy_from(&*seed));
            let key = PrivateKey::from_seed(&seed).public_key();
            if attributes.has(CKA_EC_POINT) && public_key(attributes)? != key {
                return Err(Error::TemplateInconsistent(CKA_EC_POINT));
            }
            key
        }
        _ => return Err(Error::TemplateInconsistent(CKA_CLASS)),
    };
    attributes.set(CKA_EC_POINT, der::octet_string(key.as_bytes())?);
    let info = der::public_key_info(ED25519, None, key.as_bytes())?;
    super::set_computed(attributes, CKA_PUBLIC_KEY_INFO, info)
}

fn parse(class: CK_OBJECT_CLASS, attributes: &Template) -> Result<Key> {
    check_params(super::required(attributes, CKA_EC_PARAMS)?)?;
    match class {
        CKO_PUBLIC_KEY => public_key(attributes).map(|key| Key::EdwardsPublic(Arc::new(key))),
        CKO_PRIVATE_KEY => {
            seed(attributes).map(|seed| Key::EdwardsPrivate(Arc::new(PrivateKey::from_seed(&seed))))
        }
        _ => Err(Error::KeyTypeInconsistent),
    }
}

/// True for `CKA_EC_PARAMS` that name the curve.
#[must_use]
pub fn is_named_by(params: &[u8]) -> bool {
    check_params(params).is_ok()
}

/// Ed25519 by one of its three names. Edwards keys have no explicit parameters.
fn check_params(der: &[u8]) -> Result<()> {
    match der::Parameters::from_der(der)? {
        der::Parameters::Oid(ED25519 | GNU_ED25519) | der::Parameters::Name(EDWARDS25519) => Ok(()),
        der::Parameters::Oid(_) | der::Parameters::Name(_) => Err(Error::CurveNotSupported),
        der::Parameters::Explicit(_) => Err(Error::DomainParamsInvalid),
    }
}

fn public_key(attributes: &Template) -> Result<PublicKey> {
    PublicKey::from_point(super::required(attributes, CKA_EC_POINT)?)
        .ok_or(Error::AttributeValueInvalid(CKA_EC_POINT))
}

/// The seed: 32 bytes, bare or in a DER OCTET STRING (the `CurvePrivateKey` of RFC 8410).
fn seed(attributes: &Template) -> Result<Zeroizing<[u8; KEY_LEN]>> {
    super::secret_value(attributes)?.expose(|value| {
        let bare = match value.len() {
            KEY_LEN => Some(value),
            _ => der::in_octet_string(value),
        };
        bare.and_then(|bare| bare.try_into().ok())
            .map(Zeroizing::new)
            .ok_or(Error::AttributeValueInvalid(CKA_VALUE))
    })
}

#[cfg(test)]
mod tests;
