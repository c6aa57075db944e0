//! `examples/tour`, with the program under test in place of one that it builds.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{GOENV, Sandbox, sdk};

#[test]
fn the_tour_shows_the_goenv_that_cargo_says_it_built() {
    let mut sandbox = Sandbox::new();
    let build = format!(
        "#!/bin/sh\necho '{{\"reason\":\"x\",\"executable\":\"{GOENV}\",\"fresh\":true}}'\n"
    );
    let cargo = sandbox.file("cargo/cargo", build);
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("cargo").display());
    sandbox.set("PATH", path);
    let sdks = sdk("1.26.6");
    sandbox.set("GOENV_TEST_SDKS", sdks.ancestors().nth(2).unwrap());
    // Wherever the target directory is.
    sandbox.set("CARGO_TARGET_DIR", sandbox.path("elsewhere"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tour");
    let done = sandbox.run::<&str>(&sandbox.home(), script, &[]);
    assert_eq!(done.code(), 0, "{}", done.stderr());
    for shown in [
        "\ngo version go1.24.11 linux/",
        "\ngo version go1.26.6 linux/",
        "\nThe environment is what it was before, to the byte.\n",
    ] {
        assert!(done.stdout().contains(shown), "{}", done.stdout());
    }
    fs::remove_file(&cargo).unwrap();
    assert_ne!(sandbox.run::<&str>(&sandbox.home(), script, &[]).code(), 0);
}
