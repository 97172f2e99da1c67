//! Tests of EIP-2333: derivation from seeds and from keys, and what a path may be.

use super::*;

/// `C_DeriveKey` with a path: what it computes.
fn descend(
    key: &Key,
    base: &Template,
    path: &[u8],
    class: Option<CK_OBJECT_CLASS>,
) -> Result<Template> {
    let template = class.map_or_else(Template::new, |c| Template::new().with(CKA_CLASS, c));
    let input = DeriveInput {
        key,
        base,
        template: &template,
        entropy: &Broken,
    };
    let mut params = match path {
        [] => Params::None,
        path => Params::Bytes(path.to_vec()),
    };
    let mut made = derive(&input, &mut params)?;
    assert_eq!(made.len(), 1);
    let made = made.remove(0);
    assert_eq!(made.protection, Protection::Inherited);
    assert!(made.template.is_none() && made.handle_field.is_none());
    Ok(made.computed)
}

#[test]
fn trees() {
    let none = Template::new();
    for case in of("derive") {
        let seed = Key::Secret(Arc::new(SecretBytes::copy_from(&case.bytes("seed"))));
        let path = case.get("path");
        let made = descend(&seed, &none, path.as_bytes(), None).unwrap();
        assert_eq!(scalar(&made), case.bytes("scalar"), "{case}");
        assert_eq!(made.ulong(CKA_CLASS), Some(CKO_PRIVATE_KEY));
        assert_eq!(made.ulong(CKA_KEY_TYPE), Some(CKK_BC_BLS12_381));
        assert_eq!(made.bytes(CKA_BC_HD_PATH), Some(path.as_bytes()));
        let half = descend(&seed, &none, path.as_bytes(), Some(CKO_PUBLIC_KEY)).unwrap();
        assert!(!half.has(CKA_VALUE));
        assert_eq!(half.ulong(CKA_CLASS), Some(CKO_PUBLIC_KEY));
        if case.find("public").is_some() {
            assert_eq!(half.bytes(CKA_EC_POINT).unwrap()[2..], case.bytes("public"));
        }
        if path == "m" {
            assert_eq!(
                scalar(&descend(&seed, &none, b"", None).unwrap()),
                scalar(&made)
            );
        }
        // Step by step it is the same key, and it knows the same place.
        let mut steps = path.split('/');
        let mut key = descend(&seed, &none, steps.next().unwrap().as_bytes(), None).unwrap();
        for step in steps {
            let parent = private(&scalar(&key)).unwrap();
            key = descend(&parent, &key, format!("m/{step}").as_bytes(), None).unwrap();
        }
        assert_eq!(scalar(&key), scalar(&made), "{case}");
        assert_eq!(key.bytes(CKA_BC_HD_PATH), made.bytes(CKA_BC_HD_PATH));
    }
}

#[test]
fn seeds_are_long_enough() {
    let seed = Key::Secret(Arc::new(SecretBytes::copy_from(&[1; 31])));
    let made = descend(&seed, &Template::new(), b"m/0", None);
    assert_eq!(made.err(), Some(Error::KeySizeRange));
}

#[test]
fn what_is_derived_is_a_key_pair_s_half() {
    let key = private(&[1; 32]).unwrap();
    let made = descend(&key, &Template::new(), b"m/0", Some(CKO_SECRET_KEY));
    assert_eq!(made.err(), Some(Error::TemplateInconsistent(CKA_CLASS)));
}

#[test]
fn paths_are_written_in_one_way() {
    let seed = Key::Secret(Arc::new(SecretBytes::copy_from(&[1; 32])));
    let key = private(&[1; 32]).unwrap();
    let bad: [&[u8]; 17] = [
        b"0",
        b"12381/3600",
        b"/",
        b"m/",
        b"M",
        b"m/0'",
        b"m/0h",
        b"m/01",
        b"m/+1",
        b"m/-1",
        b"m//1",
        b"m/1/",
        b" m/1",
        b"m/1 ",
        b"m/4294967296",
        b"m\x00",
        b"m/\xC3",
    ];
    for path in bad {
        for base in [&seed, &key] {
            let made = descend(base, &Template::new(), path, None);
            assert_eq!(made.err(), Some(INVALID_STEPS), "{path:?}");
        }
    }
    let made = descend(&seed, &Template::new(), b"m/4294967295/0", None);
    assert!(made.is_ok());
}

const INVALID_STEPS: Error = Error::MechanismParamInvalid(CKM_BC_EIP2333_DERIVE);

#[test]
fn paths_start_at_the_base_key() {
    let key = private(&[1; 32]).unwrap();
    let at = |place: &str| Template::new().with(CKA_BC_HD_PATH, place.as_bytes());
    let place = |base: &Template| {
        let made = descend(&key, base, b"m/1/2", None).unwrap();
        made.bytes(CKA_BC_HD_PATH).map(<[u8]>::to_vec)
    };
    assert_eq!(place(&at("m")), Some(b"m/1/2".to_vec()));
    assert_eq!(place(&at("m/7")), Some(b"m/7/1/2".to_vec()));
    // Of an imported key nobody knows where it stands.
    assert_eq!(place(&Template::new()), None);
}

#[test]
fn no_step_is_no_copy_but_may_be_the_public_half() {
    let scalar = of("sign")[0].bytes("scalar");
    let key = private(&scalar).unwrap();
    for path in [&b""[..], b"m"] {
        for class in [None, Some(CKO_PRIVATE_KEY)] {
            let made = descend(&key, &Template::new(), path, class);
            assert_eq!(made.err(), Some(INVALID_STEPS));
        }
        let half = descend(&key, &Template::new(), path, Some(CKO_PUBLIC_KEY)).unwrap();
        assert!(!half.has(CKA_VALUE));
        assert_eq!(
            half.bytes(CKA_EC_POINT).unwrap()[2..],
            of("sign")[0].bytes("public")
        );
    }
}

#[test]
fn a_public_key_has_no_children() {
    let key = public(&of("sign")[0].bytes("public")).unwrap();
    let made = descend(&key, &Template::new(), b"m/0", None);
    assert_eq!(made.err(), Some(Error::KeyTypeInconsistent));
}
