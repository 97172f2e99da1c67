//! The generic family.

use super::Mechanism;

/// The rows of the family.
pub const TABLE: &[Mechanism] = &[];
