//! The engine: applies attribute rows to templates, for create, generate, unwrap, derive, copy and
//! set, and says what may be read.

use super::{rows, rows_other};
use crate::{
    attribute::{Default, Kind, LOGIN_ONLY, Notes, Row, Template, Value},
    error::{Error, Result},
    key,
    pkcs11::*,
};

/// How an object comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `C_CreateObject`.
    Create,
    /// `C_GenerateKey` or `C_GenerateKeyPair` by this mechanism.
    Generate(CK_MECHANISM_TYPE),
    /// `C_UnwrapKey`.
    Unwrap,
    /// `C_DeriveKey`.
    Derive {
        /// `CKA_ALWAYS_SENSITIVE` of the base key.
        always_sensitive: bool,
        /// `CKA_NEVER_EXTRACTABLE` of the base key.
        never_extractable: bool,
    },
}

impl Origin {
    /// The footnote for "must be specified", if there is one.
    const fn required(self) -> Option<u8> {
        match self {
            Self::Create => Some(1),
            Self::Generate(_) => Some(3),
            Self::Unwrap => Some(5),
            Self::Derive { .. } => None,
        }
    }

    /// The footnote for "must not be specified".
    const fn forbidden(self) -> u8 {
        match self {
            Self::Create => 2,
            // The standard has no footnote for derivation: what no generation takes, it makes.
            Self::Generate(_) | Self::Derive { .. } => 4,
            Self::Unwrap => 6,
        }
    }
}

/// What `C_GetAttributeValue` may say of one attribute.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The value.
    Value(Value),
    /// It exists but must not be revealed (`CKR_ATTRIBUTE_SENSITIVE`).
    Sensitive,
    /// The object has no such attribute (`CKR_ATTRIBUTE_TYPE_INVALID`).
    Absent,
}

/// The rows of an object, most general first.
struct Rows(Vec<&'static [Row]>);

impl Rows {
    /// The rows of a class, `None` for a class that cannot be.
    fn of(class: CK_OBJECT_CLASS, key_type: Option<CK_KEY_TYPE>) -> Option<Self> {
        let own = |class| key_type.and_then(key::find).and_then(|t| t.rows(class));
        let parts = match class {
            CKO_DATA => vec![rows::PUBLIC_BY_DEFAULT, rows_other::DATA],
            CKO_CERTIFICATE => vec![rows::PUBLIC_BY_DEFAULT, rows_other::CERTIFICATE],
            CKO_PROFILE => vec![rows::PUBLIC_BY_DEFAULT, rows_other::PROFILE],
            CKO_PUBLIC_KEY => vec![
                rows::PUBLIC_BY_DEFAULT,
                rows::KEY,
                rows::PUBLIC_KEY,
                rows::HIERARCHY,
                own(class)?,
            ],
            CKO_PRIVATE_KEY => vec![
                rows::PRIVATE_BY_DEFAULT,
                rows::KEY,
                rows::PRIVATE_KEY,
                rows::HIERARCHY,
                own(class)?,
            ],
            CKO_SECRET_KEY => vec![
                rows::PRIVATE_BY_DEFAULT,
                rows::KEY,
                rows::SECRET_KEY,
                own(class)?,
            ],
            _ => return None,
        };
        Some(Self(
            [rows::OBJECT, rows::STORAGE]
                .into_iter()
                .chain(parts)
                .collect(),
        ))
    }

    fn of_object(attributes: &Template) -> Option<Self> {
        Self::of(attributes.ulong(CKA_CLASS)?, attributes.ulong(CKA_KEY_TYPE))
    }

    fn iter(&self) -> impl Iterator<Item = &'static Row> {
        self.0.iter().flat_map(|part| part.iter())
    }

    fn get(&self, attribute: CK_ATTRIBUTE_TYPE) -> Result<&'static Row> {
        self.iter()
            .find(|row| row.attribute == attribute)
            .ok_or(Error::AttributeTypeInvalid(attribute))
    }
}

