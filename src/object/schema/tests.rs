//! The engine's tests, most of them generated from the rows.

mod change;

use super::*;
use crate::{key, secret::SecretBytes};

/// Numbers of nothing, and an attribute of other objects.
const UNKNOWN: [CK_ATTRIBUTE_TYPE; 3] = [0x7FFF_FFFF, 0xFFFF_FFF0, CKA_PIXEL_X];
const ORIGINS: [Origin; 4] = [
    Origin::Create,
    Origin::Generate(CKM_ECDSA),
    Origin::Unwrap,
    DERIVE,
];
const DERIVE: Origin = Origin::Derive {
    always_sensitive: true,
    never_extractable: true,
};

fn class(class: CK_OBJECT_CLASS) -> Template {
    Template::new().with(CKA_CLASS, class)
}

fn certificate(id: CK_CERTIFICATE_TYPE) -> Template {
    class(CKO_CERTIFICATE).with(CKA_CERTIFICATE_TYPE, id)
}

/// Every kind of object that there is, by the attributes that tell it.
fn kinds() -> Vec<Template> {
    let mut kinds = vec![class(CKO_DATA)];
    kinds.extend([CKC_X_509, CKC_WTLS, CKC_X_509_ATTR_CERT].map(certificate));
    kinds.extend(keys());
    kinds
}

fn keys() -> Vec<Template> {
    let mut kinds = Vec::new();
    for key_type in key::KEY_TYPES {
        for id in [CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY] {
            if key_type.rows(id).is_some() {
                kinds.push(class(id).with(CKA_KEY_TYPE, key_type.id));
            }
        }
    }
    kinds
}

/// A value of the row's type.
fn sample(row: &Row) -> Value {
    match row.kind {
        Kind::Bool => Value::Bool(false),
        Kind::Ulong => Value::Ulong(1),
        Kind::Bytes => Value::Bytes(vec![1]),
        Kind::Date => Value::Bytes(b"20260131".to_vec()),
        Kind::Secret => Value::from(SecretBytes::copy_from(&[1; 32])),
        Kind::Mechanisms => Value::Mechanisms(vec![CKM_ECDSA]),
        Kind::Template => Value::Template(Template::new().with(CKA_SIGN, true)),
    }
}

/// The least that the origin asks for.
fn minimal(origin: Origin, kind: &Template) -> Template {
    let mut template = kind.clone();
    for row in Table::of(kind).unwrap().rows() {
        if origin.requires(row) && !template.has(row.attribute) {
            template.set(row.attribute, sample(row));
        }
    }
    template
}

/// The engine without the checks of key material.
fn make(origin: Origin, template: Template) -> Result<Template> {
    apply(origin, template, Template::new(), false).map(|(_, object)| object)
}

fn created(kind: &Template) -> Template {
    make(Origin::Create, minimal(Origin::Create, kind)).unwrap()
}

#[test]
fn the_least_template_makes_an_object_with_all_its_defaults() {
    for kind in kinds() {
        // Only keys come to be in other ways than by C_CreateObject.
        let origins = if kind.has(CKA_KEY_TYPE) {
            &ORIGINS[..]
        } else {
            &ORIGINS[..1]
        };
        for origin in origins.iter().copied() {
            let object = make(origin, minimal(origin, &kind)).unwrap();
            for row in Table::of(&kind).unwrap().rows() {
                let expected = row.default != crate::attribute::Default::Absent;
                assert!(!expected || object.has(row.attribute), "{row:?} {kind:?}");
            }
        }
    }
}

