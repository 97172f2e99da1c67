//! Fork.

use crate::support::child::Role;

pub const ROLES: &[Role] = &[];
