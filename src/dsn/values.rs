//! The kinds of value that a key can have, as text and back.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::IntErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::encoding::{BadEncoding, decode, encode};
use super::foreign::libpq_mode;
use crate::cleartext_password::CleartextPassword;
use crate::load_balance::LoadBalance;
use crate::pem_source::{BEGIN, PemSource, may_be_text};
use crate::secret::Password;
use crate::ssl_mode::SslMode;
use crate::ssl_roots::SslRoots;

/// A bare number of seconds above this is taken for milliseconds of another driver, and refused.
const BARE_SECONDS: u128 = 600;

/// The units of a duration, in nanoseconds; longest names first, so that `ms` is not read as `s`.
const UNITS: [(&str, u128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The value of a key.
pub(super) struct Value<'a> {
    /// As it stands in the connection string; lists are split here, before decoding.
    pub(super) raw: &'a str,
    /// Decoded.
    pub(super) text: &'a str,
}

/// Reading a value: an error is the end of a sentence that begins with the key's name and never
/// repeats the value.
pub(super) type Reading<T> = Result<T, String>;

/// Writing a setting: none where it has its default, an error where it has no text. The text is
/// encoded already.
pub(super) type Writing = Result<Option<String>, &'static str>;

/// Sets a field.
pub(super) fn set<T>(field: &mut Option<T>, read: Reading<T>) -> Reading<()> {
    *field = Some(read?);
    Ok(())
}

pub(super) fn mode(value: &Value<'_>) -> Reading<SslMode> {
    value.text.parse().map_err(|_| match libpq_mode(value.text) {
        Some(mode) => format!("has another driver's value: write `ssl-mode={mode}`"),
        None => "is one of `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` and `VERIFY_IDENTITY`"
            .into(),
    })
}

pub(super) fn roots(value: &Value<'_>) -> Reading<SslRoots> {
    value.text.parse().map_err(|_| {
        "is one of `webpki`, `native`, `webpki,ca` and `native,ca`; a file of CAs is `ssl-ca`"
            .into()
    })
}

pub(super) fn load_balance(value: &Value<'_>) -> Reading<LoadBalance> {
    value.text.parse().map_err(|_| "is `sequential` or `random`".into())
}

pub(super) fn cleartext_password(value: &Value<'_>) -> Reading<CleartextPassword> {
    value.text.parse().map_err(|_| {
        "is `tls`, inside TLS whoever ends it, or `verified`, to a server that was verified".into()
    })
}

pub(super) fn text(value: &Value<'_>) -> Reading<String> {
    Ok(value.text.to_owned())
}

pub(super) fn write_text(text: Option<&String>) -> Writing {
    Ok(text.map(|text| encode_value(text)))
}

pub(super) fn path(value: &Value<'_>) -> Reading<PathBuf> {
    Ok(PathBuf::from(value.text))
}

pub(super) fn write_path(path: Option<&PathBuf>) -> Writing {
    path.map(|path| one_path(path)).transpose()
}

fn one_path(path: &Path) -> Result<String, &'static str> {
    path.to_str().map(encode_value).ok_or("its path is not UTF-8")
}

/// A file, or PEM text if the value begins like PEM.
pub(super) fn pem(value: &Value<'_>) -> Reading<PemSource> {
    if value.text.contains("-----BEGIN+") {
        return Err("has `+` for spaces: write `%20`, since a plus stands for itself here".into());
    }
    Ok(PemSource::path(value.text))
}

pub(super) fn write_pem(source: Option<&PemSource>) -> Writing {
    match source {
        None => Ok(None),
        Some(PemSource::File(path)) => one_path(path).map(Some),
        Some(text @ PemSource::Text(pem)) => match std::str::from_utf8(pem) {
            Ok(pem) if PemSource::path(pem) == *text => Ok(Some(encode_value(pem))),
            _ => Err("its PEM text has no `-----BEGIN`"),
        },
    }
}

/// Whether a text form of this would, or could, show a private key.
pub(super) fn shows_private_key(source: Option<&PemSource>) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY";
    match source {
        Some(PemSource::Text(pem)) => {
            let has = |mark: &[u8]| pem.windows(mark.len()).any(|window| window == mark);
            has(MARK) || !has(BEGIN.as_bytes())
        }
        Some(PemSource::File(path)) => may_be_text(path),
        _ => false,
    }
}

pub(super) fn flag(value: &Value<'_>) -> Reading<bool> {
    match value.text.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err("is either `true` or `false`".into()),
    }
}

