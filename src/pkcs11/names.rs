//! Constants to names and back, for log lines, the configuration and the admin program.

use super::{
    header::Kind,
    name_tables::{self, Table},
    *,
};

/// `CKA_LABEL` for 3, hexadecimal for a number without a name.
#[must_use]
pub fn attribute_name(attribute: CK_ATTRIBUTE_TYPE) -> String {
    name(name_tables::ATTRIBUTES, Some(Kind::Attribute), attribute)
}

/// `CKM_ECDSA` for 0x1041, hexadecimal for a number without a name.
#[must_use]
pub fn mechanism_name(mechanism: CK_MECHANISM_TYPE) -> String {
    name(name_tables::MECHANISMS, Some(Kind::Mechanism), mechanism)
}

/// `CKR_OK` for 0, hexadecimal for a number without a name.
#[must_use]
pub fn rv_name(rv: CK_RV) -> String {
    name(name_tables::RETURN_VALUES, Some(Kind::ReturnValue), rv)
}

/// `CKO_PRIVATE_KEY` for 3, hexadecimal for a number without a name.
#[must_use]
pub fn class_name(class: CK_OBJECT_CLASS) -> String {
    name(name_tables::CLASSES, None, class)
}

/// `CKK_EC` for 3, hexadecimal for a number without a name.
#[must_use]
pub fn key_type_name(key_type: CK_KEY_TYPE) -> String {
    name(name_tables::KEY_TYPES, Some(Kind::KeyType), key_type)
}

/// `CKS_RW_USER_FUNCTIONS` for 3, hexadecimal for a number without a name.
#[must_use]
pub fn state_name(state: CK_STATE) -> String {
    name(name_tables::STATES, None, state)
}

/// `CKU_USER` for 1, hexadecimal for a number without a name.
#[must_use]
pub fn user_type_name(user_type: CK_USER_TYPE) -> String {
    name(name_tables::USER_TYPES, None, user_type)
}

/// The attribute of a name: `CKA_LABEL`, `label`, or a number such as `0x3`.
#[must_use]
pub fn attribute_by_name(name: &str) -> Option<CK_ATTRIBUTE_TYPE> {
    by_name(name_tables::ATTRIBUTES, Kind::Attribute, "CKA_", name)
}

/// The mechanism of a name: `CKM_ECDSA`, `ecdsa`, or a number such as `0x1041`.
#[must_use]
pub fn mechanism_by_name(name: &str) -> Option<CK_MECHANISM_TYPE> {
    by_name(name_tables::MECHANISMS, Kind::Mechanism, "CKM_", name)
}

/// The key type of a name: `CKK_EC`, `ec`, or a number such as `0x3`.
#[must_use]
pub fn key_type_by_name(name: &str) -> Option<CK_KEY_TYPE> {
    by_name(name_tables::KEY_TYPES, Kind::KeyType, "CKK_", name)
}

fn name(table: Table, kind: Option<Kind>, number: CK_ULONG) -> String {
    let standard = table
        .binary_search_by_key(&number, |(number, _)| *number)
        .ok()
        .and_then(|at| table.get(at))
        .map(|(_, name)| *name);
    let vendor = || {
        VENDOR
            .iter()
            .find(|c| Some(c.kind) == kind && c.number == number)
            .map(|c| c.name)
    };
    standard
        .or_else(vendor)
        .map_or_else(|| format!("{number:#x}"), str::to_owned)
}

