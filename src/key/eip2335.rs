//! Keystores of EIP-2335 (version 4): a private key in JSON, encrypted under a password. Pure
//! functions; the room of keys holds them because this is one more encoding of a key. Knows nothing
//! of files, of tokens, or of who may export what.

use std::convert::Infallible;

use aes::cipher::{KeyIvInit, StreamCipher};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::bls::PrivateKey;
use crate::{env::Entropy, error::Error, secret::SecretBytes};

/// Why a keystore could not be read or written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no keystore, or a broken one.
    #[error("not a keystore of EIP-2335: {0}")]
    Malformed(String),
    /// It uses something that the EIP does not define.
    #[error("the keystore's {0} is not supported")]
    Unsupported(&'static str),
    /// To try a password would take memory or time that no honest keystore asks for.
    #[error("the keystore asks for {0}, beyond all reason")]
    TooCostly(&'static str),
    /// The password is wrong, or the encrypted part was changed: the two look alike.
    #[error("wrong password")]
    WrongPassword,
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] Error),
}

/// What a keystore holds.
#[derive(Debug)]
pub struct Content {
    /// The private key: 32 bytes for BLS12-381.
    pub secret: SecretBytes,
    /// The public key that the keystore names, not encrypted and not authenticated.
    pub public_key: Option<Vec<u8>>,
    /// Where the key stands in its tree (EIP-2334), empty when unknown. Not authenticated.
    pub path: String,
    /// A text for people. Not authenticated.
    pub description: String,
}

impl Content {
    /// The content for a BLS key.
    #[must_use]
    pub fn of_bls_key(key: &PrivateKey, path: &str, description: &str) -> Self {
        Self {
            secret: key.scalar().expose(SecretBytes::copy_from),
            public_key: Some(key.public_key().to_compressed().to_vec()),
            path: path.into(),
            description: description.into(),
        }
    }

    /// The BLS key, which must be the one that the keystore's public key promises.
    ///
    /// # Errors
    /// [`Fault::Malformed`].
    pub fn bls_key(&self) -> Result<PrivateKey, Fault> {
        let key = self
            .secret
            .expose(PrivateKey::from_scalar)
            .ok_or_else(|| malformed("the secret is no BLS12-381 key"))?;
        match &self.public_key {
            Some(public) if *public != key.public_key().to_compressed() => {
                Err(malformed("the public key is of another secret"))
            }
            _ => Ok(key),
        }
    }
}

/// How a password becomes a key when a keystore is written, with the parameters of the EIP's test
/// cases, which all tools use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretching {
    /// scrypt with n = 2^18, r = 8, p = 1: 256 MiB of memory.
    Scrypt,
    /// PBKDF2-HMAC-SHA-256, 2^18 rounds.
    Pbkdf2,
}

/// Opens a keystore.
///
/// # Errors
/// Any [`Fault`] but [`Fault::Entropy`].
pub fn decrypt(keystore: &Value, password: &str) -> Result<Content, Fault> {
    let store = Keystore::deserialize(keystore).map_err(|e| malformed(&e.to_string()))?;
    if store.version != VERSION {
        return Err(Fault::Unsupported("version"));
    }
    let Crypto {
        kdf,
        checksum,
        cipher,
    } = &store.crypto;
    if checksum.function != CHECKSUM {
        return Err(Fault::Unsupported("checksum function"));
    }
    if cipher.function != CIPHER {
        return Err(Fault::Unsupported("cipher"));
    }
    let iv: [u8; IV_LEN] = bytes(text(&cipher.params, "iv")?)?
        .try_into()
        .map_err(|_| malformed("the iv is not of 16 bytes"))?;
    let encrypted = bytes(&cipher.message)?;
    let promised = bytes(&checksum.message)?;
    let public_key = store.pubkey.as_deref().map(bytes).transpose()?;

    let key = stretched(
        &Cost::read(kdf)?,
        &bytes(text(&kdf.params, "salt")?)?,
        password,
    )?;
    if !bool::from(key.checksum(&encrypted).ct_eq(&promised)) {
        return Err(Fault::WrongPassword);
    }
    Ok(Content {
        secret: key.crypt(&iv, &encrypted),
        public_key: public_key.filter(|key| !key.is_empty()),
        path: store.path,
        description: store.description.unwrap_or_default(),
    })
}