pub(super) fn write_flag(flag: Option<bool>) -> Writing {
    Ok(flag.map(|flag| flag.to_string()))
}

/// A whole number in decimal.
pub(super) fn number<T>(value: &Value<'_>) -> Reading<T>
where
    T: FromStr<Err = std::num::ParseIntError>,
{
    if value.text.starts_with('+') {
        return Err("is a whole number without a sign".into());
    }
    value.text.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => "is a number that is too large".into(),
        _ => "is a whole number".to_owned(),
    })
}

pub(super) fn write_number<T: ToString>(number: Option<T>) -> Writing {
    Ok(number.map(|number| number.to_string()))
}

/// Bits of the protocol: decimal, or hexadecimal after `0x`.
pub(super) fn bits(value: &Value<'_>) -> Reading<u32> {
    match value.text.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u32::from_str_radix(digits, 16)
            .map_err(|_| "is 32 bits in hexadecimal after `0x`, or a whole number".into()),
        _ => number(value),
    }
}

pub(super) fn write_bits(bits: Option<u32>) -> Writing {
    Ok(bits.map(|bits| format!("{bits:#x}")))
}

/// A number with a unit; without one it is seconds, at most 600.
pub(super) fn duration(value: &Value<'_>) -> Reading<Duration> {
    let digits = value.text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = value.text.split_at(digits);
    let number: u128 = number.parse().map_err(|_| write_a_duration())?;
    if unit.is_empty() {
        if number > BARE_SECONDS {
            return Err(without_unit(number));
        }
        return in_nanoseconds(number, 1_000_000_000);
    }
    let (_, size) =
        UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(write_a_duration)?;
    in_nanoseconds(number, size)
}

/// A number whose unit is in the key's name.
pub(super) fn milliseconds(value: &Value<'_>) -> Reading<Duration> {
    in_nanoseconds(number::<u64>(value)?.into(), 1_000_000)
}

/// A number whose unit is in the key's name.
pub(super) fn seconds(value: &Value<'_>) -> Reading<Duration> {
    in_nanoseconds(number::<u64>(value)?.into(), 1_000_000_000)
}

fn in_nanoseconds(number: u128, size: u128) -> Reading<Duration> {
    if number == 0 {
        return Err("cannot be zero: write how long, or leave the key out".into());
    }
    let total = number.checked_mul(size).ok_or("is a time that is too long")?;
    let seconds = u64::try_from(total / 1_000_000_000).map_err(|_| "is a time that is too long")?;
    let nanoseconds = u32::try_from(total % 1_000_000_000).unwrap_or(0);
    Ok(Duration::new(seconds, nanoseconds))
}

fn write_a_duration() -> String {
    "is a time: write a whole number and its unit, such as `10s`, `500ms` or `2m`".into()
}

/// Other drivers count in milliseconds: what the number would be then.
fn without_unit(number: u128) -> String {
    let rule =
        format!("has a number without a unit, which means seconds and goes up to {BARE_SECONDS}: ");
    let milliseconds = if number > 1_000_000_000 {
        return rule + "write a unit, such as `30s`";
    } else if number.is_multiple_of(1000) {
        format!("{}s", number / 1000)
    } else {
        format!("{number}ms")
    };
    rule + &format!("if it was meant in milliseconds, write `{milliseconds}`")
}

pub(super) fn write_duration(duration: Option<Duration>) -> Writing {
    Ok(duration.map(|duration| {
        if duration.subsec_nanos() == 0 {
            format!("{}s", duration.as_secs())
        } else if duration.subsec_nanos() % 1_000_000 == 0 {
            format!("{}ms", duration.as_millis())
        } else {
            format!("{}ns", duration.as_nanos())
        }
    }))
}

/// A zlib level, or one of the names that `mysql` and `mysql_async` give to three of them.
pub(super) fn compression(value: &Value<'_>) -> Reading<Option<u32>> {
    match value.text {
        "fast" => Ok(Some(1)),
        "true" | "on" => Ok(Some(6)),
        "best" => Ok(Some(9)),
        "false" | "off" => Ok(None),
        _ => match number(value) {
            Ok(level @ 0..=9) => Ok(Some(level)),
            _ => Err("is a level from 0 to 9, `fast`, `best`, `true` or `false`".into()),
        },
    }
}

pub(super) fn write_compression(compression: Option<Option<u32>>) -> Writing {
    Ok(compression.map(|level| level.map_or_else(|| "false".to_owned(), |level| level.to_string())))
}

