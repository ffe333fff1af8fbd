//! From options to a TLS state, as often as the files change.

use std::sync::Arc;

use rustls::pki_types::ServerName;

use super::offer::Offer;
use super::pins::Pins;
use super::proven::Proven;
use super::verifier::{Check, Verifier};
use super::{Habits, Names, TlsState, TlsStates};
use crate::error::{ConfigErrorKind, Error};
use crate::material::{CertifiedIdentity, Crls, PublicRoots, RootCerts, Snapshot};
use crate::ssl_mode::SslMode;
use crate::ssl_roots::SslRoots;
use crate::tls_options::TlsOptions;

/// Options that were checked; what is left to do is to read the files.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    options: TlsOptions,
    mode: SslMode,
    offer: Offer,
    first: Named,
    others: Vec<Named>,
}

/// A host: the name to verify and to send, unless the options name another, and how errors name it.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) shown: String,
}

/// A host with the names that count.
#[derive(Clone, Debug)]
struct Named {
    verified: ServerName<'static>,
    names: Names,
    shown: String,
}

/// TLS states, and what was found on the way to them.
pub(super) struct Made {
    pub(super) states: TlsStates,
    /// What is worth a warning.
    pub(super) notes: Vec<String>,
    /// Files, or parts of them, that had to be passed over, though something needed may be there.
    pub(super) unreadable: Vec<Error>,
}

/// What the files came to, which is the same for every host.
struct Material {
    check: Check,
    crls: Option<Arc<Crls>>,
    identity: Option<Arc<CertifiedIdentity>>,
    proven: Arc<Proven>,
}

impl Recipe {
    /// For a host, and others that the same options are for.
    pub(crate) fn new(
        options: &TlsOptions,
        mode: SslMode,
        first: &Host,
        others: &[Host],
    ) -> Result<Self, Error> {
        // Checked here, once; they are made anew with every state.
        Pins::of(options)?;
        Ok(Recipe {
            mode,
            offer: Offer::of(options)?,
            first: Named::new(first, options)?,
            others: others
                .iter()
                .map(|host| Named::new(host, options))
                .collect::<Result<_, _>>()?,
            options: options.clone(),
        })
    }

    /// The same, offering one key-exchange group alone.
    pub(crate) fn with_group(self, name: &str) -> Self {
        Recipe { offer: self.offer.with_group(name), ..self }
    }

    /// The states alone, for connections that nobody keeps; nothing is told of the files.
    pub(crate) fn states(&self) -> Result<TlsStates, Error> {
        Ok(self.make()?.states)
    }

    /// Reads the files, in every mode, so that a mistake in them shows even where they are not used.
    pub(super) fn make(&self) -> Result<Made, Error> {
        let options = &self.options;
        let roots = self.roots()?;
        let crls = Crls::load(options.crl.as_ref(), options.crlpath.as_deref().map(AsRef::as_ref))?;
        let identity = CertifiedIdentity::load(
            options.cert.as_ref(),
            options.key.as_ref(),
            &options.key_password,
            &self.offer.provider,
        )?;
        let unreadable = roots.iter().flat_map(|roots| &roots.unreadable).cloned().collect();
        let mut notes = Vec::new();
        notes.extend(roots.iter().flat_map(|roots| roots.notes.iter().cloned()));
        notes.extend(identity.iter().flat_map(|identity| identity.notes.iter().cloned()));
        let anybody_passes = !self.checks_name() && !options.has_pin();
        if anybody_passes
            && self.mode != SslMode::Disabled
            && let Some(source) = roots.as_ref().and_then(RootCerts::source_with_public_root)
        {
            notes.push(format!(
                "{source} holds a public CA, and the name is not checked: whoever has a certificate \
                 of that CA passes; use ssl-mode=VERIFY_IDENTITY"
            ));
        }
        let check = match roots.map(Arc::new) {
            Some(roots) if self.checks_name() => Check::ChainAndName(roots),
            Some(roots) => Check::Chain(roots),
            None => Check::Nothing,
        };
        let material = Material {
            check,
            crls: crls.map(Arc::new),
            identity: identity.map(Arc::new),
            proven: Arc::default(),
        };
        let first = self.state(&self.first, &material)?;
        let others = self.others.iter().map(|host| self.state(host, &material));
        let states = TlsStates::new(first, others.collect::<Result<_, _>>()?);
        Ok(Made { states, notes, unreadable })
    }

