//! The objects of one token in memory: by handle, by identity, and by class, id and label.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    Object,
    schema::{Answer, reveal},
};
use crate::{
    attribute::{Template, Value},
    pkcs11::*,
};

/// Attributes that a search is answered by without looking at every object.
const INDEXED: [CK_ATTRIBUTE_TYPE; 3] = [CKA_ID, CKA_LABEL, CKA_CLASS];

/// Objects and their handles.
#[derive(Debug, Default)]
pub struct Index {
    objects: BTreeMap<ObjectHandle, Arc<Object>>,
    handles: HashMap<Uid, ObjectHandle>,
    found: HashMap<(CK_ATTRIBUTE_TYPE, Vec<u8>), BTreeSet<ObjectHandle>>,
}

impl Index {
    /// Adds an object under a handle, or replaces the object of the same identity, which keeps its
    /// handle. Returns the handle in force.
    pub fn put(&mut self, object: Arc<Object>, new: impl FnOnce() -> ObjectHandle) -> ObjectHandle {
        let handle = self.handles.get(&object.uid()).copied().unwrap_or_else(new);
        self.forget(handle);
        for key in keys(&object) {
            self.found.entry(key).or_default().insert(handle);
        }
        self.handles.insert(object.uid(), handle);
        self.objects.insert(handle, object);
        handle
    }

    /// Removes an object.
    pub fn remove(&mut self, uid: Uid) -> Option<Arc<Object>> {
        let handle = self.handles.remove(&uid)?;
        self.forget(handle)
    }

    /// The object of a handle.
    #[must_use]
    pub fn get(&self, handle: ObjectHandle) -> Option<&Arc<Object>> {
        self.objects.get(&handle)
    }

    /// The handle of an identity.
    #[must_use]
    pub fn handle_of(&self, uid: Uid) -> Option<ObjectHandle> {
        self.handles.get(&uid).copied()
    }

    /// Handles of the objects that match `template`, in order of creation. `private` (the user is logged in) admits private
    /// objects. Hardware features, mechanisms and profiles are found only when the template names
    /// their class. A sensitive attribute never matches.
    #[must_use]
    pub fn find(&self, template: &Template, private: bool) -> Vec<ObjectHandle> {
        let shown = template.ulong(CKA_CLASS).is_some();
        let matching = |object: &Object| {
            (private || !object.is(CKA_PRIVATE))
                && (shown
                    || !matches!(object.class(), CKO_HW_FEATURE | CKO_MECHANISM | CKO_PROFILE))
                && template.iter().all(|(attribute, wanted)| {
                    match reveal(object.attributes(), attribute, private) {
                        Answer::Value(value) => value.matches(wanted),
                        Answer::Sensitive | Answer::Absent => false,
                    }
                })
        };
        let indexed = INDEXED
            .iter()
            .find_map(|a| template.get(*a).map(|value| (*a, value)));
        let Some((attribute, value)) = indexed else {
            return self
                .objects
                .iter()
                .filter(|(_, o)| matching(o))
                .map(|(handle, _)| *handle)
                .collect();
        };
        let candidates = self.found.get(&(attribute, value.expose(<[u8]>::to_vec)));
        let candidates = candidates.into_iter().flatten();
        candidates
            .filter(|handle| self.objects.get(handle).is_some_and(|o| matching(o)))
            .copied()
            .collect()
    }

    /// Keeps only the objects for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(ObjectHandle, &Arc<Object>) -> bool) {
        let gone: Vec<Uid> = self
            .objects
            .iter()
            .filter(|(handle, o)| !keep(**handle, o))
            .map(|(_, o)| o.uid())
            .collect();
        for uid in gone {
            self.remove(uid);
        }
    }

    /// All objects.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectHandle, &Arc<Object>)> {
        self.objects
            .iter()
            .map(|(handle, object)| (*handle, object))
    }

    fn forget(&mut self, handle: ObjectHandle) -> Option<Arc<Object>> {
        let object = self.objects.remove(&handle)?;
        for key in keys(&object) {
            if let Some(handles) = self.found.get_mut(&key) {
                handles.remove(&handle);
                if handles.is_empty() {
                    self.found.remove(&key);
                }
            }
        }
        Some(object)
    }
}

/// Where an object is found.
fn keys(object: &Object) -> impl Iterator<Item = (CK_ATTRIBUTE_TYPE, Vec<u8>)> {
    INDEXED
        .into_iter()
        .filter_map(|attribute| match object.attributes().get(attribute)? {
            value @ (Value::Bytes(_) | Value::Ulong(_)) => {
                Some((attribute, value.expose(<[u8]>::to_vec)))
            }
            Value::Bool(_) | Value::Secret(_) | Value::Mechanisms(_) | Value::Template(_) => None,
        })
}
