//! What the options of a file set. Names that a connection string has too are read by its table of
//! keys; here is only what the `mysql` client has besides, and the customs of its files.

use super::files::{Given, Place};
use crate::builder::ConnectionBuilder;
use crate::dsn::{Known, Reads, TlsOption, refusal, same_name};
use crate::error::{ConfigErrorKind, Result};
use crate::secret::{Password, PasswordSource};

/// An option with a meaning here.
#[derive(Clone, Copy)]
enum Meaning {
    Own(Own),
    Key(Reads),
    Tls(TlsOption),
}

/// What is no key, since a connection string has it elsewhere, or has another form for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Host,
    Port,
    User,
    Password,
    Database,
    Protocol,
    CharacterSet,
    Algorithms,
    InitCommandAdd,
}

const OWN: &[(&str, Own)] = &[
    ("host", Own::Host),
    ("port", Own::Port),
    ("user", Own::User),
    ("password", Own::Password),
    ("password1", Own::Password),
    ("database", Own::Database),
    ("protocol", Own::Protocol),
    ("default-character-set", Own::CharacterSet),
    ("compression-algorithms", Own::Algorithms),
    ("init-command-add", Own::InitCommandAdd),
];

/// An option with its meaning.
struct Setting<'a> {
    meaning: Meaning,
    /// The name as it stands there.
    name: &'a str,
    /// None where there is no `=`.
    text: Option<&'a str>,
    place: &'a Place,
}

/// What `protocol=` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Tcp,
    Socket,
}

/// A builder with what the file sets, and nothing else.
pub(super) fn applied(found: &[Given]) -> Result<ConnectionBuilder> {
    let settings: Vec<Setting<'_>> = found.iter().filter_map(setting).collect();
    refuse_tls(&settings)?;
    let mut builder = ConnectionBuilder::new("");
    let mut protocol = None;
    for (number, setting) in settings.iter().enumerate() {
        let later = settings.get(number + 1..).unwrap_or_default();
        if later.iter().any(|later| later.replaces(setting)) {
            continue;
        }
        setting.apply(&mut builder, &mut protocol).map_err(|reason| {
            let what = format!("`{}` {reason}", setting.name);
            setting.place.error(ConfigErrorKind::Value, &what)
        })?;
        if setting.is_password()
            && let Some(file) = setting.place.readable_file()
        {
            tracing::warn!(
                "option-file: {file} has a password and other users can read it; run `chmod 600` on it"
            );
        }
    }
    one_address(&mut builder, protocol);
    Ok(builder)
}

/// What an option of a file is; none where it is passed over.
fn setting(given: &Given) -> Option<Setting<'_>> {
    let name = given.name.as_str();
    let text = given.value.as_ref().map(|value| value.as_str());
    let setting = |meaning, text| Some(Setting { meaning, name, text, place: &given.place });
    let bare = after(name, "loose").unwrap_or(name);
    match find(bare) {
        Some(Meaning::Tls(option)) if !option.is_known() => {}
        Some(meaning) => return setting(meaning, text),
        None => {}
    }
    for (prefix, value) in [("skip", "false"), ("disable", "false"), ("enable", "true")] {
        let meaning = after(bare, prefix).and_then(find);
        let is_switch = match meaning {
            Some(Meaning::Key(reads)) => reads.is_switch(),
            Some(Meaning::Tls(option)) => option.is_known(),
            Some(Meaning::Own(_)) | None => false,
        };
        if let Some(meaning) = meaning.filter(|_| is_switch) {
            return setting(meaning, Some(value));
        }
    }
    find(bare).and_then(|meaning| setting(meaning, text))
}

fn find(name: &str) -> Option<Meaning> {
    if let Some((_, own)) = OWN.iter().find(|(own, _)| same_name(own, name)) {
        return Some(Meaning::Own(*own));
    }
    Some(match Known::find(name)? {
        Known::Key(reads) => Meaning::Key(reads),
        Known::Tls(option) => Meaning::Tls(option),
    })
}

/// What follows the prefix and its dash.
fn after<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.strip_prefix(prefix)?.strip_prefix(['-', '_'])
}

/// How many options an error names.
const TOLD: usize = 16;

