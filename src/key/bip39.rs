//! Mnemonics (BIP-39, English): entropy as words, and the seed that they and a passphrase give.

use std::str::FromStr;

use bip39::Mnemonic;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha512;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    secret::SecretBytes,
};

/// The lengths of entropy in bytes: 12, 15, 18, 21 and 24 words.
pub const ENTROPY_LENGTHS: [usize; 5] = [16, 20, 24, 28, 32];

/// Length of a seed in bytes.
pub const SEED_LEN: usize = 64;

/// Longest passphrase in bytes.
pub const PASSPHRASE_LEN_MAX: usize = 1024;

const ROUNDS: u32 = 2048;

/// More than 24 words and their spaces need.
const TEXT_CAPACITY: usize = 24 * 9;

/// The words of entropy, with single spaces.
///
/// # Errors
/// `CKR_KEY_SIZE_RANGE` for another length.
pub fn words(entropy: &[u8]) -> Result<Zeroizing<String>> {
    let mnemonic = Mnemonic::from_entropy(entropy).map_err(|_| Error::KeySizeRange)?;
    let mut text = Zeroizing::new(String::with_capacity(TEXT_CAPACITY));
    for word in mnemonic.words() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    Ok(text)
}

/// The entropy of words, which white space parts; upper case is taken for lower case.
///
/// # Errors
/// `CKR_DATA_INVALID` for an unknown word, a wrong number of words or a wrong checksum.
pub fn entropy(words: &str) -> Result<SecretBytes> {
    let words = Zeroizing::new(words.to_ascii_lowercase());
    let mnemonic = Mnemonic::from_str(&words).map_err(|_| Error::DataInvalid)?;
    let (bytes, len) = mnemonic.to_entropy_array();
    let bytes = Zeroizing::new(bytes);
    let entropy = bytes.get(..len).ok_or(Error::DataInvalid)?;
    Ok(SecretBytes::copy_from(entropy))
}

/// The 64-byte seed of entropy and a passphrase, which may be empty.
///
/// # Errors
/// As [`words`].
pub fn seed(entropy: &[u8], passphrase: &str) -> Result<SecretBytes> {
    let words = words(entropy)?;
    // Normalisation makes text longer, at most 18 times; a string that grew would leave copies.
    let capacity = SALT.len() + 18 * passphrase.len();
    let mut salt = Zeroizing::new(String::with_capacity(capacity));
    salt.push_str(SALT);
    salt.extend(passphrase.nfkd());
    SecretBytes::new_with(SEED_LEN, |seed| {
        pbkdf2_hmac::<Sha512>(words.as_bytes(), salt.as_bytes(), ROUNDS, seed);
        Ok(())
    })
}

const SALT: &str = "mnemonic";
