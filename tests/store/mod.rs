//! The store: what is on disk, who sees it, and what survives.

pub mod crash;
mod damage;
pub mod limits;
pub mod processes;
pub mod secrecy;
