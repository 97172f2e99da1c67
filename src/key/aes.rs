//! AES keys.

use super::{Key, KeyType};
use crate::{attribute::Template, error::Result, pkcs11::*};

/// The key type.
pub const TYPE: KeyType = KeyType {
    id: CKK_AES,
    public: None,
    private: None,
    secret: Some(&[]),
    usages: &[],
    complete,
    parse,
};

fn complete(_class: CK_OBJECT_CLASS, _attributes: &mut Template) -> Result<()> {
    todo!()
}

fn parse(_class: CK_OBJECT_CLASS, _attributes: &Template) -> Result<Key> {
    todo!()
}
