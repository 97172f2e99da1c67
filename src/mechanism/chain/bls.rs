//! BLS signatures on BLS12-381 with public keys in G1 (draft-irtf-cfrg-bls-signature, ciphersuites
//! `BLS_…_BLS12381G2_XMD:SHA-256_SSWU_RO_…`), their aggregates, and the key tree of EIP-2333.
//!
//! A domain separation tag names the scheme. Without one it is that of Ethereum's consensus layer,
//! proof of possession. The proof itself is a signature of the 48 bytes of the public key under
//! `BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`.

use std::{collections::HashSet, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    attribute::Template,
    env::Entropy,
    error::{Error, Result},
    key::{
        Key,
        bls::{self, PUBLIC_KEY_LEN, PrivateKey, PublicKey, SEED_LEN_MIN, SIGNATURE_LEN},
    },
    mechanism::{
        DeriveInput, Derived, Digest, FieldValue, Mechanism, Ops, Params, Protection, Shape, Sign,
        Verify,
    },
    pkcs11::*,
};

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[
    // The parameter is the key material of the draft's KeyGen, 32 bytes or more; NULL draws it. Key
    // material that is to stay inside belongs in a secret key and CKM_BC_EIP2333_DERIVE.
    on_bls(
        CKM_BC_BLS_KEY_PAIR_GEN,
        Shape::Secret { min: 0, max: 1024 },
        Ops {
            generate_pair: Some(generate),
            ..Ops::NONE
        },
    ),
    on_bls(
        CKM_BC_BLS_SIGN,
        TAG,
        Ops {
            sign: Some(start_sign),
            verify: Some(start_verify),
            ..Ops::NONE
        },
    ),
    // The data are signatures, one after the other.
    Mechanism {
        id: CKM_BC_BLS_AGGREGATE,
        keys: &[],
        size: (0, 0),
        param: Shape::None,
        flags: 0,
        ops: Ops {
            digest: Some(start_aggregate),
            ..Ops::NONE
        },
    },
    // The parameter is the public keys, compressed, of all signers but the one whose key verifies.
    // The tag is always that of proof of possession: the scheme is sound in no other way.
    on_bls(
        CKM_BC_BLS_FAST_AGGREGATE_VERIFY,
        Shape::Bytes {
            min: 0,
            max: MAX_SIGNERS * PUBLIC_KEY_LEN,
        },
        Ops {
            verify: Some(start_fast_aggregate_verify),
            ..Ops::NONE
        },
    ),
    // The data are one record a signer: public key, compressed; length of the message, 4 bytes,
    // big-endian; message. The key that verifies must be among them.
    on_bls(
        CKM_BC_BLS_AGGREGATE_VERIFY,
        TAG,
        Ops {
            verify: Some(start_aggregate_verify),
            ..Ops::NONE
        },
    ),
    Mechanism {
        id: CKM_BC_EIP2333_DERIVE,
        keys: &[CKK_GENERIC_SECRET, CKK_BC_BLS12_381],
        size: (256, 32768),
        param: Shape::Bytes {
            min: 0,
            max: PATH_LEN_MAX,
        },
        flags: 0,
        ops: Ops {
            derive: Some(derive),
            ..Ops::NONE
        },
    },
];

/// The domain separation tag of signatures in the proof-of-possession scheme.
const POP_SCHEME: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// A tag; RFC 9380 section 5.3.1 limits its length.
const TAG: Shape = Shape::Bytes { min: 0, max: 255 };

/// The most signers that one Ethereum attestation can have: all committees of a slot.
const MAX_SIGNERS: usize = 131_072;

/// `m` and 255 steps of a slash and up to 10 digits.
const PATH_LEN_MAX: usize = 1 + 255 * 11;

const fn on_bls(id: CK_MECHANISM_TYPE, param: Shape, ops: Ops) -> Mechanism {
    Mechanism {
        id,
        keys: &[CKK_BC_BLS12_381],
        size: (381, 381),
        param,
        flags: 0,
        ops,
    }
}

/// The flat bytes of a parameter; none for NULL.
fn flat(params: &Params, mechanism: CK_MECHANISM_TYPE) -> Result<&[u8]> {
    match params {
        Params::None => Ok(&[]),
        Params::Bytes(bytes) => Ok(bytes),
        Params::Struct(_) => Err(Error::MechanismParamInvalid(mechanism)),
    }
}

