//! Byte arguments. The caller's lengths are read once and written by one function only.

use std::{ops::Deref, slice};

use zeroize::Zeroizing;

use crate::{
    core::Output,
    error::{Error, Result},
    pkcs11::*,
    secret::SecretBytes,
};

/// The caller's bytes, for the duration of the call.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD` for NULL with a length and for a length that no memory has.
///
/// # Safety
/// Unless null, `data` points to `len` bytes that nobody writes while the result lives.
pub(super) unsafe fn input<'a>(data: *const CK_BYTE, len: CK_ULONG) -> Result<&'a [u8]> {
    let len = length(len)?;
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::ArgumentsBad("a data pointer is NULL"));
    }
    // SAFETY: not null, and the caller's promise.
    Ok(unsafe { slice::from_raw_parts(data, len) })
}

/// A PIN, copied at once. NULL asks for a protected authentication path, which there is none of.
/// Of a length that no PIN has only so much is read as makes it a wrong one.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD`.
///
/// # Safety
/// As [`input`].
pub(super) unsafe fn pin(pin: *const CK_BYTE, len: CK_ULONG) -> Result<SecretBytes> {
    if pin.is_null() {
        return Err(Error::ArgumentsBad("the PIN is NULL"));
    }
    length(len)?;
    // SAFETY: the caller's promise.
    let pin = unsafe { input(pin, len.min(TOO_LONG_FOR_A_PIN))? };
    Ok(SecretBytes::copy_from(pin))
}

/// More bytes than any PIN may have.
const TOO_LONG_FOR_A_PIN: CK_ULONG = 4096;

/// A count or length that can be one of an array in memory.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD`.
pub(super) fn length(len: CK_ULONG) -> Result<usize> {
    usize::try_from(len)
        .ok()
        .filter(|len| isize::try_from(*len).is_ok())
        .ok_or(Error::ArgumentsBad("a length is absurd"))
}

/// Input that shares no byte with an output buffer.
#[derive(Debug)]
pub(super) enum Apart<'a> {
    /// The caller's own bytes.
    Borrowed(&'a [u8]),
    /// A copy, because the output goes to the same place.
    Copied(Zeroizing<Vec<u8>>),
}

impl Deref for Apart<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(data) => data,
            Self::Copied(data) => data,
        }
    }
}

/// The caller's buffer for output of variable length.
#[derive(Debug)]
pub(super) struct OutBuf {
    buffer: *mut CK_BYTE,
    capacity: usize,
    len: *mut CK_ULONG,
}

impl OutBuf {
    /// # Errors
    /// `CKR_ARGUMENTS_BAD` for a NULL length pointer or an absurd length.
    ///
    /// # Safety
    /// Unless null, `len` may be read and written, and `buffer` is `*len` bytes that may be
    /// written, until [`answer`](Self::answer) returns.
    pub(super) unsafe fn from_raw(buffer: *mut CK_BYTE, len: *mut CK_ULONG) -> Result<Self> {
        if len.is_null() {
            return Err(Error::ArgumentsBad("a length pointer is NULL"));
        }
        let capacity = if buffer.is_null() {
            0
        } else {
            // SAFETY: not null, and the caller's promise; it need not be aligned.
            length(unsafe { len.read_unaligned() })?
        };
        Ok(Self {
            buffer,
            capacity,
            len,
        })
    }

