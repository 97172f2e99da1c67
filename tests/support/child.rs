//! Child processes. A test starts this same binary again with a role; the role runs before the test
//! runner does, single-threaded, in a process of its own that may be killed, forked or starved.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    panic,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::Arc,
};

use super::Place;

const ROLE: &str = "CHAINHSM_TEST_ROLE";
const PLACE: &str = "CHAINHSM_TEST_PLACE";

/// The name of a role and what it does.
pub type Role = (&'static str, fn(Arc<Place>));

/// True in a process that plays a role.
pub fn is_child() -> bool {
    std::env::var_os(ROLE).is_some()
}

/// Says a line to the parent.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Waits for a line from the parent; `None` when it has gone.
pub fn hear() -> Option<String> {
    let mut line = String::new();
    let n = std::io::stdin().read_line(&mut line).unwrap();
    (n > 0).then(|| line.trim_end().to_owned())
}

/// A child that plays a role at a place. It is killed when it drops.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub fn start(role: &str, place: &Place) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(ROLE, role)
            .env(PLACE, place.directory())
            .env("CHAINHSM_CONF", place.conf())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    /// The next line it says; `None` at its end. A last line that was cut short does not count: the
    /// caller's protocol ends every line with a full stop.
    pub fn line(&mut self) -> Option<String> {
        self.output.next().and_then(Result::ok)
    }

    pub fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Closes its input and waits.
    pub fn wait(&mut self) -> ExitStatus {
        drop(self.input.take());
        self.child.wait().unwrap()
    }

    /// Waits, and expects that the role did not fail.
    #[track_caller]
    pub fn finish(mut self) {
        let status = self.wait();
        assert!(status.success(), "the child process failed: {status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Forks; the child runs `work` and ends without running anything that belongs to its parent. True
/// when the work was done without a panic. Only for roles.
pub fn fork(work: impl FnOnce()) -> bool {
    // SAFETY: the child calls nothing but the module, the allocator (which glibc makes usable after
    // a fork) and `_exit`.
    match unsafe { libc::fork() } {
        -1 => panic!("fork failed"),
        0 => {
            // SAFETY: a child that hangs dies by the alarm and so fails its test.
            unsafe { libc::alarm(30) };
            let done = panic::catch_unwind(panic::AssertUnwindSafe(work)).is_ok();
            // SAFETY: ends the process.
            unsafe { libc::_exit(i32::from(!done)) }
        }
        pid => {
            let mut status = 0;
            // SAFETY: our own child and a place for its status.
            assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        }
    }
}

fn roles() -> impl Iterator<Item = Role> {
    crate::abi::fork::ROLES
        .iter()
        .chain(crate::abi::fuzz::ROLES)
        .chain(crate::store::crash::ROLES)
        .chain(crate::store::limits::ROLES)
        .chain(crate::store::processes::ROLES)
        .chain(crate::store::secrecy::ROLES)
        .copied()
}

extern "C" fn play() {
    let Some(role) = std::env::var_os(ROLE) else {
        return;
    };
    let (_, run) = roles()
        .find(|(name, _)| role == *name)
        .expect("a role that exists");
    let place = PathBuf::from(std::env::var_os(PLACE).unwrap());
    let result = panic::catch_unwind(|| run(Arc::new(Place::existing(&place))));
    std::process::exit(if result.is_ok() { 0 } else { 101 });
}

/// Run by the loader before `main`: a child must not become a second test runner.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static PLAY: extern "C" fn() = play;
