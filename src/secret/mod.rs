//! Secret bytes: wiped on drop, never printed, compared in constant time, read only by `expose`.
//! Knows nothing of what the bytes mean.
#![forbid(unsafe_code)]

mod pages;

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use pages::{Draft, MAX_SLOT, Pages, Slot};

/// Secret bytes of a fixed length, in locked memory. No `Clone`, `Copy`, `PartialEq`, `Deref`,
/// `Display`, `Serialize`.
pub struct SecretBytes {
    len: usize,
    place: Place,
}

/// Where the bytes lie.
enum Place {
    /// Nowhere: there are none.
    Empty,
    /// In a slot among others.
    Shared(Slot),
    /// In pages of their own.
    Own(Pages),
}

impl SecretBytes {
    /// Copies `bytes`; the caller wipes its own copy.
    #[must_use]
    pub fn copy_from(bytes: &[u8]) -> Self {
        let place = match bytes.len() {
            0 => Place::Empty,
            1..=MAX_SLOT => Place::Shared(Slot::store(bytes)),
            len => {
                let mut pages = Pages::new(len);
                if let Some(target) = pages.get_mut(..len) {
                    target.copy_from_slice(bytes);
                }
                Place::Own(pages)
            }
        };
        Self {
            len: bytes.len(),
            place,
        }
    }

    /// `len` bytes, zero at first, written by `fill`. What was written is wiped when `fill` fails.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn new_with<E>(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let place = match len {
            0 => {
                fill(&mut [])?;
                Place::Empty
            }
            1..=MAX_SLOT => {
                let mut draft = Draft::new(len);
                fill(draft.bytes())?;
                Place::Shared(Slot::store(draft.bytes()))
            }
            _ => {
                let mut pages = Pages::new(len);
                fill(pages.get_mut(..len).unwrap_or_default())?;
                Place::Own(pages)
            }
        };
        Ok(Self { len, place })
    }

    /// Length in bytes; not a secret.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True for zero bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The only way to read the bytes. `read` may read, make and drop other secrets.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        match &self.place {
            Place::Empty => read(&[]),
            Place::Shared(slot) => slot.expose(self.len, read),
            Place::Own(pages) => read(pages.get(..self.len).unwrap_or_default()),
        }
    }

    /// Constant-time comparison; the lengths are not secret.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.expose(|mine| other.expose(|theirs| mine.ct_eq(theirs).into()))
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.len)
    }
}

/// Overwrites the stack below the caller, where returned functions have left copies of what they
/// worked with: a moved value is not wiped, and no destructor knows of it.
#[inline(never)]
pub fn scrub_stack() {
    // In words, since a volatile write of each byte would cost eight times as much.
    let mut depth = [0_u64; 4096];
    depth.zeroize();
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        thread,
    };

    use super::*;

    /// Fails to compile when the type has one of the traits: two impls then fit the call.
    macro_rules! assert_lacks {
        ($type:ty: $($name:ident = $trait:path),+ $(,)?) => {
            $(
                #[allow(non_snake_case)]
                mod $name {
                    use super::*;
                    trait Ambiguous<A> { fn check() {} }
                    struct Has;
                    impl<T: ?Sized> Ambiguous<()> for T {}
                    impl<T: ?Sized + $trait> Ambiguous<Has> for T {}
                    #[test]
                    fn is_absent() { <$type as Ambiguous<_>>::check(); }
                }
            )+
        };
    }

    assert_lacks!(SecretBytes:
        clone = Clone,
        copy = Copy,
        equality = PartialEq,
        order = PartialOrd,
        hash = std::hash::Hash,
        display = fmt::Display,
        hexadecimal = fmt::LowerHex,
        dereference = std::ops::Deref,
        as_bytes = AsRef<[u8]>,
        borrowed = std::borrow::Borrow<[u8]>,
        serialised = serde::Serialize,
    );

    const LENGTHS: &[usize] = &[0, 1, 31, 32, 33, 64, 100, 2048, 4095, 4096, 4097, 100_000];

    #[test]
    fn holds_bytes_of_any_length() {
        for &len in LENGTHS {
            let bytes: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let copied = SecretBytes::copy_from(&bytes);
            let written = SecretBytes::new_with(len, |out| {
                assert!(out.iter().all(|byte| *byte == 0));
                out.copy_from_slice(&bytes);
                Ok::<_, ()>(())
            })
            .unwrap();
            assert_eq!((copied.len(), written.len()), (len, len));
            assert_eq!(copied.is_empty(), len == 0);
            copied.expose(|read| assert_eq!(read, bytes));
            written.expose(|read| assert_eq!(read, bytes));
            assert!(copied.ct_eq(&written));
        }
    }

    #[test]
    fn differing_secrets_differ() {
        let one = SecretBytes::copy_from(b"one");
        assert!(!one.ct_eq(&SecretBytes::copy_from(b"onf")));
        assert!(!one.ct_eq(&SecretBytes::copy_from(b"one1")));
        assert!(!one.ct_eq(&SecretBytes::copy_from(b"")));
    }

    #[test]
    fn prints_its_length_alone() {
        let secret = SecretBytes::copy_from(b"hunter22");
        assert_eq!(
            format!("{secret:?} {secret:#?}"),
            "Secret(8 bytes) Secret(8 bytes)"
        );
    }

    #[test]
    fn a_failed_fill_gives_its_error() {
        for &len in LENGTHS {
            let failed = SecretBytes::new_with(len, |out| {
                out.fill(1);
                Err("no")
            });
            assert_eq!(failed.unwrap_err(), "no");
        }
    }

    #[test]
    fn secrets_nest() {
        let outer = SecretBytes::copy_from(&[1; 32]);
        let neighbour = SecretBytes::copy_from(&[2; 32]);
        let made = outer.expose(|a| {
            let sum = SecretBytes::new_with(32, |out| {
                neighbour.expose(|b| {
                    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                        *out = a + b;
                    }
                });
                Ok::<_, ()>(())
            })
            .unwrap();
            drop(neighbour);
            drop(SecretBytes::copy_from(&[4; 32]));
            outer.expose(|again| assert_eq!(again, a));
            sum
        });
        made.expose(|bytes| assert_eq!(bytes, [3; 32]));
    }

    #[test]
    fn a_panic_while_reading_leaves_the_arena_usable() {
        let secret = SecretBytes::copy_from(&[5; 32]);
        let panicked = catch_unwind(AssertUnwindSafe(|| secret.expose(|_| panic!("on purpose"))));
        assert!(panicked.is_err());
        secret.expose(|bytes| assert_eq!(bytes, [5; 32]));
        drop(secret);
        SecretBytes::copy_from(&[6; 32]).expose(|bytes| assert_eq!(bytes, [6; 32]));
    }

    #[test]
    fn threads_share_the_arena() {
        thread::scope(|scope| {
            for id in 1..=8_u8 {
                scope.spawn(move || {
                    let mut held = Vec::new();
                    for round in 0..400_usize {
                        let len = 1 + (round * 37) % 300;
                        held.push(SecretBytes::copy_from(&vec![id; len]));
                        if round % 3 == 2 {
                            let gone = held.swap_remove(round % held.len());
                            held[0].expose(|_| drop(gone));
                        }
                        held[round % held.len()]
                            .expose(|bytes| assert!(bytes.iter().all(|byte| *byte == id)));
                    }
                });
            }
        });
    }
}
