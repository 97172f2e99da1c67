//! The objects of one token in memory: by handle, by identity, and by class, id and label.

use std::sync::Arc;

use super::Object;
use crate::{attribute::Template, pkcs11::*};

/// Objects and their handles.
#[derive(Debug, Default)]
pub struct Index {}

impl Index {
    /// Adds an object under a handle, or replaces the object of the same identity, which keeps its
    /// handle. Returns the handle in force.
    pub fn put(
        &mut self,
        _object: Arc<Object>,
        _new: impl FnOnce() -> ObjectHandle,
    ) -> ObjectHandle {
        todo!()
    }

    /// Removes an object.
    pub fn remove(&mut self, _uid: Uid) -> Option<Arc<Object>> {
        todo!()
    }

    /// The object of a handle.
    #[must_use]
    pub fn get(&self, _handle: ObjectHandle) -> Option<&Arc<Object>> {
        todo!()
    }

    /// The handle of an identity.
    #[must_use]
    pub fn handle_of(&self, _uid: Uid) -> Option<ObjectHandle> {
        todo!()
    }

    /// Handles of the objects that match `template`, in order of creation. `private` admits private
    /// objects. Hardware features, mechanisms and profiles are found only when the template names
    /// their class. A sensitive attribute never matches.
    #[must_use]
    pub fn find(&self, _template: &Template, _private: bool) -> Vec<ObjectHandle> {
        todo!()
    }

    /// Keeps only the objects for which `keep` says so.
    pub fn retain(&mut self, _keep: impl FnMut(ObjectHandle, &Arc<Object>) -> bool) {
        todo!()
    }

    /// All objects.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectHandle, &Arc<Object>)> {
        std::iter::empty()
    }
}
