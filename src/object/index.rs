//! The objects of one token in memory: by handle, by identity, and by class, id and label.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    hash::Hash,
    sync::Arc,
};

use super::{Object, schema};
use crate::{
    attribute::{Template, Value},
    key::facts,
    pkcs11::*,
};

/// Handles in order of creation.
type Handles = BTreeSet<ObjectHandle>;

/// Objects and their handles.
#[derive(Debug, Default)]
pub struct Index {
    objects: HashMap<ObjectHandle, Arc<Object>>,
    handles: HashMap<Uid, ObjectHandle>,
    order: Handles,
    classes: HashMap<CK_OBJECT_CLASS, Handles>,
    ids: HashMap<Vec<u8>, Handles>,
    labels: HashMap<Vec<u8>, Handles>,
}

impl Index {
    /// Adds an object under a handle, or replaces the object of the same identity, which keeps its
    /// handle. Returns the handle in force.
    pub fn put(&mut self, object: Arc<Object>, new: impl FnOnce() -> ObjectHandle) -> ObjectHandle {
        let uid = object.uid();
        let handle = match self.handles.get(&uid) {
            Some(handle) => *handle,
            None => new(),
        };
        self.remove(uid);
        self.handles.insert(uid, handle);
        self.order.insert(handle);
        self.classes
            .entry(object.class())
            .or_default()
            .insert(handle);
        if let Some(id) = object.attributes().bytes(CKA_ID) {
            self.ids.entry(id.to_vec()).or_default().insert(handle);
        }
        if let Some(label) = object.attributes().bytes(CKA_LABEL) {
            self.labels
                .entry(label.to_vec())
                .or_default()
                .insert(handle);
        }
        self.objects.insert(handle, object);
        handle
    }

    /// Removes an object.
    pub fn remove(&mut self, uid: Uid) -> Option<Arc<Object>> {
        let handle = self.handles.remove(&uid)?;
        let object = self.objects.remove(&handle)?;
        self.order.remove(&handle);
        forget(&mut self.classes, object.class(), handle);
        if let Some(id) = object.attributes().bytes(CKA_ID) {
            forget(&mut self.ids, id.to_vec(), handle);
        }
        if let Some(label) = object.attributes().bytes(CKA_LABEL) {
            forget(&mut self.labels, label.to_vec(), handle);
        }
        Some(object)
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

    /// Handles of the objects that match `template`, in order of creation. `private` (the user
    /// is logged in) admits private objects. Hardware features, mechanisms and profiles are found only when the template names
    /// their class. A sensitive attribute never matches.
    #[must_use]
    pub fn find(&self, template: &Template, private: bool) -> Vec<ObjectHandle> {
        let Some(candidates) = self.candidates(template) else {
            return Vec::new();
        };
        let class = template.ulong(CKA_CLASS);
        let found = candidates.iter().filter(|handle| {
            self.objects.get(handle).is_some_and(|object| {
                (private || !object.is(CKA_PRIVATE))
                    && (class.is_some() || !shown_by_class_only(object.class()))
                    && matches(object.attributes(), template, private)
            })
        });
        found.copied().collect()
    }

    /// The smallest set of handles that holds every match; `None` when nothing can match.
    fn candidates(&self, template: &Template) -> Option<&Handles> {
        let mut smallest = match template.ulong(CKA_CLASS) {
            Some(class) => self.classes.get(&class)?,
            None => &self.order,
        };
        for (attribute, map) in [(CKA_ID, &self.ids), (CKA_LABEL, &self.labels)] {
            if let Some(value) = template.bytes(attribute) {
                let handles = map.get(value)?;
                if handles.len() < smallest.len() {
                    smallest = handles;
                }
            }
        }
        Some(smallest)
    }

    /// Keeps only the objects for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(ObjectHandle, &Arc<Object>) -> bool) {
        let gone: Vec<Uid> = self
            .iter()
            .filter(|(handle, object)| !keep(*handle, object))
            .map(|(_, object)| object.uid())
            .collect();
        for uid in gone {
            self.remove(uid);
        }
    }