    fn state(&self, host: &Named, material: &Material) -> Result<TlsState, Error> {
        let options = &self.options;
        let verifier = Verifier {
            check: material.check.clone(),
            name: host.verified.clone(),
            crls: material.crls.clone(),
            pins: Pins::of(options)?,
            algorithms: self.offer.provider.signature_verification_algorithms,
            proven: Arc::clone(&material.proven),
        };
        let habits =
            Habits { resumption: options.resumption.unwrap_or(true), key_log: options.key_log };
        let (identity, names) = (material.identity.clone(), host.names.clone());
        TlsState::new(self.offer.clone(), verifier, identity, names, &host.shown, habits)
    }

    /// What the files look like now.
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.options)
    }

    /// The same with paths that lead to the same files whatever the working directory becomes.
    pub(super) fn wherever_the_process_goes(&self) -> Self {
        Recipe { options: self.options.with_absolute_paths(), ..self.clone() }
    }

    /// Whether changed files are to be noticed.
    pub(super) fn watches(&self) -> bool {
        self.options.reload.unwrap_or(true)
    }

    fn checks_name(&self) -> bool {
        self.mode == SslMode::VerifyIdentity
    }

    fn roots(&self) -> Result<Option<RootCerts>, Error> {
        let options = &self.options;
        let public = match options.roots {
            Some(SslRoots::Webpki | SslRoots::WebpkiAndCa) => Some(PublicRoots::Webpki),
            Some(SslRoots::Native | SslRoots::NativeAndCa) => Some(PublicRoots::Native),
            None if self.checks_name() && !options.has_ca() => Some(PublicRoots::Webpki),
            None => None,
        };
        if public.is_none() && !options.has_ca() {
            return Ok(None);
        }
        RootCerts::load(options.ca.as_ref(), options.capath.as_deref().map(AsRef::as_ref), public)
            .map(Some)
    }
}

impl Named {
    fn new(host: &Host, options: &TlsOptions) -> Result<Self, Error> {
        let verified = match &options.server_name {
            Some(name) => named(name, "tls-server-name")?,
            None => server_name(&host.name)?,
        };
        let sent = match &options.sni_servername {
            Some(name) => match named(name, "tls-sni-servername")? {
                dns @ ServerName::DnsName(_) => dns,
                _ => {
                    return Err(Error::config(
                        ConfigErrorKind::Value,
                        "tls-sni-servername",
                        "tls-sni-servername: SNI carries no IP address (RFC 6066, section 3); write \
                         a DNS name, or use tls-server-name for what is verified",
                    ));
                }
            },
            None => verified.clone(),
        };
        let names = Names { sent, send: options.sni.unwrap_or(true) };
        Ok(Named { verified, names, shown: host.shown.clone() })
    }
}

/// The name that certificates are checked for. The zone of an IPv6 address belongs to this machine
/// alone, so no certificate has it.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let (name, zone) = host.split_once('%').unwrap_or((host, ""));
    let of_a_zone = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !zone.bytes().all(of_a_zone) {
        return Err(Error::config(ConfigErrorKind::Value, "host", not_a_host(host)));
    }
    ServerName::try_from(name.to_owned())
        .map_err(|_| Error::config(ConfigErrorKind::Value, "host", not_a_host(host)))
}

fn named(name: &str, option: &'static str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name.to_owned()).map_err(|_| {
        let kinds =
            if option == "tls-server-name" { "a DNS name or an IP address" } else { "a DNS name" };
        let message = format!("{option}: write {kinds}, without a port");
        Error::config(ConfigErrorKind::Value, option, message)
    })
}

/// What to say of a host that is none, without repeating what may be a connection string.
fn not_a_host(host: &str) -> String {
    if host.contains(['@', '/', '?', '=']) {
        return "host: this looks like a connection string, not a host; give it to \
                mysql_tls::connect, or parse it into a ConnectionBuilder"
            .to_owned();
    }
    let shown = crate::text::peer_text(host.as_bytes());
    if host.contains(',') {
        return "host: several hosts are named; give each by add_host, or all in a connection string"
            .to_owned();
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && !name.contains(':') => {
            format!("host: \"{shown}\" has a port in it; give that by port({port})")
        }
        _ => format!("host: \"{shown}\" is neither a DNS name nor an IP address"),
    }
}
