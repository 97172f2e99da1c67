//! Key derivation.

use std::{mem, sync::Arc};

use super::{Library, session::Session, wrap::imposed};
use crate::{
    attribute::Template,
    error::{Error, Result},
    mechanism::{self, DeriveInput, Derived, FieldValue, Invocation, Params, Protection},
    object::{Object, schema::Origin},
    pkcs11::*,
};

impl Library {
    /// C_DeriveKey. Returns the new key's handle, `None` for a mechanism that answers through its
    /// parameter; `mechanism.params` then holds what is to be written back, after an error too.
    ///
    /// # Errors
    /// `CKR_MECHANISM_INVALID`, `CKR_MECHANISM_PARAM_INVALID`, `CKR_KEY_HANDLE_INVALID`,
    /// `CKR_KEY_TYPE_INCONSISTENT`, `CKR_KEY_FUNCTION_NOT_PERMITTED`, and those of
    /// [`create_object`](Self::create_object).
    pub fn derive_key(
        &self,
        session: SessionHandle,
        mechanism: &mut Invocation,
        base: ObjectHandle,
        template: Template,
    ) -> Result<Option<ObjectHandle>> {
        let session = self.session(session)?;
        let id = mechanism.mechanism;
        let row = mechanism::find(id).ok_or(Error::MechanismInvalid(id))?;
        let derive = row.ops.derive.ok_or(Error::MechanismInvalid(id))?;
        let params = mechanism.params.as_mut().map_err(|e| e.clone())?;
        let (base, key) = session.usable_key(base, row, CKA_DERIVE, &BASES)?;
        let template = imposed(&base, CKA_DERIVE_TEMPLATE, template)?;
        let input = DeriveInput {
            key: &key,
            base: base.attributes(),
            template: &template,
            entropy: &*self.env.entropy,
        };
        let given = params.clone();
        let derived = derive(&input, params)?;
        // What the mechanism has to tell is told once the keys are there.
        let answer = mem::replace(params, given);
        let places: Vec<_> = derived.iter().map(|d| d.handle_field).collect();
        let handles = self.store_derived(&session, &base, &template, derived)?;
        *params = answer;
        let mut result = None;
        for (handle, place) in handles.into_iter().zip(places) {
            match place {
                Some(field) => put_handle(params, field, handle),
                None => result = Some(handle),
            }
        }
        Ok(result)
    }

    /// C_DeriveKeyPair, Securosys' function: (public, private), both stored or none.
    ///
    /// # Errors
    /// As [`derive_key`](Self::derive_key).
    pub fn derive_key_pair(
        &self,
        session: SessionHandle,
        mechanism: Invocation,
        base: ObjectHandle,
        public: Template,
        private: Template,
    ) -> Result<(ObjectHandle, ObjectHandle)> {
        let session = self.session(session)?;
        let id = mechanism.mechanism;
        let row = mechanism::find(id).ok_or(Error::MechanismInvalid(id))?;
        let derive = row.ops.derive_pair.ok_or(Error::MechanismInvalid(id))?;
        let params = mechanism.params?;
        let (base, key) = session.usable_key(base, row, CKA_DERIVE, &BASES)?;
        let input = DeriveInput {
            key: &key,
            base: base.attributes(),
            template: &public,
            entropy: &*self.env.entropy,
        };
        let derived = derive(&input, &params, &private)?.into();
        match *self.store_derived(&session, &base, &public, derived)? {
            [public, private] => Ok((public, private)),
            _ => Err(Error::ObjectHandleInvalid),
        }
    }

    /// Builds and stores what a mechanism has made, all or nothing.
    fn store_derived(
        &self,
        session: &Session,
        base: &Arc<Object>,
        template: &Template,
        derived: Vec<Derived>,
    ) -> Result<Vec<ObjectHandle>> {
        let origin = Origin::Derive {
            always_sensitive: base.is(CKA_ALWAYS_SENSITIVE),
            never_extractable: base.is(CKA_NEVER_EXTRACTABLE),
        };
        let mut objects = Vec::with_capacity(derived.len());
        for Derived {
            template: own,
            mut computed,
            protection,
            handle_field: _,
        } in derived
        {
            if protection == Protection::Inherited {
                inherit(base, &mut computed);
            }
            let template = match own {
                Some(own) => imposed(base, CKA_DERIVE_TEMPLATE, own)?,
                None => template.clone(),
            };
            objects.push(self.build(session, origin, template, computed)?);
        }
        self.store_objects(session, objects)
    }
}

const BASES: [CK_OBJECT_CLASS; 3] = [CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY];

/// What a derived secret or private key cannot shake off: the base key's sensitivity and its
/// being unextractable.
fn inherit(base: &Object, computed: &mut Template) {
    let secret = matches!(
        computed.ulong(CKA_CLASS),
        Some(CKO_SECRET_KEY | CKO_PRIVATE_KEY)
    );
    if secret && base.class() != CKO_PUBLIC_KEY {
        if base.is(CKA_SENSITIVE) {
            computed.set(CKA_SENSITIVE, true);
        }
        if !base.is(CKA_EXTRACTABLE) {
            computed.set(CKA_EXTRACTABLE, false);
        }
    }
}

fn put_handle(params: &mut Params, field: usize, handle: ObjectHandle) {
    if let Params::Struct(fields) = params
        && let Some(value) = fields.get_mut(field)
    {
        *value = FieldValue::Ulong(handle.0);
    }
}