/// Makes a keystore, with a new salt, initialisation vector and UUID.
///
/// # Errors
/// [`Fault::Entropy`].
pub fn encrypt(
    content: &Content,
    password: &str,
    stretching: Stretching,
    entropy: &dyn Entropy,
) -> Result<Value, Fault> {
    let (mut salt, mut iv, mut uuid) = ([0; SALT_LEN], [0; IV_LEN], [0; 16]);
    entropy.fill(&mut salt)?;
    entropy.fill(&mut iv)?;
    entropy.fill(&mut uuid)?;
    let cost = stretching.cost();
    let key = stretched(&cost, &salt, password)?;
    let encrypted = content
        .secret
        .expose(|secret| key.crypt(&iv, secret).expose(<[u8]>::to_vec));
    let store = Keystore {
        crypto: Crypto {
            kdf: cost.write(&salt),
            checksum: Module {
                function: CHECKSUM.into(),
                params: Map::new(),
                message: hex::encode(key.checksum(&encrypted)),
            },
            cipher: Module {
                function: CIPHER.into(),
                params: params([("iv", hex::encode(iv).into())]),
                message: hex::encode(encrypted),
            },
        },
        description: Some(content.description.clone()),
        pubkey: content.public_key.as_ref().map(hex::encode),
        path: content.path.clone(),
        uuid: uuid_text(uuid),
        version: VERSION,
    };
    Ok(json!(store))
}

const VERSION: u64 = 4;
const CHECKSUM: &str = "sha256";
const CIPHER: &str = "aes-128-ctr";
const SCRYPT: &str = "scrypt";
const PBKDF2: &str = "pbkdf2";
const PRF: &str = "hmac-sha256";

/// Bytes of a salt that we draw.
const SALT_LEN: usize = 32;
const IV_LEN: usize = 16;
/// Bytes of the decryption key. A keystore may say that it has more, which both functions make behind
/// these and nobody uses.
const KEY_LEN: usize = 32;

/// Limits for what others wrote: eight times the EIP's rounds, four times its memory. 128 bytes of
/// memory for each n * r.
const MAX_SCRYPT_BLOCKS: u64 = 1 << 23;
const MAX_SCRYPT_WORK: u64 = 1 << 24;
const MAX_PBKDF2_ROUNDS: u64 = 1 << 24;

#[derive(Deserialize, Serialize)]
struct Keystore {
    crypto: Crypto,
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pubkey: Option<String>,
    path: String,
    uuid: String,
    version: u64,
}

#[derive(Deserialize, Serialize)]
struct Crypto {
    kdf: Module,
    checksum: Module,
    cipher: Module,
}

#[derive(Deserialize, Serialize)]
struct Module {
    function: String,
    params: Map<String, Value>,
    message: String,
}

fn malformed(what: &str) -> Fault {
    Fault::Malformed(what.into())
}

fn bytes(text: &str) -> Result<Vec<u8>, Fault> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text))
        .map_err(|_| malformed("a text is not hexadecimal"))
}

fn params<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn text<'a>(params: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Fault> {
    params
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| malformed(&format!("{name} is missing or no text")))
}

fn number(params: &Map<String, Value>, name: &'static str) -> Result<u64, Fault> {
    params
        .get(name)
        .and_then(Value::as_u64)
        .ok_or_else(|| malformed(&format!("{name} is missing or no number")))
}

/// A function that turns a password into a key, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    Scrypt { log_n: u8, r: u32, p: u32 },
    Pbkdf2 { rounds: u32 },
}

impl Stretching {
    const fn cost(self) -> Cost {
        match self {
            Self::Scrypt => Cost::Scrypt {
                log_n: 18,
                r: 8,
                p: 1,
            },
            Self::Pbkdf2 => Cost::Pbkdf2 { rounds: 1 << 18 },
        }
    }
}

