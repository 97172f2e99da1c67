//! Configuration: one TOML file, two environment variables, defaults. Read once at C_Initialize.
//! This is the only file that looks at the environment.
#![forbid(unsafe_code)]

mod file;

use std::{
    ffi::OsString,
    fmt, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    store::pin::Cost,
};

/// What is in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// Directory of the tokens.
    pub store: PathBuf,
    /// Where log lines go and which.
    pub log: Log,
    /// PIN rules.
    pub pin: PinRules,
    /// Cost of a PIN check for PINs set from now on.
    pub argon2: Cost,
}

/// Log settings.
#[derive(Debug, Clone)]
pub struct Log {
    /// Most detailed level that is written.
    pub level: log::LevelFilter,
    /// File appended to; standard error when absent.
    pub file: Option<PathBuf>,
}

/// Rules for PINs.
#[derive(Debug, Clone)]
pub struct PinRules {
    /// Lengths in bytes that are accepted.
    pub length: RangeInclusive<usize>,
    /// Wrong user PINs in a row that lock the user PIN.
    pub user_attempts: u32,
    /// Wrong SO PINs in a row that lock the SO PIN.
    pub so_attempts: u32,
}

impl Config {
    /// Reads the file that `CHAINHSM_CONF` names, or the user's, or the system's, or takes the
    /// defaults; `CHAINHSM_STORE` and `CHAINHSM_LOG` override one key each.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` with a message for the user.
    pub fn load() -> Result<Self> {
        Loaded::load().map(|loaded| loaded.config)
    }
}

/// A configuration and where each of its values comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Every key in the order of the documentation.
    pub settings: Vec<Setting>,
}

/// One key, its value as text and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Dotted name, as in the file.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A line (from 1) of the file.
    Line(usize),
    /// An environment variable.
    Variable(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// The environment variables that count, as they were at one moment; empty ones count as unset.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "named after the variables")]
pub struct Variables {
    pub chainhsm_conf: Option<OsString>,
    pub chainhsm_store: Option<OsString>,
    pub chainhsm_log: Option<OsString>,
    pub xdg_config_home: Option<OsString>,
    pub xdg_data_home: Option<OsString>,
    pub home: Option<OsString>,
}

impl Variables {
    /// Takes the snapshot.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn snapshot() -> Self {
        let read = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            chainhsm_conf: read("CHAINHSM_CONF"),
            chainhsm_store: read("CHAINHSM_STORE"),
            chainhsm_log: read("CHAINHSM_LOG"),
            xdg_config_home: read("XDG_CONFIG_HOME"),
            xdg_data_home: read("XDG_DATA_HOME"),
            home: read("HOME"),
        }
    }

    /// `$XDG_…` when it is absolute (the XDG rule), else the given place under `$HOME`.
    fn xdg(&self, variable: Option<&OsString>, under_home: &str) -> Option<PathBuf> {
        variable
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(Path::new(self.home.as_ref()?).join(under_home)))
    }

    /// `path` with a leading `~/` replaced, relative to `base`, made absolute.
    fn resolve(&self, path: &Path, base: &Path) -> std::result::Result<PathBuf, String> {
        let path = match path.strip_prefix("~") {
            Ok(rest) => match &self.home {
                Some(home) => Path::new(home).join(rest),
                None => return Err("~ stands for HOME, which is not set: give a full path".into()),
            },
            Err(_) => base.join(path),
        };
        std::path::absolute(path).map_err(|e| format!("the path cannot be used: {e}"))
    }
}

impl Loaded {
    /// As [`Config::load`], with the origins.
    ///
    /// # Errors
    /// `CKR_GENERAL_ERROR` with a message for the user.
    pub fn load() -> Result<Self> {
        Self::from_sources(&Variables::snapshot(), |path| std::fs::read_to_string(path))
    }

    /// [`load`](Self::load) with its two sources given.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_sources(
        variables: &Variables,
        read: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Self> {
        let (file, text) = find(variables, read)?;
        let (config, settings) = file::parse(variables, file.as_deref(), &text)?;
        Ok(Self {
            config,
            file,
            settings,
        })
    }
}

/// The file to read and its text; no path and an empty text when there is none.
fn find(
    variables: &Variables,
    read: impl Fn(&Path) -> io::Result<String>,
) -> Result<(Option<PathBuf>, String)> {
    let unreadable = |path: &Path, e: io::Error, remedy| {
        Error::General(format!(
            "{}: cannot be read ({e}): {remedy}",
            path.display()
        ))
    };
    if let Some(named) = &variables.chainhsm_conf {
        let path = variables
            .resolve(Path::new(named), Path::new(""))
            .map_err(|why| Error::General(format!("CHAINHSM_CONF: {why}")))?;
        return match read(&path) {
            Ok(text) => Ok((Some(path), text)),
            Err(e) => Err(unreadable(&path, e, "correct or unset CHAINHSM_CONF")),
        };
    }
    let user = variables.xdg(variables.xdg_config_home.as_ref(), ".config");
    let places = user.map(|dir| dir.join("chainhsm/chainhsm.toml"));
    for path in places.into_iter().chain([PathBuf::from(SYSTEM_FILE)]) {
        match read(&path) {
            Ok(text) => return Ok((Some(path), text)),
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(e) => return Err(unreadable(&path, e, "make it readable or remove it")),
        }
    }
    Ok((None, String::new()))
}

const SYSTEM_FILE: &str = "/etc/chainhsm/chainhsm.toml";

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables {
            home: Some("/home/ann".into()),
            ..Variables::default()
        }
    }

    /// A file system with exactly these files.
    fn files<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&Path) -> io::Result<String> + 'a {
        |path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            let text = found.map(|(_, text)| (*text).to_owned());
            text.ok_or_else(|| io::ErrorKind::NotFound.into())
        }
    }

    #[test]
    fn the_first_place_wins() {
        let system = ("/etc/chainhsm/chainhsm.toml", "store = '/system'");
        let user = (
            "/home/ann/.config/chainhsm/chainhsm.toml",
            "store = '/user'",
        );
        let xdg = ("/xdg/chainhsm/chainhsm.toml", "store = '/xdg-store'");
        let named = ("/named.toml", "store = 'beside'");
        let all = [system, user, xdg, named];

        let mut v = variables();
        let store = |v: &Variables, f: &[(&str, &str)]| {
            let loaded = Loaded::from_sources(v, files(f)).unwrap();
            loaded.config.store
        };
        assert_eq!(store(&v, &[]), Path::new("/home/ann/.local/share/chainhsm"));
        assert_eq!(store(&v, &[system]), Path::new("/system"));
        assert_eq!(store(&v, &all), Path::new("/user"));
        v.xdg_config_home = Some("relative".into());
        assert_eq!(store(&v, &all), Path::new("/user"));
        v.xdg_config_home = Some("/xdg".into());
        assert_eq!(store(&v, &all), Path::new("/xdg-store"));
        v.chainhsm_conf = Some("/named.toml".into());
        assert_eq!(store(&v, &all), Path::new("/beside"));
    }

    #[test]
    fn a_named_file_must_exist() {
        let mut v = variables();
        v.chainhsm_conf = Some("/gone.toml".into());
        let error = Loaded::from_sources(&v, files(&[]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("/gone.toml") && error.contains("CHAINHSM_CONF"),
            "{error}"
        );
    }

    #[test]
    fn an_unreadable_file_is_an_error_not_a_default() {
        let denied = |_: &Path| Err(io::ErrorKind::PermissionDenied.into());
        let error = Loaded::from_sources(&variables(), denied).unwrap_err();
        assert!(error.to_string().contains("make it readable"), "{error}");
    }
}
