//! What only secp256k1 does: ECDSA signatures that tell their key (SEC 1 section 4.1.6), Schnorr
//! signatures (BIP-340) and taproot output keys (BIP-341).

use ecdsa::{RecoveryId, Signature, VerifyingKey};
use k256::{
    NonZeroScalar, ProjectivePoint, PublicKey, Scalar as Integer, Secp256k1,
    elliptic_curve::ff::PrimeField, schnorr,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Point, Scalar};
use crate::error::{Error, Result};

/// Length of a digest, of auxiliary randomness and of a merkle root in bytes.
pub const HASH_LEN: usize = 32;
/// Length of r‖s in bytes.
pub const SIGNATURE_LEN: usize = 64;
/// Length of r‖s‖v in bytes.
pub const RECOVERABLE_LEN: usize = 65;
/// Largest length of a DER signature with a low s in bytes.
pub const DER_LEN_MAX: usize = 71;

/// r‖s‖v.
pub type Recoverable = [u8; RECOVERABLE_LEN];

impl Scalar<Secp256k1> {
    /// Signs a digest: r‖s with the low s, and v: the parity of the nonce point's y, plus 2 if its
    /// x was reduced by the order. The nonce is that of RFC 6979 with SHA-256.
    #[must_use]
    pub fn sign_recoverable(&self, digest: &[u8; HASH_LEN]) -> Recoverable {
        let (signature, v) = self.signature::<Sha256>(digest);
        let mut out = [v.to_byte(); RECOVERABLE_LEN];
        for (to, from) in out.iter_mut().zip(signature.to_bytes()) {
            *to = from;
        }
        out
    }

    /// Signs a digest: DER, with the low s.
    #[must_use]
    pub fn sign_der(&self, digest: &[u8; HASH_LEN]) -> Vec<u8> {
        let (signature, _) = self.signature::<Sha256>(digest);
        signature.to_der().as_bytes().to_vec()
    }

    /// Signs a message of any length (BIP-340). The signature is verified before it leaves, so that
    /// a fault in the computation does not give the key away.
    ///
    /// # Errors
    /// `CKR_FUNCTION_FAILED` for such a fault.
    pub fn sign_schnorr(
        &self,
        message: &[u8],
        aux: &[u8; HASH_LEN],
    ) -> Result<[u8; SIGNATURE_LEN]> {
        let key = schnorr::SigningKey::from(*self.0);
        key.sign_raw(message, aux)
            .and_then(|signature| {
                key.verifying_key().verify_raw(message, &signature)?;
                Ok(signature.to_bytes())
            })
            .map_err(|_| Error::FunctionFailed("a Schnorr signature does not verify".into()))
    }

    /// The private key of the taproot output (BIP-341): d, negated if its point has an odd y, plus
    /// the tweak. `merkle_root` is empty for a key without scripts (BIP-86). `None` with a chance
    /// of 2⁻¹²⁸, when there is no such key.
    #[must_use]
    pub fn tweaked(&self, merkle_root: &[u8]) -> Option<Self> {
        let key = schnorr::SigningKey::from(*self.0);
        let tweak = tweak(key.verifying_key(), merkle_root)?;
        let sum = Zeroizing::new(**key.as_nonzero_scalar() + tweak);
        let sum = NonZeroScalar::new(*sum).into_option()?;
        Some(Self(Zeroizing::new(sum)))
    }
}

impl Point<Secp256k1> {
    /// Checks r‖s‖v over a digest: v must lead to this very key. A high s is as good as a low one,
    /// with the v that belongs to it.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_LEN_RANGE`, `CKR_SIGNATURE_INVALID`.
    pub fn verify_recoverable(&self, digest: &[u8; HASH_LEN], signature: &[u8]) -> Result<()> {
        let signature: &Recoverable = signature.try_into().map_err(|_| Error::SignatureLenRange)?;
        let [rs @ .., v] = signature;
        let recovered = RecoveryId::from_byte(*v).and_then(|v| {
            let rs = Signature::<Secp256k1>::from_slice(rs).ok()?;
            VerifyingKey::recover_from_prehash(digest, &rs, v).ok()
        });
        if recovered.is_some_and(|key| PublicKey::from(key) == self.0) {
            Ok(())
        } else {
            Err(Error::SignatureInvalid)
        }
    }

    /// Checks a DER signature over a digest.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_LEN_RANGE`, `CKR_SIGNATURE_INVALID`.
    pub fn verify_der(&self, digest: &[u8; HASH_LEN], signature: &[u8]) -> Result<()> {
        // One byte more: a high s may have one.
        if !(8..=DER_LEN_MAX + 1).contains(&signature.len()) {
            return Err(Error::SignatureLenRange);
        }
        let signature =
            Signature::<Secp256k1>::from_der(signature).map_err(|_| Error::SignatureInvalid)?;
        self.verify(digest, &signature.to_bytes())
    }

    /// Checks a BIP-340 signature by the key that has this point's x.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_LEN_RANGE`, `CKR_SIGNATURE_INVALID`.
    pub fn verify_schnorr(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        let signature: &[u8; SIGNATURE_LEN] =
            signature.try_into().map_err(|_| Error::SignatureLenRange)?;
        schnorr::Signature::from_bytes(signature)
            .and_then(|signature| self.x_only()?.verify_raw(message, &signature))
            .map_err(|_| Error::SignatureInvalid)
    }

    /// The taproot output key; see [`Scalar::tweaked`].
    #[must_use]
    pub fn tweaked(&self, merkle_root: &[u8]) -> Option<Self> {
        let key = self.x_only().ok()?;
        let tweak = tweak(&key, merkle_root)?;
        let sum =
            ProjectivePoint::from(*key.as_affine()) + ProjectivePoint::mul_by_generator(&tweak);
        PublicKey::from_affine(sum.to_affine()).ok().map(Self)
    }

    fn x_only(&self) -> Result<schnorr::VerifyingKey, schnorr::Error> {
        schnorr::VerifyingKey::try_from(*self.0.as_affine())
    }
}

/// The integer of BIP-341's tagged hash.
fn tweak(key: &schnorr::VerifyingKey, merkle_root: &[u8]) -> Option<Integer> {
    let tag = Sha256::digest(b"TapTweak");
    let hash = Sha256::new()
        .chain_update(tag)
        .chain_update(tag)
        .chain_update(key.to_bytes())
        .chain_update(merkle_root)
        .finalize();
    Integer::from_repr(hash).into_option()
}
