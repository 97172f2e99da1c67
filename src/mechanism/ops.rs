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
    /// `CKR_SIGNATURE_INVALID`, `CKR_SIGNATURE_LEN_RANGE`, or `CKR_DATA_LEN_RANGE` for data that
    /// nothing could sign.
    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()>;
}

/// An encryption or a decryption in progress, holding its parsed key. Lengths are upper bounds in
/// bytes; output buffers are at least that long.
pub trait Cipher: Send {
    /// Output of a one-part call with `input` bytes.
    fn total_len(&self, input: usize) -> usize;
    /// Output of the next [`update`](Self::update) with `input` bytes.
    fn update_len(&self, input: usize) -> usize;
    /// Processes a part of the message.
    ///
    /// # Errors
    /// As the mechanism says.
    fn update(&mut self, input: &[u8], out: &mut [u8]) -> Result<usize>;
    /// Output of [`finish`](Self::finish).
    fn finish_len(&self) -> usize;
    /// Ends the message.
    ///
    /// # Errors
    /// `CKR_DATA_LEN_RANGE`, `CKR_ENCRYPTED_DATA_LEN_RANGE`, `CKR_ENCRYPTED_DATA_INVALID`.
    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize>;
}
