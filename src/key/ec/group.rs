//! One curve's scalars and points: ECDSA as PKCS#11 v3.1 section 6.3.1 words it, generic over the
//! curve. Knows nothing of attributes.

use std::fmt;

use ecdsa::{
    EcdsaCurve, RecoveryId, Signature,
    elliptic_curve::{
        Curve, CurveArithmetic, FieldBytes, NonZeroScalar, PublicKey,
        array::typenum::Unsigned as _,
        bigint::{AddMod, BitOps, Encoding, NonZero, WrappingAdd, WrappingSub},
        ff::PrimeField,
        group::Curve as _,
        sec1::{FromSec1Point, ModulusSize, ToSec1Point},
    },
    hazmat,
};
use rfc6979::KGenerator;
use sha2::{Digest, Sha256, Sha384, Sha512, digest::block_api::BlockSizeUser};
use zeroize::Zeroizing;

use super::Draw;
use crate::{
    env::Entropy,
    error::{Error, Result},
    secret::SecretBytes,
};

/// A curve that this room can compute with.
pub trait Group:
    EcdsaCurve
    + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>>
    + Curve<FieldBytesSize: ModulusSize>
{
    /// The hash of the nonce generator where the caller hands in a digest and does not say which
    /// hash made it: as strong as the curve.
    type NonceHash: Digest + BlockSizeUser;
}

impl Group for k256::Secp256k1 {
    type NonceHash = Sha256;
}

impl Group for p256::NistP256 {
    type NonceHash = Sha256;
}

impl Group for p384::NistP384 {
    type NonceHash = Sha384;
}

impl Group for p521::NistP521 {
    type NonceHash = Sha512;
}

/// Draws after which a generator that never yields a valid scalar is called broken. A sound one
/// fails a draw with probability 2⁻³² at most.
const DRAWS: usize = 16;

/// A private scalar in 1..n, wiped on drop.
pub struct Scalar<C: Group>(pub(super) Zeroizing<NonZeroScalar<C>>);

impl<C: Group> fmt::Debug for Scalar<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scalar(..)")
    }
}

