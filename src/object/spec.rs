//! Our rows against the standard's tables (tests/spec/attributes.tsv), and the engine's codes
//! against its lists of return values (tests/spec/returns.tsv).

use std::collections::BTreeSet;

use super::{rows, rows_other};
use crate::{
    attribute::Row,
    error::Error,
    key::{aes, ec, edwards, generic},
    pkcs11::*,
};

const ATTRIBUTES: &str = include_str!("../../tests/spec/attributes.tsv");
const RETURNS: &str = include_str!("../../tests/spec/returns.tsv");

/// Notes 1 to 13 are the standard's, 14 is ours.
const NOTES: std::ops::RangeInclusive<u8> = 1..=13;

/// Where we differ: table, attribute, reason.
const DIFFERENCES: &[(&str, CK_ATTRIBUTE_TYPE, &str)] = &[
    (
        "STORAGE",
        CKA_LABEL,
        "4.6 says under the table that it can be modified",
    ),
    (
        "STORAGE",
        CKA_COPYABLE,
        "its meaning says note 12: it cannot become TRUE again",
    ),
    (
        "SECRET",
        CKA_CHECK_VALUE,
        "4.10 lets C_SetAttributeValue destroy it",
    ),
    (
        "X509",
        CKA_ID,
        "4.7.3 says under the table that it can be modified",
    ),
    ("X509", CKA_ISSUER, "likewise"),
    ("X509", CKA_SERIAL_NUMBER, "likewise"),
    (
        "WTLS",
        CKA_ISSUER,
        "4.7.4 says under the table that it can be modified",
    ),
    (
        "X509_ATTRIBUTE",
        CKA_AC_ISSUER,
        "4.7.5 says under the table that it can be modified",
    ),
    ("X509_ATTRIBUTE", CKA_SERIAL_NUMBER, "likewise"),
    ("X509_ATTRIBUTE", CKA_ATTR_TYPES, "likewise"),
    (
        "PRIVATE",
        CKA_PRIVATE,
        "the row of STORAGE with another default",
    ),
    ("PRIVATE", CKA_DERIVE, "the row of KEY with another default"),
    (
        "SECRET",
        CKA_PRIVATE,
        "the row of STORAGE with another default",
    ),
    (
        "EC_PRIVATE",
        CKA_EC_POINT,
        "clients look for the point on private keys too",
    ),
    ("EDWARDS_PRIVATE", CKA_EC_POINT, "likewise"),
];

/// Our rows by the names of the tables in the file.
fn tables() -> Vec<(&'static str, &'static [Row])> {
    vec![
        ("COMMON", rows::COMMON),
        ("STORAGE", rows::STORAGE),
        ("DATA", rows_other::DATA),
        ("CERTIFICATE", rows_other::CERTIFICATE),
        ("X509", rows_other::X509),
        ("WTLS", rows_other::WTLS),
        ("X509_ATTRIBUTE", rows_other::X509_ATTRIBUTE),
        ("PROFILE", rows_other::PROFILE),
        ("KEY", rows::KEY),
        ("PUBLIC", rows::PUBLIC),
        ("PRIVATE", rows::PRIVATE),
        ("SECRET", rows::SECRET),
        ("EC_PUBLIC", ec::TYPE.public.unwrap()),
        ("EC_PRIVATE", ec::TYPE.private.unwrap()),
        ("EDWARDS_PUBLIC", edwards::TYPE.public.unwrap()),
        ("EDWARDS_PRIVATE", edwards::TYPE.private.unwrap()),
        ("AES", aes::TYPE.secret.unwrap()),
        ("GENERIC", generic::TYPE.secret.unwrap()),
    ]
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let facts = text.lines().filter(|line| !line.starts_with('#'));
    facts.map(|line| line.split('\t').collect())
}

/// One fact: table, attribute and notes, in a form that can be compared and read.
type Fact = (String, String, Vec<u8>);

