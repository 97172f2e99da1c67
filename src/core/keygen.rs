//! Key generation.

use super::Library;
use crate::{
    attribute::Template,
    error::{Error, Result},
    mechanism::{self, Invocation},
    object::schema::Origin,
    pkcs11::*,
};

impl Library {
    /// C_GenerateKey.
    ///
    /// # Errors
    /// `CKR_MECHANISM_INVALID`, `CKR_MECHANISM_PARAM_INVALID`, and those of
    /// [`create_object`](Self::create_object).
    pub fn generate_key(
        &self,
        session: SessionHandle,
        mechanism: Invocation,
        template: Template,
    ) -> Result<ObjectHandle> {
        let session = self.session(session)?;
        let Invocation { mechanism, params } = mechanism;
        let generate = mechanism::find(mechanism).and_then(|m| m.ops.generate);
        let generate = generate.ok_or(Error::MechanismInvalid(mechanism))?;
        let computed =
            generate(&params?, &template, &*self.env.entropy)?.with(CKA_CLASS, CKO_SECRET_KEY);
        let object = self.build(&session, Origin::Generate(mechanism), template, computed)?;
        let handles = self.store_objects(&session, vec![object])?;
        handles.first().copied().ok_or(Error::ObjectHandleInvalid)
    }

    /// C_GenerateKeyPair: (public, private), both stored or none.
    ///
    /// # Errors
    /// As [`generate_key`](Self::generate_key).
    pub fn generate_key_pair(
        &self,
        session: SessionHandle,
        mechanism: Invocation,
        public: Template,
        private: Template,
    ) -> Result<(ObjectHandle, ObjectHandle)> {
        let session = self.session(session)?;
        let Invocation { mechanism, params } = mechanism;
        let generate = mechanism::find(mechanism).and_then(|m| m.ops.generate_pair);
        let generate = generate.ok_or(Error::MechanismInvalid(mechanism))?;
        let (made_public, made_private) =
            generate(&params?, &public, &private, &*self.env.entropy)?;
        let made_public = made_public.with(CKA_CLASS, CKO_PUBLIC_KEY);
        let made_private = made_private.with(CKA_CLASS, CKO_PRIVATE_KEY);
        // A pair from a seed of the caller's was not made here: its history starts unprotected.
        let origin = match made_private.bool(CKA_LOCAL) {
            Some(false) => Origin::Derive {
                always_sensitive: false,
                never_extractable: false,
            },
            _ => Origin::Generate(mechanism),
        };
        let public = self.build(&session, origin, public, made_public)?;
        let private = self.build(&session, origin, private, made_private)?;
        match *self.store_objects(&session, vec![public, private])? {
            [public, private] => Ok((public, private)),
            _ => Err(Error::ObjectHandleInvalid),
        }
    }
}
