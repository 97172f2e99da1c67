//! The engine: applies attribute rows to templates, for create, generate, unwrap, derive, copy and
//! set, and says what may be read.

#[cfg(test)]
mod tests;

use super::{check, table::Table};
use crate::{
    attribute::{Kind, LOGIN_ONLY, Row, Template, Value},
    error::{Error, Result},
    key::facts,
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
    /// `C_DeriveKey`; whether the base key was always sensitive and never extractable.
    Derive {
        /// `CKA_ALWAYS_SENSITIVE` of the base key.
        always_sensitive: bool,
        /// `CKA_NEVER_EXTRACTABLE` of the base key.
        never_extractable: bool,
    },
}

impl Origin {
    /// Must the template leave this attribute out (notes 2, 4, 6)? The standard has no note for
    /// derivation: what generation makes, it makes too.
    const fn forbids(self, row: &Row) -> bool {
        match self {
            Self::Create => row.notes.has(2),
            Self::Generate(_) | Self::Derive { .. } => row.notes.has(4),
            Self::Unwrap => row.notes.has(6),
        }
    }

    /// Must the object have this attribute from the template or the mechanism (notes 1, 3, 5)?
    const fn requires(self, row: &Row) -> bool {
        match self {
            Self::Create => row.notes.has(1),
            Self::Generate(_) => row.notes.has(3),
            Self::Unwrap => row.notes.has(5),
            Self::Derive { .. } => false,
        }
    }