impl<C: Group> Scalar<C> {
    /// Reads a big-endian integer of any length; `None` unless it is in 1..n.
    pub fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let significant = bytes.iter().position(|b| *b != 0)?;
        let significant = bytes.get(significant..)?;
        let mut full = Zeroizing::new(FieldBytes::<C>::default());
        let pad = full.len().checked_sub(significant.len())?;
        full.get_mut(pad..)?.copy_from_slice(significant);
        Self::from_repr(&full)
    }

    fn from_repr(repr: &FieldBytes<C>) -> Option<Self> {
        NonZeroScalar::from_repr(*repr)
            .into_option()
            .map(|scalar| Self(Zeroizing::new(scalar)))
    }

    /// Draws a new scalar.
    ///
    /// # Errors
    /// `CKR_DEVICE_ERROR` when there is no good randomness.
    pub fn generate(draw: Draw, entropy: &dyn Entropy) -> Result<Self> {
        match draw {
            Draw::Rejection => Self::draw_until_in_range(entropy),
            Draw::ExtraBits => Self::draw_with_extra_bits(entropy),
        }
    }

    fn draw_until_in_range(entropy: &dyn Entropy) -> Result<Self> {
        for _ in 0..DRAWS {
            let mut bytes = Zeroizing::new(FieldBytes::<C>::default());
            entropy.fill(&mut bytes)?;
            if let Some(first) = bytes.first_mut() {
                *first &= u8::MAX >> spare_bits::<C>();
            }
            if let Some(scalar) = Self::from_repr(&bytes) {
                return Ok(scalar);
            }
        }
        Err(Error::DeviceError("randomness is not random".into()))
    }

    /// (c mod (n − 1)) + 1, where c is at least 64 bits longer than n (FIPS 186-4 appendix B.4.1).
    fn draw_with_extra_bits(entropy: &dyn Entropy) -> Result<Self> {
        let mut wide = Zeroizing::new(vec![0; C::FieldBytesSize::USIZE + 8]);
        entropy.fill(&mut wide)?;
        let one = C::Uint::from(1_u8);
        let below_order = C::ORDER.as_ref().wrapping_sub(&one);
        let modulus = NonZero::new(below_order).into_option();
        let modulus = modulus.ok_or_else(|| Error::General("an order of 1".into()))?;
        let mut c = Zeroizing::new(C::Uint::from(0_u8));
        for byte in wide.iter() {
            for bit in (0..8).rev() {
                *c = c.add_mod(&c, &modulus);
                *c = c.add_mod(&C::Uint::from((byte >> bit) & 1), &modulus);
            }
        }
        *c = c.wrapping_add(&one);
        let scalar = NonZeroScalar::from_uint(*c).into_option();
        scalar
            .map(|scalar| Self(Zeroizing::new(scalar)))
            .ok_or_else(|| Error::General("a scalar out of range".into()))
    }

    /// The scalar, big-endian, as long as the order.
    pub fn to_secret(&self) -> SecretBytes {
        let bytes = Zeroizing::new(self.0.to_repr());
        SecretBytes::copy_from(&bytes)
    }

    /// The public point.
    pub fn public(&self) -> Point<C> {
        Point(PublicKey::from_secret_scalar(&self.0))
    }

    /// Length of r‖s in bytes.
    #[must_use]
    pub const fn signature_len(&self) -> usize {
        signature_len::<C>()
    }

    /// Signs a digest of any length; writes r‖s, each as long as the order, and returns the length.
    /// The nonce is that of RFC 6979 with the hash `D`; s is the lower one where the curve asks for
    /// it (secp256k1).
    ///
    /// # Errors
    /// `CKR_BUFFER_TOO_SMALL`.
    pub fn sign<D: Digest + BlockSizeUser>(&self, digest: &[u8], out: &mut [u8]) -> Result<usize> {
        let needed = signature_len::<C>();
        let (r_out, s_out) = out
            .get_mut(..needed)
            .ok_or(Error::BufferTooSmall { needed })?
            .split_at_mut(needed / 2);
        let (r, s) = self.signature::<D>(digest).0.split_bytes();
        r_out.copy_from_slice(&r);
        s_out.copy_from_slice(&s);
        Ok(needed)
    }

    /// As [`sign`](Self::sign): the signature, and which point its r came from.
    pub(super) fn signature<D: Digest + BlockSizeUser>(
        &self,
        digest: &[u8],
    ) -> (Signature<C>, RecoveryId) {
        let z = integer::<C>(digest);
        let x = Zeroizing::new(self.0.to_repr());
        let order = C::ORDER;
        let mut nonces = KGenerator::<D, C::Uint>::new(&x, leftmost::<C>(digest), &[], &order);
        loop {
            let mut k = Zeroizing::new(FieldBytes::<C>::default());
            nonces.fill_next_k(&mut k);
            let Some(Self(k)) = Self::from_repr(&k) else {
                continue;
            };
            // An r or an s of zero asks for the next nonce (RFC 6979 section 3.2 step h).
            if let Ok(signed) = hazmat::sign_prehashed(&self.0, &k, &z) {
                return signed;
            }
        }
    }

    /// The point that this scalar makes of a peer's (SEC 1 section 3.3.1), uncompressed. It cannot
    /// be infinity: the order is prime.
    pub fn shared_point(&self, peer: &Point<C>) -> SecretBytes {
        let shared = Zeroizing::new(peer.0.to_projective() * **self.0);
        let shared = Zeroizing::new(shared.to_affine());
        let shared = Zeroizing::new(shared.to_sec1_point(false));
        SecretBytes::copy_from(shared.as_bytes())
    }
}

/// A point of the curve other than infinity.
#[derive(Debug, Clone, Copy)]
pub struct Point<C: Group>(pub(super) PublicKey<C>);