fn tag(params: &Params, mechanism: CK_MECHANISM_TYPE) -> Result<Vec<u8>> {
    Ok(match flat(params, mechanism)? {
        [] => POP_SCHEME.to_vec(),
        tag => tag.to_vec(),
    })
}

fn generate(
    params: &Params,
    _public: &Template,
    _private: &Template,
    entropy: &dyn Entropy,
) -> Result<(Template, Template)> {
    // What the caller knows was not made here, whatever a template says.
    let (key, is_local) = match params {
        Params::None => {
            let mut material = Zeroizing::new([0; SEED_LEN_MIN]);
            entropy.fill(&mut *material)?;
            (PrivateKey::from_seed(&*material), true)
        }
        Params::Struct(fields) => match fields.as_slice() {
            [FieldValue::Secret(material)] => (material.expose(PrivateKey::from_seed), false),
            _ => (None, false),
        },
        Params::Bytes(_) => (None, false),
    };
    let key = key.ok_or(Error::MechanismParamInvalid(CKM_BC_BLS_KEY_PAIR_GEN))?;
    let public = bls::public_half(&key.public_key())?;
    let private = bls::private_half(key);
    Ok((
        public.with(CKA_LOCAL, is_local),
        private.with(CKA_LOCAL, is_local),
    ))
}

fn start_sign(key: &Key, params: &Params, _: &Arc<dyn Entropy>) -> Result<Box<dyn Sign>> {
    let Key::BlsPrivate(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Box::new(Running {
        key: Arc::clone(key),
        tag: tag(params, CKM_BC_BLS_SIGN)?,
        message: Vec::new(),
    }))
}

fn start_verify(key: &Key, params: &Params) -> Result<Box<dyn Verify>> {
    Ok(Box::new(Running {
        key: verifying(key)?,
        tag: tag(params, CKM_BC_BLS_SIGN)?,
        message: Vec::new(),
    }))
}

fn start_aggregate(_params: &Params) -> Result<Box<dyn Digest>> {
    Ok(Box::new(Aggregation(Vec::new())))
}

fn start_fast_aggregate_verify(key: &Key, params: &Params) -> Result<Box<dyn Verify>> {
    let invalid = Error::MechanismParamInvalid(CKM_BC_BLS_FAST_AGGREGATE_VERIFY);
    let (others, []) =
        flat(params, CKM_BC_BLS_FAST_AGGREGATE_VERIFY)?.as_chunks::<PUBLIC_KEY_LEN>()
    else {
        return Err(invalid);
    };
    let own = verifying(key)?;
    let others = others.iter().map(|other| PublicKey::from_compressed(other));
    let keys: Option<Vec<_>> = std::iter::once(Some(*own)).chain(others).collect();
    Ok(Box::new(FastAggregate {
        keys: keys.ok_or(invalid)?,
        message: Vec::new(),
    }))
}

fn start_aggregate_verify(key: &Key, params: &Params) -> Result<Box<dyn Verify>> {
    Ok(Box::new(Aggregate {
        key: verifying(key)?,
        tag: tag(params, CKM_BC_BLS_AGGREGATE_VERIFY)?,
        records: Vec::new(),
    }))
}

fn verifying(key: &Key) -> Result<Arc<PublicKey>> {
    let Key::BlsPublic(key) = key else {
        return Err(Error::KeyTypeInconsistent);
    };
    Ok(Arc::clone(key))
}

/// A signature or a verification in progress. Hashing to the curve reads the message twice, so it is
/// collected.
struct Running<K> {
    key: Arc<K>,
    tag: Vec<u8>,
    message: Vec<u8>,
}

impl Sign for Running<PrivateKey> {
    fn signature_len(&self) -> usize {
        SIGNATURE_LEN
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.extend_from_slice(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        put(&self.key.sign(&self.message, &self.tag)?, out)
    }
}

impl Verify for Running<PublicKey> {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.extend_from_slice(data);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        self.key.verify(&self.message, &self.tag, signature)
    }
}

/// Signatures to be added up.
struct Aggregation(Vec<u8>);

impl Digest for Aggregation {
    fn digest_len(&self) -> usize {
        SIGNATURE_LEN
    }

    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut [u8]) -> Result<usize> {
        put(&bls::aggregate(&self.0)?, out)
    }
}

/// One message of many signers.
struct FastAggregate {
    keys: Vec<PublicKey>,
    message: Vec<u8>,
}

impl Verify for FastAggregate {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.message.extend_from_slice(data);
        Ok(())
    }

    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        bls::fast_aggregate_verify(&self.keys, &self.message, POP_SCHEME, signature)
    }
}

