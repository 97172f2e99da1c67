//! What the standard says of slots, sessions, logins, objects and operations.

mod attributes;
mod digest;
mod find;
mod keygen;
mod login;
mod objects;
mod operation;
mod pins;
mod random;
mod session;
mod sign;
mod slots;
mod threads;
mod verify;
mod wrap;
