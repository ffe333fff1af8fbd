//! The command's environment.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::template::{Place, Template, Values};
use crate::failure::Failure;

/// Variables of this program begin so; they may hold the DSN with its password.
const OWN: &str = "MYSQL_TLS_";

/// Where clients look for a server that no option names. All of them are replaced: one that is left
/// from the parent would lead the command past the endpoint, and so past TLS.
const PLACES: [&str; 3] = ["MYSQL_UNIX_PORT", "MYSQL_HOST", "MYSQL_TCP_PORT"];

/// `NAME=TEMPLATE`.
#[derive(Clone)]
pub(super) struct Assignment {
    name: OsString,
    template: OsString,
}

pub(super) fn assignment() -> impl TypedValueParser<Value = Assignment> {
    OsStringValueParser::new().try_map(|text| {
        let bytes = text.as_bytes();
        let equals = bytes.iter().position(|byte| *byte == b'=').filter(|at| *at > 0);
        let parts = equals.and_then(|at| bytes.split_at_checked(at));
        let (name, value) = parts.ok_or("write NAME=TEMPLATE")?;
        let template = value.strip_prefix(b"=").unwrap_or_default();
        Ok::<_, &str>(Assignment {
            name: OsStr::from_bytes(name).to_owned(),
            template: OsStr::from_bytes(template).to_owned(),
        })
    })
}

pub(super) fn templates<'a>(
    assignments: &'a [Assignment],
    place: Place,
) -> Result<Vec<(&'a OsStr, Template)>, Failure> {
    let template = |assignment: &'a Assignment| {
        let name = assignment.name.as_os_str();
        match Template::for_variable(&assignment.template, place) {
            Ok(template) => Ok((name, template)),
            Err(why) => Err(Failure::usage(format!("--env {}: {why}", name.display()))),
        }
    };
    assignments.iter().map(template).collect()
}

/// Sets what the command finds, and takes away what it should not.
pub(super) fn set(
    command: &mut Command,
    values: &Values,
    variables: &[(&OsStr, Template)],
) -> Result<(), Failure> {
    for (name, _) in std::env::vars_os() {
        if name.as_bytes().starts_with(OWN.as_bytes()) {
            command.env_remove(name);
        }
    }
    for name in PLACES {
        command.env_remove(name);
    }
    command.env("DATABASE_URL", &values.url);
    if let Some(path) = &values.socket {
        command.env("MYSQL_UNIX_PORT", path);
    }
    if let Some(address) = values.address {
        command.env("MYSQL_HOST", address.ip().to_string());
        command.env("MYSQL_TCP_PORT", address.port().to_string());
    }
    for (name, template) in variables {
        let failed = |why| Failure::usage(format!("--env {}: {why}", name.display()));
        command.env(name, template.render(values).map_err(failed)?);
    }
    Ok(())
}
