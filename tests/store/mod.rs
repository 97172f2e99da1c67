//! The store.

use crate::support::child::Role;

pub const ROLES: &[Role] = &[];
