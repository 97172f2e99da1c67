//! The curves that can be imported, by name and by object identifier.

use chainhsm::pkcs11::*;
use clap::ValueEnum;
use pkcs8::ObjectIdentifier;

/// A curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Curve {
    /// Bitcoin, Ethereum.
    Secp256k1,
    /// NIST P-256.
    #[value(name = "p-256", aliases = ["p256", "secp256r1", "prime256v1"])]
    P256,
    /// NIST P-384.
    #[value(name = "p-384", aliases = ["p384", "secp384r1"])]
    P384,
    /// NIST P-521.
    #[value(name = "p-521", aliases = ["p521", "secp521r1"])]
    P521,
    /// Ed25519.
    #[value(name = "ed25519", alias = "edwards25519")]
    Ed25519,
}

impl Curve {
    /// Its object identifier.
    pub(crate) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Secp256k1 => SECP256K1,
            Self::P256 => P256,
            Self::P384 => P384,
            Self::P521 => P521,
            Self::Ed25519 => ED25519,
        }
    }

    /// The curve of an object identifier.
    pub(crate) fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        let all = Self::value_variants().iter();
        all.copied().find(|curve| curve.oid() == oid)
    }

    /// Length of a private key in bytes.
    pub(crate) const fn secret_len(self) -> usize {
        match self {
            Self::Secp256k1 | Self::P256 | Self::Ed25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// `CKA_KEY_TYPE`.
    pub(crate) const fn key_type(self) -> CK_KEY_TYPE {
        match self {
            Self::Ed25519 => CKK_EC_EDWARDS,
            Self::Secp256k1 | Self::P256 | Self::P384 | Self::P521 => CKK_EC,
        }
    }

    /// The name in lists.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Secp256k1 => "secp256k1",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        }
    }
}

const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
