//! The replacement for other drivers' TLS keys: one ssl-mode for all of them together.

use super::query::Pair;
use super::tls_rules::{Ask, Rule, ask};
use crate::ssl_mode::SslMode;
use crate::text::list;

/// What several keys ask for when taken together.
#[derive(Default)]
struct Asked {
    plaintext: bool,
    if_offered: bool,
    tls: bool,
    named_config: bool,
    chain: Option<bool>,
    name: Option<bool>,
    /// `KEY=VALUE` of ours besides the mode.
    settings: Vec<String>,
    notes: Vec<&'static str>,
}

impl Asked {
    fn add(&mut self, asked: Ask) {
        match asked {
            Ask::Nothing => {}
            Ask::Plaintext => self.plaintext = true,
            Ask::TlsIfOffered => self.if_offered = true,
            Ask::Tls => self.tls = true,
            Ask::Unverified => self.chain = Some(false),
            Ask::Chain => self.chain = self.chain.or(Some(true)),
            Ask::NoName => self.name = Some(false),
            Ask::Name => self.name = self.name.or(Some(true)),
            Ask::Identity => {
                self.chain = self.chain.or(Some(true));
                self.name = self.name.or(Some(true));
            }
            Ask::NamedConfig => {
                self.named_config = true;
                self.add(Ask::Identity);
            }
        }
    }

    fn setting(&mut self, key: &str, value: &str) {
        let setting = format!("{key}={value}");
        if !self.settings.contains(&setting) {
            self.settings.push(setting);
        }
    }

