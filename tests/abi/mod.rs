//! The C boundary.

pub mod fork;
pub mod fuzz;
mod general;
mod hostile;
mod interface;
mod unsupported;
