//! The subject alternative names as TiDB's REQUIRE SAN compares them: `ParseAndCheckSAN` in
//! `pkg/util/misc.go` and `checkCertSAN` in `pkg/privilege/privileges/privileges.go`.

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use super::clause::{Clause, breaks_out, shown};
use crate::error::{Error, Result};
use crate::session::Product;
use crate::text::peer_text;
use crate::x509::ip;

/// The text for the alternative names of `certificate`, in its order.
pub(super) fn list(clause: Clause, certificate: &X509Certificate<'_>) -> Result<String> {
    if clause.product != Product::TiDB {
        return Err(clause.refusal("only TiDB has SAN in REQUIRE"));
    }
    let names = match certificate.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.as_slice(),
        Ok(None) => &[],
        Err(_) => return Err(clause.refusal("its alternative names cannot be read")),
    };
    if names.is_empty() {
        return Err(clause.refusal("it has no alternative names"));
    }
    Ok(names.iter().map(|name| item(clause, name)).collect::<Result<Vec<_>>>()?.join(","))
}

fn item(clause: Clause, name: &GeneralName<'_>) -> Result<String> {
    match name {
        GeneralName::DNSName(dns) => Ok(format!("DNS:{}", checked(clause, dns)?)),
        GeneralName::URI(uri) => {
            let uri = checked(clause, uri)?;
            if !is_written_as_it_is(uri) {
                return Err(other_text(clause, uri));
            }
            Ok(format!("URI:{uri}"))
        }
        // Go writes an IPv4 address in IPv6's form as the IPv4 address.
        GeneralName::IPAddress(bytes) => ip(bytes)
            .map(|address| format!("IP:{}", address.to_canonical()))
            .ok_or_else(|| clause.refusal("one of its addresses is neither of IPv4 nor of IPv6")),
        other => Err(clause.refusal(format_args!(
            "TiDB does not know the kind of the alternative name \"{}\"",
            peer_text(other.to_string().as_bytes())
        ))),
    }
}

/// A name that TiDB finds in the list as it stands: neither cut nor trimmed.
fn checked(clause: Clause, name: &str) -> Result<&str> {
    if name.is_empty() {
        return Err(clause.refusal("one of its alternative names is empty"));
    }
    for character in name.chars() {
        let reason = match character {
            ',' => Some("separates names in this clause"),
            ' ' => Some("may be cut off"),
            _ if !character.is_ascii() => Some("is not ASCII, as such a name must be"),
            _ => breaks_out(character),
        };
        if let Some(reason) = reason {
            return Err(clause.refusal(format_args!(
                "{} in the alternative name \"{}\" {reason}",
                shown(character),
                peer_text(name.as_bytes())
            )));
        }
    }
    Ok(name)
}

fn other_text(clause: Clause, uri: &str) -> Error {
    clause.refusal(format_args!(
        "TiDB may write the URI \"{}\" differently before it compares it",
        peer_text(uri.as_bytes())
    ))
}

/// Whether Go's `url.Parse(uri).String()`, which is what TiDB compares, is `uri` again. Not every
/// such URI passes, only those for which that is plain to see.
fn is_written_as_it_is(uri: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let scheme_is_plain = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte)
        });
    let authority_is_plain = rest.strip_prefix("//").is_none_or(|rest| {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        !authority.is_empty() && authority.bytes().all(unreserved)
    });
    scheme_is_plain
        && authority_is_plain
        && rest.bytes().all(|byte| unreserved(byte) || b"/:@?&+;=$".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_that_go_writes_as_they_are() {
        for uri in [
            "spiffe://example.org/ns/shop/sa/app",
            "spiffe://example.org",
            "https://example.org/a?b=c&d=e/f",
            "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            "mailto:app@example.org",
            "file:/etc/app",
        ] {
            assert!(is_written_as_it_is(uri), "{uri}");
        }
        for uri in [
            "SPIFFE://example.org/app",
            "example.org/app",
            ":app",
            "",
            "spiffe://",
            "spiffe:///app",
            "spiffe://example.org/%41pp",
            "spiffe://ex%61mple.org/app",
            "https://user:pa:ss@example.org/",
            "https://example.org/#part",
            "https://example.org/a\"b",
            "https://example.org/ä",
        ] {
            assert!(!is_written_as_it_is(uri), "{uri}");
        }
    }
}
