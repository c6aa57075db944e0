//! Writes a program out again, in one form: what is parsed from it is the same program.
//!
//! In: a program. Out: its text without comments, one command a line. Quoting is the least that keeps the meaning:
//! what was quoted stays quoted, in single quotes where they can be used.

use super::ast::{
    Absent, Argument, Assignment, Chain, Command, Condition, Equality, Fallback, Join, List, Mode,
    Operation, Parameter, Part, Program, Redirection, Step, Substitution, Trim, Word,
};
use super::text::{Text, is_mark};
use super::vocabulary::{Builtin, QUERIES, Query};
use crate::env::Bytes;

impl Program {
    /// Returns the program as text.
    pub fn print(&self) -> Bytes {
        let mut printer = Printer { text: &self.text, out: Bytes::new() };
        printer.list(&self.body);
        printer.out
    }
}

/// Where a part stands, which decides how it is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// A word, or an unquoted operand.
    Word,
    /// Double quotes.
    Quotes,
    /// The operand of a quoted `${NAME-…}`.
    QuotedOperand,
    /// The pattern of a quoted `${NAME#…}`.
    QuotedPattern,
}

struct Printer<'a> {
    text: &'a Text,
    out: Bytes,
}

impl Printer<'_> {
    fn put(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    fn list(&mut self, list: &List) {
        for chain in &list.0 {
            self.chain(chain);
            self.put("\n");
        }
    }

    fn chain(&mut self, chain: &Chain) {
        self.step(&chain.first);
        for (join, step) in &chain.rest {
            self.put(if *join == Join::And { " && " } else { " || " });
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        for _ in 0..step.negations {
            self.put("! ");
        }
        self.command(&step.command);
        for redirection in &step.redirections {
            self.put(match redirection {
                Redirection::OutToNull => " >/dev/null",
                Redirection::ErrToNull => " 2>/dev/null",
                Redirection::BothToNull => " &>/dev/null",
                Redirection::OutToErr => " >&2",
                Redirection::ErrToOut => " 2>&1",
            });
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Assign(assignments) => {
                for (at, assignment) in assignments.iter().enumerate() {
                    self.put(if at == 0 { "" } else { " " });
                    self.assignment(assignment);
                }
            }
            Command::Run(run) => {
                self.put(self.text.slice(run.name));
                for argument in &run.arguments {
                    self.put(" ");
                    match argument {
                        Argument::Word(word) => self.word(word),
                        Argument::Assignment(assignment) => self.assignment(assignment),
                    }
                }
                self.put(if run.builtin == Builtin::Bracket { " ]" } else { "" });
            }
            Command::Condition(condition) => {
                self.put("[[ ");
                self.condition(condition);
                self.put(" ]]");
            }
            Command::Group(list) => {
                self.put("{\n");
                self.list(list);
                self.put("}");
            }
            Command::If { arms, otherwise } => {
                for (at, (condition, body)) in arms.iter().enumerate() {
                    self.put(if at == 0 { "if\n" } else { "elif\n" });
                    self.list(condition);
                    self.put("then\n");
                    self.list(body);
                }
                if let Some(body) = otherwise {
                    self.put("else\n");
                    self.list(body);
                }
                self.put("fi");
            }
            Command::Case { subject, arms } => {
                self.put("case ");
                self.word(subject);
                self.put(" in\n");
                for (patterns, body) in arms {
                    for (at, pattern) in patterns.iter().enumerate() {
                        self.put(if at == 0 { "(" } else { "|" });
                        self.word(pattern);
                    }
                    self.put(")\n");
                    self.list(body);
                    self.put(";;\n");
                }
                self.put("esac");
            }
        }
    }

    fn assignment(&mut self, assignment: &Assignment) {
        self.put(&assignment.name);
        self.put(if assignment.mode == Mode::Set { "=" } else { "+=" });
        self.word(&assignment.value);
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Unary(operator, word) => {
                self.put(operator);
                self.put(" ");
                self.word(word);
            }
            Condition::Binary(left, operator, right) => self.binary(left, operator, right),
            Condition::Matches(left, Equality::Equal, right) => self.binary(left, b"==", right),
            Condition::Matches(left, Equality::Different, right) => self.binary(left, b"!=", right),
            Condition::Not(inner) => {
                self.put("! ");
                self.condition(inner);
            }
            Condition::And(left, right) => self.joined(left, " && ", right),
            Condition::Or(left, right) => self.joined(left, " || ", right),
            Condition::Group(inner) => {
                self.put("( ");
                self.condition(inner);
                self.put(" )");
            }
        }
    }

    fn binary(&mut self, left: &Word, operator: &[u8], right: &Word) {
        self.word(left);
        self.put(" ");
        self.put(operator);
        self.put(" ");
        self.word(right);
    }

    fn joined(&mut self, left: &Condition, join: &str, right: &Condition) {
        self.condition(left);
        self.put(join);
        self.condition(right);
    }

    fn word(&mut self, word: &Word) {
        self.parts(&word.parts, Inside::Word);
    }

    fn parts(&mut self, parts: &[Part], inside: Inside) {
        for part in parts {
            match part {
                Part::Bare(text) => self.put(text),
                Part::Literal(text) => self.literal(text, inside),
                Part::Double(parts) => {
                    self.put("\"");
                    self.parts(parts, Inside::Quotes);
                    self.put("\"");
                }
                Part::Tilde(_) => self.put("~"),
                Part::Parameter(parameter) => self.parameter(parameter, inside),
                Part::Substitution(substitution) => self.substitution(substitution),
            }
        }
    }

    fn literal(&mut self, text: &[u8], inside: Inside) {
        let escaped: &[u8] = match inside {
            Inside::Quotes => b"$`\"\\",
            Inside::QuotedOperand => b"$`\"\\}",
            Inside::Word => return self.quoted(text),
            Inside::QuotedPattern => return self.quoted_pattern(text),
        };
        for byte in text {
            if escaped.contains(byte) {
                self.out.push(b'\\');
            }
            self.out.push(*byte);
        }
    }

    /// Prints text that stands for itself in a pattern, where single quotes may not hold everything.
    fn quoted_pattern(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'$' | b'`')) {
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                self.quoted(before);
            }
            let (strange, behind) = from.split_at(1);
            self.put("\\");
            self.put(strange);
            rest = behind;
        }
        if text.is_empty() || !rest.is_empty() {
            self.quoted(rest);
        }
    }

    fn quoted(&mut self, text: &[u8]) {
        // A policy may contain none of these, so that only an escape can stand for them.
        let unfit = |byte: &u8| *byte == b'\r' || is_mark(byte);
        if text.iter().any(unfit) || std::str::from_utf8(text).is_err() {
            self.put("$'");
            for byte in text {
                match byte {
                    b'\'' | b'\\' => self.put([b'\\', *byte]),
                    b' '..=b'~' => self.out.push(*byte),
                    _ => self.put(format!("\\x{byte:02x}")),
                }
            }
            self.put("'");
            return;
        }
        for (at, piece) in text.split(|byte| *byte == b'\'').enumerate() {
            self.put(if at == 0 { "" } else { "\\'" });
            if !piece.is_empty() || text.is_empty() {
                self.put("'");
                self.put(piece);
                self.put("'");
            }
        }
    }

    fn parameter(&mut self, parameter: &Parameter, inside: Inside) {
        self.put("${");
        self.put(&parameter.name);
        let quoted = inside != Inside::Word;
        match &parameter.operation {
            Operation::Value => {}
            Operation::Fallback(fallback, absent, word) => {
                self.put(if *absent == Absent::UnsetOrEmpty { ":" } else { "" });
                self.put(match fallback {
                    Fallback::Use => "-",
                    Fallback::Instead => "+",
                    Fallback::Fail => "?",
                    Fallback::Assign => "=",
                });
                let inside = if quoted { Inside::QuotedOperand } else { Inside::Word };
                self.parts(&word.parts, inside);
            }
            Operation::Trim(trim, word) => {
                self.put(match trim {
                    Trim::ShortestPrefix => "#",
                    Trim::LongestPrefix => "##",
                    Trim::ShortestSuffix => "%",
                    Trim::LongestSuffix => "%%",
                });
                let inside = if quoted { Inside::QuotedPattern } else { Inside::Word };
                self.parts(&word.parts, inside);
            }
        }
        self.put("}");
    }

    fn substitution(&mut self, substitution: &Substitution) {
        self.put("$(");
        if let Some(words) = &substitution.directory {
            self.put("cd");
            self.arguments(words);
            self.put(" && ");
        }
        let named = QUERIES.iter().find(|(_, query)| *query == substitution.query);
        self.put(named.map_or("", |(name, _)| name));
        self.put(if substitution.query == Query::GoEnv { " env" } else { "" });
        self.arguments(&substitution.arguments);
        self.put(")");
    }

    fn arguments(&mut self, words: &[Word]) {
        for word in words {
            self.put(" ");
            self.word(word);
        }
    }
}

