//! The words of an `.envrc` and what stands between them, as bash would read them.
//!
//! Text in, words with their places out. Where a quote, an expansion, a comment or a here-document ends decides what
//! the rest of the text is, so that this follows bash's rules for them; nothing is expanded.

use std::collections::BTreeMap;
use std::ops::Range;

use super::lines::column;

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without its quotes; expansions as they are written.
    pub text: String,
    /// Whether something in it is expanded.
    pub expands: bool,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1.
    pub column: u32,
    /// How many bytes it has as written.
    pub width: usize,
}

/// A word, or what ends a command.
pub(super) enum Token {
    Word(Word, Range<usize>),
    End(char),
}

/// Reads a text.
pub(super) struct Reader<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    text: &'a str,
    line: u32,
    /// Where the current line begins.
    start: usize,
    /// How much may still be read in vain: in search of the end of what looks like `((…))` and is not.
    vain: usize,
    /// The here-documents that begin behind this line.
    documents: Vec<Document>,
    lines: Option<Lines<'a>>,
}

/// How the lines of a here-document are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Manner {
    /// Tabs before them are left out.
    tabs: bool,
    /// A backslash at their end does not join lines.
    literal: bool,
}

/// A here-document: the line that ends it.
struct Document {
    name: String,
    manner: Manner,
}

/// Where lines end, by their text.
type Lines<'a> = BTreeMap<(Manner, &'a str), Vec<usize>>;

/// What a character of an expansion stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `"…"`.
    Double,
    /// `${…}`, where `'` quotes also within `"…"`.
    Braces,
    /// `$(…)`.
    Commands,
    /// Parentheses in it.
    Group,
    /// Parentheses of `$((…))`, `((…))` and patterns, `@(…)`: bash counts them and knows of nothing but quotes there.
    Numbers,
    /// Brackets of `$[…]`, as those.
    Brackets,
    /// `case WORD in`, up to there.
    Case {
        /// Whether the word was begun.
        word: bool,
    },
    /// From there to `esac`: a parenthesis that nothing opened ends a pattern.
    Patterns,
}

impl Inside {
    fn holds_commands(self) -> bool {
        matches!(self, Self::Commands | Self::Group | Self::Case { .. } | Self::Patterns)
    }
}

/// The keywords that stand before a command and are not part of it.
pub(super) const LEADING: &[&str] =
    &["if", "then", "elif", "else", "do", "while", "until", "!", "{", "time"];

/// How often a text may be read in search of what is not there; beyond that it is not meant to be understood.
const VAIN: usize = 16;

/// Returns whether a word ends before this character, and another may begin behind it.
fn separates(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')')
}

impl<'a> Reader<'a> {
    /// Returns a reader of a text.
    pub(super) fn new(text: &'a str) -> Self {
        let rest = text.char_indices().peekable();
        let (line, start, vain) = (1, 0, VAIN * text.len());
        Self { rest, text, line, start, vain, documents: Vec::new(), lines: None }
    }

    /// Returns whether it gave up telling `((…))` from `((a); b)`, and read on as if every one were the latter.
    pub(super) fn is_lost(&self) -> bool {
        self.vain == 0 && !self.text.is_empty()
    }

