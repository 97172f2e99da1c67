//! Key derivation.

use super::{Library, wrap::imposed};
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
        let classes = [CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY];
        let (base, key) = session.usable_key(base, row, CKA_DERIVE, &classes)?;
        let template = imposed(&base, CKA_DERIVE_TEMPLATE, template)?;
        let input = DeriveInput {
            key: &key,
            base: base.attributes(),
            template: &template,
            entropy: &*self.env.entropy,
        };
        let derived = derive(&input, params)?;
        let origin = Origin::Derive {
            always_sensitive: base.is(CKA_ALWAYS_SENSITIVE),
            never_extractable: base.is(CKA_NEVER_EXTRACTABLE),
        };
        let mut objects = Vec::with_capacity(derived.len());
        let mut places = Vec::with_capacity(derived.len());
        for Derived {
            template: own,
            mut computed,
            handle_field,
            protection,
        } in derived
        {
            if protection == Protection::Inherited {
                inherit(&base, &mut computed);
            }
            let template = match own {
                Some(own) => imposed(&base, CKA_DERIVE_TEMPLATE, own)?,
                None => template.clone(),
            };
            objects.push(self.build(&session, origin, template, computed)?);
            places.push(handle_field);
        }
        let mut result = None;
        for (handle, place) in self
            .store_objects(&session, objects)?
            .into_iter()
            .zip(places)
        {
            match place {
                Some(field) => put_handle(params, field, handle),
                None => result = Some(handle),
            }
        }
        Ok(result)
    }
}

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