#[test]
fn forbidden_attributes_are_read_only() {
    for kind in kinds() {
        for origin in ORIGINS {
            for row in Table::of(&kind)
                .unwrap()
                .rows()
                .filter(|r| origin.forbids(r))
            {
                let template = minimal(origin, &kind).with(row.attribute, sample(row));
                let error = make(origin, template).unwrap_err();
                assert_eq!(error, Error::AttributeReadOnly(row.attribute), "{kind:?}");
            }
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    for kind in kinds() {
        for origin in ORIGINS {
            for row in Table::of(&kind)
                .unwrap()
                .rows()
                .filter(|r| origin.requires(r))
            {
                let mut template = minimal(origin, &kind);
                template.remove(row.attribute);
                let error = make(origin, template).unwrap_err();
                assert_eq!(error, Error::TemplateIncomplete(row.attribute), "{kind:?}");
            }
        }
    }
    let error = make(Origin::Create, Template::new()).unwrap_err();
    assert_eq!(error, Error::TemplateIncomplete(CKA_CLASS));
}

#[test]
fn attributes_that_the_object_has_not_are_refused() {
    for kind in kinds() {
        let template = || minimal(Origin::Create, &kind);
        for unknown in UNKNOWN {
            let error = make(Origin::Create, template().with(unknown, vec![1])).unwrap_err();
            assert_eq!(error, Error::AttributeTypeInvalid(unknown));
            let error = modify(
                &created(&kind),
                Template::new().with(unknown, vec![1]),
                false,
            );
            assert_eq!(error.unwrap_err(), Error::AttributeTypeInvalid(unknown));
        }
    }
}

#[test]
fn a_value_of_another_type_is_invalid() {
    for kind in kinds() {
        for row in Table::of(&kind).unwrap().rows() {
            let wrong: Vec<Value> = match row.kind {
                Kind::Bool | Kind::Ulong => vec![Value::Bytes(vec![1]), Value::Bytes(vec![])],
                Kind::Date => [&b"2026010"[..], b"20261301", b"20260100", b"2026 101"]
                    .map(Value::from)
                    .to_vec(),
                Kind::Bytes | Kind::Secret | Kind::Mechanisms | Kind::Template => {
                    vec![Value::Bool(true), Value::Ulong(1)]
                }
            };
            for value in wrong {
                let template = minimal(Origin::Create, &kind).with(row.attribute, value);
                let error = make(Origin::Create, template).unwrap_err();
                let read_only = Error::AttributeReadOnly(row.attribute);
                assert!(
                    error == Error::AttributeValueInvalid(row.attribute) || error == read_only,
                    "{row:?}: {error}"
                );
            }
        }
    }
}

#[test]
fn enumerations_have_an_end() {
    for (attribute, last) in [
        (
            CKA_CERTIFICATE_CATEGORY,
            CK_CERTIFICATE_CATEGORY_OTHER_ENTITY,
        ),
        (
            CKA_JAVA_MIDP_SECURITY_DOMAIN,
            CK_SECURITY_DOMAIN_THIRD_PARTY,
        ),
    ] {
        let template = minimal(Origin::Create, &certificate(CKC_X_509));
        assert!(make(Origin::Create, template.clone().with(attribute, last)).is_ok());
        let error = make(Origin::Create, template.with(attribute, last + 1)).unwrap_err();
        assert_eq!(error, Error::AttributeValueInvalid(attribute));
    }
}

#[test]
fn classes_and_types_that_are_not_served_are_refused() {
    let key = |class_id, id| class(class_id).with(CKA_KEY_TYPE, id);
    let inconsistent = Error::TemplateInconsistent;
    let invalid = Error::AttributeValueInvalid;
    let cases = [
        (class(CKO_HW_FEATURE), inconsistent(CKA_CLASS)),
        (class(CKO_DOMAIN_PARAMETERS), inconsistent(CKA_CLASS)),
        (class(CKO_MECHANISM), inconsistent(CKA_CLASS)),
        (class(CKO_PROFILE), inconsistent(CKA_CLASS)),
        (class(CKO_VENDOR_DEFINED), invalid(CKA_CLASS)),
        (class(CKO_DATA).with(CKA_CLASS, vec![0]), invalid(CKA_CLASS)),
        (key(CKO_SECRET_KEY, CKK_DES), inconsistent(CKA_KEY_TYPE)),
        (key(CKO_SECRET_KEY, CKK_EC), inconsistent(CKA_KEY_TYPE)),
        (key(CKO_PUBLIC_KEY, CKK_AES), inconsistent(CKA_KEY_TYPE)),
        (key(CKO_PUBLIC_KEY, 0xFFFF_FFF0), invalid(CKA_KEY_TYPE)),
        (certificate(99), invalid(CKA_CERTIFICATE_TYPE)),
    ];
    for (template, expected) in cases {
        assert_eq!(make(Origin::Create, template).unwrap_err(), expected);
    }
}

#[test]
fn a_template_may_repeat_what_is_computed_and_must_agree_with_it() {
    let origin = Origin::Generate(CKM_GENERIC_SECRET_KEY_GEN);
    let computed = class(CKO_SECRET_KEY)
        .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .with(CKA_VALUE_LEN, 1)
        .with(CKA_UNIQUE_ID, b"0123".as_slice());
    let apply = |template: Template| {
        apply(origin, template, computed.clone(), false).map(|(_, object)| object)
    };
    let object = apply(Template::new()).unwrap();
    assert_eq!(object.ulong(CKA_KEY_TYPE), Some(CKK_GENERIC_SECRET));
    assert_eq!(object.bytes(CKA_UNIQUE_ID), Some(b"0123".as_slice()));
    assert!(apply(class(CKO_SECRET_KEY).with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)).is_ok());
    let cases = [(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_KEY_TYPE, CKK_AES)];
    for (attribute, other) in cases {
        let error = apply(Template::new().with(attribute, other)).unwrap_err();
        assert_eq!(error, Error::TemplateInconsistent(attribute));
    }
    let error = apply(Template::new().with(CKA_UNIQUE_ID, b"mine".as_slice())).unwrap_err();
    assert_eq!(error, Error::AttributeReadOnly(CKA_UNIQUE_ID));
    // What the base key of a derivation imposes comes the same way.
    let imposed = class(CKO_SECRET_KEY)
        .with(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
        .with(CKA_SENSITIVE, true);
    let template = Template::new().with(CKA_SENSITIVE, false);
    let error = super::apply(DERIVE, template, imposed, false).unwrap_err();
    assert_eq!(error, Error::TemplateInconsistent(CKA_SENSITIVE));
}

#[test]
fn a_key_remembers_where_it_comes_from() {
    // (origin, SENSITIVE, EXTRACTABLE) -> (LOCAL, ALWAYS_SENSITIVE, NEVER_EXTRACTABLE)
    let base = |always_sensitive, never_extractable| Origin::Derive {
        always_sensitive,
        never_extractable,
    };
    let generate = Origin::Generate(CKM_AES_KEY_GEN);
    let cases = [
        (Origin::Create, true, false, (false, false, false)),
        (Origin::Unwrap, true, false, (false, false, false)),
        (generate, true, false, (true, true, true)),
        (generate, true, true, (true, true, false)),
        (generate, false, false, (true, false, true)),
        (base(true, true), true, false, (false, true, true)),
        (base(true, true), false, true, (false, false, false)),
        (base(false, false), true, false, (false, false, false)),
    ];
    for kind in keys() {
        for (origin, sensitive, extractable, (local, always, never)) in cases {
            let mechanism = if let Origin::Generate(mechanism) = origin {
                mechanism
            } else {
                CK_UNAVAILABLE_INFORMATION
            };
            let mut template = minimal(origin, &kind);
            let guarded = Table::of(&kind).unwrap().guarded();
            if guarded {
                template.set(CKA_SENSITIVE, sensitive);
                template.set(CKA_EXTRACTABLE, extractable);
            }
            let key = make(origin, template).unwrap();
            assert_eq!(key.bool(CKA_LOCAL), Some(local));
            assert_eq!(key.ulong(CKA_KEY_GEN_MECHANISM), Some(mechanism));
            assert_eq!(key.bool(CKA_ALWAYS_SENSITIVE), guarded.then_some(always));
            assert_eq!(key.bool(CKA_NEVER_EXTRACTABLE), guarded.then_some(never));
        }
    }
}

#[test]
fn defaults_guard_new_keys_and_leave_derived_ones_open() {
    for kind in keys() {
        let private = kind.ulong(CKA_CLASS) != Some(CKO_PUBLIC_KEY);
        for origin in ORIGINS {
            let key = make(origin, minimal(origin, &kind)).unwrap();
            let derived = origin == DERIVE;
            let extractable = derived || origin == Origin::Unwrap;
            assert_eq!(key.bool(CKA_PRIVATE), Some(private));
            assert_eq!(key.bool(CKA_SENSITIVE), private.then_some(!derived));
            assert_eq!(key.bool(CKA_EXTRACTABLE), private.then_some(extractable));
            let id = kind.ulong(CKA_KEY_TYPE).unwrap();
            let usages = key::find(id).unwrap().usages;
            for usage in [CKA_SIGN, CKA_VERIFY, CKA_ENCRYPT, CKA_UNWRAP] {
                if let Some(granted) = key.bool(usage) {
                    assert_eq!(granted, usages.contains(&usage));
                }
            }
        }
    }
    assert_eq!(created(&class(CKO_DATA)).bool(CKA_PRIVATE), Some(false));
}

#[test]
fn dates_are_in_order() {
    let dates = |start: &[u8], end: &[u8]| {
        let template = minimal(Origin::Create, &certificate(CKC_X_509))
            .with(CKA_START_DATE, start)
            .with(CKA_END_DATE, end);
        make(Origin::Create, template).map(drop)
    };
    assert_eq!(dates(b"20260101", b"20260101"), Ok(()));
    assert_eq!(dates(b"20260101", b""), Ok(()));
    assert_eq!(dates(b"", b""), Ok(()));
    let error = Error::TemplateInconsistent(CKA_END_DATE);
    assert_eq!(dates(b"20260102", b"20260101"), Err(error));
}

#[test]
fn asking_for_the_pin_again_needs_a_private_object() {
    let kind = class(CKO_PRIVATE_KEY).with(CKA_KEY_TYPE, CKK_EC);
    let template = minimal(Origin::Create, &kind).with(CKA_ALWAYS_AUTHENTICATE, true);
    assert!(make(Origin::Create, template.clone()).is_ok());
    let error = make(Origin::Create, template.with(CKA_PRIVATE, false)).unwrap_err();
    assert_eq!(error, Error::TemplateInconsistent(CKA_ALWAYS_AUTHENTICATE));
}

#[test]
fn a_certificate_is_here_or_at_its_url() {
    let make = |value: &[u8], url: &[u8], hash: &[u8]| {
        let template = certificate(CKC_X_509)
            .with(CKA_SUBJECT, vec![1])
            .with(CKA_VALUE, SecretBytes::copy_from(value))
            .with(CKA_URL, url)
            .with(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, hash)
            .with(CKA_HASH_OF_ISSUER_PUBLIC_KEY, hash);
        build(Origin::Create, template, Template::new(), false)
    };
    let missing = Error::TemplateIncomplete;
    assert_eq!(make(b"", b"", b"").unwrap_err(), missing(CKA_VALUE));
    let hash = CKA_HASH_OF_SUBJECT_PUBLIC_KEY;
    assert_eq!(make(b"", b"https://", b"").unwrap_err(), missing(hash));
    assert!(!make(b"", b"https://", b"h").unwrap().has(CKA_CHECK_VALUE));
    let object = make(b"abc", b"", b"").unwrap();
    assert_eq!(object.bytes(CKA_VALUE), Some(b"abc".as_slice()));
    // SHA-1("abc") = a9993e36…
    assert_eq!(
        object.bytes(CKA_CHECK_VALUE),
        Some([0xA9, 0x99, 0x3E].as_slice())
    );
}

#[test]
fn a_given_check_value_must_be_right_or_empty() {
    let make = |check: &[u8]| {
        let template = certificate(CKC_X_509)
            .with(CKA_SUBJECT, vec![1])
            .with(CKA_VALUE, SecretBytes::copy_from(b"abc"))
            .with(CKA_CHECK_VALUE, check);
        build(Origin::Create, template, Template::new(), false)
    };
    assert!(make(&[0xA9, 0x99, 0x3E]).is_ok() && make(&[]).is_ok());
    let error = make(&[0xA9, 0x99, 0x3F]).unwrap_err();
    assert_eq!(error, Error::AttributeValueInvalid(CKA_CHECK_VALUE));
}

#[test]
fn templates_nest_only_so_deep() {
    let nest = |depth| {
        (1..depth).fold(Template::new(), |inner, _| {
            Template::new().with(CKA_UNWRAP_TEMPLATE, Value::Template(inner))
        })
    };
    let kind = class(CKO_SECRET_KEY).with(CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    let make = |depth| {
        let value = Value::Template(nest(depth));
        make(
            Origin::Create,
            minimal(Origin::Create, &kind).with(CKA_WRAP_TEMPLATE, value),
        )
    };
    assert!(make(check::DEPTH_MAX).is_ok());
    let error = make(check::DEPTH_MAX + 1).unwrap_err();
    assert_eq!(error, Error::AttributeValueInvalid(CKA_WRAP_TEMPLATE));
}
