//! How far an installation is, on a terminal: a bar with size, speed and time left; elsewhere nothing but notes.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::install::Progress;
use crate::ui::{Tone, Ui, safe};

/// A progress bar on stderr; hidden where that is no terminal.
pub struct Bar {
    bar: ProgressBar,
    name: String,
    /// The step that is shown.
    step: &'static str,
}

impl Bar {
    /// Returns a bar for an installation of `name`.
    pub fn new(name: &str) -> Self {
        Self { bar: ProgressBar::no_length(), name: name.to_owned(), step: "" }
    }

    /// Shows how far the installation is.
    pub fn show(&mut self, progress: &Progress, ui: &Ui) {
        match progress {
            Progress::Note(note) => {
                self.bar.suspend(|| ui.say(Tone::Warning, &safe(note.as_bytes())));
            }
            Progress::Fetch(done, total) => self.step("fetch", *done, *total),
            Progress::Unpack(done, total) => self.step("unpack", *done, Some(*total)),
            Progress::Seal => {
                self.begin("seal", "{msg} {spinner}");
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
        }
    }

    fn step(&mut self, step: &'static str, done: u64, total: Option<u64>) {
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        let template = match total {
            Some(_) => "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left",
            None => "{msg} {bytes} {bytes_per_sec}",
        };
        self.begin(step, template);
        self.bar.set_position(done);
    }

    fn begin(&mut self, step: &'static str, template: &str) {
        if self.step == step {
            return;
        }
        self.step = step;
        // The text first: each of these may draw.
        self.bar.set_message(format!("{step:<6} {}", self.name));
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.reset();
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
