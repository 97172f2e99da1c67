//! Where log lines go: standard error or a file, never standard output.
#![forbid(unsafe_code)]

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    process,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use log::{LevelFilter, Metadata, Record};

use crate::{config::Log, error::Error};

/// The writer; its target changes with each C_Initialize.
static WRITER: Writer = Writer {
    file: ArcSwapOption::const_empty(),
};

/// No lock anywhere: a forked child must be able to write, whatever its parent's threads were doing.
#[derive(Debug)]
struct Writer {
    /// Standard error when there is no file.
    file: ArcSwapOption<File>,
}

/// Sends log lines where the configuration says. A file that cannot be opened is reported and
/// standard error used.
pub fn install(settings: &Log) {
    let open = |path| {
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
    };
    let file = settings.file.as_ref().map(|path| (path, open(path)));
    // A second C_Initialize finds the writer installed.
    drop(log::set_logger(&WRITER));
    log::set_max_level(settings.level);
    match file {
        None => WRITER.file.store(None),
        Some((_, Ok(file))) => WRITER.file.store(Some(Arc::new(file))),
        Some((path, Err(e))) => {
            WRITER.file.store(None);
            log::warn!("the log file {} cannot be opened: {e}", path.display());
        }
    }
}

/// Tells the user of a configuration that cannot be used: no log is set up yet.
pub fn complain(e: &Error) {
    if log::max_level() == LevelFilter::Off {
        drop(write_stderr(&format!("chainhsm: {e}\n")));
    } else {
        log::error!("{e}");
    }
}

impl log::Log for Writer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("chainhsm")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = line(SystemTime::now(), process::id(), record);
        // A log that cannot be written must not fail the call.
        drop(match &*self.file.load() {
            Some(file) => (&**file).write_all(line.as_bytes()),
            None => write_stderr(&line),
        });
    }

    fn flush(&self) {}
}

/// Writes to standard error as it is now, without the lock of [`io::stderr`].
fn write_stderr(line: &str) -> io::Result<()> {
    let descriptor = io::stderr().as_fd().try_clone_to_owned()?;
    File::from(descriptor).write_all(line.as_bytes())
}

/// One line, written by one call so that the lines of several processes do not mix:
/// `2026-01-31T23:59:59.999Z chainhsm[4711] WARN: message`. What a message quotes cannot begin a
/// line of its own, nor speak to a terminal.
fn line(now: SystemTime, process: u32, record: &Record<'_>) -> String {
    let mut line = timestamp(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    line += &format!(" chainhsm[{process}] {}: ", record.level());
    for c in record.args().to_string().chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

/// RFC 3339 in UTC.
fn timestamp(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let milli = since_epoch.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Year, month and day of a number of days since 1970-01-01. Years are counted from March, so that
/// the leap day is a year's last.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let era = days / 146_097; // of 400 years
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153; // from March
    let day = of_year - (153 * month + 2) / 5 + 1;
    let january = month >= 10;
    let year = era * 400 + year_of_era;
    if january {
        (year + 1, month - 9, day)
    } else {
        (year, month + 3, day)
    }
}

#[cfg(test)]
mod tests {
    use log::{Level, Log as _};

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (10_956, (1999, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (19_782, (2024, 2, 29)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(days), expected, "{days}");
        }
        assert_eq!(
            timestamp(Duration::from_millis(1_700_000_000_007)),
            "2023-11-14T22:13:20.007Z"
        );
    }

    #[test]
    fn a_message_stays_within_its_line() {
        let message = "a\nb\x1b[2Jc é";
        let text = line(
            UNIX_EPOCH,
            7,
            &Record::builder()
                .level(Level::Warn)
                .args(format_args!("{message}"))
                .build(),
        );
        assert_eq!(
            text,
            "1970-01-01T00:00:00.000Z chainhsm[7] WARN: a\\nb\\u{1b}[2Jc é\n"
        );
    }

    #[test]
    fn lines_are_appended_to_a_private_file() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .unwrap();
        let writer = Writer {
            file: ArcSwapOption::from_pointee(file),
        };
        for (target, text) in [("chainhsm::abi", "ours"), ("rusqlite", "theirs")] {
            writer.log(
                &Record::builder()
                    .target(target)
                    .level(Level::Error)
                    .args(format_args!("{text}"))
                    .build(),
            );
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.ends_with("ERROR: ours\n"), "{written}");
        assert_eq!(written.lines().count(), 1);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
