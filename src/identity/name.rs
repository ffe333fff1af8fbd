//! A subject or issuer as the one line that servers compare.
//!
//! TiDB: `X509NameOnline` in `pkg/util/misc.go`. MySQL and MariaDB: OpenSSL's `X509_NAME_oneline`,
//! here as version 3 has it, which sets `+` between the attributes of one set and a `\` before a `+`
//! and a `/` in a value; older versions did neither.

use std::fmt::Write as _;

use x509_parser::asn1_rs::{Any, Class, Oid, Tag};
use x509_parser::x509::X509Name;

use super::clause::{Clause, breaks_out, shown};
use crate::error::Result;
use crate::session::Product;
use crate::text::peer_text;

/// The attributes that TiDB writes; it skips all others.
const TIDB: [(&str, &str); 10] = [
    ("2.5.4.6", "C"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.17", "POSTALCODE"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// The short names of OpenSSL for the attributes that certificates have, the same since version
/// 1.1.1.
const OPENSSL: [(&str, &str); 32] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.18", "postOfficeBox"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
];

/// Where OpenSSL has more names, and every version some that the one before had not.
const OPENSSL_GROWS: [&str; 6] =
    ["2.5.4.", "0.9.2342.", "1.2.840.113549.", "1.3.6.1.4.1.311.", "1.3.6.1.5.5.7.", "1.2.643."];

/// OpenSSL cuts a longer number.
const OPENSSL_OID_LENGTH: usize = 79;

/// The text of `name` as the server of `clause` writes it, if it writes no other name so.
pub(super) fn one_line(clause: Clause, name: &X509Name<'_>) -> Result<String> {
    let mut line = String::new();
    let within_a_set = if clause.product == Product::TiDB { '/' } else { '+' };
    for set in name.iter() {
        let mut separator = '/';
        for attribute in set.iter() {
            let key = key(clause, attribute.attr_type())?;
            let value = value(clause, &key, attribute.attr_value())?;
            let _ = write!(line, "{separator}{key}={value}");
            separator = within_a_set;
        }
    }
    if line.is_empty() {
        return Err(clause.refusal("the name is empty, and an empty text requires nothing"));
    }
    Ok(line)
}

/// The name of an attribute's type.
fn key(clause: Clause, oid: &Oid<'_>) -> Result<String> {
    // Not the right number where the first byte stands for more than 2.39; then no name has it.
    let first_is_read = oid.as_bytes().first().is_some_and(|first| *first < 120);
    let oid = oid.to_id_string();
    let of = |table: &[(&str, &str)]| {
        table.iter().find(|(number, _)| *number == oid).map(|(_, name)| (*name).to_owned())
    };
    match clause.product {
        Product::TiDB => of(&TIDB).ok_or_else(|| {
            clause.refusal(format_args!(
                "TiDB skips the attribute {}, so that names with another value of it would match \
                 as well",
                of(&OPENSSL).unwrap_or_else(|| peer_text(oid.as_bytes()))
            ))
        }),
        Product::MySQL | Product::MariaDB => of(&OPENSSL).map_or_else(
            || {
                let plain = oid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                let may_have_a_name = OPENSSL_GROWS.iter().any(|arc| oid.starts_with(arc));
                if first_is_read && plain && !may_have_a_name && oid.len() <= OPENSSL_OID_LENGTH {
                    return Ok(oid.clone());
                }
                Err(clause.refusal(format_args!(
                    "it is not known how the server writes the attribute {}",
                    peer_text(oid.as_bytes())
                )))
            },
            Ok,
        ),
    }
}

/// The text of an attribute's value.
fn value(clause: Clause, key: &str, value: &Any<'_>) -> Result<String> {
    let bytes = value.as_bytes();
    let Some(text) = decoded(value) else {
        return Err(clause.refusal(format_args!("the value of {key} is not text that can be read")));
    };
    let refusal = |character, reason| {
        clause.refusal(format_args!(
            "{} in the value \"{}\" of {key} {reason}",
            shown(character),
            peer_text(text.as_bytes())
        ))
    };
    for character in text.chars() {
        if let Some(reason) = breaks_out(character).or_else(|| imitates(character)) {
            return Err(refusal(character, reason));
        }
    }
    match clause.product {
        // Versions of Go differ in how they read it.
        Product::TiDB if value.tag() == Tag::T61String && !text.is_ascii() => {
            Err(clause.refusal(format_args!(
                "what the value \"{}\" of {key} is as a TeletexString depends on TiDB's version",
                peer_text(text.as_bytes())
            )))
        }
        Product::TiDB => Ok(text),
        Product::MySQL | Product::MariaDB => {
            let mut line = String::with_capacity(bytes.len());
            for &byte in bytes {
                match char::from(byte) {
                    // A BMPString of other characters can have such bytes.
                    character if matches!(character, '\'' | '\\' | '/' | '=') => {
                        return Err(refusal(
                            character,
                            "is how the server shows a part of a letter",
                        ));
                    }
                    '+' => line.push_str("\\+"),
                    printable @ ' '..='~' => line.push(printable),
                    _ => {
                        let _ = write!(line, "\\x{byte:02X}");
                    }
                }
            }
            Ok(line)
        }
    }
}

/// What is wrong with a character in a value, since the line has no escapes.
fn imitates(character: char) -> Option<&'static str> {
    matches!(character, '/' | '=').then_some("reads as the start of another attribute")
}

/// A value of one of the types that both OpenSSL and Go take for text.
fn decoded(value: &Any<'_>) -> Option<String> {
    let bytes = value.as_bytes();
    if value.class() != Class::Universal || value.header.is_constructed() {
        return None;
    }
    match value.tag() {
        Tag::Utf8String => std::str::from_utf8(bytes).ok().map(str::to_owned),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            bytes.is_ascii().then(|| bytes.iter().copied().map(char::from).collect())
        }
        // In practice it is Latin-1.
        Tag::T61String => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units = bytes.chunks_exact(2);
            // None of them is half of a surrogate pair, which this type has not.
            let text = units
                .clone()
                .map(|unit| <[u8; 2]>::try_from(unit).ok().map(u16::from_be_bytes))
                .map(|unit| char::from_u32(u32::from(unit?)))
                .collect();
            units.remainder().is_empty().then_some(text)?
        }
        _ => None,
    }
}
