//! The example that plays the whole story through.

use crate::common::{GOENV, Sandbox};

#[test]
fn the_two_people_of_the_example_agree() {
    let mut sandbox = Sandbox::new();
    sandbox.set("GOENV", GOENV);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/two-people/run");
    let done = sandbox.run::<&str>(&sandbox.home(), script, &[]);
    assert_eq!(done.code(), 0, "{}", done.stdout());
    assert!(done.stdout().ends_with("12 records, 1 to 12: the log verifies\n"));
    assert_eq!(done.stderr(), "");
}
