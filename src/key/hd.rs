//! Hierarchical derivation as pure functions: BIP-32 on secp256k1, SLIP-10 on secp256k1, P-256 and
//! Ed25519. Knows nothing of objects; the mechanisms that speak each vendor's dialect call it.

use elliptic_curve::{
    CurveArithmetic, FieldBytesSize, Group, PublicKey, SecretKey,
    sec1::{FromSec1Point, ModulusSize, ToSec1Point},
};
use hmac::{Hmac, KeyInit, Mac};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    secret::SecretBytes,
};

/// `CKF_BIP32_HARDENED`: indices from here on derive from the private key only.
pub const HARDENED: u32 = 0x8000_0000;

/// Lengths of a master seed in bytes: 128 to 512 bits.
pub const SEED_LEN: std::ops::RangeInclusive<usize> = 16..=64;

/// A curve with a hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// BIP-32, and SLIP-10 on the same curve, which is the same.
    Secp256k1,
    /// SLIP-10 on NIST P-256, with its retry rule.
    P256,
    /// SLIP-10 on Ed25519: hardened steps only.
    Ed25519,
}

/// Where a key stands in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Number of steps from the master key.
    pub depth: u8,
    /// Index of the last step, 0 for the master key.
    pub index: u32,
    /// First bytes of the parent's identifier, 0 for the master key.
    pub parent_fingerprint: [u8; 4],
}

/// A private key of a tree.
#[derive(Debug)]
pub struct ExtendedPrivateKey {
    /// Its curve.
    pub curve: Curve,
    /// Scalar, or Ed25519 seed: 32 bytes.
    pub secret: SecretBytes,
    /// Chain code: 32 bytes. With it and the public key all non-hardened children are known.
    pub chain_code: [u8; 32],
    /// Where it stands.
    pub place: Place,
}

/// A public key of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedPublicKey {
    /// Its curve.
    pub curve: Curve,
    /// Compressed point; for Ed25519 a zero byte and the key, as SLIP-10 writes it.
    pub point: [u8; 33],
    /// Chain code: 32 bytes.
    pub chain_code: [u8; 32],
    /// Where it stands.
    pub place: Place,
}

impl Curve {
    /// The HMAC key of the master key (BIP-32, SLIP-10).
    const fn seed_key(self) -> &'static [u8] {
        match self {
            Self::Secp256k1 => b"Bitcoin seed",
            Self::P256 => b"Nist256p1 seed",
            Self::Ed25519 => b"ed25519 seed",
        }
    }

    /// True for 32 bytes that are a private key.
    pub(super) fn is_valid(self, secret: &[u8]) -> bool {
        match self {
            Self::Secp256k1 => SecretKey::<k256::Secp256k1>::from_slice(secret).is_ok(),
            Self::P256 => SecretKey::<p256::NistP256>::from_slice(secret).is_ok(),
            Self::Ed25519 => secret.len() == 32,
        }
    }

    fn public(self, secret: &[u8]) -> Result<[u8; 33]> {
        match self {
            Self::Secp256k1 => compressed::<k256::Secp256k1>(secret),
            Self::P256 => compressed::<p256::NistP256>(secret),
            Self::Ed25519 => {
                let seed =
                    Zeroizing::new(<[u8; 32]>::try_from(secret).map_err(|_| Error::DataInvalid)?);
                let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
                let mut point = [0; 33];
                point
                    .iter_mut()
                    .skip(1)
                    .zip(public.to_bytes())
                    .for_each(|(to, from)| *to = from);
                Ok(point)
            }
        }
    }

    /// `left + parent`, or `None` where SLIP-10 wants another try and BIP-32 an error.
    fn add(self, left: &[u8; 32], parent: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        match self {
            Self::Secp256k1 => add_scalars::<k256::Secp256k1>(left, parent),
            Self::P256 => add_scalars::<p256::NistP256>(left, parent),
            Self::Ed25519 => Some(Zeroizing::new(*left)),
        }
    }

    fn add_point(self, left: &[u8; 32], parent: &[u8; 33]) -> Option<[u8; 33]> {
        match self {
            Self::Secp256k1 => add_points::<k256::Secp256k1>(left, parent),
            Self::P256 => add_points::<p256::NistP256>(left, parent),
            Self::Ed25519 => None,
        }
    }
}