    /// `data`, copied where it overlaps this buffer: the standard lets callers work in place. The
    /// copy is wiped: it may be plaintext.
    ///
    /// # Errors
    /// `CKR_HOST_MEMORY` for more than can be copied.
    pub(super) fn apart<'a>(&self, data: &'a [u8]) -> Result<Apart<'a>> {
        let (out, input) = (self.buffer.addr(), data.as_ptr().addr());
        let apart =
            input.saturating_add(data.len()) <= out || out.saturating_add(self.capacity) <= input;
        if apart {
            return Ok(Apart::Borrowed(data));
        }
        let mut copy = Zeroizing::new(Vec::new());
        copy.try_reserve_exact(data.len())
            .map_err(|_| Error::HostMemory)?;
        copy.extend_from_slice(data);
        Ok(Apart::Copied(copy))
    }

    /// Runs `produce` with the buffer and stores the length that it wrote, or needs.
    ///
    /// # Errors
    /// Those of `produce`.
    pub(super) fn answer(self, produce: impl FnOnce(Output<'_>) -> Result<usize>) -> Result<()> {
        let out = if self.buffer.is_null() {
            Output::Query
        } else {
            // SAFETY: `from_raw`'s caller promised `capacity` writable bytes; nothing else refers
            // to them, since input that overlaps was copied.
            Output::Buffer(unsafe { slice::from_raw_parts_mut(self.buffer, self.capacity) })
        };
        let outcome = produce(out);
        let len = match outcome {
            Ok(len) | Err(Error::BufferTooSmall { needed: len }) => len,
            Err(e) => return Err(e),
        };
        let len = CK_ULONG::try_from(len)
            .map_err(|_| Error::General("a result is absurdly long".into()))?;
        // SAFETY: `from_raw`'s caller promised that `len` may be written.
        unsafe { self.len.write_unaligned(len) };
        outcome.map(drop)
    }
}

/// Stores a result through a pointer.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD` for NULL.
///
/// # Safety
/// Unless null, `to` may be written.
pub(super) unsafe fn store<T>(to: *mut T, value: T) -> Result<()> {
    not_null(to)?;
    // SAFETY: not null, and the caller's promise; it need not be aligned.
    unsafe { to.write_unaligned(value) };
    Ok(())
}

/// Stores a list by the convention of C_GetSlotList: NULL asks for the count alone.
///
/// # Errors
/// `CKR_ARGUMENTS_BAD` for a NULL count, `CKR_BUFFER_TOO_SMALL` with the count stored.
///
/// # Safety
/// Unless null, `count` may be read and written, and `list` has room for `*count` elements.
pub(super) unsafe fn store_list<T: Copy>(
    list: *mut T,
    count: *mut CK_ULONG,
    items: &[T],
) -> Result<()> {
    not_null(count)?;
    // SAFETY: not null, and the caller's promise; it need not be aligned.
    let room = unsafe { count.read_unaligned() };
    let needed = CK_ULONG::try_from(items.len()).map_err(|_| Error::HostMemory)?;
    // SAFETY: as read above.
    unsafe { count.write_unaligned(needed) };
    if list.is_null() {
        return Ok(());
    }
    if room < needed {
        return Err(Error::BufferTooSmall {
            needed: items.len(),
        });
    }
    // SAFETY: the caller's promise: there is room for all items.
    unsafe {
        std::ptr::copy_nonoverlapping(
            items.as_ptr().cast::<u8>(),
            list.cast::<u8>(),
            size_of_val(items),
        );
    };
    Ok(())
}

