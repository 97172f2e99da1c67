//! The counter in memory that all processes using one token share, and the environment that a loaded
//! module has. Here because mapped memory needs `unsafe`.

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{OpenOptionsExt, PermissionsExt},
    },
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use memmap2::{MmapOptions, MmapRaw};

use crate::{
    env::{Env, OsClock, OsEntropy, SharedCounter},
    error::{About, Result},
};

/// Bytes of the file: a page, of which two numbers are used. Nobody shortens it.
const SIZE: usize = 4096;

/// The environment of a module that a host has loaded.
#[must_use]
pub fn system_env() -> Env {
    Env {
        entropy: Arc::new(OsEntropy),
        clock: Arc::new(OsClock),
        open_counter: open,
    }
}

/// Maps the counter in a file, creating the file with mode 0600.
///
/// # Errors
/// `CKR_TOKEN_WRITE_PROTECTED` where it may not be written, `CKR_DEVICE_MEMORY` on a full disk, else
/// `CKR_DEVICE_ERROR`.
pub fn open(path: &Path) -> Result<Arc<dyn SharedCounter>> {
    let map = map(path).about(path)?;
    Ok(Arc::new(MappedCounter { map }))
}

fn map(path: &Path) -> io::Result<MmapRaw> {
    let open = |create: bool| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(create)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
    };
    let file = match open(false) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => match open(true) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => open(false)?,
            created => {
                let file = created?;
                file.set_permissions(Permissions::from_mode(0o600))?;
                file
            }
        },
        opened => opened?,
    };
    reserve(&file)?;
    MmapOptions::new().len(SIZE).map_raw(&file)
}

/// Lengthens a new file with zeros and leaves an old one as it is. The blocks are really allocated:
/// writing to a hole through a mapping on a full disk would kill the process.
fn reserve(file: &File) -> io::Result<()> {
    let size = libc::off_t::try_from(SIZE).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open for as long as `file` lives; no memory is involved.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, size) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// Two numbers in a mapped file.
#[derive(Debug)]
struct MappedCounter {
    map: MmapRaw,
}

impl MappedCounter {
    fn begun(&self) -> &AtomicU64 {
        // SAFETY: the start of a mapping is aligned to a page and followed by SIZE bytes, which live
        // as long as `self`; every process accesses them atomically and in no other way.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().cast()) }
    }

    fn ended(&self) -> &AtomicU64 {
        // SAFETY: one number further is within the mapping, which has SIZE bytes.
        let second = unsafe { self.map.as_mut_ptr().cast::<u64>().add(1) };
        // SAFETY: as for `begun`.
        unsafe { AtomicU64::from_ptr(second) }
    }
}

impl SharedCounter for MappedCounter {
    fn load(&self) -> (u64, u64) {
        // In this order equal numbers prove that nobody was inside when the second was read.
        let ended = self.ended().load(Ordering::SeqCst);
        let begun = self.begun().load(Ordering::SeqCst);
        (begun, ended)
    }

    fn begin(&self) -> u64 {
        self.begun().fetch_add(1, Ordering::SeqCst).wrapping_add(1)
    }

    fn end(&self, commit: u64) {
        // Commits follow one another, so the end of this one is the end of all before it, also of
        // those whose process died and never said so.
        self.ended().fetch_max(commit, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn openings_of_one_file_share_the_numbers() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("counter");
        let one = open(&path).unwrap();
        let two = open(&path).unwrap();
        assert_eq!(one.load(), (0, 0));
        let commit = one.begin();
        assert_eq!(two.load(), (1, 0));
        one.end(commit);
        assert_eq!(two.load(), (1, 1));
        drop((one, two));
        assert_eq!(open(&path).unwrap().load(), (1, 1));
    }

    #[test]
    fn the_next_commit_makes_up_for_one_that_never_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("counter");
        let dead = open(&path).unwrap();
        dead.begin();
        drop(dead);
        let counter = open(&path).unwrap();
        assert_eq!(counter.load(), (1, 0));
        let commit = counter.begin();
        assert_eq!(counter.load(), (2, 0));
        counter.end(commit);
        assert_eq!(counter.load(), (2, 2));
    }

    #[test]
    fn a_late_end_does_not_hide_the_next_commit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("counter");
        let (one, two) = (open(&path).unwrap(), open(&path).unwrap());
        let (first, second) = (one.begin(), two.begin());
        one.end(first);
        assert_eq!(one.load(), (2, 1), "the second is still inside");
        two.end(second);
        assert_eq!(one.load(), (2, 2));
    }

    #[test]
    fn the_file_is_private_and_a_page_long() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("counter");
        open(&path).unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
        assert_eq!(metadata.len(), 4096);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let error = open(&directory.path().join("missing/counter")).unwrap_err();
        assert!(matches!(error, Error::DeviceError(_)), "{error}");
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path().join("target"), &link).unwrap();
        assert!(open(&link).is_err());
    }
}
