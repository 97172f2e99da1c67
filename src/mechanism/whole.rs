//! Ciphers that need the whole message before they can answer, and messages as a whole: what key
//! wrapping does with a cipher.

use zeroize::Zeroizing;

use super::{Cipher, Params, descriptor::StartCipher};
use crate::{
    error::{Error, Result},
    key::Key,
    secret::SecretBytes,
};

/// A cipher that collects its input and answers at the end. `Len` bounds the output for a length
/// of input; `Run` turns the input into output and returns how much there is.
pub(super) struct Whole<Len, Run> {
    input: Zeroizing<Vec<u8>>,
    len: Len,
    run: Run,
}

impl<Len, Run> Whole<Len, Run>
where
    Len: Fn(usize) -> usize + Send + 'static,
    Run: FnOnce(&[u8], &mut [u8]) -> Result<usize> + Send + 'static,
{
    pub(super) fn start(len: Len, run: Run) -> Box<dyn Cipher> {
        Box::new(Self {
            input: Zeroizing::default(),
            len,
            run,
        })
    }
}

impl<Len, Run> Cipher for Whole<Len, Run>
where
    Len: Fn(usize) -> usize + Send,
    Run: FnOnce(&[u8], &mut [u8]) -> Result<usize> + Send,
{
    fn total_len(&self, input: usize) -> usize {
        (self.len)(self.input.len().saturating_add(input))
    }

    fn update_len(&self, _input: usize) -> usize {
        0
    }

    fn update(&mut self, input: &[u8], _out: &mut [u8]) -> Result<usize> {
        append(&mut self.input, input);
        Ok(0)
    }

    fn finish_len(&self) -> usize {
        (self.len)(self.input.len())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        (self.run)(&self.input, out)
    }
}

/// Appends to a buffer and wipes the copy that a growing vector would leave behind.
pub(super) fn append(buffer: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    let needed = buffer.len().saturating_add(more.len());
    if needed > buffer.capacity() {
        let room = needed.max(buffer.capacity().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(more);
}

/// Wraps key material: encrypts it in one part.
pub(super) fn wrap(
    encrypt: StartCipher,
    key: &Key,
    params: &Params,
    material: &[u8],
) -> Result<Vec<u8>> {
    match run(encrypt(key, params)?, material) {
        Ok(wrapped) => Ok(wrapped.to_vec()),
        Err(Error::DataLenRange) => Err(Error::KeySizeRange),
        Err(e) => Err(e),
    }
}

/// Unwraps key material: decrypts it in one part.
pub(super) fn unwrap(
    decrypt: StartCipher,
    key: &Key,
    params: &Params,
    wrapped: &[u8],
) -> Result<SecretBytes> {
    if wrapped.is_empty() {
        return Err(Error::WrappedKeyLenRange);
    }
    match run(decrypt(key, params)?, wrapped) {
        Ok(material) => Ok(SecretBytes::copy_from(&material)),
        Err(Error::EncryptedDataInvalid) => Err(Error::WrappedKeyInvalid),
        Err(Error::EncryptedDataLenRange) => Err(Error::WrappedKeyLenRange),
        Err(e) => Err(e),
    }
}

fn run(mut cipher: Box<dyn Cipher>, input: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(vec![0; cipher.total_len(input.len())]);
    let first = cipher.update(input, &mut out)?;
    let rest = out.get_mut(first..).unwrap_or_default();
    let written = first + cipher.finish(rest)?;
    out.truncate(written);
    Ok(out)
}
