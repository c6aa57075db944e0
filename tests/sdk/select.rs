//! The choice of a toolchain, with the go command itself as the judge.

use std::fs;
use std::os::unix::fs::symlink;

use goenv::go::Version;
use goenv::go::modfile::ModFile;
use goenv::go::select::{Counting, Selection, select, setting};

use crate::real::{Home, NEW, OLD, sdk, text};

const FILES: &[&str] = &[
    "module m\n",
    "module m\ngo 1.21\n",
    "module m\ngo 1.24.11\n",
    "module m\r\ngo 1.26.6\r\n",
    "module m\ngo 1.26 // language\n",
    "module m\ngo 1.24\ntoolchain go1.26.6\n",
    "module m\ngo 1.26.6\ntoolchain go1.24.11\n",
    "module m\ngo 1.24\ntoolchain default\n",
    "module m\ntoolchain none\n",
    "module m\ntoolchain 1.26.6\n",
    "module m\ntoolchain go1.99-/run.sh\n",
    "module m\ngo 1.022\n",
    "module m\ngo v1.26.6\n",
    "module m\nrequire (\n go 1.26.6\n)\ngo 1.24\n",
    "\u{feff}go 1.26.6\nmodule m\n",
    "module m\ngo 1.24.11 1.26.6\n",
    "module m\ngo 1.26rc1\n",
];

const SETTINGS: &[&str] = &[
    "local",
    "path",
    "local+path",
    "go1.24.11",
    "go1.26.6",
    "go1.24.11+path",
    "go1.26.6+path",
    "auto",
    "off",
    "1.26.6",
    "go1.24.11+later",
    "go2.0.0",
    "",
];

#[test]
fn the_choice_is_the_one_that_go_makes() {
    let home = Home::new();
    let shims = home.path().join("shims");
    fs::create_dir(&shims).unwrap();
    for version in [OLD, NEW] {
        symlink(sdk(version).join("bin/go"), shims.join(format!("go{version}"))).unwrap();
    }
    let mut tried = 0;
    for file in FILES {
        let module = home.path().join("m");
        fs::create_dir_all(&module).unwrap();
        fs::write(module.join("go.mod"), file).unwrap();
        for gotoolchain in SETTINGS {
            for local in [OLD, NEW] {
                let output = home
                    .go(&sdk(local))
                    .current_dir(&module)
                    .env("PATH", &shims)
                    .env("GOTOOLCHAIN", gotoolchain)
                    .arg("version")
                    .output()
                    .unwrap();
                let said = text(&output);
                let place = format!("{file:?} GOTOOLCHAIN={gotoolchain} go{local} said {said}");
                // The SDK's go.env says `auto`, which is what counts where the variable is empty.
                let go_env = fs::read(sdk(local).join("go.env")).unwrap();
                let (value, _) =
                    setting("GOTOOLCHAIN", Some(gotoolchain.as_bytes()), None, Some(&go_env))
                        .unwrap();
                let file = Counting { kind: ModFile::Mod, bytes: file.as_bytes() };
                match select(&value, &format!("go{local}"), Some(file)) {
                    Ok(Selection::Local) => {
                        assert!(said.contains(&format!("go version go{local} ")), "{place}");
                    }
                    Ok(Selection::Switch { name, .. }) if shims.join(&name).exists() => {
                        assert!(said.contains(&format!("go version {name} ")), "{place}");
                    }
                    Ok(Selection::Switch { name, .. }) => {
                        assert!(!output.status.success() && said.contains(&name), "{place}");
                    }
                    Err(invalid) => {
                        let kind = invalid.to_string().replace('`', "\"");
                        let kind = kind.split(": ").next().unwrap();
                        assert!(!output.status.success() && said.contains(kind), "{kind}: {place}");
                    }
                }
                tried += 1;
            }
        }
    }
    println!("{tried} choices compared with go itself");
}

/// Asks Go's own package for the order of every pair and the language of every version.
#[test]
fn versions_compare_as_gos_own_package_compares_them() {
    const VERSIONS: &[&str] = &[
        "",
        "1",
        "1.0",
        "1.0.0",
        "1.9",
        "1.9.2rc2",
        "1.20rc1",
        "1.20",
        "1.20.0",
        "1.20.14",
        "1.21",
        "1.21beta1",
        "1.21pre3",
        "1.21rc",
        "1.21rc1",
        "1.21rc2",
        "1.21rc10",
        "1.21.0",
        "1.21.0rc1",
        "1.21.13",
        "1.21.x",
        "01.21",
        "1.021",
        "1.22",
        "1.22.0",
        "1.100.0",
        "1.99999999999",
        "2",
        "2.0",
        "2.1",
        "1.21-fips",
        "1.21.0-corp",
        "1.",
        "x",
        "1.21.",
        "1.2.3.4",
        "v1.21",
    ];
    let home = Home::new();
    fs::write(home.path().join("go.mod"), "module m\ngo 1.24\n").unwrap();
    let program = r#"package main
import ("fmt"; "go/version"; "os")
func main() {
	for _, x := range os.Args[1:] {
		fmt.Println(x, version.IsValid("go"+x), version.Lang("go"+x))
		for _, y := range os.Args[1:] { fmt.Println(x, y, version.Compare("go"+x, "go"+y)) }
	}
}
"#;
    fs::write(home.path().join("main.go"), program).unwrap();
    let mut command = home.go(&sdk(NEW));
    command.args(["run", "."]).args(VERSIONS);
    let judged = crate::real::succeed(&mut command);
    let read = |text: &str| Version::from_toolchain(&format!("go{text}"));
    let mut expected = String::new();
    for x in VERSIONS {
        let language =
            read(x).map(|version| format!("go{}", version.language())).unwrap_or_default();
        expected += &format!("{x} {} {language}\n", read(x).is_some());
        for y in VERSIONS {
            expected += &format!("{x} {y} {}\n", read(x).cmp(&read(y)) as i8);
        }
    }
    assert_eq!(judged, expected);
}
