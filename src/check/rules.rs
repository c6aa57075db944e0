//! The rules of the gate: each with its stable id, its level, why it exists and how it is met.
//!
//! Ids are never given a second meaning and levels are a rule's own: what a repository may do about a finding is
//! mend it, or silence it in its policy with a reason and an end date. `goenv check --explain ID` prints an entry.
//! Listed in docs/gate.md.

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The gate stays shut.
    Error,
    /// To be looked at.
    Warning,
}

impl Level {
    /// Returns the level's name in every format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A required signature is missing or wrong.
    Signature,
    /// The signature is not one of a trusted signer.
    Signer,
    /// The serial went back.
    Serial,
    /// A `go` line that the policy's Go does not meet.
    GoLine,
    /// A `toolchain` line outside the policy.
    ToolchainLine,
    /// A workspace that its members contradict.
    Workspace,
    /// Text that is no version, or that Go reads in two ways.
    Syntax,
    /// GOROOT is not that of the `go` that runs.
    Goroot,
    /// GOTOOLCHAIN lets go run another Go.
    Toolchain,
    /// Another layer overrides the policy.
    Overridden,
    /// A version file differs from the policy.
    VersionFile,
    /// A Dockerfile or a CI file names a Go outside the policy.
    Image,
    /// A hash where `.tool-versions` holds a version.
    HashedVersion,
    /// A file that cannot be read.
    Unread,
    /// A proxy list that falls back to the open internet.
    ProxyFallback,
    /// The checksum database is switched off.
    NoSumDb,
    /// GOINSECURE.
    Insecure,
    /// GOPRIVATE that goes around the proxy.
    PrivateBypass,
    /// A GOSUMDB that go refuses.
    BadSumDb,
    /// A variable that Go does not have.
    NoSuchVariable,
    /// A proxy without TLS.
    PlainProxy,
    /// A password in an address.
    Password,
    /// GOFLAGS that run programs or rewrite go.mod.
    Flags,
    /// An undefined `use`.
    UndefinedUse,
    /// `export PATH=`.
    ExportPath,
    /// Text from elsewhere.
    Unpinned,
    /// A hard-coded GOROOT.
    HardGoroot,
    /// A policy with an error.
    PolicyError,
    /// A variable that the policy may not set.
    Refused,
    /// Tiers that do not promote.
    Promotion,
    /// A Go that gets no security fixes.
    EndOfLife,
    /// Something expired.
    Expired,
    /// A pre-release in production.
    Prerelease,
    /// No pin in production.
    NoPin,
    /// A language version in production.
    Language,
    /// A secret in plain text.
    Secret,
    /// The policy's own Go is not admitted.
    NotAdmitted,
    /// A binary that was built with a Go that is not admitted.
    BuiltWith,
    /// A binary that needs a loader.
    Loader,
    /// A binary that needs libraries.
    Libraries,
    /// A binary that was built with cgo.
    Cgo,
    /// A binary that holds the builder's paths.
    Untrimmed,
    /// A binary from a work tree with changes.
    Dirty,
    /// A binary whose GODEBUG defaults weaken it.
    Godebug,
}

/// What is known of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The rule.
    pub rule: Rule,
    /// Its stable id.
    pub id: &'static str,
    /// Its level.
    pub level: Level,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do.
    pub cure: &'static str,
}

impl Rule {
    /// Returns what is known of the rule.
    pub fn entry(self) -> &'static Entry {
        static NONE: Entry = entry(Rule::Syntax, "GOENV000", Level::Error, "", "", "");
        ENTRIES.iter().find(|entry| entry.rule == self).unwrap_or(&NONE)
    }

    /// Returns the rule's id.
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// Returns whether a policy may silence it: a file cannot excuse itself from being trusted or from its end.
    pub fn may_be_silenced(self) -> bool {
        !matches!(
            self,
            Self::Signature | Self::Signer | Self::Serial | Self::Expired | Self::PolicyError
        )
    }
}

/// Returns the rule that has this id.
pub fn named(id: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id.eq_ignore_ascii_case(id))
}

const fn entry(
    rule: Rule,
    id: &'static str,
    level: Level,
    title: &'static str,
    why: &'static str,
    cure: &'static str,
) -> Entry {
    Entry { rule, id, level, title, why, cure }
}

