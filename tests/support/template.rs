//! Attribute templates and mechanisms as C wants them.

use std::marker::PhantomData;
use std::{ffi::c_void, ptr};

use super::*;

/// Owned attributes in order; duplicates and nonsense are allowed.
#[derive(Clone, Default)]
pub struct Template(Vec<(CK_ATTRIBUTE_TYPE, Vec<u8>)>);

impl Template {
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts with `CKA_CLASS`.
    pub fn class(class: CK_OBJECT_CLASS) -> Self {
        Self::new().ulong(CKA_CLASS, class)
    }

    pub fn bytes(mut self, attribute: CK_ATTRIBUTE_TYPE, value: &[u8]) -> Self {
        self.0.push((attribute, value.to_vec()));
        self
    }

    pub fn bool(self, attribute: CK_ATTRIBUTE_TYPE, value: bool) -> Self {
        self.bytes(attribute, &[CK_BBOOL::from(value)])
    }

    pub fn ulong(self, attribute: CK_ATTRIBUTE_TYPE, value: CK_ULONG) -> Self {
        self.bytes(attribute, &value.to_ne_bytes())
    }

    pub fn label(self, label: &str) -> Self {
        self.bytes(CKA_LABEL, label.as_bytes())
    }

    /// On the token, or in the session.
    pub fn token(self, token: bool) -> Self {
        self.bool(CKA_TOKEN, token)
    }

    /// Replaces the value of an attribute that is in the template already.
    pub fn replaced(mut self, attribute: CK_ATTRIBUTE_TYPE, value: &[u8]) -> Self {
        let slot = self.0.iter_mut().find(|(t, _)| *t == attribute).unwrap();
        slot.1 = value.to_vec();
        self
    }

    /// Without an attribute.
    pub fn without(mut self, attribute: CK_ATTRIBUTE_TYPE) -> Self {
        self.0.retain(|(t, _)| *t != attribute);
        self
    }

    /// The C form. It points into `self` and must not outlive it.
    pub fn raw(&self) -> Vec<CK_ATTRIBUTE> {
        self.0
            .iter()
            .map(|(type_, value)| CK_ATTRIBUTE {
                type_: *type_,
                pValue: if value.is_empty() {
                    ptr::null_mut()
                } else {
                    value.as_ptr().cast_mut().cast()
                },
                ulValueLen: value.len() as CK_ULONG,
            })
            .collect()
    }
}

/// A mechanism and its parameter, which it borrows.
pub struct Mech<'a>(CK_MECHANISM, PhantomData<&'a [u8]>);

impl<'a> Mech<'a> {
    /// With an explicit parameter; `T` must be what it points to.
    pub fn with<T>(mechanism: CK_MECHANISM_TYPE, parameter: &'a T) -> Self {
        Self(
            CK_MECHANISM {
                mechanism,
                pParameter: ptr::from_ref(parameter).cast_mut().cast::<c_void>(),
                ulParameterLen: size_of::<T>() as CK_ULONG,
            },
            PhantomData,
        )
    }

    /// With bytes as the parameter.
    pub fn bytes(mechanism: CK_MECHANISM_TYPE, parameter: &'a [u8]) -> Self {
        Self(
            CK_MECHANISM {
                mechanism,
                pParameter: parameter.as_ptr().cast_mut().cast(),
                ulParameterLen: parameter.len() as CK_ULONG,
            },
            PhantomData,
        )
    }

    pub fn as_ptr(&self) -> *mut CK_MECHANISM {
        ptr::from_ref(&self.0).cast_mut()
    }
}

impl From<CK_MECHANISM_TYPE> for Mech<'_> {
    fn from(mechanism: CK_MECHANISM_TYPE) -> Self {
        Self(
            CK_MECHANISM {
                mechanism,
                pParameter: ptr::null_mut(),
                ulParameterLen: 0,
            },
            PhantomData,
        )
    }
}
