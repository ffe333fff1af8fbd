//! From options to a TLS state, as often as the files change.

use std::sync::Arc;

use rustls::pki_types::ServerName;

use super::offer::Offer;
use super::pins::Pins;
use super::proven::Proven;
use super::verifier::{Check, Verifier};
use super::{Habits, Names, TlsState};
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
    verified_name: ServerName<'static>,
    names: Names,
    server: String,
}

/// A TLS state, and what was found on the way to it.
pub(super) struct Made {
    pub(super) state: TlsState,
    /// What is worth a warning.
    pub(super) notes: Vec<String>,
    /// Files, or parts of them, that had to be passed over, though something needed may be there.
    pub(super) unreadable: Vec<Error>,
}

impl Recipe {
    /// `host` is the name to verify and to send, unless the options name another; `server` is how
    /// errors name it.
    pub(crate) fn new(
        options: &TlsOptions,
        mode: SslMode,
        host: &str,
        server: &str,
    ) -> Result<Self, Error> {
        // Checked here, once; they are made anew with every state.
        Pins::of(options)?;
        let verified_name = match &options.server_name {
            Some(name) => named(name, "tls-server-name")?,
            None => server_name(host)?,
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
            None => verified_name.clone(),
        };
        Ok(Recipe {
            mode,
            offer: Offer::of(options)?,
            verified_name,
            names: Names { sent, send: options.sni.unwrap_or(true) },
            server: server.to_owned(),
            options: options.clone(),
        })
    }

    /// The same, offering one key-exchange group alone.
    pub(crate) fn with_group(self, name: &str) -> Self {
        Recipe { offer: self.offer.with_group(name), ..self }
    }

    /// The state alone, for a connection that nobody keeps; nothing is told of the files.
    pub(crate) fn state(&self) -> Result<TlsState, Error> {
        Ok(self.make()?.state)
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
        let verifier = Verifier {
            check,
            name: self.verified_name.clone(),
            crls,
            pins: Pins::of(options)?,
            algorithms: self.offer.provider.signature_verification_algorithms,
            proven: Proven::default(),
        };
        let habits =
            Habits { resumption: options.resumption.unwrap_or(true), key_log: options.key_log };
        let state = TlsState::new(
            self.offer.clone(),
            verifier,
            identity,
            self.names.clone(),
            &self.server,
            habits,
        )?;
        Ok(Made { state, notes, unreadable })
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
    match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && !name.contains(':') => {
            format!("host: \"{shown}\" has a port in it; give that by port({port})")
        }
        _ => format!("host: \"{shown}\" is neither a DNS name nor an IP address"),
    }
}
