//! The probes, one after another. None stops the others.

use mysql_tls::{ConnectionBuilder, Error, ProbeOffer, SslMode};

use super::budget::Budget;
use super::findings::{Attempt, Findings};
use super::progress::Progress;
use super::verdicts::{Taken, taken};

pub(super) fn run(
    builder: &ConnectionBuilder,
    budget: &mut Budget,
    progress: &mut Progress,
) -> Findings {
    progress.show("the server");
    let first = offer(builder, ProbeOffer::EVERYTHING, budget);
    // The modes before the details, should connections or time run out.
    let modes = SslMode::ALL
        .into_iter()
        .map(|mode| {
            progress.show(&format!("ssl-mode={mode}"));
            let attempt = budget.take().map(|until| builder.clone().ssl_mode(mode).probe(until));
            // Refused before anything was dialed.
            if let Some(Err(Error::Config(_))) = &attempt {
                budget.give_back();
            }
            (mode, attempt)
        })
        .collect();
    let mut findings = Findings {
        first,
        modes,
        versions: Vec::new(),
        cipher_suites: Vec::new(),
        groups: Vec::new(),
    };
    let without_tls = findings.best().is_some_and(|probe| !probe.offers_tls());
    if without_tls {
        return findings;
    }
    let mut each = |offers: Vec<ProbeOffer>| -> Vec<(ProbeOffer, Attempt)> {
        let attempt = |tried: ProbeOffer| {
            progress.show(tried.name());
            (tried, offer(builder, tried, budget))
        };
        offers.into_iter().map(attempt).collect()
    };
    findings.versions = each(ProbeOffer::versions());
    findings.groups = each(ProbeOffer::groups());
    // Where a version was refused its suites are too, and the version's answer stands for theirs.
    let refused: Vec<(&str, Attempt)> = findings
        .versions
        .iter()
        .filter(|(_, attempt)| taken(attempt) == Taken::Refused)
        .map(|(version, attempt)| (version.name(), attempt.clone()))
        .collect();
    for suite in ProbeOffer::cipher_suites() {
        let of_refused = refused.iter().find(|(version, _)| suite.version() == Some(version));
        let tried = match of_refused {
            Some((_, attempt)) => vec![(suite, attempt.clone())],
            None => each(vec![suite]),
        };
        findings.cipher_suites.extend(tried);
    }
    findings
}

fn offer(builder: &ConnectionBuilder, offer: ProbeOffer, budget: &mut Budget) -> Attempt {
    budget.take().map(|until| builder.probe_offer(offer, until))
}
