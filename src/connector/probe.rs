//! Looking at a server without logging in.

use std::sync::Arc;
use std::time::Instant;

use super::{Servers, check, check_tls};
use crate::builder::{CONNECT_TIMEOUT, ConnectionBuilder};
use crate::connect::deadline::Deadline;
use crate::connect::{Route, probe};
use crate::error::Result;
use crate::probe::{OfferKind, Probe, ProbeOffer};
use crate::secret::PasswordSource;
use crate::ssl_mode::SslMode;
use crate::tls_options::TlsOptions;

impl ConnectionBuilder {
    /// Reads the server's greeting and, where the ssl-mode has one, goes through the TLS handshake as
    /// [`connect`](Self::connect) would; then closes. Nothing of the account leaves: no user, no
    /// password, no database, no client certificate. Ends at `until`, or after the connect timeout if
    /// that is sooner. Of several hosts it is the first that greets;
    /// [`each_host`](Self::each_host) has them one by one.
    ///
    /// A server counts it as a connection that was given up. MySQL and MariaDB shut out an address
    /// after `max_connect_errors` of those in a row, 100 by default; a login begins the count anew.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build) and [`connect`](Self::connect), but for a login, until the
    /// greeting has been read. What fails afterwards is in [`Probe::handshake`].
    pub fn probe(&self, until: Instant) -> Result<Probe> {
        self.anonymous()?.look(ProbeOffer::EVERYTHING, until)
    }

    /// The same with `offer` alone, and without verifying anything: `REQUIRED`, whatever the other
    /// options say of TLS. The certificates that it shows may be anybody's.
    ///
    /// # Errors
    ///
    /// As [`probe`](Self::probe).
    pub fn probe_offer(&self, offer: ProbeOffer, until: Instant) -> Result<Probe> {
        let mut builder = self.anonymous()?;
        builder.enable_cleartext_plugin = None;
        builder.tls = TlsOptions {
            mode: Some(SslMode::Required),
            server_name: builder.tls.server_name,
            sni_servername: builder.tls.sni_servername,
            sni: builder.tls.sni,
            ..TlsOptions::default()
        };
        match offer.0 {
            OfferKind::Everything | OfferKind::Group(_) => {}
            OfferKind::Version(version) => builder.tls.versions = Some(version.to_owned()),
            OfferKind::Suite(name, version) => {
                builder.tls.versions = Some(version.to_owned());
                let suites = match version {
                    "TLSv1.3" => &mut builder.tls.ciphersuites,
                    _ => &mut builder.tls.ciphers,
                };
                *suites = Some(name.to_owned());
            }
        }
        builder.look(offer, until)
    }

    /// The same server on the same terms, with nothing of the account.
    fn anonymous(&self) -> Result<Self> {
        let mut builder = self.clone().read_option_file()?;
        builder.user = None;
        builder.password = PasswordSource::None;
        builder.database = None;
        builder.tls.cert = None;
        builder.tls.key = None;
        builder.tls.key_password = PasswordSource::None;
        builder.tls.key_log = false;
        Ok(builder)
    }

    fn look(&self, offer: ProbeOffer, until: Instant) -> Result<Probe> {
        let mode = check_tls::mode(&self.tls);
        check::check(self)?;
        check_tls::combinations(self, mode)?;
        let recipe = self.recipe(mode)?;
        let recipe = match offer.0 {
            OfferKind::Group(name) => recipe.with_group(name),
            _ => recipe,
        };
        let tls = recipe.states()?;
        let servers = Servers::of(self);
        let left = until.saturating_duration_since(Instant::now());
        let deadline = Deadline::start(
            left.min(self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)),
            Arc::clone(&servers.label),
        );
        servers.reach(&deadline, |server, answer_by, _| {
            let tls = tls.of(server.index)?;
            let target = Arc::clone(&server.target);
            let route = Route { target, mode, tls: Arc::clone(tls) };
            let (facts, handshake) = probe(&route, answer_by)?;
            Ok(Probe::new(&facts, handshake, tls))
        })
    }
}
