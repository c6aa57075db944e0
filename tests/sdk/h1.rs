//! The hash of a tree, with the go command as the judge: it downloads the SDK as a module and writes its own hash.

use std::fs;
use std::path::Path;

use goenv::env::Env;
use goenv::go::Version;
use goenv::sdk::store::adopt;
use goenv::sdk::tree::{Cores, Links, read};
use goenv::sdk::{Places, Platform, Source, find};

use crate::real::{Home, NEW, OLD, sdk, succeed, user};

/// Packs an SDK as `cmd/distpack` packs the module: `pack ROOT PREFIX ZIP`.
const PACK: &str = r#"package main

import (
	"archive/zip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	root, prefix := os.Args[1], os.Args[2]
	out, err := os.Create(os.Args[3])
	check(err)
	w := zip.NewWriter(out)
	check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		check(err)
		name, err := filepath.Rel(root, path)
		check(err)
		switch top, _, _ := strings.Cut(name, "/"); top {
		case "api", "doc", "misc", "test":
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if name == "go.mod" || strings.HasSuffix(name, "/go.mod") {
			name = strings.TrimSuffix(name, "go.mod") + "_go.mod"
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: prefix + "/" + name, Method: zip.Store})
		check(err)
		in, err := os.Open(path)
		check(err)
		_, err = io.Copy(f, in)
		check(err)
		return in.Close()
	}))
	check(w.Close())
	check(out.Close())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
"#;

#[test]
fn the_hash_of_a_tree_is_the_one_that_go_computes() {
    let home = Home::new();
    let module = format!("v0.0.1-go{NEW}.linux-amd64");
    let proxy = home.path().join("proxy/golang.org/toolchain/@v");
    fs::create_dir_all(&proxy).unwrap();
    fs::write(home.path().join("pack.go"), PACK).unwrap();
    let zip = proxy.join(format!("{module}.zip"));
    let mut pack = home.go(&sdk(OLD));
    pack.args(["run", "pack.go"])
        .arg(sdk(NEW))
        .arg(format!("golang.org/toolchain@{module}"))
        .arg(&zip);
    succeed(&mut pack);
    fs::write(proxy.join(format!("{module}.mod")), "module golang.org/toolchain\n").unwrap();
    let info = format!("{{\"Version\":\"{module}\",\"Time\":\"2026-08-11T00:40:52Z\"}}\n");
    fs::write(proxy.join(format!("{module}.info")), info).unwrap();

    let mut go = home.go(&sdk(OLD));
    go.env("GOPROXY", format!("file://{}", home.path().join("proxy").display()));
    go.env("GOSUMDB", "off").env("GOTOOLCHAIN", format!("go{NEW}")).arg("version");
    let said = succeed(&mut go);
    assert!(said.contains(&format!("go version go{NEW} ")), "{said}");
    let cache = home.path().join("go/pkg/mod");
    let ziphash = cache.join(format!("cache/download/golang.org/toolchain/@v/{module}.ziphash"));
    let gos = fs::read_to_string(ziphash).unwrap();

    let version = Version::read(NEW).unwrap();
    let linux = Platform::parse("linux/amd64").unwrap();
    let ours = read(&sdk(NEW), Links::Refuse, Cores::All).unwrap().h1(&version, &linux);
    println!("go {NEW}: cmd/go {gos}\n           goenv  {ours}");
    assert_eq!(ours, gos);

    // The tree that the go command unpacked is found, and adopted it has the same hash.
    let places =
        Places::new(&Env::new(), &home.path(), linux, user(&home.path()), Path::new("/nowhere"));
    let found = find::find(&version, &places).unwrap();
    assert_eq!((found.source, found.record), (Source::ModuleCache, None));
    assert_eq!(adopt(&found.root, &places).unwrap().record.h1, gos);
}
