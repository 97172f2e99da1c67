//! Objects: create, copy, destroy, read, change, find.

use std::sync::Arc;

use super::{
    Library,
    operation::Search,
    session::Session,
    token::{State, Token, unique_id},
};
use crate::{
    attribute::Template,
    error::{Error, Result},
    object::{
        self, Object,
        schema::{self, Answer, Origin},
    },
    pkcs11::*,
};

/// How often a change is tried again when another process has changed the same object meanwhile.
const TRIES: usize = 8;

impl Library {
    /// C_CreateObject.
    ///
    /// # Errors
    /// Those of [`schema::build`]; `CKR_SESSION_READ_ONLY`, `CKR_USER_NOT_LOGGED_IN`, and those of
    /// [`Store::commit`](crate::store::Store::commit).
    pub fn create_object(
        &self,
        session: SessionHandle,
        template: Template,
    ) -> Result<ObjectHandle> {
        let session = self.session(session)?;
        let object = self.build(&session, Origin::Create, template, Template::new())?;
        let handles = self.store_objects(&session, vec![object])?;
        handles.first().copied().ok_or(Error::ObjectHandleInvalid)
    }

    /// C_CopyObject.
    ///
    /// # Errors
    /// `CKR_OBJECT_HANDLE_INVALID`, those of [`schema::copy`], and as [`create_object`](Self::create_object).
    pub fn copy_object(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        template: Template,
    ) -> Result<ObjectHandle> {
        let session = self.session(session)?;
        let (source, so) = session.token.visible(object)?;
        let mut attributes = schema::copy(source.attributes(), template, so)?;
        let uid = self.new_uid()?;
        attributes.set(CKA_UNIQUE_ID, unique_id(uid).into_bytes());
        let handles = self.store_objects(&session, vec![Object::new(uid, attributes)])?;
        handles.first().copied().ok_or(Error::ObjectHandleInvalid)
    }

    /// C_DestroyObject.
    ///
    /// # Errors
    /// `CKR_OBJECT_HANDLE_INVALID`, `CKR_ACTION_PROHIBITED`, `CKR_SESSION_READ_ONLY`,
    /// `CKR_USER_NOT_LOGGED_IN`, and those of [`Store::commit`](crate::store::Store::commit).
    pub fn destroy_object(&self, session: SessionHandle, handle: ObjectHandle) -> Result<()> {
        let session = self.session(session)?;
        let (object, _) = session.token.visible(handle)?;
        if !object.is(CKA_DESTROYABLE) {
            return Err(Error::ActionProhibited("CKA_DESTROYABLE is false"));
        }
        may_write(&session, &session.token.peek(), &object)?;
        session.token.destroy(handle, &object)
    }

    /// C_GetObjectSize: bytes of the object's encoded attributes.
    ///
    /// # Errors
    /// `CKR_OBJECT_HANDLE_INVALID`.
    pub fn object_size(&self, session: SessionHandle, object: ObjectHandle) -> Result<CK_ULONG> {
        let (object, _) = self.session(session)?.token.visible(object)?;
        let encoded = object::encode(object.attributes());
        Ok(
            CK_ULONG::try_from(encoded.clear.len() + encoded.secret.len())
                .unwrap_or(CK_UNAVAILABLE_INFORMATION),
        )
    }

    /// C_GetAttributeValue: one answer per asked attribute, in order.
    ///
    /// # Errors
    /// `CKR_OBJECT_HANDLE_INVALID`.
    pub fn attribute_values(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        attributes: &[CK_ATTRIBUTE_TYPE],
    ) -> Result<Vec<Answer>> {
        let session = self.session(session)?;
        let (object, _) = session.token.visible(object)?;
        let user = session.token.peek().login.is_user();
        Ok(attributes
            .iter()
            .map(|a| schema::reveal(object.attributes(), *a, user))
            .collect())
    }

