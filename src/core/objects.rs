//! Objects: create, copy, destroy, read, change, find.

use super::Library;
use crate::{attribute::Template, error::Result, object::schema::Answer, pkcs11::*};

impl Library {
    /// C_CreateObject.
    pub fn create_object(
        &self,
        _session: SessionHandle,
        _template: Template,
    ) -> Result<ObjectHandle> {
        todo!()
    }

    /// C_CopyObject.
    pub fn copy_object(
        &self,
        _session: SessionHandle,
        _object: ObjectHandle,
        _template: Template,
    ) -> Result<ObjectHandle> {
        todo!()
    }

    /// C_DestroyObject.
    pub fn destroy_object(&self, _session: SessionHandle, _object: ObjectHandle) -> Result<()> {
        todo!()
    }

    /// C_GetObjectSize, in bytes.
    pub fn object_size(&self, _session: SessionHandle, _object: ObjectHandle) -> Result<CK_ULONG> {
        todo!()
    }

    /// C_GetAttributeValue: one answer per asked attribute, in order.
    pub fn attribute_values(
        &self,
        _session: SessionHandle,
        _object: ObjectHandle,
        _attributes: &[CK_ATTRIBUTE_TYPE],
    ) -> Result<Vec<Answer>> {
        todo!()
    }

    /// C_SetAttributeValue: all or none.
    pub fn set_attribute_values(
        &self,
        _session: SessionHandle,
        _object: ObjectHandle,
        _template: Template,
    ) -> Result<()> {
        todo!()
    }

    /// C_FindObjectsInit.
    pub fn find_objects_init(&self, _session: SessionHandle, _template: &Template) -> Result<()> {
        todo!()
    }

    /// C_FindObjects: at most `max` handles.
    pub fn find_objects(&self, _session: SessionHandle, _max: usize) -> Result<Vec<ObjectHandle>> {
        todo!()
    }

    /// C_FindObjectsFinal.
    pub fn find_objects_final(&self, _session: SessionHandle) -> Result<()> {
        todo!()
    }
}
