//! Passwords: redacted in every output, wiped when dropped.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A password. `Debug` shows `<redacted>`; the memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Wraps the text of a password.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Password(Zeroizing::new(text.into()))
    }

    /// The password itself. Named so that a reader of the code sees where it leaves its wrapper.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Password::new(text)
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Password::new(text)
    }
}

/// What a password provider may return as its error.
pub type ProviderError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a password provider, as a source.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct ProviderFailure(#[from] ProviderError);

type Provider = dyn Fn() -> Result<Password, ProviderError> + Send + Sync;

/// Where the password comes from.
#[derive(Clone, Default)]
pub(crate) enum PasswordSource {
    #[default]
    None,
    Text(Password),
    /// Asked at every connect, since tokens expire.
    Provider(Arc<Provider>),
    /// Read at every connect.
    File(PathBuf),
}

impl PartialEq for PasswordSource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (PasswordSource::None, PasswordSource::None) => true,
            (PasswordSource::Text(a), PasswordSource::Text(b)) => a == b,
            (PasswordSource::Provider(a), PasswordSource::Provider(b)) => Arc::ptr_eq(a, b),
            (PasswordSource::File(a), PasswordSource::File(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordSource::None => f.write_str("none"),
            PasswordSource::Text(password) => password.fmt(f),
            PasswordSource::Provider(_) => f.write_str("provider"),
            PasswordSource::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_output_shows_a_password() {
        let password = Password::new("hunter2");
        assert_eq!(format!("{password:?}"), "<redacted>");
        assert_eq!(format!("{:?}", PasswordSource::Text(password)), "<redacted>");
    }
}