    /// The value of an attribute that nobody has given. Keys are guarded unless somebody says
    /// otherwise; but `C_UnwrapKey` makes extractable ones (section 5.18), and derived ones are
    /// open unless their base key is not.
    fn default(self, row: &Row, capable: bool) -> Option<Value> {
        match (row.attribute, self) {
            (CKA_SENSITIVE, Self::Derive { .. }) => Some(Value::Bool(false)),
            (CKA_EXTRACTABLE, Self::Derive { .. } | Self::Unwrap) => Some(Value::Bool(true)),
            _ => row.default.value(capable),
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

/// The attributes of a new object: `template` (the application's) checked against the rows of its
/// class and key type, `computed` (the mechanism's key material, and `CKA_UNIQUE_ID`) added,
/// defaults filled in. The template may leave out what is computed; what it repeats must agree.
/// `so` says whether the SO is logged in (`CKA_TRUSTED`).
///
/// # Errors
/// `CKR_TEMPLATE_INCOMPLETE`, `CKR_TEMPLATE_INCONSISTENT`, `CKR_ATTRIBUTE_TYPE_INVALID`,
/// `CKR_ATTRIBUTE_VALUE_INVALID`, `CKR_ATTRIBUTE_READ_ONLY`, as section 4.1 says;
/// `CKR_WRAPPED_KEY_LEN_RANGE` for an unwrapped key of another length than the template's; and
/// those of the key type for its key material.
pub fn build(origin: Origin, template: Template, computed: Template, so: bool) -> Result<Template> {
    assemble(origin, template, computed, so).map_err(|e| match (origin, e) {
        (Origin::Unwrap, Error::TemplateInconsistent(CKA_VALUE_LEN)) => Error::WrappedKeyLenRange,
        (_, e) => e,
    })
}

fn assemble(origin: Origin, template: Template, computed: Template, so: bool) -> Result<Template> {
    let (table, mut object) = apply(origin, template, computed, so)?;
    check::complete(&table, &mut object)?;
    Ok(object)
}

/// The rules of the rows, before the key type looks at the key material.
fn apply(
    origin: Origin,
    template: Template,
    computed: Template,
    so: bool,
) -> Result<(Table, Template)> {
    let table = Table::of_new(&kind_of_object(&template, &computed)?)?;
    let mut object = Template::new();
    for (attribute, value) in template {
        let row = table.row(attribute)?;
        if origin.forbids(row) && !repeats(row, &value, &computed) {
            return Err(Error::AttributeReadOnly(attribute));
        }
        let value = check::typed(row, value)?;
        if let Some(made) = computed.get(attribute)
            && !made.matches(&value)
        {
            return Err(Error::TemplateInconsistent(attribute));
        }
        if row.notes.has(10) && is_true(&value) && !so {
            return Err(Error::AttributeReadOnly(attribute));
        }
        object.set(attribute, value);
    }
    for (attribute, value) in computed {
        let value = match table.find(attribute) {
            Some(row) => check::typed(row, value)?,
            None => value,
        };
        object.set(attribute, value);
    }
    let derive_said = object.has(CKA_DERIVE);
    for row in table
        .rows()
        .filter(|row| !object.has(row.attribute))
        .collect::<Vec<_>>()
    {
        if origin.requires(row) {
            return Err(Error::TemplateIncomplete(row.attribute));
        }
        if let Some(value) = origin.default(row, table.capable(row.attribute)) {
            object.set(row.attribute, value);
        }
    }
    if object.bool(CKA_IBM_USE_AS_DATA) == Some(true) && !derive_said {
        object.set(CKA_DERIVE, true);
    }
    if table.key_type.is_some() {
        set_history(origin, &table, &mut object);
    }
    check::consistent(&table, &object)?;
    Ok((table, object))
}

/// Class, key type and certificate type, which template or mechanism may say.
fn kind_of_object(template: &Template, computed: &Template) -> Result<Template> {
    let mut kind = Template::new();
    for attribute in [CKA_CLASS, CKA_KEY_TYPE, CKA_CERTIFICATE_TYPE] {
        for value in [template, computed].iter().filter_map(|t| t.get(attribute)) {
            kind.insert(attribute, value.clone())?;
        }
    }
    Ok(kind)
}

/// Does the template only repeat what the mechanism says? Some clients give `CKA_EC_PARAMS` in both
/// templates of a pair. A secret is never compared: the answer would be an oracle.
fn repeats(row: &Row, value: &Value, computed: &Template) -> bool {
    let made = computed.get(row.attribute);
    row.kind != Kind::Secret && made.is_some_and(|made| made.matches(value))
}

/// What a key remembers of its past (sections 4.8 to 4.10 and the functions of 5.18).
fn set_history(origin: Origin, table: &Table, object: &mut Template) {
    let (local, mechanism) = match origin {
        Origin::Generate(mechanism) => (true, mechanism),
        Origin::Create | Origin::Unwrap | Origin::Derive { .. } => {
            (false, CK_UNAVAILABLE_INFORMATION)
        }
    };
    object.set(CKA_LOCAL, local);
    object.set(CKA_KEY_GEN_MECHANISM, mechanism);
    if table.guarded() {
        let sensitive = object.bool(CKA_SENSITIVE) == Some(true);
        let unextractable = object.bool(CKA_EXTRACTABLE) == Some(false);
        let (always, never) = match origin {
            Origin::Create | Origin::Unwrap => (false, false),
            Origin::Generate(_) => (sensitive, unextractable),
            Origin::Derive {
                always_sensitive,
                never_extractable,
            } => (
                always_sensitive && sensitive,
                never_extractable && unextractable,
            ),
        };
        object.set(CKA_ALWAYS_SENSITIVE, always);
        object.set(CKA_NEVER_EXTRACTABLE, never);
    }
}

/// The attributes of a copy of `source` changed by `template` (`C_CopyObject`). The caller gives
/// the copy its own `CKA_UNIQUE_ID`.
///
/// # Errors
/// As [`build`], and `CKR_ACTION_PROHIBITED` when `CKA_COPYABLE` is false.
pub fn copy(source: &Template, template: Template, so: bool) -> Result<Template> {
    if source.bool(CKA_COPYABLE) == Some(false) {
        return Err(Error::ActionProhibited("CKA_COPYABLE is false"));
    }
    let untrusted = trusted_certificate(source) && !template.is_empty() && !so;
    let mut copy = changed(source, template, so, Change::Copy)?;
    if untrusted {
        // The SO has vouched for the original as it was.
        copy.set(CKA_TRUSTED, false);
    }
    copy.remove(CKA_UNIQUE_ID);
    Ok(copy)
}

/// The attributes of an object after `C_SetAttributeValue`: all of `changes` or none.
///
/// # Errors
/// As [`build`], and `CKR_ACTION_PROHIBITED` when `CKA_MODIFIABLE` is false, or for a trusted
/// certificate when the SO is not logged in (section 4.7).
pub fn modify(current: &Template, changes: Template, so: bool) -> Result<Template> {
    if current.bool(CKA_MODIFIABLE) == Some(false) {
        return Err(Error::ActionProhibited("CKA_MODIFIABLE is false"));
    }
    if trusted_certificate(current) && !so {
        return Err(Error::ActionProhibited("a trusted certificate"));
    }
    changed(current, changes, so, Change::Set)
}

fn trusted_certificate(object: &Template) -> bool {
    object.ulong(CKA_CLASS) == Some(CKO_CERTIFICATE) && object.bool(CKA_TRUSTED) == Some(true)
}

/// Which call changes attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Set,
    Copy,
}

fn changed(current: &Template, changes: Template, so: bool, call: Change) -> Result<Template> {
    let table = Table::of(current)?;
    let mut object = current.clone();
    let mut material = false;
    for (attribute, value) in changes {
        let row = table.row(attribute)?;
        let value = check::typed(row, value)?;
        may_change(row, current.get(attribute), &value, so, call)?;
        material |= matches!(attribute, CKA_PUBLIC_KEY_INFO | CKA_CHECK_VALUE);
        object.set(attribute, value);
    }
    check::consistent(&table, &object)?;
    if material {
        check::complete(&table, &mut object)?;
    }
    Ok(object)
}

/// Notes 8, 10, 11, 12 and 14.
fn may_change(
    row: &Row,
    current: Option<&Value>,
    new: &Value,
    so: bool,
    call: Change,
) -> Result<()> {
    let refused = Err(Error::AttributeReadOnly(row.attribute));
    let notes = row.notes;
    if notes.has(10) {
        return if so { Ok(()) } else { refused };
    }
    // Notes 11 and 12 speak of attributes that can change until they are set for good.
    let always = notes.has(8) || notes.has(11) || notes.has(12);
    let by_copying = notes.has(14) && call == Change::Copy;
    if !(always || by_copying) {
        return refused;
    }
    let was_true = current.is_some_and(is_true);
    if notes.has(11) && was_true && !is_true(new) || notes.has(12) && !was_true && is_true(new) {
        return refused;
    }
    // A copy for which nobody must log in would undo the protection of the original.
    if row.attribute == CKA_PRIVATE && was_true && !is_true(new) {
        return Err(Error::TemplateInconsistent(row.attribute));
    }
    Ok(())
}

const fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true))
}