/// An address with or without a port; without one the system chooses it.
pub(super) fn address(value: &Value<'_>) -> Reading<SocketAddr> {
    let bare = value.text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0));
    bare.or_else(|_| value.text.parse()).map_err(|_| {
        "is a local IP address, with a port if one is needed, such as `192.0.2.1` or `[::1]:5000`"
            .into()
    })
}

pub(super) fn write_address(address: Option<SocketAddr>) -> Writing {
    match address {
        Some(SocketAddr::V6(v6)) if v6.flowinfo() != 0 => Err("its address has a flow label"),
        Some(SocketAddr::V6(v6)) if v6.port() == 0 && v6.scope_id() == 0 => {
            Ok(Some(encode_value(&v6.ip().to_string())))
        }
        Some(SocketAddr::V4(v4)) if v4.port() == 0 => Ok(Some(v4.ip().to_string())),
        Some(address) => Ok(Some(encode_value(&address.to_string()))),
        None => Ok(None),
    }
}

/// Statements separated by `;`; one that belongs to a statement is written `%3B`.
pub(super) fn statements(value: &Value<'_>) -> Reading<Vec<String>> {
    list(
        value,
        "has an empty statement: `;` separates statements, and one that belongs to a statement is \
         `%3B`",
    )
}

/// Hashes separated by `;`.
pub(super) fn hashes(value: &Value<'_>) -> Reading<Vec<String>> {
    list(value, "has an empty hash: `;` separates several")
}

/// Names of groups separated by `;`.
pub(super) fn groups(value: &Value<'_>) -> Reading<Vec<String>> {
    list(value, "has an empty group: `;` separates several")
}

/// Texts separated by `;`, none of them empty.
fn list(value: &Value<'_>, empty: &'static str) -> Reading<Vec<String>> {
    let raw = value.raw.strip_suffix(';').unwrap_or(value.raw);
    let mut list = Vec::new();
    for raw in raw.split(';') {
        let text = decode(raw).map_err(BadEncoding::reason)?;
        if text.trim().is_empty() {
            return Err(empty.into());
        }
        list.push(text.to_string());
    }
    Ok(list)
}

/// Adds to a list.
pub(super) fn append<T>(field: &mut Vec<T>, read: Reading<Vec<T>>) -> Reading<()> {
    field.extend(read?);
    Ok(())
}

pub(super) fn write_list(list: &[String]) -> Writing {
    if list.is_empty() {
        return Ok(None);
    }
    let encoded: Vec<String> = list.iter().map(|text| encode_value(text)).collect();
    Ok(Some(encoded.join(";")))
}

pub(super) fn write_secret(password: &Password) -> Writing {
    Ok(Some(encode_value(password.expose())))
}

/// `name=value` separated by `,`; both characters are encoded where they belong to one of the two.
/// sqlx's square brackets around it are allowed.
pub(super) fn attributes(value: &Value<'_>) -> Reading<BTreeMap<String, String>> {
    match value.text.to_ascii_lowercase().as_str() {
        // sqlx: the driver's own attributes and no others, which is the default here.
        "true" => return Ok(BTreeMap::new()),
        "false" => return Err("cannot be turned off: remove it".into()),
        _ => {}
    }
    let raw = value.raw;
    let raw = raw.strip_prefix('[').and_then(|raw| raw.strip_suffix(']')).unwrap_or(raw);
    let mut attributes = BTreeMap::new();
    for pair in raw.split(',') {
        let (name, value) = pair.split_once('=').ok_or_else(write_attributes_so)?;
        let name = decode(name).map_err(BadEncoding::reason)?;
        let value = decode(value).map_err(BadEncoding::reason)?;
        if name.is_empty() {
            return Err(write_attributes_so());
        }
        if attributes.insert(name.to_string(), value.to_string()).is_some() {
            return Err("names an attribute twice".into());
        }
    }
    Ok(attributes)
}

fn write_attributes_so() -> String {
    "is a list such as `program_name=app,team=shop`; in a name or value write `%2C` for a comma and \
     `%3D` for an equals sign"
        .into()
}

pub(super) fn write_attributes(attributes: Option<&BTreeMap<String, String>>) -> Writing {
    Ok(attributes.map(|attributes| {
        if attributes.is_empty() {
            return "true".to_owned();
        }
        let pairs: Vec<String> = attributes
            .iter()
            .map(|(name, value)| format!("{}={}", encode_value(name), encode_value(value)))
            .collect();
        pairs.join(",")
    }))
}

/// Encodes a value for the query: paths and times stay readable, list separators are encoded.
fn encode_value(text: &str) -> String {
    encode(text, "/:")
}
