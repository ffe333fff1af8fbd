//! The query: keys and values, each key of one of three classes.

use zeroize::Zeroizing;

use super::encoding::{decode, is_key, normal};
use super::foreign;
use super::keys::{self, DsnKey, Read};
use super::others::{self, Other};
use super::split::placeholder;
use super::tls_rules::{self, Rule};
use super::values::Value;
use crate::builder::ConnectionBuilder;
use crate::error::{DsnError, DsnErrorKind};

/// Longer names are not shown: what looks like a key may be the end of a secret.
const SHOWN: usize = 40;

/// `KEY=VALUE` as it was written.
pub(super) struct Pair<'a> {
    pub(super) key: &'a str,
    /// The key as it is compared.
    pub(super) normal: String,
    raw: &'a str,
    /// The value, decoded.
    pub(super) text: Zeroizing<String>,
    /// Whether there was an `=`.
    has_value: bool,
}

impl<'a> Pair<'a> {
    /// An option of an option file.
    pub(super) fn of_option(name: &'a str, text: &'a str) -> Self {
        Pair {
            key: name,
            normal: normal(name),
            raw: text,
            text: Zeroizing::new(text.to_owned()),
            has_value: true,
        }
    }
}

/// What a key is.
enum Class {
    Own(&'static DsnKey, Read),
    Tls(Rule),
    Other(&'static Other),
    Unknown,
}

/// Reads the whole query into the builder. Keys that are not ours are reported all at once.
pub(super) fn read(
    builder: &mut ConnectionBuilder,
    query: &str,
    ignored: &[&str],
) -> Result<(), DsnError> {
    let ignored: Vec<String> = ignored.iter().map(|name| normal(name)).collect();
    let pairs = pairs(query)?;
    let prisma = pairs.iter().any(|pair| pair.normal == "sslaccept");
    let classes: Vec<(&Pair<'_>, Class)> =
        pairs.iter().map(|pair| (pair, classify(&pair.normal, prisma))).collect();
    refuse_twice(&classes)?;
    refuse_others(&classes, &ignored)?;
    for (pair, class) in &classes {
        if let Class::Own(_, read) = class {
            read_value(builder, pair, *read)?;
        }
    }
    Ok(())
}

fn read_value(
    builder: &mut ConnectionBuilder,
    pair: &Pair<'_>,
    read: Read,
) -> Result<(), DsnError> {
    let refused = |reason: &str| {
        DsnError::new(DsnErrorKind::Value, Some(pair.key), format!("`{}` {reason}", pair.key))
    };
    if pair.raw.is_empty() {
        return Err(refused("has no value: write one after `=`, or leave the key out"));
    }
    // Values may hold `<` and `>`, as statements do; a placeholder is the whole of one.
    if (pair.raw.starts_with('<') && pair.raw.ends_with('>'))
        || (pair.raw.starts_with("${") && pair.raw.ends_with('}'))
    {
        placeholder(&format!("value of `{}`", pair.key), pair.raw)?;
    }
    read(builder, &Value { raw: pair.raw, text: &pair.text }).map_err(|reason| refused(&reason))
}

/// Splits the query; empty pieces, as a trailing `&` leaves one, are passed over.
pub(super) fn pairs(query: &str) -> Result<Vec<Pair<'_>>, DsnError> {
    query.split('&').filter(|piece| !piece.is_empty()).map(pair).collect()
}

fn pair(piece: &str) -> Result<Pair<'_>, DsnError> {
    let (key, raw, has_value) = match piece.split_once('=') {
        Some((key, raw)) => (key, raw, true),
        None => (piece, "", false),
    };
    if !is_key(key) {
        return Err(DsnError::new(
            DsnErrorKind::UnknownKey,
            None,
            "a key after the `?` has characters other than letters, digits, `-` and `_`: write \
             `KEY=VALUE` with `&` between, and `%26` for a `&` in a value",
        ));
    }
    let normal = normal(key);
    let text = decode(raw).map_err(|bad| {
        // A known name is ours to repeat, another may be a piece of a secret.
        let name = is_known(&normal).then_some(key);
        let part = name.map_or_else(|| "a value after the `?`".into(), |name| format!("`{name}`"));
        DsnError::new(DsnErrorKind::Encoding, name, format!("{part} {}", bad.reason()))
    })?;
    Ok(Pair { key, normal, raw, text, has_value })
}

fn classify(name: &str, prisma: bool) -> Class {
    if prisma && name == "sslcert" {
        // Prisma's sslcert is the server's CA.
        return Class::Tls(Rule::File("ssl-ca"));
    }
    if let Some((key, read)) = keys::find(name) {
        return Class::Own(key, read);
    }
    if let Some(rule) = tls_rules::find(name) {
        return Class::Tls(rule);
    }
    others::find(name).map_or(Class::Unknown, Class::Other)
}

fn is_known(name: &str) -> bool {
    !matches!(classify(name, false), Class::Unknown)
}

/// A key may stand once, under whichever of its names.
fn refuse_twice(classes: &[(&Pair<'_>, Class)]) -> Result<(), DsnError> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (pair, class) in classes {
        let identity = match class {
            Class::Own(key, _) => key.name,
            _ => pair.normal.as_str(),
        };
        let Some((_, first)) = seen.iter().find(|(other, _)| *other == identity) else {
            seen.push((identity, pair.key));
            continue;
        };
        let shown = !matches!(class, Class::Unknown);
        let message = match shown {
            true if *first == pair.key => format!("`{first}` is given twice: keep one of them"),
            true => format!("`{first}` and `{}` are the same key: keep one of them", pair.key),
            false => "a key that is not known here is given twice: remove it".to_owned(),
        };
        return Err(DsnError::new(DsnErrorKind::DuplicateKey, shown.then_some(pair.key), message));
    }
    Ok(())
}

/// One error for all keys that are not ours; the kind is that of the gravest.
fn refuse_others(classes: &[(&Pair<'_>, Class)], ignored: &[String]) -> Result<(), DsnError> {
    let is_ignored = |pair: &Pair<'_>| ignored.contains(&pair.normal);
    let has_secret = classes.iter().any(|(_, class)| match class {
        Class::Own(key, _) => key.secret || key.name == "ssl-key",
        Class::Tls(rule) => matches!(rule, Rule::Secret(_)),
        Class::Other(other) => other.secret,
        Class::Unknown => false,
    });
    let mut faults: Vec<(DsnErrorKind, Option<&str>, String)> = Vec::new();

    let tls: Vec<(&Pair<'_>, Rule)> = classes
        .iter()
        .filter_map(|(pair, class)| match class {
            Class::Tls(rule) => Some((*pair, *rule)),
            _ => None,
        })
        .collect();
    if let Some((first, _)) = tls.first() {
        let is_given = |name: &str| {
            classes.iter().any(|(_, class)| matches!(class, Class::Own(key, _) if key.name == name))
        };
        let sentence = foreign::sentence(
            &tls,
            is_given("ssl-mode"),
            is_given("ssl-ca") || is_given("ssl-capath"),
            foreign::Wording::Dsn,
        );
        faults.push((DsnErrorKind::ForeignTlsKey, Some(first.key), sentence));
    }
    for (pair, class) in classes {
        if let Class::Unknown = class {
            if is_ignored(pair) && !concerns_tls(&pair.normal) {
                continue;
            }
            let shown = pair.has_value && pair.key.len() <= SHOWN && !has_secret;
            let name = shown.then_some(pair.key);
            faults.push((DsnErrorKind::UnknownKey, name, unknown(name, &pair.normal)));
        }
    }
    let others: Vec<(&str, &Other)> = classes
        .iter()
        .filter_map(|(pair, class)| match class {
            Class::Other(other) if !is_ignored(pair) => Some((pair.key, *other)),
            _ => None,
        })
        .collect();
    for (first, sentence) in others::sentences(&others) {
        faults.push((DsnErrorKind::ForeignKey, Some(first), sentence));
    }

    let Some((kind, key, _)) = faults.first() else {
        return Ok(());
    };
    let sentences: Vec<&str> = faults.iter().map(|(_, _, sentence)| sentence.as_str()).collect();
    Err(DsnError::new(*kind, *key, sentences.join("; ")))
}

/// A key that nobody here knows is never passed over where it might be about TLS.
fn concerns_tls(name: &str) -> bool {
    tls_rules::concerns_tls(name) || keys::similar(name).is_some()
}

fn unknown(shown: Option<&str>, name: &str) -> String {
    let subject = shown.map_or_else(|| "a key after the `?`".into(), |name| format!("`{name}`"));
    match keys::similar(name) {
        Some(meant) => format!("{subject} is not a key here: did you mean `{meant}`?"),
        None => format!("{subject} is not a key here: remove it"),
    }
}
