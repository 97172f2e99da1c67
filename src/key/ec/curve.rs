//! The curves: their names, and how `CKA_EC_PARAMS` names them.

use pkcs8::ObjectIdentifier;

use super::group;
use crate::{
    error::{Error, Result},
    key::der::{Explicit, Parameters},
};

/// A short Weierstrass curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// secp256k1 (SEC 2).
    Secp256k1,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// What `CKA_EC_PARAMS` may say of a curve. Numbers are hexadecimal without leading zeros.
struct Facts {
    curve: Curve,
    oid: ObjectIdentifier,
    /// Curve names, the first one by SEC 2.
    names: &'static [&'static str],
    prime: &'static str,
    a: &'static str,
    b: &'static str,
    is_generated_by: fn(&[u8], &[u8]) -> bool,
}

impl Curve {
    /// The curve that a value of `CKA_EC_PARAMS` names: by OID, by name, or by all its parameters.
    ///
    /// # Errors
    /// `CKR_DOMAIN_PARAMS_INVALID` for a value that is no X9.62 `Parameters`,
    /// `CKR_CURVE_NOT_SUPPORTED` for a curve that we do not know.
    pub fn from_params(der: &[u8]) -> Result<Self> {
        let parameters = Parameters::from_der(der)?;
        CURVES
            .iter()
            .find(|facts| facts.are_of(&parameters))
            .map(|facts| facts.curve)
            .ok_or(Error::CurveNotSupported)
    }

    /// Its object identifier.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Secp256k1 => SECP256K1.oid,
            Self::P256 => P256.oid,
            Self::P384 => P384.oid,
            Self::P521 => P521.oid,
        }
    }

    /// Length of a coordinate, and of a scalar, in bytes.
    #[must_use]
    pub const fn coordinate_len(self) -> usize {
        match self {
            Self::Secp256k1 | Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl Facts {
    fn are_of(&self, parameters: &Parameters<'_>) -> bool {
        match parameters {
            Parameters::Oid(oid) => *oid == self.oid,
            Parameters::Name(name) => self.names.contains(name),
            Parameters::Explicit(explicit) => self.equal(explicit),
        }
    }

    /// Each parameter counts: a curve with another base point is another curve
    /// (CVE-2020-0601).
    fn equal(&self, explicit: &Explicit<'_>) -> bool {
        is_number(explicit.prime, self.prime)
            && is_number(explicit.a, self.a)
            && is_number(explicit.b, self.b)
            && explicit.cofactor.is_none_or(|n| n == [1])
            && (self.is_generated_by)(explicit.base, explicit.order)
    }
}

/// True when big-endian `bytes` are the number that `hex` spells.
fn is_number(bytes: &[u8], hex: &str) -> bool {
    let digits = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    digits
        .skip_while(|digit| *digit == 0)
        .map(|digit| char::from_digit(digit.into(), 16))
        .eq(hex.chars().map(Some))
}

const CURVES: &[Facts] = &[SECP256K1, P256, P384, P521];

const SECP256K1: Facts = Facts {
    curve: Curve::Secp256k1,
    oid: ObjectIdentifier::new_unwrap("1.3.132.0.10"),
    names: &["secp256k1"],
    prime: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
    a: "",
    b: "7",
    is_generated_by: group::is_generated_by::<k256::Secp256k1>,
};

const P256: Facts = Facts {
    curve: Curve::P256,
    oid: ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
    names: &["secp256r1", "prime256v1", "P-256"],
    prime: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    is_generated_by: group::is_generated_by::<p256::NistP256>,
};

const P384: Facts = Facts {
    curve: Curve::P384,
    oid: ObjectIdentifier::new_unwrap("1.3.132.0.34"),
    names: &["secp384r1", "P-384"],
    prime: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff\
        0000000000000000ffffffff",
    a: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff\
        0000000000000000fffffffc",
    b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d\
        8a2ed19d2a85c8edd3ec2aef",
    is_generated_by: group::is_generated_by::<p384::NistP384>,
};

const P521: Facts = Facts {
    curve: Curve::P521,
    oid: ObjectIdentifier::new_unwrap("1.3.132.0.35"),
    names: &["secp521r1", "P-521"],
    prime: "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
        fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    a: "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
        ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
    b: "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1561939\
        51ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    is_generated_by: group::is_generated_by::<p521::NistP521>,
};
