//! The engine's tests, most of them generated from the rows.

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
fn setting_and_copying_follow_the_notes() {
    for kind in kinds() {
        let object = created(&kind);
        for row in Table::of(&kind).unwrap().rows() {
            let material = matches!(row.attribute, CKA_PUBLIC_KEY_INFO | CKA_CHECK_VALUE);
            let sticky = row.notes.has(11) || row.notes.has(12);
            if material || sticky {
                continue;
            }
            let change = || Template::new().with(row.attribute, sample(row));
            let read_only = Error::AttributeReadOnly(row.attribute);
            let set = modify(&object, change(), false);
            let copied = copy(&object, change(), false);
            if row.notes.has(8) {
                assert!(
                    set.unwrap()
                        .get(row.attribute)
                        .unwrap()
                        .matches(&sample(row))
                );
                assert!(
                    copied
                        .unwrap()
                        .get(row.attribute)
                        .unwrap()
                        .matches(&sample(row))
                );
            } else {
                assert_eq!(set.unwrap_err(), read_only, "{kind:?}");
                match (row.notes.has(14), row.attribute, object.bool(CKA_PRIVATE)) {
                    (true, CKA_PRIVATE, Some(true)) => assert_eq!(
                        copied.unwrap_err(),
                        Error::TemplateInconsistent(CKA_PRIVATE)
                    ),
                    (true, ..) => assert!(copied.is_ok()),
                    (false, ..) => assert_eq!(copied.unwrap_err(), read_only),
                }
            }
        }
    }
}

#[test]
fn one_way_attributes_go_one_way() {
    let ways = [
        (CKA_SENSITIVE, true),
        (CKA_EXTRACTABLE, false),
        (CKA_WRAP_WITH_TRUSTED, true),
        (CKA_COPYABLE, false),
    ];
    for kind in kinds() {
        for (attribute, end) in ways {
            let Some(row) = Table::of(&kind).unwrap().find(attribute) else {
                continue;
            };
            let start = minimal(Origin::Create, &kind).with(row.attribute, !end);
            let start = make(Origin::Create, start).unwrap();
            let to = |value: bool| Template::new().with(attribute, value);
            for change in [modify, copy] {
                let ended = change(&start, to(end), false).unwrap();
                assert_eq!(ended.bool(attribute), Some(end));
                let ended = modify(&start, to(end), false).unwrap();
                assert!(modify(&ended, to(end), false).is_ok());
                let back = modify(&ended, to(!end), false).unwrap_err();
                assert_eq!(back, Error::AttributeReadOnly(attribute));
            }
        }
    }
}

#[test]
fn a_failed_change_changes_nothing_and_names_the_culprit() {
    let object = created(&class(CKO_DATA));
    let changes = Template::new()
        .with(CKA_LABEL, b"new".as_slice())
        .with(CKA_TOKEN, true);
    let error = modify(&object, changes, false).unwrap_err();
    assert_eq!(error, Error::AttributeReadOnly(CKA_TOKEN));
    assert_eq!(object.bytes(CKA_LABEL), Some([].as_slice()));
}

#[test]
fn objects_that_forbid_it_are_not_changed_or_copied() {
    let fixed = class(CKO_DATA).with(CKA_MODIFIABLE, false);
    let fixed = build(Origin::Create, fixed, Template::new(), false).unwrap();
    let label = || Template::new().with(CKA_LABEL, b"x".as_slice());
    let error = modify(&fixed, label(), true).unwrap_err();
    assert!(matches!(error, Error::ActionProhibited(_)));
    let free = copy(&fixed, Template::new().with(CKA_MODIFIABLE, true), false).unwrap();
    assert!(modify(&free, label(), false).is_ok());
    let single = class(CKO_DATA).with(CKA_COPYABLE, false);
    let single = build(Origin::Create, single, Template::new(), false).unwrap();
    let error = copy(&single, Template::new(), true).unwrap_err();
    assert!(matches!(error, Error::ActionProhibited(_)));
}