impl Cost {
    fn read(kdf: &Module) -> Result<Self, Fault> {
        if number(&kdf.params, "dklen")? < KEY_LEN as u64 {
            return Err(malformed("dklen is less than 32"));
        }
        match kdf.function.as_str() {
            SCRYPT => {
                let [n, r, p] = ["n", "r", "p"].map(|name| number(&kdf.params, name));
                let (n, r, p) = (n?, r?, p?);
                let blocks = n.saturating_mul(r);
                if blocks > MAX_SCRYPT_BLOCKS {
                    return Err(Fault::TooCostly("memory"));
                }
                if blocks.saturating_mul(p) > MAX_SCRYPT_WORK {
                    return Err(Fault::TooCostly("time"));
                }
                let log_n = n.checked_ilog2().filter(|_| n.is_power_of_two() && n > 1);
                let log_n = log_n.and_then(|log| u8::try_from(log).ok());
                match (log_n, u32::try_from(r), u32::try_from(p)) {
                    (Some(log_n), Ok(r @ 1..), Ok(p @ 1..)) => Ok(Self::Scrypt { log_n, r, p }),
                    _ => Err(malformed("n is no power of 2, or r or p is 0")),
                }
            }
            PBKDF2 => {
                if text(&kdf.params, "prf")? != PRF {
                    return Err(Fault::Unsupported("prf"));
                }
                match number(&kdf.params, "c")? {
                    0 => Err(malformed("c is 0")),
                    rounds if rounds > MAX_PBKDF2_ROUNDS => Err(Fault::TooCostly("time")),
                    rounds => u32::try_from(rounds)
                        .map(|rounds| Self::Pbkdf2 { rounds })
                        .map_err(|_| Fault::TooCostly("time")),
                }
            }
            _ => Err(Fault::Unsupported("kdf")),
        }
    }

    fn write(self, salt: &[u8]) -> Module {
        let (dklen, salt) = (KEY_LEN.into(), hex::encode(salt).into());
        let (function, params) = match self {
            Self::Scrypt { log_n, r, p } => (
                SCRYPT,
                params([
                    ("dklen", dklen),
                    ("n", (1_u64 << log_n).into()),
                    ("p", p.into()),
                    ("r", r.into()),
                    ("salt", salt),
                ]),
            ),
            Self::Pbkdf2 { rounds } => (
                PBKDF2,
                params([
                    ("c", rounds.into()),
                    ("dklen", dklen),
                    ("prf", PRF.into()),
                    ("salt", salt),
                ]),
            ),
        };
        Module {
            function: function.into(),
            params,
            message: String::new(),
        }
    }
}

/// The decryption key: one half for the cipher, one for the checksum.
struct Stretched(Zeroizing<[[u8; KEY_LEN / 2]; 2]>);

fn stretched(cost: &Cost, salt: &[u8], password: &str) -> Result<Stretched, Fault> {
    let password = normalised(password);
    let mut key = Stretched(Zeroizing::default());
    let out = key.0.as_flattened_mut();
    match *cost {
        Cost::Scrypt { log_n, r, p } => {
            let params = scrypt::Params::new(log_n, r, p)
                .map_err(|_| malformed("the parameters of scrypt do not fit each other"))?;
            scrypt::scrypt(password.as_bytes(), salt, &params, out)
                .map_err(|_| malformed("scrypt cannot make this key"))?;
        }
        Cost::Pbkdf2 { rounds } => {
            pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, rounds, out);
        }
    }
    Ok(key)
}

impl Stretched {
    fn checksum(&self, encrypted: &[u8]) -> [u8; 32] {
        let [_, half] = &*self.0;
        Sha256::new()
            .chain_update(half)
            .chain_update(encrypted)
            .finalize()
            .into()
    }

    /// Encrypts or decrypts, which is the same.
    fn crypt(&self, iv: &[u8; IV_LEN], data: &[u8]) -> SecretBytes {
        let [half, _] = &*self.0;
        let mut cipher = ctr::Ctr128BE::<aes::Aes128>::new(half.into(), iv.into());
        let Ok(crypted) = SecretBytes::new_with(data.len(), |out| {
            out.copy_from_slice(data);
            cipher.apply_keystream(out);
            Ok::<_, Infallible>(())
        });
        crypted
    }
}

/// NFKD without control codes (C0, DEL, C1), in UTF-8.
fn normalised(password: &str) -> Zeroizing<String> {
    // No character grows more than elevenfold, so that no outgrown copy stays behind.
    let room = password.len().saturating_mul(11);
    let mut out = Zeroizing::new(String::with_capacity(room));
    out.extend(password.nfkd().filter(|c| !c.is_control()));
    out
}

/// A version 4 UUID (RFC 9562 section 5.4) of random bytes.
fn uuid_text(random: [u8; 16]) -> String {
    let version_and_variant = (0xF_u128 << 76) | (0b11 << 62);
    let bits = u128::from_be_bytes(random) & !version_and_variant | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let mut text = String::with_capacity(36);
    for (at, c) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests;