impl ExtendedPrivateKey {
    /// The master key of a seed.
    ///
    /// # Errors
    /// `CKR_BIP32_MASTER_SEED_LEN_INVALID`, `CKR_BIP32_MASTER_SEED_INVALID`.
    pub fn master(curve: Curve, seed: &[u8]) -> Result<Self> {
        if !SEED_LEN.contains(&seed.len()) {
            return Err(Error::Bip32MasterSeedLenInvalid);
        }
        let mut halves = hmac_sha512(curve.seed_key(), &[seed]);
        while !curve.is_valid(&*halves.0) {
            if curve == Curve::Secp256k1 {
                return Err(Error::Bip32MasterSeedInvalid);
            }
            let again = Zeroizing::new([*halves.0, halves.1].concat());
            halves = hmac_sha512(curve.seed_key(), &[&again]);
        }
        let (secret, chain_code) = halves;
        let secret = SecretBytes::copy_from(&*secret);
        Ok(Self {
            curve,
            secret,
            chain_code,
            place: Place::default(),
        })
    }

    /// The child with an index.
    ///
    /// # Errors
    /// `CKR_BIP32_INVALID_HARDENED_DERIVATION` for a non-hardened step on Ed25519,
    /// `CKR_BIP32_CHILD_INDEX_INVALID` for the one child in 2^127 that does not exist,
    /// `CKR_BIP32_INVALID_KEY_PATH_LEN` below depth 255.
    pub fn child(&self, index: u32) -> Result<Self> {
        let hardened = index >= HARDENED;
        if self.curve == Curve::Ed25519 && !hardened {
            return Err(Error::Bip32InvalidHardenedDerivation);
        }
        let depth = self
            .place
            .depth
            .checked_add(1)
            .ok_or(Error::Bip32InvalidKeyPathLen)?;
        let public = self.public()?;
        let (secret, chain_code) = self.secret.expose(|secret| {
            let mut halves = if hardened {
                hmac_sha512(&self.chain_code, &[&[0], secret, &index.to_be_bytes()])
            } else {
                hmac_sha512(&self.chain_code, &[&public.point, &index.to_be_bytes()])
            };
            loop {
                let (left, right) = &halves;
                if let Some(sum) = self.curve.add(left, secret) {
                    return Ok((SecretBytes::copy_from(&*sum), *right));
                }
                if self.curve == Curve::Secp256k1 {
                    return Err(Error::Bip32ChildIndexInvalid);
                }
                halves = hmac_sha512(&self.chain_code, &[&[1], right, &index.to_be_bytes()]);
            }
        })?;
        let place = Place {
            depth,
            index,
            parent_fingerprint: public.fingerprint(),
        };
        Ok(Self {
            curve: self.curve,
            secret,
            chain_code,
            place,
        })
    }

    /// The public half.
    ///
    /// # Errors
    /// `CKR_DATA_INVALID` for a secret that is no key.
    pub fn public(&self) -> Result<ExtendedPublicKey> {
        let point = self.secret.expose(|secret| self.curve.public(secret))?;
        Ok(ExtendedPublicKey {
            curve: self.curve,
            point,
            chain_code: self.chain_code,
            place: self.place,
        })
    }
}

impl ExtendedPublicKey {
    /// The non-hardened child with an index.
    ///
    /// # Errors
    /// As [`ExtendedPrivateKey::child`]; `CKR_BIP32_INVALID_HARDENED_DERIVATION` for a hardened
    /// step and for any on Ed25519.
    pub fn child(&self, index: u32) -> Result<Self> {
        if index >= HARDENED || self.curve == Curve::Ed25519 {
            return Err(Error::Bip32InvalidHardenedDerivation);
        }
        let depth = self
            .place
            .depth
            .checked_add(1)
            .ok_or(Error::Bip32InvalidKeyPathLen)?;
        let mut halves = hmac_sha512(&self.chain_code, &[&self.point, &index.to_be_bytes()]);
        let (point, chain_code) = loop {
            let (left, right) = &halves;
            if let Some(point) = self.curve.add_point(left, &self.point) {
                break (point, *right);
            }
            if self.curve == Curve::Secp256k1 {
                return Err(Error::Bip32ChildIndexInvalid);
            }
            halves = hmac_sha512(&self.chain_code, &[&[1], right, &index.to_be_bytes()]);
        };
        let place = Place {
            depth,
            index,
            parent_fingerprint: self.fingerprint(),
        };
        Ok(Self {
            curve: self.curve,
            point,
            chain_code,
            place,
        })
    }

