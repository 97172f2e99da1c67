//! Key generation.

use super::Library;
use crate::{attribute::Template, error::Result, mechanism::Invocation, pkcs11::*};

impl Library {
    /// C_GenerateKey.
    pub fn generate_key(
        &self,
        _session: SessionHandle,
        _mechanism: Invocation,
        _template: Template,
    ) -> Result<ObjectHandle> {
        todo!()
    }

    /// C_GenerateKeyPair: (public, private).
    pub fn generate_key_pair(
        &self,
        _session: SessionHandle,
        _mechanism: Invocation,
        _public: Template,
        _private: Template,
    ) -> Result<(ObjectHandle, ObjectHandle)> {
        todo!()
    }
}
