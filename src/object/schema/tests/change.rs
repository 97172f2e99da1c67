//! Setting, copying, trusting and reading attributes.

use super::*;

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