    /// All objects in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectHandle, &Arc<Object>)> {
        let handles = self.order.iter();
        handles.filter_map(|handle| Some((*handle, self.objects.get(handle)?)))
    }
}

/// Classes that a search without a class does not show (PKCS#11 v3.1 sections 4.3, 4.13, 4.14).
const fn shown_by_class_only(class: CK_OBJECT_CLASS) -> bool {
    matches!(class, CKO_HW_FEATURE | CKO_MECHANISM | CKO_PROFILE)
}

/// Does an object match by what anybody may read of it, stored or computed? A match on a hidden
/// value would let one guess it.
fn matches(attributes: &Template, template: &Template, user: bool) -> bool {
    template.iter().all(|(attribute, wanted)| {
        !schema::hidden(attributes, attribute, user)
            && match attributes.get(attribute) {
                Some(value) => value.matches(wanted),
                None => facts::find(attributes, attribute)
                    .is_some_and(|fact| Value::Bytes(fact).matches(wanted)),
            }
    })
}

fn forget<K: Eq + Hash>(map: &mut HashMap<K, Handles>, key: K, handle: ObjectHandle) {
    if let Entry::Occupied(mut entry) = map.entry(key) {
        entry.get_mut().remove(&handle);
        if entry.get().is_empty() {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretBytes;

    fn object(n: u32, attributes: Template) -> Arc<Object> {
        let mut uid = [0; 16];
        uid[..4].copy_from_slice(&n.to_be_bytes());
        Arc::new(Object::new(Uid(uid), attributes))
    }

    fn key(class: CK_OBJECT_CLASS, id: &[u8], label: &[u8]) -> Template {
        Template::new()
            .with(CKA_CLASS, class)
            .with(CKA_ID, id)
            .with(CKA_LABEL, label)
    }

    fn put(index: &mut Index, n: u32, attributes: Template) -> ObjectHandle {
        index.put(object(n, attributes), || ObjectHandle(n.into()))
    }

    fn handles(range: impl IntoIterator<Item = u32>) -> Vec<ObjectHandle> {
        range.into_iter().map(|n| ObjectHandle(n.into())).collect()
    }

    #[test]
    fn finds_by_every_part_of_a_template_in_order_of_creation() {
        let mut index = Index::default();
        for n in [3, 1, 2, 4] {
            let class = if n % 2 == 0 { CKO_PUBLIC_KEY } else { CKO_DATA };
            put(
                &mut index,
                n,
                key(class, b"id", if n == 4 { b"b" } else { b"a" }),
            );
        }
        let all = Template::new();
        assert_eq!(index.find(&all, true), handles([1, 2, 3, 4]));
        let find = |t: Template| index.find(&t, true);
        assert_eq!(
            find(all.clone().with(CKA_CLASS, CKO_PUBLIC_KEY)),
            handles([2, 4])
        );
        assert_eq!(
            find(all.clone().with(CKA_LABEL, b"a".as_slice())),
            handles([1, 2, 3])
        );
        assert_eq!(find(key(CKO_PUBLIC_KEY, b"id", b"a")), handles([2]));
        assert_eq!(find(key(CKO_PUBLIC_KEY, b"other", b"a")), handles([]));
        assert_eq!(
            find(all.clone().with(CKA_CLASS, CKO_PRIVATE_KEY)),
            handles([])
        );
        assert_eq!(find(all.with(CKA_TOKEN, true)), handles([]));
    }

    #[test]
    fn a_changed_object_keeps_its_handle_and_is_found_by_its_new_values_only() {
        let mut index = Index::default();
        put(&mut index, 1, key(CKO_DATA, b"", b"old"));
        let handle = index.put(object(1, key(CKO_DATA, b"", b"new")), || ObjectHandle(9));
        assert_eq!(handle, ObjectHandle(1));
        let label = |l: &[u8]| Template::new().with(CKA_LABEL, l);
        assert_eq!(index.find(&label(b"new"), false), [handle]);
        assert!(index.find(&label(b"old"), false).is_empty());
        assert_eq!(index.iter().count(), 1);
        let uid = index.get(handle).unwrap().uid();
        assert_eq!(index.handle_of(uid), Some(handle));
        assert!(index.remove(uid).is_some() && index.remove(uid).is_none());
        assert!(index.get(handle).is_none() && index.handle_of(uid).is_none());
        assert!(index.labels.is_empty() && index.ids.is_empty() && index.classes.is_empty());
    }

    #[test]
    fn private_objects_need_login() {
        let mut index = Index::default();
        put(
            &mut index,
            1,
            key(CKO_DATA, b"", b"").with(CKA_PRIVATE, true),
        );
        put(
            &mut index,
            2,
            key(CKO_DATA, b"", b"").with(CKA_PRIVATE, false),
        );
        let asked = Template::new().with(CKA_PRIVATE, true);
        assert!(index.find(&asked, false).is_empty());
        assert_eq!(index.find(&asked, true), handles([1]));
        assert_eq!(index.find(&Template::new(), false), handles([2]));
    }

    #[test]
    fn profiles_are_found_by_their_class_only() {
        let mut index = Index::default();
        for (n, class) in [(1, CKO_PROFILE), (2, CKO_MECHANISM), (3, CKO_HW_FEATURE)] {
            put(&mut index, n, key(class, b"", b"x"));
            let by_class = Template::new().with(CKA_CLASS, class);
            assert_eq!(index.find(&by_class, false), handles([n]));
        }
        assert!(index.find(&Template::new(), true).is_empty());
        let by_label = Template::new().with(CKA_LABEL, b"x".as_slice());
        assert!(index.find(&by_label, true).is_empty());
    }

    #[test]
    fn a_hidden_value_never_matches() {
        let value = || SecretBytes::copy_from(b"known to the searcher");
        let secret = |sensitive, extractable| {
            key(CKO_SECRET_KEY, b"", b"")
                .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
                .with(CKA_SENSITIVE, sensitive)
                .with(CKA_EXTRACTABLE, extractable)
                .with(CKA_VALUE, value())
        };
        let mut index = Index::default();
        put(&mut index, 1, secret(true, true));
        put(&mut index, 2, secret(false, false));
        put(&mut index, 3, secret(false, true));
        let asked = Template::new().with(CKA_VALUE, value());
        assert_eq!(index.find(&asked, true), handles([3]));
    }

    #[test]
    fn retain_forgets_what_is_not_kept() {
        let mut index = Index::default();
        for n in 1..=4 {
            put(&mut index, n, key(CKO_DATA, &[1], &[]));
        }
        index.retain(|handle, _| handle.0 > 2);
        assert_eq!(index.find(&Template::new(), true), handles([3, 4]));
        assert_eq!(index.find(&key(CKO_DATA, &[1], &[]), true), handles([3, 4]));
    }

    /// Not timed: with a linear search this test would take hours.
    #[test]
    fn a_hundred_thousand_objects_are_found_one_by_one() {
        const COUNT: u32 = 100_000;
        let mut index = Index::default();
        for n in 1..=COUNT {
            let id = n.to_be_bytes();
            put(
                &mut index,
                n,
                key(CKO_PRIVATE_KEY, &id, format!("key {n}").as_bytes()),
            );
        }
        for n in 1..=COUNT {
            let by_id = Template::new()
                .with(CKA_CLASS, CKO_PRIVATE_KEY)
                .with(CKA_ID, n.to_be_bytes().as_slice());
            assert_eq!(index.find(&by_id, true), handles([n]));
            let by_label = Template::new().with(CKA_LABEL, format!("key {n}").into_bytes());
            assert_eq!(index.find(&by_label, true), handles([n]));
        }
        index.retain(|_, _| false);
        assert!(index.order.is_empty() && index.ids.is_empty() && index.labels.is_empty());
    }
}
