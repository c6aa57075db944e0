//! A seeded generator of words and programs, a little beyond the grammar: some of what it writes is refused.

/// How many levels words and commands are nested at most.
const DEEPEST: u32 = 3;

/// Returns a text for `seed`; the same one at every run.
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        // splitmix64's increment keeps small seeds apart.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03)
    }

    /// Returns a number below `bound` (xorshift64).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }

    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    pub(crate) fn join(
        &mut self,
        most: usize,
        between: &str,
        mut make: impl FnMut(&mut Self) -> String,
    ) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| make(self)).collect::<Vec<_>>().join(between)
    }

    pub(crate) fn name(&mut self) -> &'static str {
        self.pick(&[
            "A",
            "B",
            "C",
            "LIST",
            "SPACES",
            "PATHLIKE",
            "EMPTY",
            "INHERITED",
            "STARS",
            "NONE",
        ])
    }

    /// Returns a word as an argument may be.
    pub(crate) fn word(&mut self, depth: u32) -> String {
        self.join(3, "", |g| g.part(depth))
    }

    fn part(&mut self, depth: u32) -> String {
        match self.below(16) {
            0..=4 => self.pick(BARE).to_owned(),
            5 => format!("'{}'", self.pick(QUOTABLE)),
            6 | 7 => format!("\"{}\"", self.join(3, "", |g| g.in_double(depth))),
            8 => format!("\\{}", self.pick(ESCAPED)),
            9 if depth == 0 => format!("$'{}'", self.pick(ANSI)),
            10..=12 => format!("${}", self.name()),
            13 if depth < DEEPEST => self.substitution(depth + 1),
            _ if depth < DEEPEST => self.braced(depth + 1, Place::Outside),
            _ => format!("${{{}}}", self.name()),
        }
    }

    fn in_double(&mut self, depth: u32) -> String {
        match self.below(8) {
            0..=2 => self.pick(IN_DOUBLE).to_owned(),
            3 | 4 => format!("${}", self.name()),
            5 if depth < DEEPEST => self.substitution(depth + 1),
            _ if depth < DEEPEST => self.braced(depth + 1, Place::InDouble),
            _ => format!("${{{}}}", self.name()),
        }
    }

    fn braced(&mut self, depth: u32, place: Place) -> String {
        let name = self.name();
        match self.below(3) {
            0 | 1 => {
                let operator = self.pick(&[":-", "-", ":+", "+", ":=", "=", ":?", "?"]);
                let word = match place {
                    Place::Outside => self.operand(depth),
                    Place::InDouble => self.join(2, "", |g| g.in_quoted_operand(depth)),
                };
                format!("${{{name}{operator}{word}}}")
            }
            _ => {
                let operator = self.pick(&["#", "##", "%", "%%"]);
                format!("${{{name}{operator}{}}}", self.pattern(depth))
            }
        }
    }

    fn operand(&mut self, depth: u32) -> String {
        match self.below(6) {
            0 => String::new(),
            1 => format!("{} {}", self.word(depth), self.word(depth)),
            2 => self
                .pick(&["~", "~/x", " a", "b ", "(x)", "a;b", "{a}", "a b  c", "x#y", "|"])
                .to_owned(),
            _ => self.word(depth),
        }
    }

    fn in_quoted_operand(&mut self, depth: u32) -> String {
        match self.below(6) {
            0 if depth == 1 => format!("\"{}\"", self.join(2, "", |g| g.in_double(depth))),
            1 => self.pick(&["\\}", "~/x", "a  b", "\\a", "x:", "/y", "a b", "\\$"]).to_owned(),
            _ => self.in_double(depth),
        }
    }

    /// Returns a pattern.
    pub(crate) fn pattern(&mut self, depth: u32) -> String {
        self.join(4, "", |g| match g.below(10) {
            0..=2 => g.pick(&["*", "?", "*/", "/*", "*.", "**", "?*"]).to_owned(),
            3 => g
                .pick(&["[a-c]", "[!a-c]", "[^/]", "[[:alpha:]]", "[]a]", "[a", "[\\]]", "[a-]"])
                .to_owned(),
            4..=6 => g.pick(&["a", "b", "/", "one", ".gz", ".", "yes", "-", ":"]).to_owned(),
            _ => g.part(depth.max(1)),
        })
    }

    fn substitution(&mut self, depth: u32) -> String {
        let word = self.word(depth);
        match self.below(7) {
            0 => "$(pwd)".to_owned(),
            1 => format!("$(dirname {word})"),
            2 => format!("$(basename {word})"),
            3 => format!("$(basename {word} {})", self.word(depth)),
            4 => "$(cd .. && pwd)".to_owned(),
            5 => format!("$(dirname \"{}\")", self.in_double(depth)),
            _ => format!("$(basename \"{}\")", self.in_double(depth)),
        }
    }

    /// Returns `text` after one or two slips of the fingers.
    pub(crate) fn slip(&mut self, text: &str) -> String {
        let mut text: Vec<char> = text.chars().collect();
        for _ in 0..1 + self.below(2) {
            let (at, from) = (self.below(text.len()), self.below(text.len()));
            let (gone, put) = match self.below(5) {
                0 => (1, String::new()),
                1 => (0, text[from].to_string()),
                2 => (0, text[from..text.len().min(from + 1 + self.below(6))].iter().collect()),
                _ => (0, self.pick(SLIPS).to_owned()),
            };
            text.splice(at..at + gone, put.chars());
        }
        text.into_iter().collect()
    }

    /// Returns a program of some lines.
    pub(crate) fn program(&mut self) -> String {
        let body = self.join(8, "\n", |g| g.line(0));
        format!("{body}\n")
    }

    fn line(&mut self, depth: u32) -> String {
        let command = self.command(depth);
        match self.below(12) {
            0 => format!("{command} # {}", self.word(0).replace('\n', " ")),
            1 => format!("  {command} ;"),
            2 => format!("{} && {command} || true", self.test(depth)),
            3 => format!("{command} >/dev/null 2>&1"),
            4 => format!("{} || {command}", self.test(depth)),
            _ => command,
        }
    }

    fn command(&mut self, depth: u32) -> String {
        if depth < DEEPEST && self.below(5) == 0 {
            return self.compound(depth + 1);
        }
        let word = |g: &mut Self| g.word(1);
        match self.below(34) {
            0..=4 => format!("export {}", self.join(3, " ", Self::assignment)),
            5..=6 => self.join(2, " ", Self::assignment),
            7 => format!("{}+={}", self.name(), self.word(1)),
            8 => format!("unset {}", self.join(2, " ", |g| g.name().to_owned())),
            9 => format!("export {}", self.join(2, " ", |g| g.name().to_owned())),
            10..=12 => format!("PATH_add {}", self.join(3, " ", word)),
            13 => format!("path_add {} {}", self.name(), self.join(2, " ", word)),
            14 => format!("PATH_rm '{}'", self.pick(&["/usr/*", "/bin", "/b", "*", "/[ub]*", "x"])),
            15 => {
                format!("path_rm LIST '{}'", self.pick(&["/a*", "?c", "/a/b", "[/]c", "/", "\\/c"]))
            }
            16 => self.pick(&["dotenv", "dotenv other.env", "dotenv_if_exists missing"]).to_owned(),
            17 => self.pick(INCLUDES).to_owned(),
            18 => self
                .pick(&["set -a", "set +a", "set -e", "set -u", "strict_env", "unstrict_env"])
                .to_owned(),
            19 => {
                self.pick(&["layout node", "layout perl", "layout julia", "layout php"]).to_owned()
            }
            20 => self
                .pick(&["use go 1.26.6", "use go 1.25.3", "target linux/arm64 cgo=0"])
                .to_owned(),
            21 => format!("lock {}={}", self.name(), self.word(1)),
            22 => format!("export {}=$({})", self.name(), self.query()),
            23 => format!("echo {}", self.join(3, " ", word)),
            24 => format!("load_prefix {}", self.word(1)),
            25 => format!("MANPATH_add {}", self.word(1)),
            26 => format!(": {}", self.word(1)),
            27 => format!("{}=$({}) || {}=1", self.name(), self.query(), self.name()),
            28 => format!("{}=$({})", self.name(), self.query()),
            29 => format!("lock {}", self.join(2, " ", Self::assignment)),
            30 => self.pick(ENDS).to_owned(),
            31 => format!("export \"{}={}\" ${}", self.name(), self.in_double(1), self.name()),
            32 => self.pick(SETTINGS).to_owned(),
            _ => format!("env_vars_required {} || {}=1", self.name(), self.name()),
        }
    }

    fn query(&mut self) -> String {
        let word = self.word(1);
        match self.below(9) {
            0 => format!("expand_path {word}"),
            1 => format!("expand_path {word} {}", self.word(1)),
            2 => format!("user_rel_path {word}"),
            3 => {
                format!("find_up {}", self.pick(&["data.txt", "up.sh", ".envrc", "sub", "missing"]))
            }
            4 => format!("realpath {}", self.pick(&[".", "link", "sub/../x", "link/..", "/"])),
            5 => format!(
                "cd {} && pwd",
                self.pick(&["sub", "link", "..", "./sub/deep/../..", "\"$PWD\"", "/"])
            ),
            6 => "cat data.txt".to_owned(),
            7 => format!("semver_search versions go- {}", self.pick(&["1", "1.9", "\"\"", "2"])),
            _ => "direnv_layout_dir".to_owned(),
        }
    }

    fn assignment(&mut self) -> String {
        let value = match self.below(5) {
            0 => format!("~/{}", self.word(1)),
            1 => format!("{}:~/x:{}", self.word(1), self.word(1)),
            2 => format!("\"{}\"", self.join(3, "", |g| g.in_double(1))),
            3 => String::new(),
            _ => self.word(0),
        };
        format!("{}={value}", self.name())
    }

    fn compound(&mut self, depth: u32) -> String {
        let line = |g: &mut Self| g.line(depth);
        match self.below(5) {
            0 => format!("{{ {}; }}", self.command(depth)),
            1 => format!("if {}; then\n{}\nfi", self.test(depth), self.join(2, "\n", line)),
            2 => {
                let (test, other) = (self.test(depth), self.test(depth));
                let (a, b, c) = (self.line(depth), self.line(depth), self.line(depth));
                format!("if {test}\nthen {a}\nelif {other}; then {b}\nelse\n{c}\nfi")
            }
            _ => {
                let subject = self.word(1);
                let (first, second) = (self.pattern(1), self.pattern(1));
                let (a, b) = (self.line(depth), self.line(depth));
                format!("case {subject} in\n{first}) {a}\n;;\n({second}|*x) {b}\n;;\nesac")
            }
        }
    }

    fn test(&mut self, depth: u32) -> String {
        let path =
            self.pick(&["sub", "data.txt", "link", "dangling", "missing", "bin/tool", "$PWD"]);
        match self.below(11) {
            0 => "true".to_owned(),
            1 => "false".to_owned(),
            2 => format!("[ {} {path} ]", self.pick(&["-f", "-d", "-e", "-L", "-s", "-x", "-r"])),
            3 => format!("[ {} {} ]", self.pick(&["-n", "-z", "!"]), self.word(1)),
            4 => format!("[ {} {} {} ]", self.word(1), self.pick(&["=", "!=", "=="]), self.word(1)),
            5 => format!(
                "[[ {} {} {} ]]",
                self.word(1),
                self.pick(&["==", "!=", "="]),
                self.pattern(1)
            ),
            6 => format!("[[ -n {} && ! -f {path} || -z {} ]]", self.word(1), self.word(1)),
            7 => format!(
                "has {}",
                self.pick(&["bash", "missing_tool", "cd", "layout_go", "./bin/tool"])
            ),
            8 => format!("[ {} -le {} ]", self.below(4), self.pick(&["1", "02", "$NONE", "-1"])),
            9 if depth < DEEPEST => format!("! {}", self.test(depth + 1)),
            _ => format!("{{ {}; }}", self.pick(&["true", "false", "! true"])),
        }
    }
}