fn by_name(table: Table, kind: Kind, prefix: &str, name: &str) -> Option<CK_ULONG> {
    let upper = name.to_ascii_uppercase();
    if let Some(digits) = upper.strip_prefix("0X") {
        return CK_ULONG::from_str_radix(digits, 16).ok();
    }
    if upper.starts_with(|c: char| c.is_ascii_digit()) {
        return upper.parse().ok();
    }
    let full = if upper.starts_with(prefix) {
        upper
    } else {
        format!("{prefix}{upper}")
    };
    let standard = table.iter().chain(name_tables::ALIASES);
    let vendor = VENDOR.iter().filter(|c| c.kind == kind);
    standard
        .map(|(number, name)| (*number, *name))
        .chain(vendor.map(|c| (c.number, c.name)))
        .find(|(_, name)| *name == full)
        .map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ALL: &[(&str, Table)] = &[
        ("CKA_", name_tables::ATTRIBUTES),
        ("CKM_", name_tables::MECHANISMS),
        ("CKR_", name_tables::RETURN_VALUES),
        ("CKO_", name_tables::CLASSES),
        ("CKK_", name_tables::KEY_TYPES),
        ("CKS_", name_tables::STATES),
        ("CKU_", name_tables::USER_TYPES),
    ];

    #[test]
    fn tables_are_sorted_and_names_unique() {
        let mut names = HashSet::new();
        for (prefix, table) in ALL {
            assert!(table.is_sorted_by(|(a, _), (b, _)| a < b), "{prefix}");
            for (_, name) in *table {
                assert!(name.starts_with(prefix), "{name}");
                assert!(names.insert(*name), "{name} twice");
            }
        }
        for (_, alias) in name_tables::ALIASES {
            assert!(names.insert(alias), "{alias} twice");
        }
    }

    #[test]
    fn numbers_have_names() {
        assert_eq!(attribute_name(CKA_LABEL), "CKA_LABEL");
        assert_eq!(attribute_name(CKA_EC_PARAMS), "CKA_EC_PARAMS");
        assert_eq!(mechanism_name(CKM_ECDSA), "CKM_ECDSA");
        assert_eq!(
            mechanism_name(CKM_BC_ECDSA_KECCAK256),
            "CKM_BC_ECDSA_KECCAK256"
        );
        assert_eq!(
            mechanism_name(0x8000_0E01),
            "CKM_BIP32_CHILD_DERIVE",
            "Luna's name comes first"
        );
        assert_eq!(rv_name(CKR_OK), "CKR_OK");
        assert_eq!(rv_name(CKR_BC_DOUBLE_SIGN), "CKR_BC_DOUBLE_SIGN");
        assert_eq!(rv_name(0x7777_7777), "0x77777777");
        assert_eq!(class_name(CKO_PRIVATE_KEY), "CKO_PRIVATE_KEY");
        assert_eq!(key_type_name(CKK_EC), "CKK_EC");
        assert_eq!(key_type_name(CKK_BIP32), "CKK_BIP32");
        assert_eq!(state_name(CKS_RW_SO_FUNCTIONS), "CKS_RW_SO_FUNCTIONS");
        assert_eq!(user_type_name(CKU_SO), "CKU_SO");
    }

    #[test]
    fn names_have_numbers() {
        assert_eq!(mechanism_by_name("CKM_ECDSA"), Some(CKM_ECDSA));
        assert_eq!(mechanism_by_name("ecdsa-sha256"), None);
        assert_eq!(mechanism_by_name("ecdsa_sha256"), Some(CKM_ECDSA_SHA256));
        assert_eq!(
            mechanism_by_name("CKM_ECDSA_KEY_PAIR_GEN"),
            Some(CKM_EC_KEY_PAIR_GEN)
        );
        assert_eq!(
            mechanism_by_name("bc_hash160"),
            Some(CKM_BC_HASH160),
            "a vendor's"
        );
        assert_eq!(mechanism_by_name("0x1041"), Some(CKM_ECDSA));
        assert_eq!(mechanism_by_name("4161"), Some(CKM_ECDSA));
        assert_eq!(mechanism_by_name("0xZZ"), None);
        assert_eq!(mechanism_by_name(""), None);
        assert_eq!(attribute_by_name("label"), Some(CKA_LABEL));
        assert_eq!(attribute_by_name("CKM_ECDSA"), None);
        assert_eq!(key_type_by_name("ec"), Some(CKK_EC));
    }

    #[test]
    fn every_name_leads_back_to_its_number() {
        for (number, name) in name_tables::MECHANISMS {
            assert_eq!(mechanism_by_name(name), Some(*number));
            assert_eq!(mechanism_name(*number), *name);
        }
        for (number, name) in name_tables::ATTRIBUTES {
            assert_eq!(attribute_by_name(name), Some(*number));
            assert_eq!(attribute_name(*number), *name);
        }
    }
}