/// One error for all TLS options that are not ours, since together they are one ssl-mode.
fn refuse_tls(settings: &[Setting<'_>]) -> Result<()> {
    let (mut first, mut given) = (None, Vec::new());
    let mut foreign: Vec<(&str, &str, TlsOption)> = Vec::new();
    for setting in settings {
        match setting.meaning {
            Meaning::Tls(option) => {
                first = first.or(Some(setting.place));
                let text = setting.text.unwrap_or("1");
                let is_known = || foreign.iter().any(|(name, ..)| same_name(name, setting.name));
                if foreign.len() < TOLD && !is_known() {
                    foreign.push((setting.name, text, option));
                }
            }
            Meaning::Key(reads) => given.push(reads.name()),
            Meaning::Own(_) => {}
        }
    }
    match first {
        Some(place) => Err(place.error(ConfigErrorKind::OptionFile, &refusal(&foreign, &given))),
        None => Ok(()),
    }
}

impl Setting<'_> {
    /// Whether the other one, which stands before it, has no effect.
    fn replaces(&self, other: &Setting<'_>) -> bool {
        match (self.meaning, other.meaning) {
            (Meaning::Own(Own::InitCommandAdd), _) => false,
            (Meaning::Own(one), Meaning::Own(other)) => one == other,
            (Meaning::Key(one), Meaning::Key(other)) => one.name() == other.name(),
            // Both are the password.
            (Meaning::Own(Own::Password), Meaning::Key(other)) => other.name() == "password-file",
            (Meaning::Key(one), Meaning::Own(Own::Password)) => one.name() == "password-file",
            (Meaning::Own(Own::CharacterSet), Meaning::Key(other)) => other.name() == "charset",
            (Meaning::Key(one), Meaning::Own(Own::CharacterSet)) => one.name() == "charset",
            (Meaning::Own(Own::Algorithms), Meaning::Key(other)) => other.name() == "compression",
            (Meaning::Key(one), Meaning::Own(Own::Algorithms)) => one.name() == "compression",
            _ => false,
        }
    }

    /// Whether its value is a password, and not none.
    fn is_password(&self) -> bool {
        let may_be = match self.meaning {
            Meaning::Own(own) => own == Own::Password,
            Meaning::Key(reads) => reads.name() == "ssl-key-password",
            Meaning::Tls(_) => false,
        };
        may_be && self.text.is_some_and(|text| !text.is_empty())
    }

    /// Sets it. An error is the end of a sentence that begins with the option's name, and repeats
    /// nothing of the value.
    fn apply(
        &self,
        builder: &mut ConnectionBuilder,
        protocol: &mut Option<Protocol>,
    ) -> Result<(), String> {
        match self.meaning {
            Meaning::Key(reads) => self.apply_key(reads, builder),
            Meaning::Own(own) => {
                let Some(text) = self.text else {
                    // The client asks for it then.
                    return match own {
                        Own::Password => Ok(()),
                        _ => Err(NO_VALUE.into()),
                    };
                };
                apply_own(own, text, builder, protocol)
            }
            Meaning::Tls(_) => Ok(()),
        }
    }

    fn apply_key(&self, reads: Reads, builder: &mut ConnectionBuilder) -> Result<(), String> {
        if matches!(reads.name(), "option-file" | "option-groups") {
            return Err("has no meaning in an option file: write `!include`".into());
        }
        match self.text {
            None if reads.is_switch() => reads.set(builder, "true"),
            None | Some("") => Err(NO_VALUE.into()),
            Some(text) => match reads.name() {
                "connect-timeout" | "read-timeout" | "write-timeout" if is_number(text) => {
                    reads.set(builder, &format!("{text}s"))
                }
                // A switch there, a level here.
                "compression" if same_name(self.name, "compress") && text == "1" => {
                    reads.set(builder, "true")
                }
                "compression" if same_name(self.name, "compress") && text == "0" => {
                    reads.set(builder, "false")
                }
                "max-allowed-packet" => reads.set(builder, &bytes(text)),
                _ => reads.set(builder, text),
            },
        }
    }
}

const NO_VALUE: &str = "has no value: write one after `=`, or remove the line";

fn apply_own(
    own: Own,
    text: &str,
    builder: &mut ConnectionBuilder,
    protocol: &mut Option<Protocol>,
) -> Result<(), String> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    match own {
        Own::Host => builder.host = ConnectionBuilder::new(text).host,
        Own::Port => {
            let port: u16 = text.parse().map_err(|_| "is a number from 1 to 65535")?;
            // For the client 0 is its default.
            builder.port = Some(port).filter(|port| *port != 0);
        }
        Own::User => builder.user = some(text),
        Own::Password => builder.password = PasswordSource::Text(Password::new(text)),
        Own::Database => builder.database = some(text),
        Own::Protocol => {
            *protocol = Some(match text.to_ascii_uppercase().as_str() {
                "TCP" => Protocol::Tcp,
                "SOCKET" => Protocol::Socket,
                _ => return Err("is `TCP` or `SOCKET`: there is no other way here".into()),
            });
        }
        // The client takes `auto` from the terminal.
        Own::CharacterSet if text.eq_ignore_ascii_case("auto") => {}
        Own::CharacterSet => builder.charset = some(text),
        Own::Algorithms => builder.compression = Some(algorithms(text)?),
        Own::InitCommandAdd if text.trim().is_empty() => return Err(NO_VALUE.into()),
        Own::InitCommandAdd => builder.init.push(text.to_owned()),
    }
    Ok(())
}

/// The level that a list of compression algorithms means: the client's own is zlib at 6.
fn algorithms(text: &str) -> Result<Option<u32>, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    if names.iter().any(|name| !matches!(name.as_str(), "zlib" | "zstd" | "uncompressed")) {
        return Err("is a list of `zlib`, `zstd` and `uncompressed`, separated by `,`".into());
    }
    let has = |algorithm: &str| names.iter().any(|name| name == algorithm);
    match (has("zlib"), has("uncompressed")) {
        (true, _) => Ok(Some(6)),
        (false, true) => Ok(None),
        (false, false) => {
            Err("has zstd alone, which is not supported: write `zlib` or `uncompressed`".into())
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `16M` as a number of bytes; what is no such size is left for the key to refuse.
fn bytes(text: &str) -> String {
    let size = |unit: char| match unit.to_ascii_uppercase() {
        'K' => Some(1_u64 << 10),
        'M' => Some(1 << 20),
        'G' => Some(1 << 30),
        _ => None,
    };
    let number = text.char_indices().next_back().and_then(|(end, unit)| {
        let number: u64 = text.get(..end).filter(|text| is_number(text))?.parse().ok()?;
        number.checked_mul(size(unit)?)
    });
    number.map_or_else(|| text.to_owned(), |number| number.to_string())
}

/// Host or socket, as the client chooses: a host other than `localhost` means TCP.
fn one_address(builder: &mut ConnectionBuilder, protocol: Option<Protocol>) {
    let is_local = builder.host.is_empty() || builder.host.eq_ignore_ascii_case("localhost");
    let tcp = match protocol {
        Some(protocol) => protocol == Protocol::Tcp,
        None => !is_local,
    };
    if tcp {
        builder.socket = None;
    } else if builder.socket.is_some() || protocol == Some(Protocol::Socket) {
        builder.host.clear();
    }
}
