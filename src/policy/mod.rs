//! Rules on the use of a key.
#![forbid(unsafe_code)]

use crate::{
    attribute::Value,
    error::{Error, Result},
    object::Object,
    pkcs11::*,
};

/// May `mechanism` use this key in this way (`CKA_SIGN` and the like)? `CKA_START_DATE` and
/// `CKA_END_DATE` do not restrict a key (PKCS#11 v3.1 section 4.8).
///
/// # Errors
/// `CKR_KEY_FUNCTION_NOT_PERMITTED`; `CKR_MECHANISM_INVALID` when `CKA_ALLOWED_MECHANISMS` lists
/// mechanisms, but not this one.
pub fn permit_use(
    object: &Object,
    usage: CK_ATTRIBUTE_TYPE,
    mechanism: CK_MECHANISM_TYPE,
) -> Result<()> {
    if !object.is(usage) {
        return Err(Error::KeyFunctionNotPermitted);
    }
    match object.attributes().get(CKA_ALLOWED_MECHANISMS) {
        Some(Value::Mechanisms(allowed))
            if !allowed.is_empty() && !allowed.contains(&mechanism) =>
        {
            Err(Error::MechanismInvalid(mechanism))
        }
        _ => Ok(()),
    }
}

/// True when every use of the key wants the PIN again (`CKA_ALWAYS_AUTHENTICATE`, section 4.9).
#[must_use]
pub fn requires_context_login(object: &Object) -> bool {
    object.class() == CKO_PRIVATE_KEY && object.is(CKA_ALWAYS_AUTHENTICATE)
}

/// May `wrapping` carry `key` out of the token?
///
/// # Errors
/// `CKR_KEY_UNEXTRACTABLE`, `CKR_KEY_NOT_WRAPPABLE`, `CKR_KEY_HANDLE_INVALID` when the wrapping
/// key's `CKA_WRAP_TEMPLATE` does not admit it.
pub fn permit_wrap(wrapping: &Object, key: &Object) -> Result<()> {
    if !matches!(key.class(), CKO_SECRET_KEY | CKO_PRIVATE_KEY) {
        return Err(Error::KeyNotWrappable);
    }
    if !key.is(CKA_EXTRACTABLE) {
        return Err(Error::KeyUnextractable);
    }
    if key.is(CKA_WRAP_WITH_TRUSTED) && !wrapping.is(CKA_TRUSTED) {
        return Err(Error::KeyNotWrappable);
    }
    match wrapping.attributes().get(CKA_WRAP_TEMPLATE) {
        Some(Value::Template(rules)) if !rules.is_within(key.attributes()) => {
            Err(Error::KeyHandleInvalid)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::Template;

    fn key(attributes: Template) -> Object {
        Object::new(Uid([1; 16]), attributes.with(CKA_CLASS, CKO_PRIVATE_KEY))
    }

    #[test]
    fn a_usage_must_be_granted() {
        let granted = key(Template::new().with(CKA_SIGN, true).with(CKA_DERIVE, false));
        assert_eq!(permit_use(&granted, CKA_SIGN, CKM_ECDSA), Ok(()));
        for usage in [CKA_DERIVE, CKA_DECRYPT] {
            assert_eq!(
                permit_use(&granted, usage, CKM_ECDSA),
                Err(Error::KeyFunctionNotPermitted)
            );
        }
    }

    #[test]
    fn listed_mechanisms_are_the_only_ones_and_an_empty_list_lists_none() {
        let list = |mechanisms: &[CK_MECHANISM_TYPE]| {
            let list = Value::Mechanisms(mechanisms.to_vec());
            key(Template::new()
                .with(CKA_SIGN, true)
                .with(CKA_ALLOWED_MECHANISMS, list))
        };
        let both = list(&[CKM_ECDSA, CKM_ECDSA_SHA256]);
        assert_eq!(permit_use(&both, CKA_SIGN, CKM_ECDSA_SHA256), Ok(()));
        assert_eq!(
            permit_use(&both, CKA_SIGN, CKM_ECDSA_SHA512),
            Err(Error::MechanismInvalid(CKM_ECDSA_SHA512))
        );
        assert_eq!(permit_use(&list(&[]), CKA_SIGN, CKM_ECDSA_SHA512), Ok(()));
    }

    #[test]
    fn only_a_private_key_can_ask_for_the_pin_again() {
        let always = Template::new().with(CKA_ALWAYS_AUTHENTICATE, true);
        assert!(requires_context_login(&key(always.clone())));
        assert!(!requires_context_login(&key(Template::new())));
        let public = always.with(CKA_CLASS, CKO_PUBLIC_KEY);
        assert!(!requires_context_login(&Object::new(Uid([1; 16]), public)));
    }

    #[test]
    fn only_an_extractable_key_leaves_and_only_under_a_key_that_may_carry_it() {
        let rules = Template::new().with(CKA_ID, vec![1]);
        let wrapping = Template::new().with(CKA_WRAP_TEMPLATE, Value::Template(rules));
        let plain = key(Template::new());
        let picky = key(wrapping.with(CKA_TRUSTED, true));
        let carried = |id: u8, extractable: bool, trusted_only: bool| {
            key(Template::new()
                .with(CKA_ID, vec![id])
                .with(CKA_EXTRACTABLE, extractable)
                .with(CKA_WRAP_WITH_TRUSTED, trusted_only))
        };
        assert_eq!(permit_wrap(&plain, &carried(1, true, false)), Ok(()));
        assert_eq!(permit_wrap(&picky, &carried(1, true, true)), Ok(()));
        let refused = [
            (&plain, carried(1, false, false), Error::KeyUnextractable),
            (&plain, carried(1, true, true), Error::KeyNotWrappable),
            (&picky, carried(2, true, false), Error::KeyHandleInvalid),
        ];
        for (wrapping, key, error) in refused {
            assert_eq!(permit_wrap(wrapping, &key), Err(error));
        }
    }
}