/// Many messages, each of its signer.
struct Aggregate {
    key: Arc<PublicKey>,
    tag: Vec<u8>,
    records: Vec<u8>,
}

impl Verify for Aggregate {
    fn update(&mut self, data: &[u8]) -> Result<()> {
        self.records.extend_from_slice(data);
        Ok(())
    }

    /// Records that are malformed, or that name a key that is none, are `CKR_DATA_INVALID`.
    fn finish(self: Box<Self>, signature: &[u8]) -> Result<()> {
        let signed = records(&self.records).ok_or(Error::DataInvalid)?;
        if !signed.iter().any(|(key, _)| key == &*self.key) {
            return Err(Error::SignatureInvalid);
        }
        // Where possession is not proved, a message that occurs twice lets one signer forge the
        // other's part (section 3.1.1 of the draft).
        let mut seen = HashSet::new();
        if self.tag != POP_SCHEME && !signed.iter().all(|(_, message)| seen.insert(*message)) {
            return Err(Error::SignatureInvalid);
        }
        bls::aggregate_verify(&signed, &self.tag, signature)
    }
}

fn records(mut data: &[u8]) -> Option<Vec<(PublicKey, &[u8])>> {
    let mut records = Vec::new();
    while !data.is_empty() {
        let (key, rest) = data.split_first_chunk::<PUBLIC_KEY_LEN>()?;
        let (len, rest) = rest.split_first_chunk()?;
        let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
        let (message, rest) = rest.split_at_checked(len)?;
        records.push((PublicKey::from_compressed(key)?, message));
        data = rest;
    }
    Some(records)
}

fn put(bytes: &[u8], out: &mut [u8]) -> Result<usize> {
    let needed = bytes.len();
    out.get_mut(..needed)
        .ok_or(Error::BufferTooSmall { needed })?
        .copy_from_slice(bytes);
    Ok(needed)
}

/// EIP-2333 along a path that starts at the base key: at the master key for a seed.
fn derive(input: &DeriveInput<'_>, params: &mut Params) -> Result<Vec<Derived>> {
    let invalid = Error::MechanismParamInvalid(CKM_BC_EIP2333_DERIVE);
    let path = flat(params, CKM_BC_EIP2333_DERIVE)?;
    let Some(steps) = steps(path) else {
        return Err(invalid);
    };
    let class = input.template.ulong(CKA_CLASS).unwrap_or(CKO_PRIVATE_KEY);
    let (key, start) = if let Key::Secret(seed) = input.key {
        let master = seed.expose(PrivateKey::from_seed);
        let master = master.ok_or(Error::KeySizeRange)?;
        (master.descendant(&steps)?, Some(&b"m"[..]))
    } else if let Key::BlsPrivate(key) = input.key {
        // At the end of no steps would be a copy, and C_CopyObject has its rules.
        if steps.is_empty() && class == CKO_PRIVATE_KEY {
            return Err(invalid);
        }
        (key.descendant(&steps)?, input.base.bytes(CKA_BC_HD_PATH))
    } else {
        return Err(Error::KeyTypeInconsistent);
    };
    let mut computed = match class {
        CKO_PRIVATE_KEY => bls::private_half(key),
        CKO_PUBLIC_KEY => bls::public_half(&key.public_key())?,
        _ => return Err(Error::TemplateInconsistent(CKA_CLASS)),
    };
    computed.set(CKA_CLASS, class);
    if let Some(start) = start {
        let mut place = start.to_vec();
        for step in steps {
            place.extend_from_slice(format!("/{step}").as_bytes());
        }
        computed.set(CKA_BC_HD_PATH, place);
    }
    Ok(vec![Derived {
        template: None,
        computed,
        handle_field: None,
        protection: Protection::Inherited,
    }])
}

/// The steps of `m/12381/3600/0/0/0`; nothing at all is `m`. There is one way to write a path: no
/// sign, no space, no leading zero, no mark of a hardened step, since all are.
fn steps(path: &[u8]) -> Option<Vec<u32>> {
    let step = |text: &str| {
        let index: u32 = text.parse().ok()?;
        (index.to_string() == text).then_some(index)
    };
    match std::str::from_utf8(path).ok()?.strip_prefix('m') {
        Some("") => Some(Vec::new()),
        Some(rest) => rest.strip_prefix('/')?.split('/').map(step).collect(),
        None => path.is_empty().then(Vec::new),
    }
}

#[cfg(test)]
mod tests;