    fn next(&mut self) -> Option<(usize, char)> {
        let (at, c) = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
            self.start = at + 1;
        }
        Some((at, c))
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    /// Returns what was not read yet.
    fn behind(&mut self) -> &'a str {
        let at = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        self.text.get(at..).unwrap_or_default()
    }

    /// Returns the next word, or what ends a command; `None` at the end of the text.
    pub(super) fn token(&mut self) -> Option<Token> {
        loop {
            match self.peek()? {
                ' ' | '\t' | '\r' => {
                    self.next();
                }
                '\\' if self.behind().starts_with("\\\n") => {
                    self.next();
                    self.next();
                }
                '#' => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.next();
                    }
                }
                '(' if !self.is_lost() && self.behind().starts_with("((") => {
                    if let Some((word, span)) = self.numbers() {
                        return Some(Token::Word(word, span));
                    }
                    self.next();
                    return Some(Token::End('('));
                }
                c @ ('\n' | ';' | '&' | '|' | '(' | ')') => {
                    self.next();
                    if c == '\n' {
                        let documents = std::mem::take(&mut self.documents);
                        self.skip(documents);
                    }
                    return Some(Token::End(c));
                }
                _ => {
                    let first = self.rest.peek().map_or(0, |(at, _)| *at);
                    let word = self.word();
                    let end = first + word.width;
                    return Some(Token::Word(word, first..end));
                }
            }
        }
    }

    /// Takes `((…))`, which is next, as one word; `None` where the parentheses are those of commands: `((a); b)`.
    fn numbers(&mut self) -> Option<(Word, Range<usize>)> {
        let before = (self.rest.clone(), self.line, self.start);
        let first = self.text.len() - self.behind().len();
        let column = column(first - self.start);
        let mut text = String::new();
        for _ in 0..2 {
            text.extend(self.next().map(|(_, c)| c));
        }
        self.nested(Inside::Numbers, &mut text);
        if self.peek() == Some(')') {
            text.extend(self.next().map(|(_, c)| c));
            let end = self.text.len() - self.behind().len();
            let word = Word { text, expands: false, line: before.1, column, width: end - first };
            return Some((word, first..end));
        }
        self.vain = self.vain.saturating_sub(text.len());
        (self.rest, self.line, self.start) = before;
        None
    }

    /// Skips here-documents; one that nothing ends does not count as one.
    fn skip(&mut self, documents: Vec<Document>) {
        for document in documents {
            let begin = self.text.len() - self.behind().len();
            let Some(end) = self.end_of(&document, begin) else { continue };
            while self.rest.peek().is_some_and(|(at, _)| *at < end) {
                self.next();
            }
        }
    }

    /// Returns where the line ends that ends a here-document which begins at `begin`. A text may ask as often as it has
    /// lines, so that they are searched once.
    fn end_of(&mut self, document: &Document, begin: usize) -> Option<usize> {
        let text = self.text;
        let lines = self.lines.get_or_insert_with(|| {
            let (mut lines, mut end, mut is_continued) = (Lines::new(), 0, false);
            for line in text.split_inclusive('\n') {
                end += line.len();
                let line = line.trim_end_matches('\n');
                for (tabs, literal) in [(false, false), (false, true), (true, false), (true, true)]
                {
                    // bash has made one line of it and the line before.
                    if literal || !is_continued {
                        let line = if tabs { line.trim_start_matches('\t') } else { line };
                        let manner = Manner { tabs, literal };
                        lines.entry((manner, line)).or_default().push(end);
                    }
                }
                let backslashes = line.len() - line.trim_end_matches('\\').len();
                is_continued = backslashes % 2 == 1;
            }
            lines
        });
        let ends = lines.get(&(document.manner, document.name.as_str()))?;
        ends.get(ends.partition_point(|end| *end <= begin)).copied()
    }

    /// Takes `<<`, which is next, or `<<<`, and returns the here-document that it asks for: `<<END`, `<<- 'END'`.
    fn operator(&mut self, into: &mut String) -> Option<Document> {
        let rest = self.behind();
        let operator = if rest.starts_with("<<<") { "<<<" } else { "<<" };
        operator.chars().for_each(|_| into.extend(self.next().map(|(_, c)| c)));
        let rest = rest.strip_prefix("<<").filter(|rest| !rest.starts_with('<'))?;
        let tabs = rest.starts_with('-');
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let mut rest = rest.trim_start_matches([' ', '\t']).chars();
        let (mut name, mut literal) = (String::new(), false);
        let ends = |c: char| separates(c) || matches!(c, '<' | '>');
        while let Some(c) = rest.next().filter(|c| !ends(*c)) {
            // `$'END'` and `$"END"` are quotes.
            let is_quote = c == '$' && rest.as_str().starts_with(['\'', '"']);
            let (c, escapes) = if is_quote { (rest.next()?, true) } else { (c, c == '"') };
            literal |= matches!(c, '\'' | '"' | '\\');
            match c {
                '\'' | '"' => loop {
                    match rest.next()? {
                        inner if inner == c => break,
                        // Nobody writes a name with the other escapes of `$'…'`.
                        '\\' if escapes
                            && rest.as_str().starts_with(['$', '`', '"', '\\', '\'']) =>
                        {
                            name.extend(rest.next());
                        }
                        inner => name.push(inner),
                    }
                },
                '\\' => name.extend(rest.next().filter(|c| *c != '\n')),
                _ => name.push(c),
            }
        }
        Some(Document { name, manner: Manner { tabs, literal } })
    }

    fn word(&mut self) -> Word {
        let first = self.rest.peek().map_or(0, |(at, _)| *at);
        let (line, column) = (self.line, column(first - self.start));
        let mut word = Word { text: String::new(), expands: false, line, column, width: 0 };
        let mut end = first;
        while let Some(c) = self.peek() {
            match c {
                '\r' => break,
                c if separates(c) => break,
                '<' if self.behind().starts_with("<<") => {
                    let document = self.operator(&mut word.text);
                    self.documents.extend(document);
                }
                '\\' => {
                    self.next();
                    if let Some((_, escaped)) = self.next().filter(|(_, c)| *c != '\n') {
                        word.text.push(escaped);
                    }
                }
                '\'' => {
                    self.next();
                    self.until('\'', &mut word.text);
                }
                '"' => {
                    self.next();
                    self.double(&mut word);
                }
                // Quotes, which expand nothing.
                '$' if self.behind().starts_with("$\"") => drop(self.next()),
                '$' if self.behind().starts_with("$'") => {
                    self.next();
                    self.next();
                    word.expands |= self.escaped(&mut word.text);
                }
                '$' | '`' => self.expansion(&mut word),
                '?' | '*' | '+' | '@' | '!' if self.behind().chars().nth(1) == Some('(') => {
                    for _ in 0..2 {
                        word.text.extend(self.next().map(|(_, c)| c));
                    }
                    self.nested(Inside::Numbers, &mut word.text);
                }
                _ => {
                    word.text.push(c);
                    self.next();
                }
            }
            end = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        }
        word.width = end.saturating_sub(first);
        word
    }

    fn until(&mut self, last: char, into: &mut String) {
        while let Some((_, c)) = self.next() {
            if c == last {
                break;
            }
            into.push(c);
        }
    }

    /// Takes what stands up to a backquote that no backslash escapes, and that.
    fn backquoted(&mut self, into: &mut String) {
        while let Some((_, c)) = self.next() {
            into.push(c);
            match c {
                '`' => break,
                '\\' => into.extend(self.next().map(|(_, c)| c)),
                _ => {}
            }
        }
    }

    fn double(&mut self, word: &mut Word) {
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.next();
                    break;
                }
                '\\' => {
                    self.next();
                    word.text.extend(self.next().map(|(_, c)| c));
                }
                '$' | '`' => self.expansion(word),
                _ => {
                    word.text.push(c);
                    self.next();
                }
            }
        }
    }

    /// Takes `$NAME`, `${…}`, `$(…)` or backquotes as they are written.
    fn expansion(&mut self, word: &mut Word) {
        let Some((_, first)) = self.next() else { return };
        word.expands = true;
        word.text.push(first);
        if first == '`' {
            return self.backquoted(&mut word.text);
        }
        if let Some(inside) = self.opened() {
            word.text.extend(self.next().map(|(_, c)| c));
            self.nested(inside, &mut word.text);
        } else if self.peek() == Some('$') {
            // The process, whatever follows.
            word.text.extend(self.next().map(|(_, c)| c));
        }
    }

    /// Returns what is opened by the character that is next, behind a `$`.
    fn opened(&mut self) -> Option<Inside> {
        let rest = self.behind();
        match rest.chars().next()? {
            '(' if rest.starts_with("((") => Some(Inside::Numbers),
            '(' => Some(Inside::Commands),
            '[' => Some(Inside::Brackets),
            '{' => Some(Inside::Braces),
            _ => None,
        }
    }

    /// Takes what stands up to the end of an expansion, as it is written but for here-documents. Without recursion: a text may
    /// nest to any depth.
    fn nested(&mut self, first: Inside, text: &mut String) {
        let (mut inside, mut before) = (vec![first], '(');
        // Whether a command may begin here.
        let mut begins = true;
        let mut documents = Vec::new();
        while let Some(here) = inside.last().copied() {
            let Some(c) = self.peek() else { break };
            if here.holds_commands() && separates(before) && !separates(c) {
                begins = self.keyword(begins, &mut inside);
            }
            if c == '<' && here.holds_commands() && self.behind().starts_with("<<") {
                documents.extend(self.operator(text));
                before = c;
                continue;
            }
            self.next();
            text.push(c);
            match (here, c) {
                (_, '\\') => text.extend(self.next().map(|(_, c)| c)),
                (_, '`') => self.backquoted(text),
                (Inside::Double, '"') | (Inside::Braces, '}') | (Inside::Brackets, ']') => {
                    inside.pop();
                }
                (Inside::Commands | Inside::Group | Inside::Numbers, ')') => {
                    inside.pop();
                    // `(PATTERN)` is over; what a command's word expands is not the command.
                    begins = here == Inside::Group && inside.last() == Some(&Inside::Patterns);
                }
                (_, '$') => {
                    let is_counted = matches!(here, Inside::Numbers | Inside::Brackets);
                    if let Some(opened) = self.opened().filter(|_| !is_counted) {
                        text.extend(self.next().map(|(_, c)| c));
                        inside.push(opened);
                        (before, begins) = ('(', true);
                        continue;
                    }
                    match self.peek() {
                        Some('\'') if here != Inside::Double => {
                            text.extend(self.next().map(|(_, c)| c));
                            self.escaped(text);
                            text.push('\'');
                        }
                        Some('$') => text.extend(self.next().map(|(_, c)| c)),
                        _ => {}
                    }
                }
                (Inside::Double, _) => {}
                (_, '"') => inside.push(Inside::Double),
                (_, '\'') => {
                    self.until(c, text);
                    text.push(c);
                }
                (Inside::Numbers, '(') | (Inside::Brackets, '[') => inside.push(here),
                (_, '(') if here.holds_commands() => {
                    let is_arithmetic = self.peek() == Some('(');
                    inside.push(if is_arithmetic { Inside::Numbers } else { Inside::Group });
                    begins = true;
                }
                (_, '#') if here.holds_commands() && separates(before) => {
                    while let Some(c) = self.peek().filter(|c| *c != '\n') {
                        text.push(c);
                        self.next();
                    }
                }
                (_, '\n') if here.holds_commands() => {
                    self.skip(std::mem::take(&mut documents));
                    begins = true;
                }
                (_, ';' | '&' | '|') | (Inside::Patterns, ')') => begins = true,
                _ => {}
            }
            before = c;
        }
    }

    /// Takes note of a word that begins here, in commands; returns whether a command may begin behind it.
    fn keyword(&mut self, begins: bool, inside: &mut Vec<Inside>) -> bool {
        let rest = self.behind();
        let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        let is_whole = rest.chars().next().is_none_or(separates);
        match (inside.last().copied(), word) {
            (Some(Inside::Case { word: true }), "in") if is_whole => {
                inside.pop();
                inside.push(Inside::Patterns);
                true
            }
            (Some(Inside::Case { .. }), _) => {
                inside.pop();
                inside.push(Inside::Case { word: true });
                false
            }
            (_, "case") if begins && is_whole => {
                inside.push(Inside::Case { word: false });
                false
            }
            (Some(Inside::Patterns), "esac") if begins && is_whole => {
                inside.pop();
                false
            }
            (_, "") => begins && rest.starts_with(['!', '{']),
            _ => begins && is_whole && LEADING.contains(&word),
        }
    }

    /// Takes `…'` behind `$'`, in which a backslash escapes; returns whether one does.
    fn escaped(&mut self, into: &mut String) -> bool {
        let mut escapes = false;
        while let Some((_, c)) = self.next() {
            match c {
                '\'' => break,
                '\\' => {
                    escapes = true;
                    into.extend(self.next().map(|(_, c)| c));
                }
                _ => into.push(c),
            }
        }
        escapes
    }
}
