//! The password: before the `@`, or in a file.

use super::values::{Reading, Value, Writing, path, write_path};
use crate::builder::ConnectionBuilder;
use crate::secret::PasswordSource;

pub(super) fn read_file(builder: &mut ConnectionBuilder, value: &Value<'_>) -> Reading<()> {
    if builder.password != PasswordSource::None {
        return Err("and a password before the `@` exclude each other: keep one of them".into());
    }
    builder.password = PasswordSource::File(path(value)?);
    Ok(())
}

pub(super) fn write_file(builder: &ConnectionBuilder) -> Writing {
    match &builder.password {
        PasswordSource::File(path) => write_path(Some(path)),
        _ => Ok(None),
    }
}
