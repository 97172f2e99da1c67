//! Which attribute rows are in force for one kind of object.

use super::{rows, rows_other};
use crate::{
    attribute::{Row, Template},
    error::{Error, Result},
    key::{self, KeyType, facts},
    pkcs11::*,
};

/// The rows of a class, with its key type or certificate type. Groups run from the special to the
/// common; where an attribute has several rows, the most special is in force.
#[derive(Debug)]
pub(super) struct Table {
    /// `CKA_CLASS`.
    pub(super) class: CK_OBJECT_CLASS,
    /// The key type, for keys.
    pub(super) key_type: Option<&'static KeyType>,
    groups: [&'static [Row]; 6],
}

/// The highest class, key type and certificate type that the standard has given a number.
const CLASS_MAX: CK_OBJECT_CLASS = 0xB;
const KEY_TYPE_MAX: CK_KEY_TYPE = 0x4B;
const CERTIFICATE_TYPE_MAX: CK_CERTIFICATE_TYPE = CKC_WTLS;

impl Table {
    /// The rows for an object with these attributes.
    ///
    /// # Errors
    /// For a class, key type or certificate type that we do not serve: `CKR_TEMPLATE_INCONSISTENT`
    /// when the standard knows it, since the value is valid but this token cannot satisfy it, else
    /// `CKR_ATTRIBUTE_VALUE_INVALID` (section 4.1.1, points 5 and 2). `CKR_TEMPLATE_INCOMPLETE` when
    /// it is not said.
    pub(super) fn of(attributes: &Template) -> Result<Self> {
        let class = number(attributes, CKA_CLASS)?;
        match class {
            CKO_DATA => Ok(Self::plain(class, rows_other::DATA, &[])),
            CKO_CERTIFICATE => Self::certificate(number(attributes, CKA_CERTIFICATE_TYPE)?),
            CKO_PUBLIC_KEY | CKO_PRIVATE_KEY | CKO_SECRET_KEY => {
                Self::key(class, number(attributes, CKA_KEY_TYPE)?)
            }
            CKO_PROFILE => Ok(Self::plain(class, rows_other::PROFILE, &[])),
            _ => Err(unserved(CKA_CLASS, class, CLASS_MAX)),
        }
    }

    /// As [`of`](Self::of), for an object that an application makes.
    pub(super) fn of_new(attributes: &Template) -> Result<Self> {
        let table = Self::of(attributes)?;
        // The token alone says which profiles it has.
        if table.class == CKO_PROFILE {
            return Err(Error::TemplateInconsistent(CKA_CLASS));
        }
        Ok(table)
    }

    const fn plain(class: CK_OBJECT_CLASS, own: &'static [Row], kind: &'static [Row]) -> Self {
        Self {
            class,
            key_type: None,
            groups: [kind, own, rows::STORAGE, rows::COMMON, &[], &[]],
        }
    }

    fn certificate(id: CK_CERTIFICATE_TYPE) -> Result<Self> {
        let kind = match id {
            CKC_X_509 => rows_other::X509,
            CKC_X_509_ATTR_CERT => rows_other::X509_ATTRIBUTE,
            CKC_WTLS => rows_other::WTLS,
            _ => return Err(unserved(CKA_CERTIFICATE_TYPE, id, CERTIFICATE_TYPE_MAX)),
        };
        Ok(Self::plain(CKO_CERTIFICATE, rows_other::CERTIFICATE, kind))
    }

    fn key(class: CK_OBJECT_CLASS, id: CK_KEY_TYPE) -> Result<Self> {
        let key_type = key::find(id).ok_or_else(|| unserved(CKA_KEY_TYPE, id, KEY_TYPE_MAX))?;
        let special = key_type
            .rows(class)
            .ok_or(Error::TemplateInconsistent(CKA_KEY_TYPE))?;
        let (common, tree): (_, &[Row]) = match class {
            CKO_PUBLIC_KEY => (rows::PUBLIC, rows::HIERARCHY),
            CKO_PRIVATE_KEY => (rows::PRIVATE, rows::HIERARCHY),
            _ => (rows::SECRET, rows::SEED),
        };
        Ok(Self {
            class,
            key_type: Some(key_type),
            groups: [
                special,
                common,
                tree,
                rows::KEY,
                rows::STORAGE,
                rows::COMMON,
            ],
        })
    }

    /// The row of an attribute.
    pub(super) fn find(&self, attribute: CK_ATTRIBUTE_TYPE) -> Option<&'static Row> {
        let mut rows = self.groups.iter().flat_map(|group| group.iter());
        rows.find(|row| row.attribute == attribute)
    }

    /// The row of an attribute that a template names.
    ///
    /// # Errors
    /// `CKR_ATTRIBUTE_TYPE_INVALID` for an attribute that this kind of object has not,
    /// `CKR_ATTRIBUTE_READ_ONLY` for one that is computed when asked for.
    pub(super) fn row(&self, attribute: CK_ATTRIBUTE_TYPE) -> Result<&'static Row> {
        self.find(attribute).ok_or_else(|| {
            if facts::are_told_by(attribute) {
                Error::AttributeReadOnly(attribute)
            } else {
                Error::AttributeTypeInvalid(attribute)
            }
        })
    }

    /// All rows in force, one an attribute.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let rows = self.groups.iter().flat_map(|group| group.iter());
        rows.filter(|row| {
            self.find(row.attribute)
                .is_some_and(|r| std::ptr::eq(r, *row))
        })
    }

    /// True for private and secret keys.
    pub(super) const fn guarded(&self) -> bool {
        matches!(self.class, CKO_PRIVATE_KEY | CKO_SECRET_KEY)
    }

    /// Can the key type do what this usage attribute says?
    pub(super) fn capable(&self, usage: CK_ATTRIBUTE_TYPE) -> bool {
        self.key_type.is_some_and(|t| t.usages.contains(&usage))
    }
}

fn number(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE) -> Result<CK_ULONG> {
    match attributes.ulong(attribute) {
        Some(number) => Ok(number),
        None if attributes.has(attribute) => Err(Error::AttributeValueInvalid(attribute)),
        None => Err(Error::TemplateIncomplete(attribute)),
    }
}

const fn unserved(attribute: CK_ATTRIBUTE_TYPE, value: CK_ULONG, known: CK_ULONG) -> Error {
    if value <= known {
        Error::TemplateInconsistent(attribute)
    } else {
        Error::AttributeValueInvalid(attribute)
    }
}
