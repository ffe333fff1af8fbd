//! The table of keys for the options of an option file: the same names, values and refusals.

use super::encoding::{encode, normal};
use super::foreign::{self, Wording};
use super::keys::{self, DsnKey, Read};
use super::query::Pair;
use super::tls_rules::{self, Rule};
use super::values::{Reading, Value};
use crate::builder::ConnectionBuilder;

/// What an option is.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    Key(Reads),
    /// About TLS, and none of ours: never passed over.
    Tls(TlsOption),
}

/// One of our keys, under one of its names.
#[derive(Clone, Copy)]
pub(crate) struct Reads {
    key: &'static DsnKey,
    read: Read,
}

/// An option of another program, with its replacement where one is known.
#[derive(Clone, Copy)]
pub(crate) struct TlsOption(Option<Rule>);

impl Known {
    /// What the option of this name is; none where nobody here has use for it.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let normal = normal(name);
        if let Some((key, read)) = keys::find(&normal) {
            return Some(Known::Key(Reads { key, read }));
        }
        match tls_rules::find(&normal) {
            Some(rule) => Some(Known::Tls(TlsOption(Some(rule)))),
            None if tls_rules::concerns_tls(&normal) => Some(Known::Tls(TlsOption(None))),
            None => None,
        }
    }
}

impl TlsOption {
    /// Whether it is known what the option asks for.
    pub(crate) fn is_known(self) -> bool {
        self.0.is_some()
    }
}

impl Reads {
    /// The key's own name.
    pub(crate) fn name(&self) -> &'static str {
        self.key.name
    }

    /// Whether its values are `true` and `false`, so that its name alone says `true`.
    pub(crate) fn is_switch(&self) -> bool {
        let takes = |text| self.set(&mut ConnectionBuilder::new(""), text).is_ok();
        (takes("true") || takes("false")) && !takes("-")
    }

    /// Sets the field. An error is the end of a sentence that begins with the option's name.
    pub(crate) fn set(&self, builder: &mut ConnectionBuilder, text: &str) -> Reading<()> {
        // An option file has one statement a line, with its semicolons and percent signs.
        let statement = (self.key.name == "init").then(|| encode(text, ""));
        (self.read)(builder, &Value { raw: statement.as_deref().unwrap_or(text), text })
    }
}

/// Whether two names of options are one.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    normal(one) == normal(other)
}

/// Whether this may be the name of an option, and not a piece of a key that was pasted into a file.
fn is_name(text: &str) -> bool {
    const LIMIT: usize = 40;
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.len() <= LIMIT && text.bytes().all(may_be)
}

/// What stands where a name should, if it may be shown.
fn shown(name: &str) -> String {
    if is_name(name) { format!("`{name}`") } else { "what stands in place of its name".to_owned() }
}

/// What to write instead of TLS options of other programs, all of them together. `given` has the
/// keys that stand beside them.
pub(crate) fn refusal(options: &[(&str, &str, TlsOption)], given: &[&str]) -> String {
    let with_rule: Vec<(Pair<'_>, Rule)> = options
        .iter()
        .filter_map(|(name, text, option)| Some((Pair::of_option(name, text), option.0?)))
        .collect();
    let mut sentences = Vec::new();
    if !with_rule.is_empty() {
        let keys: Vec<(&Pair<'_>, Rule)> =
            with_rule.iter().map(|(pair, rule)| (pair, *rule)).collect();
        let is_given = |name: &str| given.contains(&name);
        sentences.push(foreign::sentence(
            &keys,
            is_given("ssl-mode"),
            is_given("ssl-ca") || is_given("ssl-capath"),
            Wording::OptionFile,
        ));
    }
    for (name, _, _) in options.iter().filter(|(_, _, option)| option.0.is_none()) {
        let similar =
            Some(name).filter(|name| is_name(name)).and_then(|name| keys::similar(&normal(name)));
        let remedy = match similar {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "remove it; what is about TLS is never passed over".to_owned(),
        };
        let name = shown(name);
        sentences.push(format!("{name} is not an option here: {remedy}"));
    }
    sentences.join("; ")
}
