//! What a policy says, as a tree with spans.
//!
//! The parser makes it, the evaluator interprets it, the printer writes it out again so that parsing gives the
//! same tree. Only what the language has can be said in it: docs/language.md.

use std::rc::Rc;

use super::text::{Span, Text};
use super::vocabulary::{Builtin, Query};
use crate::env::Bytes;

/// A policy that was parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The text that the spans point into.
    pub(super) text: Rc<Text>,
    /// What it says.
    pub(super) body: List,
}

/// Commands one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct List(pub(super) Vec<Chain>);

/// Commands joined by `&&` and `||`, which bind alike and to the left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// The first command.
    pub(super) first: Step,
    /// The others, each with what joins it to those before.
    pub(super) rest: Vec<(Join, Step)>,
}

/// What joins a command to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// A command with what precedes and follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// How many `!` precede it.
    pub(super) negations: u32,
    /// The command.
    pub(super) command: Command,
    /// Its redirections, in order.
    pub(super) redirections: Vec<Redirection>,
    /// Where it stands.
    pub(super) span: Span,
}

/// A redirection: messages and nothing else can be redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirection {
    /// `>/dev/null`
    OutToNull,
    /// `2>/dev/null`
    ErrToNull,
    /// `&>/dev/null`
    BothToNull,
    /// `>&2`
    OutToErr,
    /// `2>&1`
    ErrToOut,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `A=b C+=d`
    Assign(Vec<Assignment>),
    /// `PATH_add bin`
    Run(Run),
    /// `[[ … ]]`
    Condition(Box<Condition>),
    /// `{ …; }`
    Group(List),
    /// `if …; then …; elif …; then …; else …; fi`
    If {
        /// Conditions with what is done where they hold.
        arms: Vec<(List, List)>,
        /// What is done where none holds.
        otherwise: Option<List>,
    },
    /// `case … in …) …;; esac`
    Case {
        /// What is compared.
        subject: Word,
        /// Patterns with what is done where one matches.
        arms: Vec<(Vec<Word>, List)>,
    },
}

/// A command of the vocabulary with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Which one.
    pub(super) builtin: Builtin,
    /// Where its name stands.
    pub(super) name: Span,
    /// Its arguments.
    pub(super) arguments: Vec<Argument>,
}

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// A word.
    Word(Word),
    /// `NAME=value` after `export`, where bash does not split it.
    Assignment(Assignment),
}

/// `NAME=value` or `NAME+=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The variable.
    pub(super) name: Bytes,
    /// Whether the value is set or appended.
    pub(super) mode: Mode,
    /// The value.
    pub(super) value: Word,
    /// Where it stands.
    pub(super) span: Span,
}

/// What an assignment does with the value that was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// `=`
    Set,
    /// `+=`
    Append,
}

/// A word: parts that are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Its parts.
    pub(super) parts: Vec<Part>,
    /// Where it stands.
    pub(super) span: Span,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Characters that stand for themselves unquoted; in a pattern they may be special.
    Bare(Bytes),
    /// Characters that were quoted by `\`, `'…'` or `$'…'`.
    Literal(Bytes),
    /// `"…"`
    Double(Vec<Self>),
    /// `~`
    Tilde(Span),
    /// `$NAME`, `${NAME}` and `${NAME…}`
    Parameter(Box<Parameter>),
    /// `$(…)`
    Substitution(Box<Substitution>),
}

/// An expansion of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// The variable; `BASH_SOURCE` stands for `${BASH_SOURCE[0]}` too.
    pub(super) name: Bytes,
    /// What is done with its value.
    pub(super) operation: Operation,
    /// Where it stands.
    pub(super) span: Span,
}

/// What an expansion does with the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// `${NAME}`
    Value,
    /// `${NAME:-word}` and the like.
    Fallback(Fallback, Absent, Word),
    /// `${NAME#word}` and the like.
    Trim(Trim, Word),
}

/// What happens where a variable is absent, or for `+`, where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// `-`
    Use,
    /// `+`
    Instead,
    /// `?`
    Fail,
    /// `=`
    Assign,
}

/// When a variable counts as absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// Where it is unset.
    Unset,
    /// Where it is unset or empty, which a colon asks for.
    UnsetOrEmpty,
}

/// What is cut off a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trim {
    /// `#`
    ShortestPrefix,
    /// `##`
    LongestPrefix,
    /// `%`
    ShortestSuffix,
    /// `%%`
    LongestSuffix,
}

/// A command substitution that needs no process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Substitution {
    /// `cd …` that precedes the query, its arguments.
    pub(super) directory: Option<Vec<Word>>,
    /// What is asked.
    pub(super) query: Query,
    /// The arguments.
    pub(super) arguments: Vec<Word>,
    /// Where it stands.
    pub(super) span: Span,
}

/// What `[[ … ]]` asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// `-f word` and the like.
    Unary(Bytes, Word),
    /// `word -nt word` and the like, `==` and `!=` aside.
    Binary(Word, Bytes, Word),
    /// `word == pattern`, or `!=`.
    Matches(Word, Equality, Word),
    /// `! …`
    Not(Box<Self>),
    /// `… && …`
    And(Box<Self>, Box<Self>),
    /// `… || …`
    Or(Box<Self>, Box<Self>),
    /// `( … )`
    Group(Box<Self>),
}

/// Whether a pattern has to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Equality {
    /// `==` or `=`
    Equal,
    /// `!=`
    Different,
}
