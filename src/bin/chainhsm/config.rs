//! `chainhsm config`: what is in force, and where it comes from.

use chainhsm::config::{Loaded, Origin, Setting};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::{answer::Answer, failure::Failure};

/// Print the configuration in force and the origin of each value.
#[derive(Debug, Args)]
pub(crate) struct ShowConfig {}

impl ShowConfig {
    #[allow(clippy::unused_self, reason = "every subcommand runs the same way")]
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let loaded = Loaded::load().map_err(|e| Failure::setup(&e))?;
        let file = loaded.file.map(|file| file.display().to_string());
        let mut text = format!("file: {}\n", file.as_deref().unwrap_or("(none: defaults)"));
        for setting in &loaded.settings {
            let Setting { key, value, origin } = setting;
            text += &format!("{key} = {value}    [{origin}]\n");
        }
        let settings: Map<String, Value> = loaded.settings.iter().map(entry).collect();
        Ok(Answer::new(
            text,
            json!({ "file": file, "settings": settings }),
        ))
    }
}

fn entry(setting: &Setting) -> (String, Value) {
    let origin = match &setting.origin {
        Origin::Default => json!({ "from": "default" }),
        Origin::Line(line) => json!({ "from": "file", "line": line }),
        Origin::Variable(name) => json!({ "from": "variable", "name": name }),
    };
    let value = json!({ "value": setting.value, "origin": origin });
    (setting.key.into(), value)
}
