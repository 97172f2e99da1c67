//! A temp directory with a store and a configuration, shared by the modules and child processes of
//! one test; and the one moment in which the process's environment matters.

use std::{
    fs::{self, File},
    io::{Seek, Write},
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};

use tempfile::TempDir;

/// Where one test keeps its tokens.
pub struct Place {
    directory: PathBuf,
    _owned: Option<TempDir>,
}

impl Place {
    /// A new place with a cheap Argon2 and the default rules for PINs.
    pub fn new() -> Self {
        Self::with("")
    }

    /// A new place with further lines of configuration, in TOML; they come last in the file.
    pub fn with(more: &str) -> Self {
        let owned = tempfile::Builder::new()
            .prefix("chainhsm-")
            .tempdir()
            .unwrap();
        fs::set_permissions(owned.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let place = Self {
            directory: owned.path().to_path_buf(),
            _owned: Some(owned),
        };
        place.configure(&format!(
            "store = {:?}\n[argon2]\nmemory_kib = 64\niterations = 1\nlanes = 1\n\
             [log]\nlevel = \"debug\"\nfile = {:?}\n{more}",
            place.store(),
            place.log(),
        ));
        place
    }

    /// The place that another process made.
    pub fn existing(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            _owned: None,
        }
    }

    /// Replaces the configuration file.
    pub fn configure(&self, text: &str) {
        fs::write(self.conf(), text).unwrap();
        fs::set_permissions(self.conf(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn conf(&self) -> PathBuf {
        self.directory.join("chainhsm.toml")
    }

    pub fn store(&self) -> PathBuf {
        self.directory.join("store")
    }

    pub fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Every regular file of the store.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(directory: &Path, into: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, into);
                } else {
                    into.push(path);
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.store(), &mut files);
        files.sort();
        files
    }

    /// The database files of the store, oldest slot first.
    pub fn databases(&self) -> Vec<PathBuf> {
        let mut files = self.files();
        files.retain(|f| fs::read(f).is_ok_and(|b| b.starts_with(b"SQLite format 3\0")));
        files
    }

    /// Runs `initialize` while `CHAINHSM_CONF` leads to this place's configuration.
    ///
    /// The module reads the variable at C_Initialize only, but the environment belongs to the whole
    /// process and tests run in parallel. So the variable is set once, to an unnamed file, and what
    /// changes under the lock is that file's content.
    pub fn during<T>(&self, initialize: impl FnOnce() -> T) -> T {
        static SHARED: OnceLock<Mutex<File>> = OnceLock::new();
        if super::child::is_child() {
            return initialize(); // the parent has set the variable for this process alone
        }
        let shared = SHARED.get_or_init(|| {
            let file = tempfile::tempfile().unwrap();
            file.set_permissions(fs::Permissions::from_mode(0o600))
                .unwrap();
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            // SAFETY: happens once, before the first C_Initialize of this process; nothing else in
            // the test binary writes the environment.
            unsafe { std::env::set_var("CHAINHSM_CONF", path) };
            Mutex::new(file)
        });
        let mut file = shared.lock().unwrap_or_else(|e| e.into_inner());
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(&fs::read(self.conf()).unwrap()).unwrap();
        initialize()
    }
}
