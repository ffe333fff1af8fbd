//! What is said of packets that must not pass.

use crate::error::{AuthErrorKind, Error, ProtocolErrorKind};
use crate::protocol::plugin;
use crate::text::peer_text;

pub(super) fn unexpected(what: &str) -> Error {
    Error::protocol(
        ProtocolErrorKind::UnexpectedPacket,
        format!("the server sent {what} during the login, which breaks the MySQL protocol"),
    )
}

pub(super) fn pinned_key() -> Error {
    Error::auth(
        AuthErrorKind::ServerKey,
        "the driver encrypted the password with a key of the server that was given to it, and this \
         endpoint cannot read that; remove the pinned server key from the driver's options",
    )
}

pub(super) fn needs_secure_connection(message: &str) -> Error {
    Error::auth(AuthErrorKind::NeedsSecureConnection, message)
}

/// What `cleartext-password=verified` keeps from a server that nobody verified.
pub(crate) fn unverified(what: &str) -> Error {
    Error::auth(
        AuthErrorKind::UnverifiedServer,
        format!(
            "{what}, and who the server is was not verified (cleartext-password=verified); use \
             ssl-mode=VERIFY_IDENTITY with the server's CA, or tls-pin"
        ),
    )
}

pub(super) fn old_password() -> Error {
    Error::auth(
        AuthErrorKind::OldPassword,
        "the server asks for the password hash of MySQL 4.0 (mysql_old_password), which is as good \
         as cleartext and never sent; give the account another authentication plugin",
    )
}

pub(super) fn supported_plugins() -> String {
    let names: Vec<String> = plugin::OF_THE_DRIVER.iter().map(|name| peer_text(name)).collect();
    crate::text::list(&names)
}