/// # Errors
/// `CKR_ARGUMENTS_BAD` for NULL.
pub(super) fn not_null<T>(pointer: *const T) -> Result<()> {
    if pointer.is_null() {
        Err(Error::ArgumentsBad("a result pointer is NULL"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn null_and_wild_lengths_are_refused() {
        for (data, len) in [(ptr::null(), 1), (ptr::dangling(), CK_ULONG::MAX)] {
            // SAFETY: refused before anything is read.
            assert!(unsafe { input(data, len) }.is_err());
        }
        // SAFETY: NULL with length 0 is an empty input.
        assert_eq!(unsafe { input(ptr::null(), 0) }, Ok(&[][..]));
        // SAFETY: refused before anything is read.
        assert!(unsafe { OutBuf::from_raw(ptr::null_mut(), ptr::null_mut()) }.is_err());
    }

    #[test]
    fn input_in_the_output_buffer_is_copied() {
        let mut buffer = [1_u8, 2, 3, 4];
        let (mut len, data) = (4, buffer.as_mut_ptr());
        // SAFETY: `len` and `buffer` live.
        let out = unsafe { OutBuf::from_raw(data, &raw mut len) }.unwrap();
        let apart = |from: usize, len: CK_ULONG| {
            // SAFETY: within `buffer`, which nobody writes meanwhile.
            out.apart(unsafe { input(data.wrapping_add(from), len) }.unwrap())
        };
        for (from, len) in [(0, 4), (3, 1), (1, 2)] {
            assert!(matches!(apart(from, len), Ok(Apart::Copied(_))));
        }
        let elsewhere = [5_u8; 4];
        assert!(matches!(out.apart(&elsewhere), Ok(Apart::Borrowed(_))));
        let data = apart(0, 2).unwrap();
        let reverse = |out: Output<'_>| {
            if let Output::Buffer(out) = out {
                out[0] = data[1];
                out[1] = data[0];
            }
            Ok(2)
        };
        out.answer(reverse).unwrap();
        assert_eq!((buffer, len), ([2, 1, 3, 4], 2));
    }

    #[test]
    fn an_error_writes_nothing() {
        let (mut buffer, mut len) = ([0_u8; 4], 4);
        // SAFETY: `len` and `buffer` live.
        let out = unsafe { OutBuf::from_raw(buffer.as_mut_ptr(), &raw mut len) }.unwrap();
        assert_eq!(
            out.answer(|_| Err(Error::DataInvalid)),
            Err(Error::DataInvalid)
        );
        assert_eq!(len, 4);
        len = CK_ULONG::MAX;
        // SAFETY: refused before anything is written.
        assert!(unsafe { OutBuf::from_raw(buffer.as_mut_ptr(), &raw mut len) }.is_err());
    }

    #[test]
    fn a_null_pin_is_refused_even_when_empty() {
        // SAFETY: refused before anything is read.
        assert!(unsafe { pin(ptr::null(), 0) }.is_err());
        // SAFETY: four bytes.
        assert_eq!(unsafe { pin(b"1234".as_ptr(), 4) }.unwrap().len(), 4);
        let long = vec![b'1'; 4096];
        // SAFETY: no more is read of a length that no PIN has.
        let cut = unsafe { pin(long.as_ptr(), 1 << 20) }.unwrap();
        assert_eq!(cut.len(), long.len());
        // SAFETY: a wild length is refused before anything is read.
        assert!(unsafe { pin(long.as_ptr(), CK_ULONG::MAX) }.is_err());
    }

    #[test]
    fn lists_follow_the_counting_convention() {
        let items: [CK_SLOT_ID; 2] = [7, 9];
        let mut list = [0; 3];
        for (room, to, rv, stored) in [
            (0, ptr::null_mut(), Ok(()), [0; 3]),
            (
                1,
                list.as_mut_ptr(),
                Err(Error::BufferTooSmall { needed: 2 }),
                [0; 3],
            ),
            (3, list.as_mut_ptr(), Ok(()), [7, 9, 0]),
        ] {
            let mut count = room;
            // SAFETY: `count` and `list` live.
            assert_eq!(unsafe { store_list(to, &raw mut count, &items) }, rv);
            assert_eq!(count, 2);
            assert_eq!(list, stored);
        }
        // SAFETY: refused before anything is written.
        assert!(unsafe { store_list(list.as_mut_ptr(), ptr::null_mut(), &items) }.is_err());
    }

    #[test]
    fn a_length_query_and_a_short_buffer_tell_what_is_needed() {
        let produce = |out: Output<'_>| match out {
            Output::Buffer(out) if out.len() < 4 => Err(Error::BufferTooSmall { needed: 4 }),
            Output::Query | Output::Buffer(_) => Ok(4),
        };
        let mut buffer = [0; 8];
        for (pointer, capacity, rv) in [
            (ptr::null_mut(), 0, Ok(())),
            (
                buffer.as_mut_ptr(),
                3,
                Err(Error::BufferTooSmall { needed: 4 }),
            ),
            (buffer.as_mut_ptr(), 8, Ok(())),
        ] {
            let mut len = capacity;
            // SAFETY: `len` and `buffer` live.
            let out = unsafe { OutBuf::from_raw(pointer, &raw mut len) }.unwrap();
            assert_eq!(out.answer(produce), rv);
            assert_eq!(len, 4);
        }
    }
}
