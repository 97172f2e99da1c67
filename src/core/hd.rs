//! Extended public keys as text, in and out (Thales Luna's functions).

use super::{Library, Output};
use crate::{
    attribute::Template,
    error::{Error, Result},
    key::bip32,
    object::schema::Origin,
    pkcs11::*,
};

impl Library {
    /// The text of the public half of a `CKK_BIP32` key. Returns the number of bytes written, or
    /// needed for [`Output::Query`].
    ///
    /// # Errors
    /// `CKR_KEY_HANDLE_INVALID`, `CKR_KEY_TYPE_INCONSISTENT`, `CKR_USER_NOT_LOGGED_IN` (the text
    /// holds the chain code), `CKR_KEY_NOT_WRAPPABLE` for a curve without such texts,
    /// `CKR_BUFFER_TOO_SMALL`.
    pub fn export_xpub(
        &self,
        session: SessionHandle,
        key: ObjectHandle,
        out: Output<'_>,
    ) -> Result<usize> {
        let session = self.session(session)?;
        let object = session.token.key(key)?;
        if object.attributes().ulong(CKA_KEY_TYPE) != Some(CKK_BIP32) {
            return Err(Error::KeyTypeInconsistent);
        }
        if !session.token.peek().login.is_user() {
            return Err(Error::UserNotLoggedIn);
        }
        let text = bip32::public_text(object.attributes())?;
        let needed = text.len();
        match out {
            Output::Query => Ok(needed),
            Output::Buffer(buffer) => {
                let to = buffer.get_mut(..needed);
                let to = to.ok_or(Error::BufferTooSmall { needed })?;
                text.expose(|text| to.copy_from_slice(text));
                Ok(needed)
            }
        }
    }

    /// Makes a `CKK_BIP32` public key of a text.
    ///
    /// # Errors
    /// `CKR_DATA_INVALID` for a text that is no extended public key, and those of
    /// [`create_object`](Self::create_object).
    pub fn import_xpub(
        &self,
        session: SessionHandle,
        text: &[u8],
        template: Template,
    ) -> Result<ObjectHandle> {
        let session = self.session(session)?;
        let computed = bip32::import_public(text)?;
        let object = self.build(&session, Origin::Create, template, computed)?;
        let handles = self.store_objects(&session, vec![object])?;
        handles.first().copied().ok_or(Error::ObjectHandleInvalid)
    }
}