/// Whether an expansion stands in double quotes.
enum Place {
    Outside,
    InDouble,
}

const BARE: &[&str] = &[
    "a", "b", "xyz", "1", "-", ".", "..", "/", "//", ":", "=", ",", "+", "@", "%", "^", "_", "~",
    "!", "#", "{", "}", "]", "a/b", "/one/two", "a:b", "./", "../x", "x=y", "é",
];

pub(crate) const QUOTABLE: &[&str] = &[
    "", "a b", "*", "$A", "\\", "\"", " ", "\n", "~", "[x]", "{a,b}", "#", "ü", "a\tb", "`x`", "!",
];

const ESCAPED: &[&str] =
    &["a", " ", "*", "$", "\\", "\"", "'", "~", "#", "{", "}", "[", "n", "/", "\n"];

const ANSI: &[&str] =
    &["", "a", "\\n", "\\t", "\\\\", "\\'", "\\x41", "\\101", "\\e", "\\q", " ", "\\?"];

const IN_DOUBLE: &[&str] = &[
    "a", " ", "  ", "'", "*", "\\\"", "\\$", "\\\\", "\\a", "\\`", "{a,b}", "~", "#", "\n", "$ ",
    "$", "/", ":", "é", "!", "x y", "\\\n",
];

const SLIPS: &[&str] = &[
    " ", "\t", "\n", "'", "\"", "\\", "$", "`", "{", "}", "(", ")", "[", "]", "|", "&", ";", "<",
    ">", "*", "?", "!", "#", "~", "=", ":", "+", "-", ",", "/", ".", "@", "%", "^", "A", "a", "0",
    "é", "${", "$(", "$'", "\\\n", "}\"", "'\"'", "==", "&&", "||", "\r", "\u{1}", "\u{7f}",
    "\u{a0}",
];

const INCLUDES: &[&str] = &[
    "source_env sub",
    "source_env link",
    "source_env ./sub/deep",
    "source_env 'with space'",
    "source_up",
    "source_up_if_exists nothing",
    "source plain.sh",
    ". ./plain.sh",
    "source_env_if_exists sub/.envrc",
    "source_env missing || true",
];

const ENDS: &[&str] = &[
    "return",
    "return 0",
    "exit",
    "exit 0",
    "false || return",
    "true && exit 0",
    "source_env sub && return",
];

const SETTINGS: &[&str] = &[
    "set -o allexport",
    "set +o allexport",
    "set -euo pipefail",
    "set +eu",
    "direnv_layout_dir=/layouts",
    "unset direnv_layout_dir",
    "unset -v A NONE",
    "HOME=/elsewhere",
    "export HOME",
    "PATH=$HOME/bin:$PATH",
    "export PATH=$PWD/bin:$PATH",
    "PATH=/usr/bin:/bin",
];
