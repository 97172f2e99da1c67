//! What the dialects of hierarchical derivation share: following a path, remembering it, and the
//! attributes of the keys at its end.

use crate::{
    attribute::Template,
    error::{Error, Result},
    key::{
        Key,
        bip32::{self, Node},
        hd::{Curve, ExtendedPrivateKey, HARDENED},
        xkey::{self, Network},
    },
    mechanism::{Derived, Protection},
    pkcs11::*,
};

/// Steps of the longest path (`CKG_BIP32_MAX_PATH_LEN`).
const STEPS_MAX: usize = 255;

/// Where a key comes from, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    path: Option<String>,
    master: Option<[u8; 4]>,
}

impl Trail {
    /// That of a node of which the object has these attributes.
    pub(super) fn of(object: &Template, node: &Node) -> Result<Self> {
        if node.place().depth == 0 {
            return Ok(Self {
                path: Some("m".into()),
                master: Some(node.public()?.fingerprint()),
            });
        }
        let text = |attribute| object.bytes(attribute);
        Ok(Self {
            path: text(CKA_BC_HD_PATH).and_then(|path| String::from_utf8(path.to_vec()).ok()),
            master: text(CKA_BC_MASTER_FINGERPRINT).and_then(|bytes| bytes.try_into().ok()),
        })
    }

    fn step(&mut self, index: u32) {
        if let Some(path) = &mut self.path {
            let mark = if index < HARDENED { "" } else { "'" };
            path.push_str(&format!("/{}{mark}", index & !HARDENED));
        }
    }

    fn write(&self, attributes: &mut Template) {
        if let Some(path) = &self.path {
            attributes.set(CKA_BC_HD_PATH, path.as_bytes());
        }
        if let Some(master) = &self.master {
            attributes.set(CKA_BC_MASTER_FINGERPRINT, master.as_slice());
        }
    }
}

/// The master key of a seed.
///
/// # Errors
/// `CKR_KEY_TYPE_INCONSISTENT` for a base that is no secret, `CKR_BIP32_MASTER_SEED_LEN_INVALID`,
/// `CKR_BIP32_MASTER_SEED_INVALID`.
pub(super) fn master(seed: &Key, curve: Curve) -> Result<Node> {
    let Key::Secret(seed) = seed else {
        return Err(Error::KeyTypeInconsistent);
    };
    seed.expose(|seed| ExtendedPrivateKey::master(curve, seed))
        .map(Node::Private)
}

/// Follows a path of at least one step. A failure comes with the position of its step.
pub(super) fn walk(
    mut node: Node,
    trail: &mut Trail,
    path: &[CK_ULONG],
) -> Result<Node, (usize, Error)> {
    if path.is_empty() || path.len() > STEPS_MAX {
        return Err((0, Error::Bip32InvalidKeyPathLen));
    }
    for (at, index) in path.iter().enumerate() {
        let index = u32::try_from(*index).map_err(|_| (at, Error::Bip32ChildIndexInvalid))?;
        node = node.child(index).map_err(|e| (at, e))?;
        trail.step(index);
    }
    Ok(node)
}

/// `CKA_EC_PARAMS` of a child: the template's if it names one, which must mean the base's curve.
///
/// # Errors
/// `CKR_TEMPLATE_INCONSISTENT`, `CKR_DOMAIN_PARAMS_INVALID`, `CKR_CURVE_NOT_SUPPORTED`.
pub(super) fn params_of_child(asked: Option<&[u8]>, base: &Template) -> Result<Vec<u8>> {
    let own = base
        .bytes(CKA_EC_PARAMS)
        .ok_or(Error::KeyTypeInconsistent)?;
    match asked {
        None => Ok(own.to_vec()),
        Some(asked) if bip32::curve_of(asked)? == bip32::curve_of(own)? => Ok(asked.to_vec()),
        Some(_) => Err(Error::TemplateInconsistent(CKA_EC_PARAMS)),
    }
}

/// What all keys of one derivation have in common.
#[derive(Debug)]
pub(super) struct Made<'a> {
    /// The node that was reached.
    pub(super) node: &'a Node,
    /// Its way.
    pub(super) trail: &'a Trail,
    /// `CKA_EC_PARAMS`.
    pub(super) params: &'a [u8],
    /// For version bytes where the template gives none.
    pub(super) network: Network,
}

impl Made<'_> {
    /// A `CKK_BIP32` key of a class.
    ///
    /// # Errors
    /// `CKR_KEY_TYPE_INCONSISTENT` for a private key where only the public one is known.
    pub(super) fn bip32(
        &self,
        class: CK_OBJECT_CLASS,
        template: &Template,
        handle_field: Option<usize>,
    ) -> Result<Derived> {
        let half = self.half(class)?;
        let mut computed = half.as_ref().unwrap_or(self.node).attributes(self.params)?;
        if !template.has(CKA_BIP32_VERSION_BYTES) {
            let version = self.network.version(class);
            computed.set(CKA_BIP32_VERSION_BYTES, version.as_slice());
        }
        self.trail.write(&mut computed);
        Ok(derived(template.clone(), computed, handle_field))
    }

    /// An ordinary key of a class.
    ///
    /// # Errors
    /// As [`bip32`](Self::bip32).
    pub(super) fn plain(&self, class: CK_OBJECT_CLASS, template: &Template) -> Result<Derived> {
        let half = self.half(class)?;
        let key_type = match self.node.curve() {
            Curve::Secp256k1 | Curve::P256 => CKK_EC,
            Curve::Ed25519 => CKK_EC_EDWARDS,
        };
        let half = half.as_ref().unwrap_or(self.node);
        let mut computed = half.key_material(key_type, self.params)?;
        self.trail.write(&mut computed);
        if self.node.curve() == Curve::Secp256k1 {
            let public = Node::Public(self.node.public()?);
            computed.set(CKA_BC_XPUB, xkey::encode(&public, self.network)?);
        }
        Ok(derived(template.clone(), computed, None))
    }

    /// The public half where that is asked of a private node; `None` for the node as it is.
    fn half(&self, class: CK_OBJECT_CLASS) -> Result<Option<Node>> {
        match (class, self.node) {
            (CKO_PUBLIC_KEY, node) => node.public().map(Node::Public).map(Some),
            (CKO_PRIVATE_KEY, Node::Private(_)) => Ok(None),
            (CKO_PRIVATE_KEY, Node::Public(_)) => Err(Error::KeyTypeInconsistent),
            _ => Err(Error::TemplateInconsistent(CKA_CLASS)),
        }
    }
}

/// A derived key. Private ones are sensitive and stay inside unless the template says otherwise and
/// the base key admits it.
pub(super) fn derived(
    template: Template,
    mut computed: Template,
    handle_field: Option<usize>,
) -> Derived {
    if computed.ulong(CKA_CLASS) != Some(CKO_PUBLIC_KEY) {
        for (attribute, safe) in [(CKA_SENSITIVE, true), (CKA_EXTRACTABLE, false)] {
            if !template.has(attribute) {
                computed.set(attribute, safe);
            }
        }
    }
    Derived {
        template: Some(template),
        computed,
        handle_field,
        protection: Protection::Inherited,
    }
}

/// The class that a template asks for where there is one result: by default that of the node.
pub(super) fn class_of(template: &Template, node: &Node) -> CK_OBJECT_CLASS {
    template.ulong(CKA_CLASS).unwrap_or(node.class())
}
