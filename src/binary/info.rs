//! Go's build info: what a binary was built from and with.
//!
//! A version and lines of text go in, values come out that serialise as `go version -m -json` prints them: the same
//! names, and nothing where there is nothing to say. Specified by Go's `runtime/debug`, `ParseBuildInfo`.

use serde::Serialize;

use super::quote::{self, lossy};

/// What Go says of a binary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BuildInfo {
    /// The toolchain: `go1.26.6`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub go_version: String,
    /// The import path of the main package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The module that holds it.
    pub main: Module,
    /// The modules that it was built with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deps: Vec<Module>,
    /// How it was built.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
}

/// A module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Module {
    /// Its path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Its version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Its hash, as in go.sum.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sum: String,
    /// The module that stands in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Box<Self>>,
}

/// A setting of the build: a flag, a variable, or what version control says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Setting {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Its value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

impl BuildInfo {
    /// Returns what a version and the lines of build info say.
    ///
    /// # Errors
    /// If a line is not as Go writes it: its number and what is wrong.
    pub fn parse(version: &[u8], lines: &[u8]) -> Result<Self, String> {
        let mut info = Self { go_version: lossy(version), ..Self::default() };
        let text = lossy(lines);
        let mut last = Last::None;
        // Text behind the last line end is no line.
        let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        for (number, line) in (1..).zip(lines) {
            info.line(line, &mut last).map_err(|what| format!("line {number}: {what}"))?;
        }
        Ok(info)
    }

    fn line(&mut self, line: &str, last: &mut Last) -> Result<(), &'static str> {
        if let Some(path) = line.strip_prefix("path\t") {
            path.clone_into(&mut self.path);
        } else if let Some(module) = line.strip_prefix("mod\t") {
            self.main = Module::parse(module)?;
            *last = Last::Main;
        } else if let Some(module) = line.strip_prefix("dep\t") {
            self.deps.push(Module::parse(module)?);
            *last = Last::Dependency;
        } else if let Some(module) = line.strip_prefix("=>\t") {
            if module.split('\t').count() != 3 {
                return Err("a replacement has not three columns");
            }
            let replaced = match std::mem::replace(last, Last::None) {
                Last::None => None,
                Last::Main => Some(&mut self.main),
                Last::Dependency => self.deps.last_mut(),
            };
            let replaced = replaced.ok_or("a replacement follows no module")?;
            replaced.replace = Some(Box::new(Module::parse(module)?));
        } else if let Some(setting) = line.strip_prefix("build\t") {
            self.settings.push(Setting::parse(setting)?);
        }
        Ok(())
    }

    /// Returns the value of a setting.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|setting| setting.key == key)
            .map(|setting| setting.value.as_str())
    }
}

/// The module that a replacement is for.
enum Last {
    None,
    Main,
    Dependency,
}

impl Module {
    fn parse(columns: &str) -> Result<Self, &'static str> {
        let columns: Vec<&str> = columns.split('\t').take(4).collect();
        let (path, version, sum) = match columns.as_slice() {
            [path, version] => (*path, *version, ""),
            [path, version, sum] => (*path, *version, *sum),
            _ => return Err("a module has neither two nor three columns"),
        };
        let [path, version, sum] = [path, version, sum].map(str::to_owned);
        Ok(Self { path, version, sum, replace: None })
    }
}

impl Setting {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (key, value) = match text.chars().next() {
            None => return Err("a setting has no `=`"),
            Some('=') => return Err("a setting has no name"),
            Some('"' | '`') => {
                let (key, rest) = quote::cut(text).ok_or("a setting's name is not quoted well")?;
                (key, rest.strip_prefix('=').ok_or("a setting's name is not followed by `=`")?)
            }
            Some(_) => {
                let (key, value) = text.split_once('=').ok_or("a setting has no `=`")?;
                if key.contains(NEEDS_QUOTES) {
                    return Err("a setting's name is to be quoted");
                }
                (key.to_owned(), value)
            }
        };
        let value = match value.chars().next() {
            Some('"' | '`') => match quote::cut(value) {
                Some((value, "")) => value,
                _ => return Err("a setting's value is not quoted well"),
            },
            _ if value.contains(NEEDS_QUOTES) => return Err("a setting's value is to be quoted"),
            _ => value.to_owned(),
        };
        Ok(Self { key, value })
    }
}

/// What Go writes in quotes alone.
const NEEDS_QUOTES: [char; 6] = [' ', '\t', '\r', '\n', '"', '`'];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &str) -> Result<BuildInfo, String> {
        BuildInfo::parse(b"go1.26.6", lines.as_bytes())
    }

    #[test]
    fn lines_are_read() {
        let info = parse(
            "path\tm/cmd/x\nmod\tm\tv1.2.3\th1:main=\ndep\ta\tv1.0.0\th1:a=\ndep\tb\tv1.0.0\n=>\tc\tv1.1.0\th1:c=\n\
             build\t-ldflags=\"-s -w\"\nbuild\tempty=\nbuild\t\"a=b\"=`c`\nunknown\tline\nbuild\tcut=off",
        );
        let info = serde_json::to_value(info.unwrap()).unwrap();
        let expected = serde_json::json!({
            "GoVersion": "go1.26.6", "Path": "m/cmd/x",
            "Main": {"Path": "m", "Version": "v1.2.3", "Sum": "h1:main="},
            "Deps": [
                {"Path": "a", "Version": "v1.0.0", "Sum": "h1:a="},
                {"Path": "b", "Version": "v1.0.0",
                 "Replace": {"Path": "c", "Version": "v1.1.0", "Sum": "h1:c="}},
            ],
            "Settings": [
                {"Key": "-ldflags", "Value": "-s -w"}, {"Key": "empty"},
                {"Key": "a=b", "Value": "c"},
            ],
        });
        assert_eq!(info, expected);
        let nothing = serde_json::to_string(&parse("").unwrap()).unwrap();
        assert_eq!(nothing, r#"{"GoVersion":"go1.26.6","Main":{}}"#);
    }

    #[test]
    fn what_go_does_not_write_is_refused_with_its_line() {
        for (lines, expected) in [
            ("path\tx\nmod\tm\n", "line 2: a module has neither two nor three columns"),
            ("dep\ta\tb\tc\td\n", "line 1: a module has neither two nor three columns"),
            ("=>\ta\tb\tc\n", "line 1: a replacement follows no module"),
            ("dep\ta\tb\n=>\ta\tb\n", "line 2: a replacement has not three columns"),
            ("dep\ta\tb\n=>\ta\tb\tc\n=>\ta\tb\tc\n", "line 3: a replacement follows no module"),
            ("build\t\n", "line 1: a setting has no `=`"),
            ("build\tx\n", "line 1: a setting has no `=`"),
            ("build\t=x\n", "line 1: a setting has no name"),
            ("build\t\"x\n", "line 1: a setting's name is not quoted well"),
            ("build\t\"x\"y\n", "line 1: a setting's name is not followed by `=`"),
            ("build\ta b=c\n", "line 1: a setting's name is to be quoted"),
            ("build\ta=b c\n", "line 1: a setting's value is to be quoted"),
            ("build\ta=\"b\n", "line 1: a setting's value is not quoted well"),
            ("build\ta=\"b\"c\n", "line 1: a setting's value is not quoted well"),
        ] {
            assert_eq!(parse(lines).unwrap_err(), expected, "{lines:?}");
        }
    }
}
