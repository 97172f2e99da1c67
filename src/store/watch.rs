//! Noticing commits: a number that changes with each of them, cheap enough for every call.
//!
//! While nobody commits, the number is how many commits have begun, read from memory that all
//! processes share. While somebody is inside a commit, or died there, memory cannot tell whether the
//! commit has happened, so SQLite is asked.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::env::SharedCounter;

/// Makes the numbers of one open token.
#[derive(Debug)]
pub(super) struct Watch {
    /// Absent on a read-only store.
    counter: Option<Arc<dyn SharedCounter>>,
    last: Mutex<(Sight, u64)>,
}

/// What is to be seen of commits when the counter alone cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sight {
    /// Which opening of the database; SQLite's version has no meaning beyond it.
    pub(super) opening: u64,
    /// SQLite's `data_version`, or the files' state where there is no version.
    pub(super) version: u64,
}

impl Watch {
    pub(super) fn new(counter: Option<Arc<dyn SharedCounter>>) -> Self {
        Self {
            counter,
            last: Mutex::default(),
        }
    }

    /// The number, when nobody is inside a commit. Always even.
    pub(super) fn settled(&self) -> Option<u64> {
        let (begun, ended) = self.counter.as_ref()?.load();
        (begun == ended).then_some(begun.wrapping_mul(2))
    }

    /// The number when somebody may be inside a commit: odd, and another for each other sight. No
    /// sight (the database could not be asked) differs from everything.
    pub(super) fn unsettled(&self, sight: Option<Sight>) -> u64 {
        let mut last = self.last.lock();
        if sight != Some(last.0) {
            last.0 = sight.unwrap_or_default();
            last.1 += 1;
        }
        last.1.wrapping_mul(2).wrapping_add(1)
    }

    /// Marks a commit as begun until the mark is dropped. Called with the write lock held.
    pub(super) fn commit(&self) -> Committing<'_> {
        let commit = self.counter.as_ref().map(|counter| counter.begin());
        Committing(self, commit)
    }
}

/// Somebody is inside a commit.
#[derive(Debug)]
pub(super) struct Committing<'a>(&'a Watch, Option<u64>);

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        if let (Some(counter), Some(commit)) = (&self.0.counter, self.1) {
            counter.end(commit);
        }
    }
}
