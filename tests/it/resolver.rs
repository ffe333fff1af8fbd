//! Makes `db.example.com` lead to this machine, and `three.example.com` to three of its addresses.
//!
//! These names need a resolver that knows them, and no machine's does. A wrapper of `getaddrinfo`,
//! loaded before the C library, gives them their addresses. It is C, as the crypto providers are,
//! so whoever builds the tests has a compiler.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::LazyLock;

use crate::support::TestDir;

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

/// A program that is to find these names.
pub(crate) fn with_names(command: &mut Command) -> &mut Command {
    command.env("LD_PRELOAD", WRAPPER.as_path())
}