#[test]
fn a_copy_keeps_its_history_but_not_its_identity() {
    let kind = class(CKO_SECRET_KEY).with(CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    let origin = Origin::Generate(CKM_GENERIC_SECRET_KEY_GEN);
    let computed = Template::new().with(CKA_UNIQUE_ID, b"1".as_slice());
    let template = minimal(origin, &kind).with(CKA_EXTRACTABLE, true);
    let (_, key) = apply(origin, template, computed, false).unwrap();
    let copy = copy(&key, Template::new().with(CKA_EXTRACTABLE, false), false).unwrap();
    assert!(!copy.has(CKA_UNIQUE_ID));
    assert_eq!(copy.bool(CKA_LOCAL), Some(true));
    assert_eq!(copy.bool(CKA_ALWAYS_SENSITIVE), Some(true));
    assert_eq!(copy.bool(CKA_EXTRACTABLE), Some(false));
    assert_eq!(copy.bool(CKA_NEVER_EXTRACTABLE), Some(false));
}

#[test]
fn trust_is_the_security_officers_to_give() {
    for kind in kinds() {
        if Table::of(&kind).unwrap().find(CKA_TRUSTED).is_none() {
            continue;
        }
        let trusted = || minimal(Origin::Create, &kind).with(CKA_TRUSTED, true);
        let error = make(Origin::Create, trusted()).unwrap_err();
        assert_eq!(error, Error::AttributeReadOnly(CKA_TRUSTED));
        let (_, object) = apply(Origin::Create, trusted(), Template::new(), true).unwrap();
        assert_eq!(object.bool(CKA_TRUSTED), Some(true));
        let trust = |trusted: bool| Template::new().with(CKA_TRUSTED, trusted);
        let error = modify(&created(&kind), trust(true), false).unwrap_err();
        assert_eq!(error, Error::AttributeReadOnly(CKA_TRUSTED));
        for value in [true, false] {
            let set = modify(&created(&kind), trust(value), true).unwrap();
            assert_eq!(set.bool(CKA_TRUSTED), Some(value));
        }
    }
}

#[test]
fn a_trusted_certificate_is_not_changed_by_others() {
    let template = minimal(Origin::Create, &certificate(CKC_X_509)).with(CKA_TRUSTED, true);
    let trusted = build(Origin::Create, template, Template::new(), true).unwrap();
    let change = || Template::new().with(CKA_ID, vec![9]);
    let error = modify(&trusted, change(), false).unwrap_err();
    assert!(matches!(error, Error::ActionProhibited(_)));
    assert!(modify(&trusted, change(), true).is_ok());
    let is_trusted = |copy: Result<Template>| copy.unwrap().bool(CKA_TRUSTED);
    assert_eq!(is_trusted(copy(&trusted, change(), false)), Some(false));
    assert_eq!(is_trusted(copy(&trusted, change(), true)), Some(true));
    assert_eq!(
        is_trusted(copy(&trusted, Template::new(), false)),
        Some(true)
    );
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

#[test]
fn key_material_of_guarded_keys_is_not_revealed() {
    let key = |sensitive, extractable| {
        class(CKO_PRIVATE_KEY)
            .with(CKA_KEY_TYPE, CKK_EC)
            .with(CKA_SENSITIVE, sensitive)
            .with(CKA_EXTRACTABLE, extractable)
            .with(CKA_LABEL, b"x".as_slice())
            .with(CKA_VALUE, SecretBytes::copy_from(&[1]))
    };
    for (sensitive, extractable) in [(true, true), (false, false), (true, false)] {
        let key = key(sensitive, extractable);
        assert!(matches!(reveal(&key, CKA_VALUE, true), Answer::Sensitive));
        assert!(matches!(reveal(&key, CKA_LABEL, true), Answer::Value(_)));
    }
    assert!(matches!(
        reveal(&key(false, true), CKA_VALUE, true),
        Answer::Value(_)
    ));
    assert!(matches!(
        reveal(&key(false, true), CKA_MODULUS, true),
        Answer::Absent
    ));
}
