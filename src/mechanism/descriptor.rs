//! What a mechanism is: one row, its flags computed from what it can do.

use std::sync::Arc;

use super::{Cipher, Digest, Params, Shape, Sign, Verify};
use crate::{
    attribute::Template, env::Entropy, error::Result, key::Key, pkcs11::*, secret::SecretBytes,
};

/// One mechanism.
#[derive(Debug)]
pub struct Mechanism {
    /// `CKM_…`.
    pub id: CK_MECHANISM_TYPE,
    /// Key types it works with; empty for digests.
    pub keys: &'static [CK_KEY_TYPE],
    /// Smallest and largest key size, in the standard's unit for this mechanism (bits for EC and
    /// for generation of generic secrets, bytes for AES); (0, 0) where sizes do not apply.
    pub size: (CK_ULONG, CK_ULONG),
    /// The form of its parameter.
    pub param: Shape,
    /// Flags that no operation implies (`CKF_EC_F_P` and the like).
    pub flags: CK_FLAGS,
    /// What it can do.
    pub ops: Ops,
}

/// Starts a digest.
pub type StartDigest = fn(&Params) -> Result<Box<dyn Digest>>;
/// Starts a signature with a private or secret key.
pub type StartSign = fn(&Key, &Params, &Arc<dyn Entropy>) -> Result<Box<dyn Sign>>;
/// Starts a verification with a public or secret key.
pub type StartVerify = fn(&Key, &Params) -> Result<Box<dyn Verify>>;
/// Makes a secret key: the key-material attributes, `CKA_KEY_TYPE` among them.
pub type Generate = fn(&Params, &Template, &dyn Entropy) -> Result<Template>;
/// Makes a key pair from the public and the private template: the key-material attributes of both.
pub type GeneratePair =
    fn(&Params, &Template, &Template, &dyn Entropy) -> Result<(Template, Template)>;

/// Starts an encryption or a decryption.
pub type StartCipher = fn(&Key, &Params) -> Result<Box<dyn Cipher>>;
/// Wraps key material.
pub type Wrap = fn(&Key, &Params, &[u8], &Arc<dyn Entropy>) -> Result<Vec<u8>>;
/// Unwraps key material.
pub type Unwrap = fn(&Key, &Params, &[u8]) -> Result<SecretBytes>;
/// Derives one key or several. It may change its parameter: output fields are written back, after
/// an error too.
pub type Derive = fn(&DeriveInput<'_>, &mut Params) -> Result<Vec<Derived>>;

/// Derives a key pair, the public key first; `input.template` is for the public key, the further
/// template for the private one.
pub type DerivePair = fn(&DeriveInput<'_>, &Params, &Template) -> Result<[Derived; 2]>;

/// What a derivation starts from.
#[derive(Debug, Clone, Copy)]
pub struct DeriveInput<'a> {
    /// The base key, parsed.
    pub key: &'a Key,
    /// All attributes of the base key.
    pub base: &'a Template,
    /// The application's template.
    pub template: &'a Template,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

/// One key that a derivation made.
#[derive(Debug)]
pub struct Derived {
    /// The application's template for this key where it is not that of the call.
    pub template: Option<Template>,
    /// Key material, `CKA_CLASS` and `CKA_KEY_TYPE` among it.
    pub computed: Template,
    /// Which field of the parameter receives its handle; `None` for the call's own result.
    pub handle_field: Option<usize>,
    /// How it is protected.
    pub protection: Protection,
}

/// How a derived key is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// As the template says; by default readable (the rule of the ECDH and KDF mechanisms).
    Template,
    /// At least as well as the base key: sensitive and unextractable if that is.
    Inherited,
}

/// The operations of a mechanism; `None` is "not supported", as data.
#[derive(Debug)]
#[allow(missing_docs, reason = "named after the C functions")]
pub struct Ops {
    pub digest: Option<StartDigest>,
    pub sign: Option<StartSign>,
    pub verify: Option<StartVerify>,
    pub generate: Option<Generate>,
    pub generate_pair: Option<GeneratePair>,
    pub encrypt: Option<StartCipher>,
    pub decrypt: Option<StartCipher>,
    pub wrap: Option<Wrap>,
    pub unwrap: Option<Unwrap>,
    pub derive: Option<Derive>,
    pub derive_pair: Option<DerivePair>,
}

impl Ops {
    /// Nothing.
    pub const NONE: Self = Self {
        digest: None,
        sign: None,
        verify: None,
        generate: None,
        generate_pair: None,
        encrypt: None,
        decrypt: None,
        wrap: None,
        unwrap: None,
        derive: None,
        derive_pair: None,
    };
}

impl Mechanism {
    /// `CK_MECHANISM_INFO`: sizes, and flags computed from [`Ops`].
    #[must_use]
    pub fn info(&self) -> CK_MECHANISM_INFO {
        let can = [
            (self.ops.digest.is_some(), CKF_DIGEST),
            (self.ops.sign.is_some(), CKF_SIGN),
            (self.ops.verify.is_some(), CKF_VERIFY),
            (self.ops.generate.is_some(), CKF_GENERATE),
            (self.ops.generate_pair.is_some(), CKF_GENERATE_KEY_PAIR),
            (self.ops.encrypt.is_some(), CKF_ENCRYPT),
            (self.ops.decrypt.is_some(), CKF_DECRYPT),
            (self.ops.wrap.is_some(), CKF_WRAP),
            (self.ops.unwrap.is_some(), CKF_UNWRAP),
            (self.ops.derive.is_some(), CKF_DERIVE),
        ];
        let flags = can
            .iter()
            .filter(|(can, _)| *can)
            .fold(self.flags, |flags, (_, flag)| flags | flag);
        CK_MECHANISM_INFO {
            ulMinKeySize: self.size.0,
            ulMaxKeySize: self.size.1,
            flags,
        }
    }
}
