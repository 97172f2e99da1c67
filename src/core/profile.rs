//! The profile objects that every token shows (PKCS#11 v3.1 section 4.14).

use super::token::unique_id;
use crate::{attribute::Template, object::Object, pkcs11::*};

/// The profiles that this module conforms to.
const PROFILES: [CK_PROFILE_ID; 2] = [CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER];

/// The profile objects; read-only and never stored.
pub(super) fn objects() -> impl Iterator<Item = Object> {
    PROFILES.into_iter().map(|profile| {
        let mut uid = Uid(*b"chainhsm-profile");
        if let Some(last) = uid.0.last_mut() {
            *last = profile.to_le_bytes().first().copied().unwrap_or_default();
        }
        let attributes = Template::new()
            .with(CKA_CLASS, CKO_PROFILE)
            .with(CKA_TOKEN, true)
            .with(CKA_PRIVATE, false)
            .with(CKA_MODIFIABLE, false)
            .with(CKA_COPYABLE, false)
            .with(CKA_DESTROYABLE, false)
            .with(CKA_LABEL, Vec::new())
            .with(CKA_UNIQUE_ID, unique_id(uid).into_bytes())
            .with(CKA_PROFILE_ID, profile);
        Object::new(uid, attributes)
    })
}
