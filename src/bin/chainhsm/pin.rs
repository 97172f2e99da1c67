//! Where a PIN or passphrase comes from: the command line, a file, a variable, or a prompt.

use std::{fs::File, io::Read, path::Path, path::PathBuf, sync::Arc};

use chainhsm::secret::SecretBytes;
use clap::Args;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// A secret of the command line; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Given(Arc<SecretBytes>);

fn given(text: &str) -> Result<Given, String> {
    Ok(Given(Arc::new(SecretBytes::copy_from(text.as_bytes()))))
}

/// The options of one PIN: its value, a file that holds it, a variable that holds it.
macro_rules! secret_options {
    ($name:ident, $what:literal, $value:literal, $file:literal, $env:literal, $confirm:literal) => {
        #[doc = concat!("Where the ", $what, " comes from; a prompt when no option is given.")]
        #[derive(Debug, Args)]
        pub(crate) struct $name {
            #[arg(id = $value, long = $value, value_name = "SECRET", value_parser = given,
                  conflicts_with_all = [$file, $env],
                  help = concat!("The ", $what, "; asked for when not given [other users can see \
                                 it in the process list: prefer the next two]"))]
            value: Option<Given>,
            #[arg(id = $file, long = $file, value_name = "FILE", conflicts_with = $env,
                  help = concat!("File whose first line is the ", $what))]
            file: Option<PathBuf>,
            #[arg(id = $env, long = $env, value_name = "VARIABLE",
                  help = concat!("Environment variable that holds the ", $what))]
            env: Option<String>,
        }

        impl $name {
            /// True when an option says where the secret is.
            #[allow(dead_code, reason = "not every kind of secret is optional")]
            pub(crate) const fn is_given(&self) -> bool {
                self.value.is_some() || self.file.is_some() || self.env.is_some()
            }

            /// The secret.
            pub(crate) fn read(&self) -> Result<SecretBytes, Failure> {
                if let Some(Given(value)) = &self.value {
                    return Ok(value.expose(SecretBytes::copy_from));
                }
                if let Some(file) = &self.file {
                    return first_line(file);
                }
                match &self.env {
                    Some(name) => variable(name),
                    None => prompt($what, $confirm, concat!("--", $value, "-file")),
                }
            }
        }
    };
}

secret_options!(UserPin, "user PIN", "pin", "pin-file", "pin-env", false);
secret_options!(FirstPin, "user PIN", "pin", "pin-file", "pin-env", true);
secret_options!(
    SoPin,
    "security officer's PIN",
    "so-pin",
    "so-pin-file",
    "so-pin-env",
    false
);
secret_options!(
    FirstSoPin,
    "security officer's PIN",
    "so-pin",
    "so-pin-file",
    "so-pin-env",
    true
);
secret_options!(
    NewPin,
    "new PIN",
    "new-pin",
    "new-pin-file",
    "new-pin-env",
    true
);
secret_options!(
    Passphrase,
    "passphrase of the key file",
    "passphrase",
    "passphrase-file",
    "passphrase-env",
    false
);

secret_options!(
    MnemonicPassphrase,
    "passphrase of the mnemonic",
    "mnemonic-passphrase",
    "mnemonic-passphrase-file",
    "mnemonic-passphrase-env",
    false
);
secret_options!(
    Words,
    "words of the mnemonic",
    "words",
    "words-file",
    "words-env",
    false
);

/// A file's bytes in memory that is wiped; at most 1 MiB.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |e| Failure::failed(format!("{} cannot be read: {e}", path.display()));
    // Large enough from the start: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE + 1));
    let file = File::open(path).map_err(failed)?;
    let limit = MAX_FILE as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_FILE {
        return Err(Failure::usage(format!(
            "{} is larger than 1 MiB",
            path.display()
        )));
    }
    Ok(bytes)
}

fn first_line(path: &Path) -> Result<SecretBytes, Failure> {
    let bytes = read_file(path)?;
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Ok(SecretBytes::copy_from(line))
}

#[allow(
    clippy::disallowed_methods,
    reason = "the variable that the command line names"
)]
fn variable(name: &str) -> Result<SecretBytes, Failure> {
    use std::os::unix::ffi::OsStringExt;
    let value = std::env::var_os(name)
        .ok_or_else(|| Failure::usage(format!("the variable {name} is not set")))?;
    let value = Zeroizing::new(value.into_vec());
    Ok(SecretBytes::copy_from(&value))
}

fn prompt(what: &str, confirm: bool, option: &str) -> Result<SecretBytes, Failure> {
    let ask = |prompt: String| {
        let read = rpassword::prompt_password(prompt).map_err(|e| {
            Failure::usage(format!(
                "no {what}: no terminal to ask on ({e}); use {option}"
            ))
        })?;
        let read = Zeroizing::new(read);
        Ok::<_, Failure>(SecretBytes::copy_from(read.as_bytes()))
    };
    let first = ask(format!("{what}: "))?;
    if confirm && !first.ct_eq(&ask(format!("{what}, again: "))?) {
        return Err(Failure::usage(format!(
            "the two entries of the {what} differ"
        )));
    }
    Ok(first)
}

const MAX_FILE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_file_gives_its_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin");
        for (text, pin) in [
            ("1234", "1234"),
            ("1234\n", "1234"),
            ("12 34\r\nrest\n", "12 34"),
            ("", ""),
        ] {
            std::fs::write(&path, text).unwrap();
            let read = first_line(&path).unwrap();
            read.expose(|bytes| assert_eq!(bytes, pin.as_bytes()));
        }
        assert!(first_line(&dir.path().join("none")).is_err());
    }
}
