//! The TOML file: its keys, their ranges and defaults, and what the variables override.

use std::{
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Spanned;

use super::{Config, Log, Origin, PinRules, Setting, Variables};
use crate::{
    error::{Error, Result},
    store::pin::Cost,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    store: Option<Spanned<PathBuf>>,
    log: RawLog,
    pin: RawPin,
    argon2: RawArgon2,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawLog {
    level: Option<Spanned<String>>,
    file: Option<Spanned<PathBuf>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPin {
    min_length: Option<Spanned<u32>>,
    max_length: Option<Spanned<u32>>,
    user_attempts: Option<Spanned<u32>>,
    so_attempts: Option<Spanned<u32>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawArgon2 {
    memory_kib: Option<Spanned<u32>>,
    iterations: Option<Spanned<u32>>,
    lanes: Option<Spanned<u32>>,
}

/// Reads the text of `file` (empty and without a file: the defaults), and says where each value
/// comes from.
///
/// # Errors
/// `CKR_GENERAL_ERROR` naming file, line, key and remedy.
pub(super) fn parse(
    variables: &Variables,
    file: Option<&Path>,
    text: &str,
) -> Result<(Config, Vec<Setting>)> {
    let mut reader = Reader {
        variables,
        file,
        text,
        settings: Vec::new(),
    };
    let raw = toml::from_str(text).map_err(|e| {
        let why = format!("{}: correct or remove it", e.message().trim_end());
        reader.wrong(e.span().as_ref(), "", &why)
    })?;
    let config = reader.config(raw)?;
    Ok((config, reader.settings))
}

/// Turns the raw file into the configuration, noting where each value comes from.
struct Reader<'a> {
    variables: &'a Variables,
    file: Option<&'a Path>,
    text: &'a str,
    settings: Vec<Setting>,
}

impl Reader<'_> {
    fn config(&mut self, raw: Raw) -> Result<Config> {
        let store = self.store(raw.store)?;
        let log = self.log(raw.log)?;
        let min = self.number("pin.min_length", raw.pin.min_length, 4, 1..=255)?;
        let max = self.number(
            "pin.max_length",
            raw.pin.max_length,
            255.max(min),
            min..=255,
        )?;
        let any = 1..=u32::MAX;
        let pin = PinRules {
            length: min as usize..=max as usize,
            user_attempts: self.number(
                "pin.user_attempts",
                raw.pin.user_attempts,
                10,
                any.clone(),
            )?,
            so_attempts: self.number("pin.so_attempts", raw.pin.so_attempts, 10, any)?,
        };
        let lanes = self.number("argon2.lanes", raw.argon2.lanes, 1, 1..=64)?;
        // Argon2 needs 8 KiB a lane; more than 4 GiB is a slip of the pen.
        let memory = 8 * lanes..=4 * 1024 * 1024;
        let argon2 = Cost {
            memory_kib: self.number("argon2.memory_kib", raw.argon2.memory_kib, 65536, memory)?,
            iterations: self.number("argon2.iterations", raw.argon2.iterations, 3, 1..=1000)?,
            lanes,
        };
        Ok(Config {
            store,
            log,
            pin,
            argon2,
        })
    }

    fn store(&mut self, raw: Option<Spanned<PathBuf>>) -> Result<PathBuf> {
        let (path, origin) = if let Some(path) = &self.variables.chainhsm_store {
            let path = self.variables.resolve(Path::new(path), Path::new(""));
            let path = path.map_err(|why| Error::General(format!("CHAINHSM_STORE: {why}")))?;
            (path, Origin::Variable("CHAINHSM_STORE"))
        } else if let Some(path) = raw {
            self.path("store", path)?
        } else {
            let data = self.variables.xdg_data_home.as_ref();
            let data = self.variables.xdg(data, ".local/share").ok_or_else(|| {
                Error::General(
                    "no place for the store: HOME is not set; set CHAINHSM_STORE to a directory, \
                     or `store` in the file that CHAINHSM_CONF names"
                        .into(),
                )
            })?;
            (data.join("chainhsm"), Origin::Default)
        };
        self.note("store", path.display().to_string(), origin);
        Ok(path)
    }

    fn log(&mut self, raw: RawLog) -> Result<Log> {
        let mut level = (log::LevelFilter::Warn, Origin::Default);
        let mut file = (None, Origin::Default);
        if let Some(text) = raw.level {
            let parsed = text.get_ref().parse();
            level.0 = parsed.map_err(|_| self.wrong(Some(&text.span()), "log.level", LEVELS))?;
            level.1 = Origin::Line(self.line(&text.span()));
        }
        if let Some(path) = raw.file {
            let (path, origin) = self.path("log.file", path)?;
            file = (Some(path), origin);
        }
        if let Some(value) = &self.variables.chainhsm_log {
            let wrong = |why: &str| Error::General(format!("CHAINHSM_LOG: {why}"));
            let origin = Origin::Variable("CHAINHSM_LOG");
            let value = value.to_str().ok_or_else(|| wrong("must be UTF-8"))?;
            let (name, path) = match value.split_once(':') {
                Some((name, path)) => (name, Some(path)),
                None => (value, None),
            };
            level = (name.parse().map_err(|_| wrong(LEVELS))?, origin.clone());
            if let Some(path) = path {
                let path = self.variables.resolve(Path::new(path), Path::new(""));
                file = (Some(path.map_err(|why| wrong(&why))?), origin);
            }
        }
        self.note("log.level", level.0.to_string().to_lowercase(), level.1);
        let shown = file.0.as_ref().map(|path| path.display().to_string());
        self.note(
            "log.file",
            shown.unwrap_or_else(|| "(standard error)".into()),
            file.1,
        );
        Ok(Log {
            level: level.0,
            file: file.0,
        })
    }

    /// A path of the file: relative to the file's directory, never empty.
    fn path(&self, key: &str, raw: Spanned<PathBuf>) -> Result<(PathBuf, Origin)> {
        let span = raw.span();
        let base = self.file.and_then(Path::parent).unwrap_or(Path::new(""));
        if raw.get_ref().as_os_str().is_empty() {
            return Err(self.wrong(
                Some(&span),
                key,
                "must not be empty: give a path or remove the key",
            ));
        }
        let path = self.variables.resolve(raw.get_ref(), base);
        let path = path.map_err(|why| self.wrong(Some(&span), key, &why))?;
        Ok((path, Origin::Line(self.line(&span))))
    }

    fn number(
        &mut self,
        key: &'static str,
        raw: Option<Spanned<u32>>,
        default: u32,
        allowed: RangeInclusive<u32>,
    ) -> Result<u32> {
        let span = raw.as_ref().map(Spanned::span);
        let value = raw.map_or(default, Spanned::into_inner);
        if !allowed.contains(&value) {
            let why = format!(
                "{value} is not in {}..={}: choose a number of that range",
                allowed.start(),
                allowed.end()
            );
            return Err(self.wrong(span.as_ref(), key, &why));
        }
        let origin = span.map_or(Origin::Default, |span| Origin::Line(self.line(&span)));
        self.note(key, value.to_string(), origin);
        Ok(value)
    }

    fn note(&mut self, key: &'static str, value: String, origin: Origin) {
        self.settings.push(Setting { key, value, origin });
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    /// The error of a value: file, line, key, reason and remedy in one line.
    fn wrong(&self, span: Option<&Range<usize>>, key: &str, why: &str) -> Error {
        let file = self
            .file
            .map_or("configuration".into(), |file| file.display().to_string());
        let line = span
            .map(|span| format!(":{}", self.line(span)))
            .unwrap_or_default();
        let key = if key.is_empty() {
            key.into()
        } else {
            format!("{key}: ")
        };
        Error::General(format!("{file}{line}: {key}{}", why.replace('\n', "; ")))
    }
}

const LEVELS: &str = "must be one of off, error, warn, info, debug, trace";

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Variables {
        Variables {
            home: Some("/home/ann".into()),
            ..Variables::default()
        }
    }

    fn read(text: &str) -> Result<(Config, Vec<Setting>)> {
        parse(&home(), Some(Path::new("/etc/hsm/c.toml")), text)
    }

    fn message(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn every_key_is_read_and_traced() {
        let text = "store = 'tokens'\n[log]\nlevel = 'debug'\nfile = '~/hsm.log'\n\
                    [pin]\nmin_length = 6\nmax_length = 64\nuser_attempts = 3\nso_attempts = 5\n\
                    [argon2]\nmemory_kib = 1024\niterations = 2\nlanes = 4\n";
        let (config, settings) = read(text).unwrap();
        assert_eq!(config.store, Path::new("/etc/hsm/tokens"));
        assert_eq!(config.log.level, log::LevelFilter::Debug);
        assert_eq!(config.log.file.unwrap(), Path::new("/home/ann/hsm.log"));
        assert_eq!(config.pin.length, 6..=64);
        assert_eq!((config.pin.user_attempts, config.pin.so_attempts), (3, 5));
        assert_eq!(config.argon2.memory_kib, 1024);
        assert_eq!((config.argon2.iterations, config.argon2.lanes), (2, 4));
        assert_eq!(settings.len(), 10);
        for setting in &settings {
            let Origin::Line(line) = setting.origin else {
                unreachable!("{} is not traced", setting.key);
            };
            let name = setting.key.rsplit('.').next().unwrap();
            assert!(text.lines().nth(line - 1).unwrap().starts_with(name));
        }
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let (config, settings) = read("").unwrap();
        assert_eq!(config.store, Path::new("/home/ann/.local/share/chainhsm"));
        assert_eq!(config.pin.length, 4..=255);
        assert_eq!(config.argon2.memory_kib, 65536);
        assert!(settings.iter().all(|s| s.origin == Origin::Default));
    }

    #[test]
    fn variables_override_one_key_each() {
        let variables = Variables {
            chainhsm_store: Some("/s".into()),
            chainhsm_log: Some("trace:/tmp/x:y.log".into()),
            ..home()
        };
        let (config, settings) =
            parse(&variables, None, "store = '/no'\n[log]\nlevel='off'").unwrap();
        assert_eq!(config.store, Path::new("/s"));
        assert_eq!(config.log.level, log::LevelFilter::Trace);
        assert_eq!(config.log.file.unwrap(), Path::new("/tmp/x:y.log"));
        assert_eq!(settings[0].origin, Origin::Variable("CHAINHSM_STORE"));
    }

    #[test]
    fn messages_name_file_line_key_and_remedy() {
        let unknown = message("\n[pin]\nmin_lenght = 4\n");
        assert!(unknown.contains("/etc/hsm/c.toml:3: "), "{unknown}");
        assert!(
            unknown.contains("min_lenght") && unknown.contains("min_length"),
            "{unknown}"
        );
        for (text, part) in [
            (
                "[pin]\nmin_length = 0",
                ":2: pin.min_length: 0 is not in 1..=255",
            ),
            (
                "[pin]\nmin_length = 9\nmax_length = 8",
                ":3: pin.max_length: 8 is not in 9..=255",
            ),
            (
                "[pin]\nso_attempts = 0",
                ":2: pin.so_attempts: 0 is not in 1..=",
            ),
            (
                "[argon2]\nlanes = 2\nmemory_kib = 15",
                ":3: argon2.memory_kib: 15 is not in 16..=",
            ),
            (
                "[argon2]\niterations = 0",
                ":2: argon2.iterations: 0 is not in 1..=",
            ),
            ("[log]\nlevel = 'loud'", ":2: log.level: must be one of off"),
            ("store = ''", ":1: store: must not be empty"),
            ("store = 7", ":1: invalid type: integer `7`"),
            ("[pin]\nmin_length = -4", ":2: "),
            ("pin = [", ":1: "),
        ] {
            let message = message(text);
            assert!(message.contains(part), "{text:?} gave {message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn without_home_the_store_must_be_named() {
        let none = Variables::default();
        let error = parse(&none, None, "").unwrap_err().to_string();
        assert!(
            error.contains("HOME is not set") && error.contains("CHAINHSM_STORE"),
            "{error}"
        );
        let error = parse(&none, None, "store = '~/x'").unwrap_err().to_string();
        assert!(error.contains("HOME"), "{error}");
        assert!(parse(&none, None, "store = '/x'").is_ok());
    }
}
