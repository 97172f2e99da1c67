//! The counter of commits that all processes using a token share: two words in a mapped file.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use memmap2::{MmapOptions, MmapRaw};

use crate::{
    env::{Env, OsClock, OsEntropy, SharedCounter},
    error::{Error, Result},
};

/// Length of the file; only the first two words are used.
const LEN: u64 = 4096;

/// The environment that the operating system gives.
#[must_use]
pub fn system_env() -> Env {
    Env {
        entropy: Arc::new(OsEntropy),
        clock: Arc::new(OsClock),
        open_counter: open,
    }
}

/// Opens the counter in a file, creating the file with mode 0600.
///
/// # Errors
/// `CKR_DEVICE_ERROR` when the file cannot be made or mapped.
pub fn open(path: &Path) -> Result<Arc<dyn SharedCounter>> {
    map(path)
        .map(|map| Arc::new(Counter { map }) as Arc<dyn SharedCounter>)
        .map_err(|e| Error::DeviceError(format!("{}: {e}", path.display())))
}

fn map(path: &Path) -> std::io::Result<MmapRaw> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    grow(&file)?;
    MmapOptions::new().len(LEN as usize).map_raw(&file)
}

/// Gives a new file its length; bytes that are there are never touched.
fn grow(file: &File) -> std::io::Result<()> {
    if file.metadata()?.len() < LEN {
        // A byte beyond the counters: another process may count already. Writing allocates the
        // page, so that a full disk is noticed here and not by a signal at the first count.
        file.write_all_at(&[0], LEN - 1)?;
    }
    Ok(())
}

/// The mapped file. It stays mapped while any token uses it.
#[derive(Debug)]
struct Counter {
    map: MmapRaw,
}

impl Counter {
    fn word(&self, index: usize) -> &AtomicU64 {
        let start = self.map.as_mut_ptr().cast::<AtomicU64>();
        debug_assert!((index + 1) * size_of::<AtomicU64>() <= self.map.len());
        // SAFETY: the offset stays within the mapping, which is a page long.
        let word = unsafe { start.add(index) };
        // SAFETY: a mapping is page-aligned, so the word is aligned; it lives as long as `self`;
        // all processes access it atomically only.
        unsafe { &*word }
    }
}

impl SharedCounter for Counter {
    fn load(&self) -> (u64, u64) {
        // The end is read first: an even pair then means that no commit ran in between.
        let ended = self.word(1).load(Ordering::SeqCst);
        (self.word(0).load(Ordering::SeqCst), ended)
    }

    fn begin(&self) -> u64 {
        self.word(0).fetch_add(1, Ordering::SeqCst) + 1
    }

    fn end(&self, commit: u64) {
        self.word(1).fetch_max(commit, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_shared_between_mappings() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("counter");
        let (a, b) = (open(&path).unwrap(), open(&path).unwrap());
        let commit = a.begin();
        assert_eq!(b.load(), (1, 0));
        a.end(commit);
        assert_eq!(b.load(), (1, 1));
    }

    #[test]
    fn a_writer_that_died_is_forgotten_by_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let counter = open(&directory.path().join("counter")).unwrap();
        counter.begin();
        let next = counter.begin();
        counter.end(next);
        assert_eq!(counter.load(), (2, 2));
    }
}
