//! Where log lines go: standard error or a file, never standard output.
#![forbid(unsafe_code)]

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use log::{LevelFilter, Metadata, Record};

use crate::{config::Log, error::Error};

/// The writer; its target changes with each C_Initialize.
static WRITER: Writer = Writer {
    file: ArcSwapOption::const_empty(),
};

#[derive(Debug)]
struct Writer {
    /// Standard error when there is no file. No lock: a forked child must be able to write.
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
        drop(writeln!(io::stderr(), "chainhsm: {e}"));
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
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_millis());
        let line = format!(
            "{}.{:03} chainhsm {}: {}\n",
            now / 1000,
            now % 1000,
            record.level(),
            record.args()
        );
        // A log that cannot be written must not fail the call.
        drop(match &*self.file.load() {
            Some(file) => (&**file).write_all(line.as_bytes()),
            None => io::stderr().write_all(line.as_bytes()),
        });
    }

    fn flush(&self) {}
}