/// The facts of the file, except what only a later version has and we do not serve.
fn standard() -> BTreeSet<Fact> {
    let ours = ours();
    let mut facts = BTreeSet::new();
    for line in lines(ATTRIBUTES) {
        let [table, name, notes, since] = line[..] else {
            panic!("{line:?}");
        };
        assert!(attribute_by_name(name).is_some(), "{name} is no attribute");
        let notes = match notes {
            "-" => Vec::new(),
            notes => notes.split(',').map(|n| n.parse().unwrap()).collect(),
        };
        let is_ours = ours.iter().any(|(t, a, _)| t == table && a == name);
        if since == "3.1" || is_ours {
            assert!(
                facts.insert((table.into(), name.into(), notes)),
                "{name} twice"
            );
        }
    }
    facts
}

fn ours() -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    for (table, rows) in tables() {
        for row in rows {
            let notes = NOTES.filter(|n| row.notes.has(*n)).collect();
            let fact = (table.into(), attribute_name(row.attribute), notes);
            assert!(facts.insert(fact), "{table}: {:#x} twice", row.attribute);
        }
    }
    facts
}

#[test]
fn our_rows_are_the_standards_but_for_the_listed_differences() {
    let (standard, ours) = (standard(), ours());
    let found: BTreeSet<(&str, &str)> = standard
        .symmetric_difference(&ours)
        .map(|(table, attribute, _)| (table.as_str(), attribute.as_str()))
        .collect();
    let names: Vec<(&str, String)> = DIFFERENCES
        .iter()
        .map(|(table, attribute, _)| (*table, attribute_name(*attribute)))
        .collect();
    let listed = names.iter().map(|(table, name)| (*table, name.as_str()));
    assert_eq!(found, listed.collect());
}

#[test]
fn section_4_1_3_names_what_only_a_copy_may_change() {
    for (table, rows) in tables() {
        for row in rows {
            let named = [CKA_TOKEN, CKA_PRIVATE, CKA_MODIFIABLE, CKA_DESTROYABLE];
            let expected = named.contains(&row.attribute);
            assert_eq!(row.notes.has(14), expected, "{table}: {:#x}", row.attribute);
        }
    }
}

#[test]
fn each_function_is_listed_once_and_can_say_it_worked_or_did_not() {
    let mut seen = BTreeSet::new();
    for line in lines(RETURNS) {
        let [function, codes] = line[..] else {
            panic!("{line:?}");
        };
        assert!(
            function.starts_with("C_") && seen.insert(function),
            "{function}"
        );
        let codes: Vec<&str> = codes.split(' ').collect();
        assert!(codes.is_sorted(), "{function}");
        for code in ["OK", "GENERAL_ERROR", "HOST_MEMORY", "FUNCTION_FAILED"] {
            assert!(codes.contains(&code), "{function}: {code}");
        }
    }
}

#[test]
fn the_engine_says_only_what_its_callers_may_return() {
    let attribute = [
        Error::AttributeReadOnly(CKA_CLASS),
        Error::AttributeTypeInvalid(CKA_CLASS),
        Error::AttributeValueInvalid(CKA_CLASS),
        Error::TemplateInconsistent(CKA_CLASS),
    ];
    let making = [Error::TemplateIncomplete(CKA_CLASS)];
    let changing = [Error::ActionProhibited("")];
    let unwrapping = [Error::WrappedKeyLenRange];
    let cases: [(&str, &[Error]); 7] = [
        ("C_CreateObject", &making),
        ("C_GenerateKey", &making),
        ("C_GenerateKeyPair", &making),
        ("C_DeriveKey", &making),
        ("C_UnwrapKey", &unwrapping),
        ("C_CopyObject", &changing),
        ("C_SetAttributeValue", &changing),
    ];
    for (function, own) in cases {
        let listed = lines(RETURNS).find(|line| line[0] == function).unwrap();
        for error in attribute.iter().chain(own) {
            let name = rv_name(error.rv());
            let code = name.strip_prefix("CKR_").unwrap();
            assert!(
                listed[1].split(' ').any(|c| c == code),
                "{function}: {code}"
            );
        }
    }
}