/// What may be read of an attribute: it is stored, or computed when asked for. `user` says whether
/// the user is logged in.
#[must_use]
pub fn reveal(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE, user: bool) -> Answer {
    if hidden(attributes, attribute, user) {
        return Answer::Sensitive;
    }
    attributes
        .get(attribute)
        .cloned()
        .or_else(|| facts::find(attributes, attribute).map(Value::Bytes))
        .map_or(Answer::Absent, Answer::Value)
}

/// Note 7: true for key material of an object that is sensitive or not extractable, whether the
/// value is at hand or still sealed. Note 15: true for what only the user may read.
#[must_use]
pub(super) fn hidden(attributes: &Template, attribute: CK_ATTRIBUTE_TYPE, user: bool) -> bool {
    let guarded = || {
        attributes.bool(CKA_SENSITIVE) == Some(true)
            || attributes.bool(CKA_EXTRACTABLE) == Some(false)
    };
    let row = Table::of(attributes)
        .ok()
        .and_then(|table| table.find(attribute));
    match row.map(|row| row.notes) {
        Some(notes) if notes.has(LOGIN_ONLY) => !user,
        Some(notes) if notes.has(7) => guarded(),
        _ => matches!(attributes.get(attribute), Some(Value::Secret(_))) && guarded(),
    }
}
