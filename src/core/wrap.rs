//! Key wrapping and unwrapping.

use std::sync::Arc;

use super::{Library, Output, session::Session};
use crate::{
    attribute::{Template, Value},
    error::{Error, Result},
    key,
    mechanism::{self, Invocation, Mechanism},
    object::{Object, schema::Origin},
    pkcs11::*,
    policy,
};

impl Library {
    /// C_WrapKey. Returns the number of bytes written, or needed for [`Output::Query`].
    ///
    /// # Errors
    /// `CKR_WRAPPING_KEY_HANDLE_INVALID`, `CKR_WRAPPING_KEY_TYPE_INCONSISTENT`,
    /// `CKR_KEY_HANDLE_INVALID`, `CKR_KEY_UNEXTRACTABLE`, `CKR_KEY_NOT_WRAPPABLE`,
    /// `CKR_BUFFER_TOO_SMALL`, and those of the mechanism.
    pub fn wrap_key(
        &self,
        session: SessionHandle,
        mechanism: Invocation,
        wrapping_key: ObjectHandle,
        key: ObjectHandle,
        out: Output<'_>,
    ) -> Result<usize> {
        let session = self.session(session)?;
        let Invocation { mechanism, params } = mechanism;
        let row = mechanism::find(mechanism).ok_or(Error::MechanismInvalid(mechanism))?;
        let wrap = row.ops.wrap.ok_or(Error::MechanismInvalid(mechanism))?;
        let params = params?;
        let wrapping = session.wrapping_key(wrapping_key, row, CKA_WRAP)?;
        let object = session.token.key(key)?;
        policy::permit_wrap(&wrapping, &object)?;
        let material = key::export(object.attributes())?;
        let wrapped =
            material.expose(|bytes| wrap(&wrapping.key()?, &params, bytes, &self.env.entropy))?;
        match out {
            Output::Query => Ok(wrapped.len()),
            Output::Buffer(buffer) => {
                let needed = wrapped.len();
                buffer
                    .get_mut(..needed)
                    .ok_or(Error::BufferTooSmall { needed })?
                    .copy_from_slice(&wrapped);
                Ok(needed)
            }
        }
    }

    /// C_UnwrapKey.
    ///
    /// # Errors
    /// `CKR_UNWRAPPING_KEY_HANDLE_INVALID`, `CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT`,
    /// `CKR_WRAPPED_KEY_INVALID`, `CKR_WRAPPED_KEY_LEN_RANGE`, and those of
    /// [`create_object`](Self::create_object).
    pub fn unwrap_key(
        &self,
        session: SessionHandle,
        mechanism: Invocation,
        unwrapping_key: ObjectHandle,
        wrapped: &[u8],
        template: Template,
    ) -> Result<ObjectHandle> {
        let session = self.session(session)?;
        let Invocation { mechanism, params } = mechanism;
        let row = mechanism::find(mechanism).ok_or(Error::MechanismInvalid(mechanism))?;
        let unwrap = row.ops.unwrap.ok_or(Error::MechanismInvalid(mechanism))?;
        let params = params?;
        let unwrapping = session
            .wrapping_key(unwrapping_key, row, CKA_UNWRAP)
            .map_err(|e| {
                e.instead(
                    &Error::WrappingKeyHandleInvalid,
                    Error::UnwrappingKeyHandleInvalid,
                )
                .instead(
                    &Error::WrappingKeyTypeInconsistent,
                    Error::UnwrappingKeyTypeInconsistent,
                )
            })?;
        let template = imposed(&unwrapping, CKA_UNWRAP_TEMPLATE, template)?;
        let material = unwrap(&unwrapping.key()?, &params, wrapped)?;
        let computed = key::import(&material, &template)?;
        let object = self.build(&session, Origin::Unwrap, template, computed)?;
        let handles = self.store_objects(&session, vec![object])?;
        handles.first().copied().ok_or(Error::ObjectHandleInvalid)
    }
}

impl Session {
    /// The key that wraps or unwraps, if the mechanism may use it so.
    fn wrapping_key(
        &self,
        handle: ObjectHandle,
        row: &Mechanism,
        usage: CK_ATTRIBUTE_TYPE,
    ) -> Result<Arc<Object>> {
        let classes = [CKO_SECRET_KEY, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY];
        match self.usable_key(handle, row, usage, &classes) {
            Ok((object, _)) => Ok(object),
            Err(Error::KeyHandleInvalid) => Err(Error::WrappingKeyHandleInvalid),
            Err(Error::KeyTypeInconsistent) => Err(Error::WrappingKeyTypeInconsistent),
            Err(e) => Err(e),
        }
    }
}

/// The application's template with the attributes that a key imposes on what it makes
/// (`CKA_UNWRAP_TEMPLATE`, `CKA_DERIVE_TEMPLATE`); a contradiction is an error.
pub(super) fn imposed(
    key: &Object,
    attribute: CK_ATTRIBUTE_TYPE,
    mut template: Template,
) -> Result<Template> {
    if let Some(Value::Template(rules)) = key.attributes().get(attribute) {
        for (attribute, value) in rules.iter() {
            match template.get(attribute) {
                Some(given) if given.matches(value) => {}
                Some(_) => return Err(Error::TemplateInconsistent(attribute)),
                None => template.set(attribute, value.clone()),
            }
        }
    }
    Ok(template)
}