impl<C: Group> Point<C> {
    /// Reads a compressed or an uncompressed point (SEC 1 section 2.3.4); `None` unless it lies on
    /// the curve.
    pub fn from_sec1(bytes: &[u8]) -> Option<Self> {
        // Tag 5 ("compact") is not of SEC 1, and infinity is no public key.
        matches!(bytes.first()?, 2..=4)
            .then(|| PublicKey::from_sec1_bytes(bytes).ok())?
            .map(Self)
    }

    /// The uncompressed point.
    pub fn to_uncompressed(self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }

    /// Checks r‖s over a digest of any length. Both halves may have lost the same number of leading
    /// zeros; a high s is as good as a low one.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_LEN_RANGE` for an odd or an excessive length, else `CKR_SIGNATURE_INVALID`.
    pub fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<()> {
        let len = signature.len();
        if len == 0 || !len.is_multiple_of(2) || len > signature_len::<C>() {
            return Err(Error::SignatureLenRange);
        }
        let (r, s) = signature.split_at(len / 2);
        let mut signature = Signature::<C>::from_scalars(padded::<C>(r), padded::<C>(s))
            .map_err(|_| Error::SignatureInvalid)?;
        if C::NORMALIZE_S {
            signature = signature.normalize_s();
        }
        hazmat::verify_prehashed(&self.0.to_projective(), &integer::<C>(digest), &signature)
            .map_err(|_| Error::SignatureInvalid)
    }
}

const fn signature_len<C: Group>() -> usize {
    2 * C::FieldBytesSize::USIZE
}

/// True for the curve's base point and its order, an integer without leading zeros.
pub(super) fn is_generated_by<C: Group>(base: &[u8], order: &[u8]) -> bool {
    let ours = C::ORDER.to_be_bytes();
    let zeros = ours.as_ref().iter().take_while(|b| **b == 0).count();
    let generator = Scalar::<C>::from_be_bytes(&[1]).map(|one| one.public().to_uncompressed());
    ours.as_ref().get(zeros..) == Some(order)
        && generator.is_some()
        && Point::<C>::from_sec1(base).map(Point::to_uncompressed) == generator
}

/// Bits by which the whole bytes of the order exceed its bits: 7 on P-521, else 0.
fn spare_bits<C: Group>() -> u32 {
    8 * C::FieldBytesSize::U32 - C::ORDER.as_ref().bits()
}

/// The bytes of a digest that count: as many as the order has. An empty digest is the integer 0.
fn leftmost<C: Group>(digest: &[u8]) -> &[u8] {
    match digest.get(..C::FieldBytesSize::USIZE) {
        Some(leftmost) => leftmost,
        None if digest.is_empty() => &[0],
        None => digest,
    }
}

/// The leftmost bits of a digest, as many as the order has, as an integer (SEC 1 section 4.1.3 step
/// 5). A shorter digest is an integer already.
///
/// The `ecdsa` crate, handed a digest that is as long as the order in bytes but longer in bits
/// (66 bytes on P-521), drops its *upper* bits where the nonce generator drops the lower ones: two
/// digests could share a nonce and give the key away. So it is handed this integer instead, and
/// the nonce generator the bytes.
fn integer<C: Group>(digest: &[u8]) -> FieldBytes<C> {
    let digest = leftmost::<C>(digest);
    let mut z = padded::<C>(digest);
    if digest.len() == z.len() {
        let shift = spare_bits::<C>();
        let mut carry = 0;
        for byte in &mut z {
            let whole = u16::from_be_bytes([carry, *byte]) >> shift;
            carry = *byte;
            [_, *byte] = whole.to_be_bytes();
        }
    }
    z
}

/// Bytes, no more than the order has, with zeros on the left.
fn padded<C: Group>(bytes: &[u8]) -> FieldBytes<C> {
    let mut full = FieldBytes::<C>::default();
    for (to, from) in full.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    full
}