    /// HASH160 of the compressed point (`CKA_BIP32_ID`).
    #[must_use]
    pub fn identifier(&self) -> [u8; 20] {
        Ripemd160::digest(Sha256::digest(self.point)).into()
    }

    /// The identifier's first four bytes.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.identifier();
        [a, b, c, d]
    }
}

/// Left half (a secret) and right half (a chain code).
fn hmac_sha512(key: &[u8], parts: &[&[u8]]) -> (Zeroizing<[u8; 32]>, [u8; 32]) {
    // HMAC takes keys of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(key) else {
        return Default::default();
    };
    parts.iter().for_each(|part| mac.update(part));
    let out = Zeroizing::new(<[u8; 64]>::from(mac.finalize().into_bytes()));
    let (left, right) = out.split_at(32);
    let half = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).unwrap_or_default();
    (Zeroizing::new(half(left)), half(right))
}

fn compressed<C>(secret: &[u8]) -> Result<[u8; 33]>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    C::AffinePoint: FromSec1Point<C> + ToSec1Point<C>,
{
    let secret = SecretKey::<C>::from_slice(secret).map_err(|_| Error::DataInvalid)?;
    sec1::<C>(&secret.public_key()).ok_or(Error::DataInvalid)
}

fn add_scalars<C: CurveArithmetic>(left: &[u8; 32], parent: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    // A left half of zero is allowed in principle; like a sum of zero it never happens.
    let left = SecretKey::<C>::from_slice(left).ok()?.to_nonzero_scalar();
    let parent = SecretKey::<C>::from_slice(parent).ok()?.to_nonzero_scalar();
    let sum = elliptic_curve::NonZeroScalar::<C>::new(*left + *parent).into_option()?;
    let bytes = Zeroizing::new(SecretKey::<C>::from(sum).to_bytes());
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

fn add_points<C>(left: &[u8; 32], parent: &[u8; 33]) -> Option<[u8; 33]>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    C::AffinePoint: FromSec1Point<C> + ToSec1Point<C>,
{
    let left = SecretKey::<C>::from_slice(left).ok()?.to_nonzero_scalar();
    let parent = PublicKey::<C>::from_sec1_bytes(parent)
        .ok()?
        .to_projective();
    let sum = C::ProjectivePoint::generator() * *left + parent;
    sec1::<C>(&PublicKey::from_affine(sum.into()).ok()?)
}

fn sec1<C>(public: &PublicKey<C>) -> Option<[u8; 33]>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    C::AffinePoint: FromSec1Point<C> + ToSec1Point<C>,
{
    public.to_sec1_point(true).as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    /// Seed, curve, then each step with its fingerprint, chain code, private and public key.
    struct Case {
        curve: Curve,
        seed: &'static str,
        steps: &'static [(u32, &'static str, &'static str)],
    }

    /// BIP-32 test vector 1, SLIP-10 test vectors 1 (private key, chain code).
    const CASES: &[Case] = &[
        Case {
            curve: Curve::Secp256k1,
            seed: "000102030405060708090a0b0c0d0e0f",
            steps: &[
                (
                    HARDENED,
                    "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea",
                    "47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141",
                ),
                (
                    1,
                    "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368",
                    "2a7857631386ba23dacac34180dd1983734e444fdbf774041578e9b6adb37c19",
                ),
                (
                    HARDENED + 2,
                    "cbce0d719ecf7431d88e6a89fa1483e02e35092af60c042b1df2ff59fa424dca",
                    "04466b9cc8e161e966409ca52986c584f07e9dc81f735db683c3ff6ec7b1503f",
                ),
                (
                    2,
                    "0f479245fb19a38a1954c5c7c0ebab2f9bdfd96a17563ef28a6a4b1a2a764ef4",
                    "cfb71883f01676f587d023cc53a35bc7f88f724b1f8c2892ac1275ac822a3edd",
                ),
                (
                    1_000_000_000,
                    "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8",
                    "c783e67b921d2beb8f6b389cc646d7263b4145701dadd2161548a8b078e65e9e",
                ),
            ],
        },
        Case {
            curve: Curve::P256,
            seed: "000102030405060708090a0b0c0d0e0f",
            steps: &[(
                HARDENED,
                "6939694369114c67917a182c59ddb8cafc3004e63ca5d3b84403ba8613debc0c",
                "3460cea53e6a6bb5fb391eeef3237ffd8724bf0a40e94943c98b83825342ee11",
            )],
        },
        Case {
            curve: Curve::Ed25519,
            seed: "000102030405060708090a0b0c0d0e0f",
            steps: &[(
                HARDENED,
                "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3",
                "8b59aa11380b624e81507a27fedda59fea6d0b779a778918a2fd3590e16e9c69",
            )],
        },
    ];

    #[test]
    fn published_paths() {
        for case in CASES {
            let mut key = ExtendedPrivateKey::master(case.curve, &hex(case.seed)).unwrap();
            for (index, secret, chain_code) in case.steps {
                let parent = key.public().unwrap();
                key = key.child(*index).unwrap();
                assert_eq!(
                    key.secret.expose(<[u8]>::to_vec),
                    hex(secret),
                    "{:?} {index}",
                    case.curve
                );
                assert_eq!(
                    key.chain_code.to_vec(),
                    hex(chain_code),
                    "{:?} {index}",
                    case.curve
                );
                if *index < HARDENED {
                    assert_eq!(parent.child(*index).unwrap(), key.public().unwrap());
                } else {
                    assert_eq!(
                        parent.child(*index),
                        Err(Error::Bip32InvalidHardenedDerivation)
                    );
                }
            }
        }
    }

    /// SLIP-10, "Test derivation retry for nist256p1" and "Test seed retry for nist256p1".
    #[test]
    fn p256_retries_as_slip_10_wants() {
        let seed = hex("000102030405060708090a0b0c0d0e0f");
        let master = ExtendedPrivateKey::master(Curve::P256, &seed).unwrap();
        let key = master.child(HARDENED + 28578).unwrap();
        assert_eq!(
            key.secret.expose(<[u8]>::to_vec),
            hex("06f0db126f023755d0b8d86d4591718a5210dd8d024e3e14b6159d63f53aa669")
        );
        let key = key.child(33941).unwrap();
        assert_eq!(
            key.secret.expose(<[u8]>::to_vec),
            hex("092154eed4af83e078ff9b84322015aefe5769e31270f62c3f66c33888335f3a")
        );
        let seed = hex("a7305bc8df8d0951f0cb224c0e95d7707cbdf2c6ce7e8d481fec69c7ff5e9446");
        let master = ExtendedPrivateKey::master(Curve::P256, &seed).unwrap();
        assert_eq!(
            master.secret.expose(<[u8]>::to_vec),
            hex("3b8c18469a4634517d6d0b65448f8e6c62091b45540a1743c5846be55d47d88f")
        );
    }

    #[test]
    fn wrong_steps_and_seeds_are_refused() {
        let master = ExtendedPrivateKey::master(Curve::Ed25519, &[1; 16]).unwrap();
        assert!(matches!(
            master.child(0),
            Err(Error::Bip32InvalidHardenedDerivation)
        ));
        for len in [0, 15, 65] {
            let made = ExtendedPrivateKey::master(Curve::Secp256k1, &vec![1; len]);
            assert!(
                matches!(made, Err(Error::Bip32MasterSeedLenInvalid)),
                "{len}"
            );
        }
        let mut key = ExtendedPrivateKey::master(Curve::Secp256k1, &[1; 16]).unwrap();
        key.place.depth = 255;
        assert!(matches!(key.child(0), Err(Error::Bip32InvalidKeyPathLen)));
    }
}
