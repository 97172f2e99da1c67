//! An ordered list of attributes, each at most once.

use super::Value;
use crate::{
    error::{Error, Result},
    pkcs11::*,
};

/// A template as an application gave it, or the attributes of an object.
#[derive(Debug, Clone, Default)]
pub struct Template(Vec<(CK_ATTRIBUTE_TYPE, Value)>);

impl Template {
    /// An empty template.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an attribute. The same value twice counts once (PKCS#11 v3.1 section 4.1.1).
    ///
    /// # Errors
    /// `CKR_TEMPLATE_INCONSISTENT` when the attribute is there already with another value.
    pub fn insert(&mut self, attribute: CK_ATTRIBUTE_TYPE, value: impl Into<Value>) -> Result<()> {
        let value = value.into();
        match self.get(attribute) {
            Some(present) if present.matches(&value) => {}
            Some(_) => return Err(Error::TemplateInconsistent(attribute)),
            None => self.0.push((attribute, value)),
        }
        Ok(())
    }

    /// Adds or replaces an attribute.
    pub fn set(&mut self, attribute: CK_ATTRIBUTE_TYPE, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(a, _)| *a == attribute) {
            Some(entry) => entry.1 = value,
            None => self.0.push((attribute, value)),
        }
    }

    /// Builder form of [`set`](Self::set).
    #[must_use]
    pub fn with(mut self, attribute: CK_ATTRIBUTE_TYPE, value: impl Into<Value>) -> Self {
        self.set(attribute, value);
        self
    }

    /// Removes an attribute and returns it.
    pub fn remove(&mut self, attribute: CK_ATTRIBUTE_TYPE) -> Option<Value> {
        let at = self.0.iter().position(|(a, _)| *a == attribute)?;
        Some(self.0.remove(at).1)
    }

    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, attribute: CK_ATTRIBUTE_TYPE) -> Option<&Value> {
        self.0.iter().find(|(a, _)| *a == attribute).map(|(_, v)| v)
    }

    /// True when the attribute is there.
    #[must_use]
    pub fn has(&self, attribute: CK_ATTRIBUTE_TYPE) -> bool {
        self.get(attribute).is_some()
    }

    /// The value of a boolean attribute.
    #[must_use]
    pub fn bool(&self, attribute: CK_ATTRIBUTE_TYPE) -> Option<bool> {
        if let Value::Bool(b) = self.get(attribute)? {
            Some(*b)
        } else {
            None
        }
    }

    /// The value of a numeric attribute.
    #[must_use]
    pub fn ulong(&self, attribute: CK_ATTRIBUTE_TYPE) -> Option<CK_ULONG> {
        if let Value::Ulong(n) = self.get(attribute)? {
            Some(*n)
        } else {
            None
        }
    }

    /// The value of a byte-array attribute that is not secret.
    #[must_use]
    pub fn bytes(&self, attribute: CK_ATTRIBUTE_TYPE) -> Option<&[u8]> {
        if let Value::Bytes(b) = self.get(attribute)? {
            Some(b)
        } else {
            None
        }
    }

    /// All attributes in order.
    pub fn iter(&self) -> impl Iterator<Item = (CK_ATTRIBUTE_TYPE, &Value)> {
        self.0.iter().map(|(a, v)| (*a, v))
    }

    /// Number of attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True for an empty template.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when both hold the same attributes with matching values, in any order.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.len() == other.len() && self.is_within(other)
    }

    /// True when each attribute here is in `other` with a matching value: the test of
    /// `C_FindObjects`.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.iter()
            .all(|(a, v)| other.get(a).is_some_and(|w| v.matches(w)))
    }
}

impl IntoIterator for Template {
    type Item = (CK_ATTRIBUTE_TYPE, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(CK_ATTRIBUTE_TYPE, Value)> for Template {
    fn from_iter<T: IntoIterator<Item = (CK_ATTRIBUTE_TYPE, Value)>>(iter: T) -> Self {
        let mut template = Self::new();
        for (a, v) in iter {
            template.set(a, v);
        }
        template
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretBytes;

    #[test]
    fn the_same_value_twice_counts_once_and_another_is_inconsistent() {
        let secret = |byte| Value::from(SecretBytes::copy_from(&[byte]));
        let mut template = Template::new();
        for _ in 0..2 {
            template.insert(CKA_TOKEN, true).unwrap();
            template.insert(CKA_VALUE, secret(1)).unwrap();
        }
        assert_eq!(template.len(), 2);
        let inconsistent = |attribute| Err(Error::TemplateInconsistent(attribute));
        assert_eq!(template.insert(CKA_TOKEN, false), inconsistent(CKA_TOKEN));
        assert_eq!(
            template.insert(CKA_VALUE, secret(2)),
            inconsistent(CKA_VALUE)
        );
        assert_eq!(template.bool(CKA_TOKEN), Some(true));
    }
}