    fn note(&mut self, note: &'static str) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The modes that mean the same; two where the keys leave open whether to verify.
    fn modes(&self, has_ca: bool) -> Vec<SslMode> {
        match (self.chain, self.name) {
            (Some(false), _) if self.if_offered => vec![SslMode::Preferred],
            (Some(false), _) => vec![SslMode::Required],
            _ if self.plaintext => vec![SslMode::Disabled],
            _ if self.if_offered => vec![SslMode::Preferred],
            (_, Some(true)) => vec![SslMode::VerifyIdentity],
            (_, Some(false)) => vec![SslMode::VerifyCa],
            // Without a CA only the public roots are left, and those need the name checked.
            (Some(true), None) if has_ca => vec![SslMode::VerifyCa],
            (Some(true), None) => vec![SslMode::VerifyIdentity],
            // With a CA the certificate is verified from PREFERRED up.
            _ if self.tls && has_ca => vec![SslMode::VerifyIdentity, SslMode::VerifyCa],
            _ if self.tls => vec![SslMode::VerifyIdentity, SslMode::Required],
            _ => Vec::new(),
        }
    }
}

/// Takes all keys together. What is returned has its final settings, and the modes to choose from.
fn weigh(keys: &[(&Pair<'_>, Rule)], ca_given: bool) -> (Asked, Vec<SslMode>) {
    let mut asked = Asked::default();
    for (pair, rule) in keys {
        asked.add(ask(*rule, &pair.text));
        match rule {
            // libpq and Prisma's word for the roots of the system.
            Rule::File("ssl-ca") if pair.text.as_str() == "system" => {
                asked.add(Ask::Identity);
                asked.setting("ssl-roots", "native");
            }
            Rule::File(key) => asked.setting(key, shown_path(&pair.text)),
            Rule::Same(key) => {
                let off = matches!(pair.text.as_str(), "false" | "0");
                asked.setting(key, if off { "false" } else { "true" });
            }
            Rule::Versions => asked.setting("tls-version", versions(&pair.text)),
            Rule::Note(note) | Rule::Secret(note) => asked.note(note),
            Rule::Words(..) | Rule::Flag(..) => {}
        }
    }
    let is_ca =
        |setting: &String| setting.starts_with("ssl-ca=") || setting.starts_with("ssl-capath=");
    let has_ca = ca_given
        || asked.settings.iter().any(is_ca)
        || asked.notes.iter().any(|note| note.contains("ssl-ca=ca.pem"));
    let modes = asked.modes(has_ca);
    if asked.chain == Some(false) {
        asked.settings.retain(|setting| !is_ca(setting));
        if has_ca {
            asked.note(
                "leave `ssl-ca` and `ssl-capath` out too, since with a CA the certificate is verified",
            );
        }
    } else if !has_ca && (asked.named_config || modes == [SslMode::VerifyCa]) {
        asked.setting("ssl-ca", "PATH");
    }
    if asked.named_config {
        asked.note("`ssl-ca` names the CA of that configuration");
    }
    (asked, modes)
}

/// `ssl-mode=VERIFY_IDENTITY` and what belongs to it, for these keys.
pub(super) fn replacement(keys: &[(&Pair<'_>, Rule)]) -> String {
    let (asked, modes) = weigh(keys, false);
    let mode = modes.first().map(|mode| format!("ssl-mode={mode}"));
    mode.into_iter().chain(asked.settings).collect::<Vec<_>>().join("&")
}

/// Where the keys stand.
#[derive(Clone, Copy)]
pub(super) enum Wording {
    Dsn,
    OptionFile,
}

impl Wording {
    const fn noun(self) -> &'static str {
        match self {
            Wording::Dsn => "TLS key",
            Wording::OptionFile => "TLS option",
        }
    }

    /// What stands between two settings.
    const fn joint(self) -> &'static str {
        match self {
            Wording::Dsn => "&",
            Wording::OptionFile => "` and `",
        }
    }
}

/// One sentence for all keys: their names, what to write, and what else there is to know.
pub(super) fn sentence(
    keys: &[(&Pair<'_>, Rule)],
    mode_given: bool,
    ca_given: bool,
    wording: Wording,
) -> String {
    let (asked, modes) = weigh(keys, ca_given);
    let settings = asked.settings.join(wording.joint());
    let with_mode = |mode: &SslMode| {
        let joint = if settings.is_empty() { "" } else { wording.joint() };
        format!("`ssl-mode={mode}{joint}{settings}` ({})", meaning(*mode))
    };
    let noun = wording.noun();
    let (verb, them) = match keys {
        [_] => (format!("is a {noun}"), "it"),
        _ => (format!("are {noun}s"), "them"),
    };
    let remedy = match modes.as_slice() {
        [] if settings.is_empty() => format!("leave {them} out"),
        [] => format!("write `{settings}` instead"),
        _ if mode_given && settings.is_empty() => {
            format!("leave {them} out, since `ssl-mode` says it all")
        }
        _ if mode_given => format!("write `{settings}` instead, beside `ssl-mode`"),
        modes => {
            let choices: Vec<String> = modes.iter().map(with_mode).collect();
            format!("write {} instead", choices.join(" or "))
        }
    };
    let names: Vec<String> = keys.iter().map(|(pair, _)| format!("`{}`", pair.key)).collect();
    let mut sentence = format!("{} {verb} of other drivers: {remedy}", list(&names));
    for note in &asked.notes {
        sentence.push_str("; ");
        sentence.push_str(note);
    }
    sentence
}

/// What one should know before copying.
fn meaning(mode: SslMode) -> &'static str {
    match mode {
        SslMode::Disabled => "plaintext",
        SslMode::Preferred => "plaintext if the server has no TLS; the server is not verified",
        SslMode::Required => "TLS, the server is not verified",
        SslMode::VerifyCa | SslMode::VerifyIdentity => "the server is verified",
    }
}

/// The versions that a list names, of those that are spoken here.
fn versions(value: &str) -> &'static str {
    match (value.contains("1.2"), value.contains("1.3")) {
        (true, false) => "TLSv1.2",
        (false, true) => "TLSv1.3",
        _ => "TLSv1.2,TLSv1.3",
    }
}

/// A value is repeated only if it is plainly the name of a certificate's file, so that the
/// replacement can be copied; otherwise a word stands for it.
fn shown_path(value: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let is_file = [".pem", ".crt", ".cer"].iter().any(|ending| value.ends_with(ending));
    if is_file && value.starts_with('/') && value.len() <= 200 && value.bytes().all(plain) {
        value
    } else {
        "PATH"
    }
}

/// The mode that libpq, MySqlConnector and others mean by a value of theirs.
pub(super) fn libpq_mode(value: &str) -> Option<SslMode> {
    match value.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "none" | "false" | "off" | "0" => Some(SslMode::Disabled),
        "allow" | "prefer" => Some(SslMode::Preferred),
        "require" | "true" | "on" | "1" => Some(SslMode::Required),
        "verifyca" | "ca" => Some(SslMode::VerifyCa),
        "verify-full" | "verifyfull" | "verifyidentity" | "full" => Some(SslMode::VerifyIdentity),
        _ => None,
    }
}
