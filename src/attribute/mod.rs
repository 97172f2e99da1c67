//! The vocabulary of attributes: typed values, templates, and rows that carry the standard's
//! footnotes. Knows nothing of objects, keys or storage.
#![forbid(unsafe_code)]

mod kind;
mod row;
mod template;
mod value;

pub use kind::{Kind, kind_of};
pub use row::{Default, LOGIN_ONLY, Notes, Row};
pub use template::Template;
pub use value::Value;
