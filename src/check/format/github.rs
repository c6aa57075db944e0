//! Annotations of GitHub Actions: workflow commands, one a line.

use super::super::{Finding, Report};
use super::slashed;
use crate::env::Bytes;
use crate::ui::safe;

pub(super) fn print(report: &Report) -> Bytes {
    report.findings.iter().map(annotation).collect::<String>().into_bytes()
}

fn annotation(finding: &Finding) -> String {
    let (level, id) = (finding.level().name(), finding.rule.id());
    let (line, column) = (finding.line, finding.column);
    let end = column.saturating_add(finding.width);
    let file = property(&slashed(&finding.path));
    let title = property(&format!("{id}: {}", finding.rule.entry().title));
    let message = data(&format!("{} ({})", finding.message, finding.help));
    format!(
        "::{level} file={file},line={line},col={column},endColumn={end},title={title}::{message}\n"
    )
}

/// Escapes a message: what would end the command, and what a terminal that shows the log would act on.
fn data(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            _ => out.push_str(&safe(character.to_string().as_bytes())),
        }
    }
    out
}

/// Escapes a property: also what would end the property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::rules::Rule;
    use std::path::Path;

    #[test]
    fn nothing_in_a_finding_ends_the_command() {
        let finding = Finding::new(Rule::Syntax, Path::new("a,b:c\n%.mod"), "50% \n::error::x");
        let text = annotation(&finding.at(3, 4, 5).help("h"));
        assert_eq!(
            text,
            "::error file=a%2Cb%3Ac%0A%25.mod,line=3,col=4,endColumn=9,title=GOENV104%3A text that is no version%2C \
             or that Go reads in two ways::50%25 %0A::error::x (h)\n"
        );
    }
}