/// Every rule, in the order of the ids.
pub static ENTRIES: &[Entry] = &[
    entry(
        Rule::Signature,
        "GOENV001",
        Level::Error,
        "a required signature is missing or does not hold",
        "Where the rules require signatures, or .envrc.sig lies beside a policy, exactly the reviewed bytes must be \
         signed. Bytes that changed after signing were not reviewed.",
        "Review the policy, then sign and commit both files: goenv sign",
    ),
    entry(
        Rule::Signer,
        "GOENV002",
        Level::Error,
        "a signer who may not approve this policy",
        "A signature counts only if allowed_signers lists its key for the policy's tier, the key is within its dates \
         and not revoked, and enough different people signed.",
        "Have it signed by those whom allowed_signers lists for its tier, or list a signer: goenv keys add NAME KEY.pub \
         --tier TIER",
    ),
    entry(
        Rule::Serial,
        "GOENV003",
        Level::Error,
        "the serial of a signed policy went back",
        "An old signed policy put back in place would be accepted, with everything that was fixed since undone. The \
         serial only rises, and one serial belongs to one text.",
        "Sign the policy again, which raises the serial: goenv sign",
    ),
    entry(
        Rule::GoLine,
        "GOENV101",
        Level::Error,
        "a go line outside the policy",
        "The go line is the least Go that a module builds with. With GOTOOLCHAIN=local, as `use go` sets it, an older \
         Go refuses the module; a line older than every admitted release asks for a language that nobody tests.",
        "Pin a Go that meets the line (goenv pin VERSION), or change the line: go mod edit -go=VERSION",
    ),
    entry(
        Rule::ToolchainLine,
        "GOENV102",
        Level::Error,
        "a toolchain line outside the policy",
        "Wherever GOTOOLCHAIN is not local, as on a machine without goenv, go downloads and runs the toolchain that \
         this line names instead of the pinned one.",
        "Name the pinned Go: go mod edit -toolchain=goVERSION, or remove the line: go mod edit -toolchain=none",
    ),
    entry(
        Rule::Workspace,
        "GOENV103",
        Level::Error,
        "go.work and its members disagree",
        "go refuses every command in a workspace whose go line is older than a member's, or that lists a directory \
         without go.mod.",
        "Raise go.work's go line to the members' highest, or mend the use line: go work use",
    ),
    entry(
        Rule::Syntax,
        "GOENV104",
        Level::Error,
        "text that is no version, or that Go reads in two ways",
        "The go command chooses a toolchain by a quick look for the first line that begins with `go` or `toolchain`, \
         and parses the file only afterwards. Where the two readings differ, a reviewer sees one Go and another runs.",
        "Write the line once, outside any block: go 1.26.0",
    ),
    entry(
        Rule::Goroot,
        "GOENV105",
        Level::Error,
        "GOROOT is not that of the go that runs",
        "`go version` does not show it; the build fails, or compiles against another standard library.",
        "Unset GOROOT, or let `use go` set it together with PATH",
    ),
    entry(
        Rule::Toolchain,
        "GOENV106",
        Level::Error,
        "GOTOOLCHAIN lets go run another Go",
        "With auto, go downloads and runs whatever go.mod asks for; with a name, exactly that one. Either way the Go \
         that PATH finds is not the Go that compiles.",
        "Set GOTOOLCHAIN=local, as `use go` does",
    ),
    entry(
        Rule::Overridden,
        "GOENV107",
        Level::Warning,
        "another layer overrides what the policy says",
        "A value that `go env -w`, a CI file or a Dockerfile sets wins over the policy, and nobody who reads the \
         policy sees it.",
        "Remove it there, or change the policy",
    ),
    entry(
        Rule::VersionFile,
        "GOENV108",
        Level::Error,
        "a version file differs from the policy",
        "asdf, mise and other managers follow .go-version and .tool-versions: who uses them builds with another Go \
         than who uses the policy.",
        "Write the policy's version into the file, or remove the file",
    ),
    entry(
        Rule::Image,
        "GOENV109",
        Level::Error,
        "a Dockerfile or CI file names a Go outside the policy",
        "What is released is built there, and not at anybody's prompt.",
        "Name the policy's Go exactly: FROM golang:1.26.6, or go-version: '1.26.6'",
    ),
    entry(
        Rule::HashedVersion,
        "GOENV110",
        Level::Error,
        "a hash after a version in .tool-versions",
        "asdf before 0.16 drops what follows the colon, later versions fail: no tool checks this hash.",
        "Write the version alone; pin the hash in the policy: use go VERSION OS/ARCH=sha256:HEX",
    ),
    entry(
        Rule::Unread,
        "GOENV111",
        Level::Error,
        "a file or directory that the gate cannot read",
        "What is not read is not checked.",
        "Make it readable, smaller, or a regular file inside the repository",
    ),
    entry(
        Rule::ProxyFallback,
        "GOENV201",
        Level::Error,
        "a GOPROXY that falls back to direct on any error",
        "Behind `|`, any failure of the proxy, even one that an attacker causes, sends go to the open internet. \
         Behind `,` only 404 and 410 do.",
        "Write a comma, or end the list with the proxy: GOPROXY=https://proxy.example",
    ),
    entry(
        Rule::NoSumDb,
        "GOENV202",
        Level::Error,
        "the checksum database is switched off",
        "Without it, the first download of a module version is believed whatever it holds.",
        "Name only your own modules in GONOSUMDB or GOPRIVATE, and leave GOSUMDB alone",
    ),
    entry(
        Rule::Insecure,
        "GOENV203",
        Level::Error,
        "GOINSECURE allows plain HTTP",
        "Modules are then fetched over connections that anybody on the way can change.",
        "Serve the modules over TLS and remove GOINSECURE",
    ),
    entry(
        Rule::PrivateBypass,
        "GOENV204",
        Level::Warning,
        "GOPRIVATE goes around the proxy",
        "GOPRIVATE is also the default of GONOPROXY: the modules that it names are fetched from their hosts and not \
         from the configured proxy.",
        "Set GONOPROXY=none beside it, or set GONOSUMDB instead of GOPRIVATE",
    ),
    entry(
        Rule::BadSumDb,
        "GOENV205",
        Level::Error,
        "a GOSUMDB that go refuses",
        "go wants NAME, NAME+HASH+KEY, and an address after a space.",
        "Write for example: GOSUMDB='sum.golang.org https://sumdb.example'",
    ),
    entry(
        Rule::NoSuchVariable,
        "GOENV206",
        Level::Warning,
        "a variable that Go does not have",
        "go ignores it, so it protects nothing.",
        "Write GONOSUMDB instead of GONOSUMCHECK",
    ),
    entry(
        Rule::PlainProxy,
        "GOENV207",
        Level::Error,
        "a module proxy without TLS",
        "Anybody on the way can see and change what is downloaded.",
        "Use an https:// address",
    ),
    entry(
        Rule::Password,
        "GOENV208",
        Level::Error,
        "a password in an address",
        "Every process that inherits the variable, every log that prints it and everybody with the repository has it.",
        "Put it into ~/.netrc or a GOAUTH helper, and change the password",
    ),
    entry(
        Rule::Flags,
        "GOENV209",
        Level::Error,
        "GOFLAGS that run programs or rewrite go.mod",
        "-toolexec, -exec, -vettool and the like run a program at every build; -modfile and -overlay replace files; \
         -mod=mod lets a build change go.mod and go.sum.",
        "Leave them out of GOFLAGS, and give them on the one command that needs them",
    ),
    entry(
        Rule::UndefinedUse,
        "GOENV301",
        Level::Error,
        "an undefined `use`",
        "direnv prints one line and goes on: the rest applies, and the project runs another Go.",
        "Write `use go VERSION`, or define the function in the file",
    ),
    entry(
        Rule::ExportPath,
        "GOENV302",
        Level::Warning,
        "`export PATH=` instead of PATH_add",
        "A written-out PATH repeats entries at every load, and a slip loses the system's programs.",
        "PATH_add bin",
    ),
    entry(
        Rule::Unpinned,
        "GOENV303",
        Level::Error,
        "text from outside the review",
        "What is fetched, evaluated or read from outside the repository is not what was reviewed, and changes without \
         a commit.",
        "Copy the lines into the policy, or into a file of the repository that source_env names",
    ),
    entry(
        Rule::HardGoroot,
        "GOENV304",
        Level::Error,
        "a hard-coded GOROOT",
        "It is right on one machine, and nothing ties it to the go that PATH finds.",
        "use go VERSION",
    ),
    entry(
        Rule::PolicyError,
        "GOENV305",
        Level::Error,
        "a policy that goenv does not read",
        "Nothing of such a policy applies at a prompt.",
        "Mend the line: goenv init names all that are beyond the language, and what to write instead",
    ),
    entry(
        Rule::Refused,
        "GOENV306",
        Level::Error,
        "a variable that the policy may not set",
        "Some variables take over the shell or run programs: no policy may set those, a signed one others only with a \
         grant. A policy with one is refused whole.",
        "Remove the line; what a signed policy may set with a grant: docs/security.md, section \"Variables\"",
    ),
    entry(
        Rule::Promotion,
        "GOENV401",
        Level::Error,
        "a later tier admits a Go that an earlier one does not",
        "What runs in production must have run before: prod lies within staging, staging within dev.",
        "Add the version to the earlier tier, or remove it from the later one",
    ),
    entry(
        Rule::EndOfLife,
        "GOENV402",
        Level::Warning,
        "a Go that gets no security fixes",
        "The Go project mends the two newest lines only.",
        "Move to a supported line: goenv pin VERSION",
    ),
    entry(
        Rule::Expired,
        "GOENV403",
        Level::Error,
        "a policy or an exception that expired",
        "An end date is a promise to look again.",
        "Review it and set a later date; a signed policy: goenv sign",
    ),
    entry(
        Rule::Prerelease,
        "GOENV404",
        Level::Error,
        "a pre-release in production",
        "Betas and release candidates get no fixes.",
        "Name a release: goenv pin VERSION",
    ),
    entry(
        Rule::NoPin,
        "GOENV405",
        Level::Warning,
        "an SDK without a hash in production",
        "Without a hash, any tree that says it is this version is taken.",
        "goenv pin VERSION, which writes the hashes",
    ),
    entry(
        Rule::Language,
        "GOENV406",
        Level::Error,
        "a language version where production needs a release",
        "`1.26` stands for whichever release of the line a machine has.",
        "Name a release: goenv pin VERSION",
    ),
    entry(
        Rule::Secret,
        "GOENV407",
        Level::Error,
        "a secret in plain text",
        "It stays in the history, and everybody with the repository has it.",
        "Change the secret, keep the new one out of the repository, and name it: env_vars_required NAME",
    ),
    entry(
        Rule::NotAdmitted,
        "GOENV408",
        Level::Error,
        "the policy's Go is not admitted",
        "The tier's lists and the organisation's config.toml say what may run; `use go` is refused at the prompt too.",
        "Pin an admitted release: goenv pin VERSION",
    ),
    entry(
        Rule::BuiltWith,
        "GOENV501",
        Level::Error,
        "a binary built with a Go that is not admitted",
        "What runs in a tier was built with a Go that the tier admits: its standard library, with all of its flaws, is \
         in the binary.",
        "Build it again with an admitted release: goenv exec . go build",
    ),
    entry(
        Rule::Loader,
        "GOENV502",
        Level::Error,
        "a binary that needs a loader",
        "It does not start in an image from scratch or on a machine with another C library, and the loader runs code \
         before main: LD_PRELOAD, LD_AUDIT.",
        "Build it static: CGO_ENABLED=0 go build -buildmode=exe",
    ),
    entry(
        Rule::Libraries,
        "GOENV503",
        Level::Error,
        "a binary that needs libraries",
        "It runs with whatever the machine has under those names, which nobody reviewed with it.",
        "Build it static: CGO_ENABLED=0 go build",
    ),
    entry(
        Rule::Cgo,
        "GOENV504",
        Level::Error,
        "a binary built with cgo",
        "C code is outside of Go's memory safety and checksum database, and a static binary with cgo still loads the C \
         library's modules for names and users. A policy that says `target OS/ARCH cgo=1` wants it.",
        "CGO_ENABLED=0 go build, or in the policy: target linux/amd64 cgo=1",
    ),
    entry(
        Rule::Untrimmed,
        "GOENV505",
        Level::Error,
        "a binary that holds the builder's paths",
        "Two machines build two different binaries, so nobody can build it again and compare; and the paths tell \
         users' names and directories.",
        "go build -trimpath",
    ),
    entry(
        Rule::Dirty,
        "GOENV506",
        Level::Error,
        "a binary from a work tree with changes",
        "The commit that it names is not what it was built from.",
        "Commit the changes and build again",
    ),
    entry(
        Rule::Godebug,
        "GOENV507",
        Level::Error,
        "a binary whose GODEBUG defaults weaken it",
        "An old go line in go.mod, or a //go:debug line, brings back what later releases of Go switched off for safety.",
        "Raise the go line (go mod edit -go=VERSION), remove the //go:debug lines, and build again",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_each_rule_has_one() {
        for pair in ENTRIES.windows(2) {
            assert!(pair[0].id < pair[1].id && pair[0].rule < pair[1].rule, "{}", pair[1].id);
        }
        // The last variant closes the list: the entries are as many as the variants up to it.
        assert_eq!(ENTRIES.len(), Rule::Godebug as usize + 1);
        assert_eq!(named("goenv101").unwrap().rule, Rule::GoLine);
        assert_eq!(Rule::Secret.id(), "GOENV407");
    }

    #[test]
    fn the_documentation_lists_every_rule() {
        let documented = include_str!("../../docs/gate.md");
        for Entry { id, level, title, .. } in ENTRIES {
            let row = format!("</a>{id} | {} | {title} |", level.name());
            assert!(documented.contains(&row), "docs/gate.md lacks: {row}");
        }
    }
}
