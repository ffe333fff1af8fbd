//! What the probes found, before anything is concluded from it.

use mysql_tls::{Error, Probe, ProbeOffer, SslMode};
use serde::Serialize;

/// An error as people and programs read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        Problem { code: error.code(), message: error.to_string() }
    }
}

/// How a probe went; `None` where it was not made, since connections or time were used up.
pub(super) type Attempt = Option<Result<Probe, Error>>;

/// Everything that the probes found.
pub(super) struct Findings {
    /// Everything offered, nothing verified.
    pub(super) first: Attempt,
    pub(super) versions: Vec<(ProbeOffer, Attempt)>,
    pub(super) cipher_suites: Vec<(ProbeOffer, Attempt)>,
    pub(super) groups: Vec<(ProbeOffer, Attempt)>,
    /// The given settings under each mode.
    pub(super) modes: Vec<(SslMode, Attempt)>,
}

impl Findings {
    /// The probe that shows most of the server: the first one, else any that came as far.
    pub(super) fn best(&self) -> Option<&Probe> {
        let offers = self.versions.iter().chain(&self.cipher_suites).chain(&self.groups);
        let others = offers.map(|(_, attempt)| attempt);
        let modes = self.modes.iter().map(|(_, attempt)| attempt);
        let probes = || {
            let all = std::iter::once(&self.first).chain(others.clone()).chain(modes.clone());
            all.filter_map(|attempt| attempt.as_ref().and_then(|probe| probe.as_ref().ok()))
        };
        probes().find(|probe| !probe.peer().is_empty()).or_else(|| probes().next())
    }

    /// How the given settings did under a mode.
    pub(super) fn mode(&self, mode: SslMode) -> &Attempt {
        self.modes.iter().find(|(other, _)| *other == mode).map_or(&None, |(_, attempt)| attempt)
    }
}