    /// C_SetAttributeValue: all or none.
    ///
    /// # Errors
    /// `CKR_OBJECT_HANDLE_INVALID`, `CKR_SESSION_READ_ONLY`, `CKR_USER_NOT_LOGGED_IN`, those of
    /// [`schema::modify`] and of [`Store::commit`](crate::store::Store::commit).
    pub fn set_attribute_values(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        template: Template,
    ) -> Result<()> {
        let session = self.session(session)?;
        let mut outcome = Err(Error::ObjectHandleInvalid);
        for _ in 0..TRIES {
            let (old, so) = session.token.visible(object)?;
            may_write(&session, &session.token.peek(), &old)?;
            let attributes = schema::modify(old.attributes(), template.clone(), so)?;
            outcome = session
                .token
                .replace(&old, Object::new(old.uid(), attributes));
            // The object is gone, or another process has changed it first: look again.
            if !matches!(outcome, Err(Error::ObjectHandleInvalid)) {
                break;
            }
        }
        outcome
    }

    /// C_FindObjectsInit: the result is fixed at this moment.
    ///
    /// # Errors
    /// `CKR_OPERATION_ACTIVE`.
    pub fn find_objects_init(&self, session: SessionHandle, template: &Template) -> Result<()> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        if operations.search.is_some() {
            return Err(Error::OperationActive);
        }
        let state = session.token.read()?;
        let found = state
            .objects
            .find(template, state.login.is_user())
            .into_iter();
        operations.search = Some(Search { found });
        Ok(())
    }

    /// C_FindObjects: at most `max` handles.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`.
    pub fn find_objects(&self, session: SessionHandle, max: usize) -> Result<Vec<ObjectHandle>> {
        let session = self.session(session)?;
        let mut operations = session.operations.lock();
        let search = operations
            .search
            .as_mut()
            .ok_or(Error::OperationNotInitialized)?;
        Ok(search.found.by_ref().take(max).collect())
    }

    /// C_FindObjectsFinal.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED`.
    pub fn find_objects_final(&self, session: SessionHandle) -> Result<()> {
        let session = self.session(session)?;
        let search = session.operations.lock().search.take();
        search.map(drop).ok_or(Error::OperationNotInitialized)
    }

    /// A new object from a template and the key material that a mechanism made.
    pub(super) fn build(
        &self,
        session: &Session,
        origin: Origin,
        template: Template,
        computed: Template,
    ) -> Result<Object> {
        let uid = self.new_uid()?;
        let computed = computed.with(CKA_UNIQUE_ID, unique_id(uid).into_bytes());
        let so = session.token.read()?.login.is_so();
        Ok(Object::new(
            uid,
            schema::build(origin, template, computed, so)?,
        ))
    }

    /// Stores new objects, all or none.
    ///
    /// # Errors
    /// `CKR_SESSION_READ_ONLY` for a token object in a read-only session, `CKR_USER_NOT_LOGGED_IN`
    /// for a private object without the user and for a token object without anybody logged in (it
    /// could not be authenticated), and those of [`Store::commit`](crate::store::Store::commit).
    pub(super) fn store_objects(
        &self,
        session: &Session,
        objects: Vec<Object>,
    ) -> Result<Vec<ObjectHandle>> {
        {
            let state = session.token.read()?;
            for object in &objects {
                may_write(session, &state, object)?;
            }
        }
        session.token.insert(session.handle, objects)
    }

    fn new_uid(&self) -> Result<Uid> {
        let mut uid = [0; 16];
        self.env.entropy.fill(&mut uid)?;
        Ok(Uid(uid))
    }
}

impl Token {
    /// The object of a handle that this login may see, and whether the SO is logged in.
    pub(super) fn visible(&self, handle: ObjectHandle) -> Result<(Arc<Object>, bool)> {
        let state = self.read()?;
        let object = state
            .objects
            .get(handle)
            .ok_or(Error::ObjectHandleInvalid)?;
        Ok((object.clone(), state.login.is_so()))
    }

    /// The object of a handle, as a key.
    pub(super) fn key(&self, handle: ObjectHandle) -> Result<Arc<Object>> {
        self.visible(handle)
            .map(|(object, _)| object)
            .map_err(|e| e.instead(&Error::ObjectHandleInvalid, Error::KeyHandleInvalid))
    }
}

/// May this session create, change or destroy this object?
fn may_write(session: &Session, state: &State, object: &Object) -> Result<()> {
    if object.is(CKA_TOKEN) {
        session.writable()?;
        state.login.root()?;
    }
    if object.is(CKA_PRIVATE) && !state.login.is_user() {
        return Err(Error::UserNotLoggedIn);
    }
    Ok(())
}