/// The attributes of a new object: `template` (the application's) checked against the rows of its
/// class and key type, `computed` (the mechanism's key material) added, defaults filled in.
/// `so` says whether the SO is logged in (`CKA_TRUSTED`).
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE`, `CKR_TEMPLATE_INCONSISTENT`, `CKR_ATTRIBUTE_TYPE_INVALID`,
/// `CKR_ATTRIBUTE_VALUE_INVALID`, `CKR_ATTRIBUTE_READ_ONLY`, as section 4.1 says.
pub fn build(origin: Origin, template: Template, computed: Template, so: bool) -> Result<Template> {
    let named = |attribute| {
        template
            .ulong(attribute)
            .or_else(|| computed.ulong(attribute))
    };
    let class = named(CKA_CLASS).ok_or(Error::TemplateIncomplete(CKA_CLASS))?;
    let key_type = match class {
        CKO_PUBLIC_KEY | CKO_PRIVATE_KEY | CKO_SECRET_KEY => {
            Some(named(CKA_KEY_TYPE).ok_or(Error::TemplateIncomplete(CKA_KEY_TYPE))?)
        }
        // Only the token itself makes profiles.
        CKO_PROFILE => return Err(Error::AttributeValueInvalid(CKA_CLASS)),
        _ => None,
    };
    let unsupported = if key_type.is_some() {
        CKA_KEY_TYPE
    } else {
        CKA_CLASS
    };
    let rows = Rows::of(class, key_type).ok_or(Error::AttributeValueInvalid(unsupported))?;

    let mut attributes = Template::new();
    for (attribute, value) in template.iter() {
        let row = rows.get(attribute)?;
        let value = typed(row, value)?;
        match computed.get(attribute) {
            // Some clients repeat what the mechanism computes; a contradiction is an error.
            Some(made) if !made.matches(&value) => {
                return Err(Error::TemplateInconsistent(attribute));
            }
            Some(_) => {}
            None if row.notes.has(origin.forbidden()) => {
                return Err(Error::AttributeReadOnly(attribute));
            }
            None => {}
        }
        by_so_only(row, &value, so)?;
        attributes.insert(attribute, value)?;
    }
    for (attribute, value) in computed.iter() {
        attributes.set(attribute, typed(rows.get(attribute)?, value)?);
    }
    let missing = |row: &&Row| {
        origin.required().is_some_and(|n| row.notes.has(n)) && !attributes.has(row.attribute)
    };
    if let Some(row) = rows.iter().find(missing) {
        return Err(Error::TemplateIncomplete(row.attribute));
    }
    let usages = key_type.and_then(key::find).map_or(&[][..], |t| t.usages);
    for row in rows.iter().filter(|row| row.default != Default::Absent) {
        if !attributes.has(row.attribute)
            && let Some(value) = row.default.value(usages.contains(&row.attribute))
        {
            attributes.set(row.attribute, value);
        }
    }
    if key_type.is_some() {
        history(origin, class, &mut attributes);
    }
    consistent(&attributes)?;
    if let Some(key_type) = key_type.and_then(key::find) {
        (key_type.complete)(class, &mut attributes)?;
    }
    Ok(attributes)
}

/// Where a key comes from and how it was protected ever since (sections 4.7 to 4.10).
fn history(origin: Origin, class: CK_OBJECT_CLASS, attributes: &mut Template) {
    let (local, mechanism) = match origin {
        Origin::Generate(mechanism) => (true, mechanism),
        Origin::Create | Origin::Unwrap | Origin::Derive { .. } => {
            (false, CK_UNAVAILABLE_INFORMATION)
        }
    };
    attributes.set(CKA_LOCAL, local);
    attributes.set(CKA_KEY_GEN_MECHANISM, mechanism);
    if class == CKO_PUBLIC_KEY {
        return;
    }
    // Keys are sensitive and stay inside unless somebody says otherwise. Derived secrets are meant
    // to be read, and C_UnwrapKey makes extractable keys (section 5.18.4).
    let derived = matches!(origin, Origin::Derive { .. });
    let sensitive = attributes.bool(CKA_SENSITIVE).unwrap_or(!derived);
    let extractable = attributes
        .bool(CKA_EXTRACTABLE)
        .unwrap_or(derived || origin == Origin::Unwrap);
    attributes.set(CKA_SENSITIVE, sensitive);
    attributes.set(CKA_EXTRACTABLE, extractable);
    let (was_sensitive, was_unextractable) = match origin {
        Origin::Generate(_) => (true, true),
        Origin::Create | Origin::Unwrap => (false, false),
        Origin::Derive {
            always_sensitive,
            never_extractable,
        } => (always_sensitive, never_extractable),
    };
    attributes.set(CKA_ALWAYS_SENSITIVE, was_sensitive && sensitive);
    attributes.set(CKA_NEVER_EXTRACTABLE, was_unextractable && !extractable);
}

/// Rules that span attributes.
fn consistent(attributes: &Template) -> Result<()> {
    if attributes.bool(CKA_ALWAYS_AUTHENTICATE) == Some(true)
        && attributes.bool(CKA_PRIVATE) == Some(false)
    {
        return Err(Error::TemplateInconsistent(CKA_ALWAYS_AUTHENTICATE));
    }
    if let Some(kind) = attributes.ulong(CKA_CERTIFICATE_TYPE)
        && kind != CKC_X_509
    {
        return Err(Error::AttributeValueInvalid(CKA_CERTIFICATE_TYPE));
    }
    let date = |attribute| attributes.bytes(attribute).filter(|date| !date.is_empty());
    if let (Some(start), Some(end)) = (date(CKA_START_DATE), date(CKA_END_DATE))
        && start > end
    {
        return Err(Error::TemplateInconsistent(CKA_END_DATE));
    }
    Ok(())
}

/// The attributes of a copy of `source` changed by `template` (`C_CopyObject`).
///
/// # Errors
/// As [`build`], and `CKR_ACTION_PROHIBITED` when `CKA_COPYABLE` is false.
pub fn copy(source: &Template, template: Template, so: bool) -> Result<Template> {
    if source.bool(CKA_COPYABLE) == Some(false) {
        return Err(Error::ActionProhibited("CKA_COPYABLE is false"));
    }
    if source.bool(CKA_PRIVATE) == Some(true) && template.bool(CKA_PRIVATE) == Some(false) {
        return Err(Error::TemplateInconsistent(CKA_PRIVATE));
    }
    const ON_COPY: [CK_ATTRIBUTE_TYPE; 5] = [
        CKA_TOKEN,
        CKA_PRIVATE,
        CKA_MODIFIABLE,
        CKA_COPYABLE,
        CKA_DESTROYABLE,
    ];
    change(source, &template, so, |row| {
        row.notes.has(8) || ON_COPY.contains(&row.attribute)
    })
}

/// The attributes of an object after `C_SetAttributeValue`: all of `changes` or none.
///
/// # Errors
/// As [`build`], and `CKR_ACTION_PROHIBITED` when `CKA_MODIFIABLE` is false.
pub fn modify(current: &Template, changes: Template, so: bool) -> Result<Template> {
    if current.bool(CKA_MODIFIABLE) == Some(false) {
        return Err(Error::ActionProhibited("CKA_MODIFIABLE is false"));
    }
    change(current, &changes, so, |row| {
        row.notes.has(8) || row.attribute == CKA_COPYABLE
    })
}

fn change(
    current: &Template,
    changes: &Template,
    so: bool,
    may: impl Fn(&Row) -> bool,
) -> Result<Template> {
    let rows = Rows::of_object(current).ok_or(Error::ObjectHandleInvalid)?;
    let mut attributes = current.clone();
    for (attribute, value) in changes.iter() {
        let row = rows.get(attribute)?;
        let value = typed(row, value)?;
        by_so_only(row, &value, so)?;
        let (now, then) = (current.bool(attribute), matches!(value, Value::Bool(true)));
        let one_way = (row.notes.has(11) && now == Some(true) && !then)
            || (row.notes.has(12) && now == Some(false) && then);
        if !may(row) || one_way {
            return Err(Error::AttributeReadOnly(attribute));
        }
        attributes.set(attribute, value);
    }
    consistent(&attributes)?;
    Ok(attributes)
}

/// What may be read of an attribute; `user` says whether the user is logged in.
#[must_use]
pub fn reveal(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE, user: bool) -> Answer {
    let hidden = || {
        attributes.bool(CKA_SENSITIVE) == Some(true)
            || attributes.bool(CKA_EXTRACTABLE) == Some(false)
    };
    let notes = Rows::of_object(attributes)
        .and_then(|rows| rows.get(attribute).ok())
        .map_or(Notes::NONE, |row| row.notes);
    if (notes.has(7) && hidden()) || (notes.has(LOGIN_ONLY) && !user) {
        return Answer::Sensitive;
    }
    attributes
        .get(attribute)
        .cloned()
        .map_or(Answer::Absent, Answer::Value)
}

/// A value as its row types it on this class.
fn typed(row: &Row, value: &Value) -> Result<Value> {
    let invalid = Error::AttributeValueInvalid(row.attribute);
    match (row.kind, value) {
        (Kind::Bool, Value::Bool(_))
        | (Kind::Ulong, Value::Ulong(_))
        | (Kind::Bytes, Value::Bytes(_))
        | (Kind::Secret, Value::Secret(_))
        | (Kind::Mechanisms, Value::Mechanisms(_))
        | (Kind::Template, Value::Template(_)) => Ok(value.clone()),
        // CKA_VALUE is read as a secret until its class is known.
        (Kind::Bytes, Value::Secret(secret)) => Ok(Value::Bytes(secret.expose(<[u8]>::to_vec))),
        (Kind::Date, Value::Bytes(date)) if is_date(date) => Ok(value.clone()),
        _ => Err(invalid),
    }
}

/// Empty, or `YYYYMMDD`.
fn is_date(date: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(date) else {
        return false;
    };
    let number = |range| text.get(range).and_then(|t: &str| t.parse::<u32>().ok());
    date.is_empty()
        || (date.len() == 8
            && date.iter().all(u8::is_ascii_digit)
            && number(4..6).is_some_and(|month| (1..=12).contains(&month))
            && number(6..8).is_some_and(|day| (1..=31).contains(&day)))
}

/// Footnote 10.
fn by_so_only(row: &Row, value: &Value, so: bool) -> Result<()> {
    if row.notes.has(10) && matches!(value, Value::Bool(true)) && !so {
        return Err(Error::AttributeReadOnly(row.attribute));
    }
    Ok(())
}
