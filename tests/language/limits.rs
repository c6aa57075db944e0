//! The limits: each with its own error, and none takes long.

use std::time::{Duration, Instant};

use crate::sandbox::{Sandbox, write};

/// Returns the message and the line of the error that `text` is refused with.
fn refused(text: &str) -> (String, u32) {
    let sandbox = Sandbox::new();
    let directory = sandbox.project("limits");
    write(&directory.join("self.sh"), "source ./self.sh\n");
    write(&directory.join("twice.sh"), &"source ./leaf.sh\n".repeat(300));
    write(&directory.join("leaf.sh"), "export LEAF=1\n");
    let begun = Instant::now();
    let error = sandbox.goenv(&directory.join(".envrc"), text.as_bytes()).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    (error.message, error.place.line)
}

fn expect(text: &str, message: &str) {
    assert_eq!(refused(text).0, message);
}

#[test]
fn a_policy_is_at_most_a_mebibyte_long() {
    let text = "# comment\n".repeat((1 << 20) / 10 + 1);
    expect(&text, "the policy has 1048580 bytes, more than 1048576");
}

#[test]
fn texts_source_one_another_at_most_sixteen_deep() {
    expect("source ./self.sh", "texts source one another more than 16 deep");
}

#[test]
fn a_policy_sources_at_most_256_texts() {
    expect("source ./twice.sh", "more than 256 texts are sourced");
}

#[test]
fn a_value_with_its_name_is_at_most_128_kibibytes_long() {
    let sandbox = Sandbox::new();
    let file = sandbox.project("value").join(".envrc");
    let longest = "x".repeat((128 << 10) - 3);
    sandbox.goenv(&file, format!("export A={longest}").as_bytes()).unwrap();
    let error = sandbox.goenv(&file, format!("export A={longest}x").as_bytes()).unwrap_err();
    assert_eq!(error.message, "the value of A has 131070 bytes, more than 131072 with its name");
    // Doubling does not get around it.
    let text = format!("export A=0123456789abcdef\n{}", "A=$A$A\n".repeat(40));
    assert_eq!(sandbox.goenv(&file, text.as_bytes()).unwrap_err().place.line, 14);
}

#[test]
fn a_policy_sets_at_most_4096_variables() {
    let text: String = (0..4097).map(|number| format!("export V{number}=1\n")).collect();
    let (message, line) = refused(&text);
    assert_eq!((message.as_str(), line), ("the policy sets more than 4096 variables", 4097));
}

#[test]
fn commands_and_expansions_are_nested_at_most_64_deep() {
    let message = "this is nested more than 64 levels deep";
    expect(&"if true; then\n".repeat(60_000), message);
    expect(&"{ ".repeat(60_000), message);
    expect(&format!("export A={}", "${A:-".repeat(60_000)), message);
    expect(&format!("export A={}", "\"${A:-".repeat(60_000)), message);
    expect(&format!("export A={}", "$(dirname ".repeat(60_000)), message);
    expect(&format!("[[ {}", "( ".repeat(60_000)), message);
    expect(&format!("[[ {}", "! ".repeat(60_000)), message);
    let fits = format!("export A={}x{}", "${A:-".repeat(60), "}".repeat(60));
    let sandbox = Sandbox::new();
    sandbox.goenv(&sandbox.project("nested").join(".envrc"), fits.as_bytes()).unwrap();
}

#[test]
fn what_expansions_produce_is_bounded_too() {
    let big = format!("A={}\n", "x".repeat(130_000));
    let message = "the policy expands to more than its limit of 16 MiB";
    expect(&format!("{big}: {}", "\"$A\" ".repeat(500)), message);
    expect(&format!("{big}: \"{}\"", "$A".repeat(500)), message);
    expect(&format!("{big}{}", ": \"${A##*y*y*y*y*y*y*y*y*z}\"\n".repeat(500)), message);
    expect(&format!("{big}{}", "[[ $A == *y*y*y*y*z ]] || true\n".repeat(500)), message);
    let loud = format!("{big}{}", "echo \"$A\"\n".repeat(100));
    expect(&loud, "the messages are longer than their limit of 1 MiB");
}
