//! Running operations. The last step consumes the operation, so using one twice does not compile.

use crate::error::Result;

/// A digest in progress.
pub trait Digest: Send {
    /// Length of the result in bytes.
    fn digest_len(&self) -> usize;
    /// Absorbs a part of the message.
    ///
    /// # Errors
    /// As the mechanism says.
    fn update(&mut self, data: &[u8]) -> Result<()>;
    /// Writes the digest into `out`, which is at least [`digest_len`](Self::digest_len) bytes.
    ///
    /// # Errors
    /// As the mechanism says.
    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize>;
}

/// A signature in progress, holding its parsed key.
pub trait Sign: Send {
    /// Largest length of the signature in bytes.
    fn signature_len(&self) -> usize;
    /// Absorbs a part of the message.
    ///
    /// # Errors
    /// As the mechanism says.
    fn update(&mut self, data: &[u8]) -> Result<()>;
    /// Writes the signature into `out`, which is at least [`signature_len`](Self::signature_len)
    /// bytes, and returns its length.
    ///
    /// # Errors
    /// As the mechanism says.
    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize>;
}

/// A verification in progress, holding its parsed key.
pub trait Verify: Send {
    /// Absorbs a part of the message.
    ///
    /// # Errors
    /// As the mechanism says.
    fn update(&mut self, data: &[u8]) -> Result<()>;
    /// Checks the signature.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_INVALID` or `CKR_SIGNATURE_LEN_RANGE`, nothing else.
    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()>;
}
