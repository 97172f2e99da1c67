//! The C boundary.

pub mod fork;
//X mod fuzz;
mod general;
//X mod hostile;
mod interface;
mod unsupported;
