//! Makes `db.example.com` lead to this machine, for the library and the official client alike.
//!
//! Names of several labels need a resolver that knows them, and no machine's does. A wrapper of
//! `getaddrinfo`, loaded before the C library, gives them the address 127.0.0.1. It is C, as
//! the crypto providers are, so whoever builds the tests has a compiler.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::LazyLock;

use crate::support::TestDir;

const PRELOAD: &str = "LD_PRELOAD";
/// Where this is set, the wrapper is loaded.
const INSIDE: &str = "MYSQL_TLS_TEST_NAMES";

static WRAPPER: LazyLock<PathBuf> = LazyLock::new(|| {
    let wrapper = Path::new(env!("CARGO_TARGET_TMPDIR")).join("names.so");
    let dir = TestDir::new();
    let source = dir.write("names.c", include_str!("names.c"));
    let made = wrapper.with_extension(process::id().to_string());
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command.args(["-shared", "-fPIC", "-o"]).arg(&made).arg(source).arg("-ldl");
    assert!(command.status().expect("a C compiler").success(), "names.c compiles");
    // Other processes may be using, or making, the same.
    fs::rename(made, &wrapper).expect("a place for names.so");
    wrapper
});

/// A program that is to find `db.example.com`.
pub(crate) fn with_names(command: &mut Command) -> &mut Command {
    command.env(PRELOAD, WRAPPER.as_path()).env(INSIDE, "1")
}

/// Runs the test of this name, which calls this, in a process that finds `db.example.com`, unless
/// it is in one.
pub(super) fn with_names_or_again(name: &str, test: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() || !cfg!(target_os = "linux") {
        return test();
    }
    let mut again = Command::new(env::current_exe().expect("this program"));
    again.args([name, "--exact", "--nocapture"]);
    let output = with_names(&mut again).output().expect("this program");
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{}", said.concat());
    assert!(said[0].contains("1 passed"), "{}", said[0]);
}