#[cfg(test)]
#[path = "../../tests/language/generate.rs"]
mod generate;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::ast::Program;
    use super::super::parse::parse;
    use super::generate::Generator;

    /// Returns the tree of a program without its spans.
    fn tree(program: &Program) -> String {
        let shown = format!("{:?}", program.body);
        let mut tree = String::new();
        let mut rest = shown.as_str();
        while let Some(at) = rest.find("Span { ") {
            tree.push_str(&rest[..at]);
            rest = &rest[at..];
            rest = &rest[rest.find('}').unwrap() + 1..];
        }
        tree + rest
    }

    fn check(source: &[u8]) -> Result<(), TestCaseError> {
        let path = Path::new("/project/.envrc");
        let Ok(program) = parse(path, source) else { return Ok(()) };
        let printed = program.print();
        let again = parse(path, &printed);
        let shown = String::from_utf8_lossy(&printed);
        prop_assert!(
            again.is_ok(),
            "{}\n---\n{shown}\n---\n{}",
            String::from_utf8_lossy(source),
            again.unwrap_err()
        );
        let again = again.unwrap();
        prop_assert_eq!(tree(&again), tree(&program), "{}", shown);
        prop_assert_eq!(again.print(), printed);
        Ok(())
    }

    #[test]
    fn what_a_program_needs_escapes_for_is_printed_with_them() {
        let source = b"export A=$'\\r\\xff' B=''\\'x\n[ -f x ] && source_url 'a b' 2>&1\n";
        let program = parse(Path::new("/p/.envrc"), source).unwrap();
        let printed = "export A=$'\\x0d\\xff' B=\\'x\n[ -f x ] && source_url 'a b' 2>&1\n";
        assert_eq!(String::from_utf8(program.print()).unwrap(), printed);
        check(source).unwrap();
        check("export A=\\éx B=\\\u{feff}".as_bytes()).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn printing_and_parsing_agree_about_programs(seed in any::<u64>()) {
            let mut generator = Generator::new(seed);
            let program = generator.program();
            check(program.as_bytes())?;
            check(generator.slip(&program).as_bytes())?;
        }

        #[test]
        fn printing_and_parsing_agree_about_words(seed in any::<u64>()) {
            let mut generator = Generator::new(seed);
            let word = generator.word(0);
            let pattern = generator.pattern(0);
            check(format!("export A={word}").as_bytes())?;
            check(format!("PATH_add {word}").as_bytes())?;
            check(format!("[[ {word} != {pattern} ]]").as_bytes())?;
        }

        #[test]
        fn printing_and_parsing_agree_about_any_text(
            text in "([ -~]|\n|[$\"'{}()\\\\:#%~=&|;<>]|export |A=|if |; then |; fi\n|\\$\\(pwd\\)|\\$\\{A){0,40}"
        ) {
            check(text.as_bytes())?;
        }
    }
}
