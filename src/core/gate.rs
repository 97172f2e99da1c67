//! The gate in front of every store: open to all calls, closed while the process forks. SQLite must
//! not be inside a call, nor hold a descriptor or a lock, when a child is made.

use parking_lot::{Condvar, Mutex};

/// Counts the calls that are inside the stores and the threads that are about to fork.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    inside: usize,
    forking: usize,
}

/// A call inside the stores.
#[derive(Debug)]
pub(super) struct Pass<'a>(&'a Gate);

impl Gate {
    /// Enters, after any fork in progress.
    pub(super) fn enter(&self) -> Pass<'_> {
        let mut state = self.state.lock();
        while state.forking > 0 {
            self.changed.wait(&mut state);
        }
        state.inside += 1;
        Pass(self)
    }

    /// Closes the gate and returns when nobody is inside.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.forking += 1;
        while state.inside > 0 {
            self.changed.wait(&mut state);
        }
    }

    /// Opens the gate that [`close`](Self::close) closed.
    pub(super) fn open(&self) {
        let mut state = self.state.lock();
        state.forking = state.forking.saturating_sub(1);
        self.changed.notify_all();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.inside -= 1;
        if state.inside == 0 {
            self.0.changed.notify_all();
        }
    }
}
