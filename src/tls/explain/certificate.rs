//! Why a server's certificate was refused.

use rustls::CertificateError as Fault;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Context;
use crate::error::{CertificateError, CertificateErrorKind as Kind};
use crate::material::{RootCerts, bundled_roots};
use crate::session::PeerCertificate;
use crate::text::{list, peer_text, rfc3339};
use crate::x509::signature_algorithm;

pub(super) fn explain(fault: &Fault, context: &Context<'_>) -> CertificateError {
    let host = context.host();
    let leaf = context.leaf();
    let subject = leaf.as_ref().map_or("unknown", PeerCertificate::subject);
    let told = |kind, message: String| CertificateError::new(kind, message);
    match fault {
        Fault::UnknownIssuer => unknown_issuer(context, leaf.as_ref()),
        Fault::NotValidForName => wrong_name(context, leaf.as_ref()),
        Fault::Expired => told(Kind::Expired, out_of_time(context, true)),
        Fault::NotValidYet => told(Kind::NotYetValid, out_of_time(context, false)),
        Fault::Revoked => told(
            Kind::Revoked,
            format!(
                "the certificate of {host}, \"{subject}\", or one above it, was revoked by its \
                 issuer; give the server a new one"
            ),
        ),
        Fault::UnknownRevocationStatus => told(Kind::RevocationUnknown, no_current_crl(context)),
        Fault::InvalidPurpose => told(
            Kind::WrongPurpose,
            format!(
                "the certificate of {host}, \"{subject}\", or one above it, is not for TLS servers: \
                 its extended key usage lacks serverAuth, or its key usage all that TLS needs; make \
                 it anew with extendedKeyUsage=serverAuth and keyUsage=digitalSignature"
            ),
        ),
        Fault::ApplicationVerificationFailure => pin_mismatch(context, subject),
        Fault::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(error) => of_webpki(error, host, subject, context),
            None => told(Kind::Invalid, cannot_be_accepted(host, subject, "unknown reason")),
        },
        other => {
            let reason = peer_text(other.to_string().as_bytes());
            told(Kind::Invalid, cannot_be_accepted(host, subject, &reason))
        }
    }
}

fn of_webpki(
    error: &webpki::Error,
    host: &str,
    subject: &str,
    context: &Context<'_>,
) -> CertificateError {
    use webpki::Error as Found;
    let told = |kind, message: String| CertificateError::new(kind, message);
    match error {
        Found::CaUsedAsEndEntity => told(
            Kind::CaAsServer,
            format!(
                "{host} shows a CA's certificate, \"{subject}\", as its own, which is not accepted \
                 with public roots; give the server a certificate that this CA issued, or give this \
                 certificate as ssl-ca"
            ),
        ),
        Found::UnsupportedCertVersion => told(
            Kind::Unsupported,
            format!(
                "the certificate of {host}, \"{subject}\", or one above it, is of X.509 version 1, \
                 which is accepted only of a server, and only with its CA in ssl-ca; make it anew \
                 with extensions (openssl x509 -req -extfile ...)"
            ),
        ),
        Found::UnsupportedSignatureAlgorithmContext(_)
        | Found::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => told(
            Kind::Unsupported,
            format!(
                "the certificate of {host}, \"{subject}\", or one above it, is signed with {}, which \
                 is not supported; sign it anew with SHA-256",
                signatures(context)
            ),
        ),
        Found::InvalidSignatureForPublicKey => {
            let weak = context.chain.iter().find_map(|der| PeerCertificate::of(der).weak_key());
            let reason = weak.map_or_else(
                || {
                    "the signature on it, or on one above it, is not that of its issuer; is a CA of \
                     the same name but with another key in ssl-ca?"
                        .to_owned()
                },
                |key| {
                    format!("a certificate above it has a key of {key}, which cannot be used here")
                },
            );
            told(Kind::Invalid, cannot_be_accepted(host, subject, &reason))
        }
        Found::NameConstraintViolation => {
            let reason =
                "one of its names, which may be its CN, is not one that its CA may issue for";
            told(Kind::Invalid, cannot_be_accepted(host, subject, reason))
        }
        Found::UnsupportedCriticalExtension => {
            let reason =
                "it, or one above it, has a critical extension that is not understood here";
            told(Kind::Invalid, cannot_be_accepted(host, subject, reason))
        }
        Found::PathLenConstraintViolated => {
            let reason = "a CA above it may not have so many CAs below it (pathLenConstraint)";
            told(Kind::Invalid, cannot_be_accepted(host, subject, reason))
        }
        other => {
            let reason = format!("`openssl x509 -text` may show what is odd about it ({other:?})");
            told(Kind::Invalid, cannot_be_accepted(host, subject, &reason))
        }
    }
}

fn cannot_be_accepted(host: &str, subject: &str, reason: &str) -> String {
    format!("the certificate of {host}, \"{subject}\", cannot be accepted: {reason}")
}

/// The signature algorithms of the certificates that were sent.
fn signatures(context: &Context<'_>) -> String {
    let mut names: Vec<String> = context.chain.iter().map(|der| signature_algorithm(der)).collect();
    names.dedup();
    list(&names)
}

/// Names the certificate that expired, or is not valid yet.
fn out_of_time(context: &Context<'_>, expired: bool) -> String {
    let host = context.host();
    let now = std::time::SystemTime::now();
    let is_out = |facts: &PeerCertificate| {
        if expired { facts.not_after() < now } else { facts.not_before() > now }
    };
    let facts = context.chain.iter().map(|der| PeerCertificate::of(der)).find(is_out);
    let which = facts.map_or_else(
        || " (it is the CA's own, in ssl-ca)".to_owned(),
        |facts| {
            let (word, time) = if expired {
                ("was valid until", facts.not_after())
            } else {
                ("is valid from", facts.not_before())
            };
            format!(": \"{}\" {word} {}", facts.subject(), rfc3339(time))
        },
    );
    if expired {
        format!(
            "the certificate of {host}, or one above it, expired{which}; renew it on the server, \
             and check this machine's clock"
        )
    } else {
        format!(
            "the certificate of {host}, or one above it, is not valid yet{which}; check this \
             machine's clock"
        )
    }
}

/// Names the first certificate whose issuer has no current list, and the list that it has.
fn no_current_crl(context: &Context<'_>) -> String {
    let host = context.host();
    let now = UnixTime::now();
    let Some(crls) = &context.verifier.crls else {
        return format!("nothing is known of the revocation of the certificate of {host}");
    };
    for der in path(context) {
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { continue };
        let issuer = peer_text(parsed.issuer().to_string().as_bytes());
        let lacking = match crls.of_issuer(parsed.issuer().as_raw()) {
            None => format!("{} has no revocation list of \"{issuer}\"; add it", crls.source),
            Some(crl) if crl.is_current(now) => continue,
            Some(crl) => format!(
                "the revocation list of \"{}\" in {} is {}; get a new one",
                crl.issuer_name,
                crl.source,
                crl.out_of_time(now)
            ),
        };
        return format!("the certificate of {host} cannot be checked for revocation: {lacking}");
    }
    format!(
        "the certificate of {host} cannot be checked for revocation: a list in {} is not signed by \
         the CA that it names, or that CA may not sign lists; get the list from the CA",
        crls.source
    )
}

/// The chain that the server sent, and the given intermediates that lead on from its end.
fn path<'a>(context: &'a Context<'_>) -> Vec<&'a CertificateDer<'static>> {
    let mut path: Vec<_> = context.chain.iter().collect();
    let given = context.verifier.roots().map_or(&[][..], |roots| &roots.intermediates);
    let mut left: Vec<_> = given.iter().filter(|der| !path.contains(der)).collect();
    while let Some(Ok((_, top))) = path.last().map(|der| X509Certificate::from_der(der)) {
        let issues = |der: &&CertificateDer<'_>| {
            X509Certificate::from_der(der)
                .is_ok_and(|(_, above)| above.subject().as_raw() == top.issuer().as_raw())
        };
        let Some(next) = left.iter().position(issues) else { break };
        path.push(left.remove(next));
    }
    path
}

fn pin_mismatch(context: &Context<'_>, subject: &str) -> CertificateError {
    let host = context.host();
    let leaf = context.leaf();
    let pins = &context.verifier.pins;
    let by_key = !leaf.as_ref().is_some_and(|leaf| pins.match_key(leaf.der()));
    let (option, unless) = if by_key {
        ("tls-pin", "unless it was renewed with another key")
    } else {
        ("tls-peer-fingerprint", "unless it was renewed")
    };
    let shown = leaf.as_ref().map_or_else(String::new, |leaf| {
        let pin = leaf.pin().map_or_else(String::new, |pin| format!("tls-pin={pin} and "));
        format!("; it has {pin}tls-peer-fingerprint={}", leaf.fingerprint())
    });
    CertificateError::new(
        Kind::PinMismatch,
        format!(
            "the certificate of {host}, \"{subject}\", is not the one pinned by {option}; {unless}, \
             somebody sits in between{shown}"
        ),
    )
}

fn unknown_issuer(context: &Context<'_>, leaf: Option<&PeerCertificate>) -> CertificateError {
    let host = context.host();
    // What the last certificate of the path lacks, not what the first does.
    let top = path(context).last().map(|certificate| PeerCertificate::of(certificate));
    let issuer = top.as_ref().or(leaf).map_or("unknown", PeerCertificate::issuer);
    let new = |message| CertificateError::new(Kind::UnknownIssuer, message);
    let roots = context.verifier.roots();
    let self_signed =
        context.chain.len() == 1 && top.as_ref().is_some_and(|top| top.subject() == top.issuer());
    match roots.and_then(|roots| Some((roots, roots.source.as_deref()?))) {
        Some((roots, source)) if self_signed => new(format!(
            "the certificate of {host}, \"{issuer}\", is self-signed, and {source} ({}) does not \
             hold this very certificate{}",
            anchors(roots),
            hint(context, roots)
        ))
        .issued_by(issuer, roots.subjects.clone()),
        Some((roots, source)) => new(format!(
            "the certificate of {host} is issued by \"{issuer}\", which is not among the CAs in \
             {source} ({}){}",
            anchors(roots),
            hint(context, roots)
        ))
        .issued_by(issuer, roots.subjects.clone()),
        None if self_signed => new(format!(
            "the certificate of {host}, \"{issuer}\", is self-signed; give that certificate as \
             ssl-ca, or, where it is made anew at each start (TiDB's auto-tls), configure ssl-cert \
             and ssl-key on the server, or use ssl-mode=REQUIRED, which encrypts without verifying"
        ))
        .issued_by(issuer, Vec::new()),
        None => new(format!(
            "the certificate of {host} is issued by \"{issuer}\", which is not a public CA; set \
             ssl-ca to that CA's file"
        ))
        .issued_by(issuer, Vec::new()),
    }
}

fn anchors(roots: &RootCerts) -> String {
    const SHOWN: usize = 3;
    let quoted: Vec<String> =
        roots.subjects.iter().take(SHOWN).map(|subject| format!("\"{subject}\"")).collect();
    match roots.subjects.len().saturating_sub(SHOWN) {
        0 => list(&quoted),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

fn hint(context: &Context<'_>, roots: &RootCerts) -> &'static str {
    let public = context.chain.split_first().is_some_and(|(leaf, intermediates)| {
        context.verifier.would_be_issued_by(bundled_roots(), leaf, intermediates)
    });
    if public {
        "; the public CAs vouch for it, so leave ssl-ca out and use ssl-mode=VERIFY_IDENTITY"
    } else if roots.only_intermediates() {
        "; only intermediate CAs are there, add the root"
    } else {
        "; add the CA that issued it to ssl-ca or ssl-capath"
    }
}

/// How many names are shown of a server that nobody has verified, and how many are kept.
const SHOWN_NAMES: usize = 10;
const PRESENTED_LIMIT: usize = 100;

fn wrong_name(context: &Context<'_>, leaf: Option<&PeerCertificate>) -> CertificateError {
    let host = context.host();
    let presented: Vec<String> = leaf.map_or_else(Vec::new, |leaf| {
        let common = leaf.common_names().iter().map(|name| format!("CN:{name}"));
        leaf.subject_alt_names().iter().cloned().chain(common).take(PRESENTED_LIMIT).collect()
    });
    let shown = match presented.split_at_checked(SHOWN_NAMES) {
        Some((first, more)) if !more.is_empty() => {
            format!("{} and {} more", first.join(", "), more.len())
        }
        _ => list(&presented),
    };
    let own_ca = context.verifier.roots().is_some_and(|roots| roots.public.is_none());
    let mut advice = vec!["connect by one of its names, or write it as tls-server-name".to_owned()];
    if own_ca {
        advice.push("if this CA issues for this server only, use ssl-mode=VERIFY_CA".to_owned());
    }
    let mut why = Vec::new();
    let has = |kind: &str| presented.iter().any(|name| name.starts_with(kind));
    let is_ip = matches!(context.verifier.name, ServerName::IpAddress(_));
    if is_ip && !has("IP:") {
        why.push("an IP address is looked for in names of the kind IP alone");
    }
    if !is_ip && has("CN:") && has("DNS:") {
        why.push("beside a DNS name the CN does not count");
    } else if !is_ip && has("CN:") && !own_ca {
        why.push("the CN does not count with public roots");
    }
    if presented.iter().any(|name| is_partial_wildcard(name)) {
        why.push("a wildcard stands for the whole first label or for nothing");
    }
    let why = if why.is_empty() { String::new() } else { format!(" ({})", list(&why)) };
    let name = context.verifier.name.to_str();
    let wanted = if name == host { "that name".to_owned() } else { format!("the name {name}") };
    CertificateError::new(
        Kind::WrongName,
        format!(
            "the certificate of {host} is not for {wanted} but for {shown}{why}; {}",
            advice.join(", or, ")
        ),
    )
    .names(&name, presented)
}

/// `db*.example.com`, which OpenSSL takes.
fn is_partial_wildcard(name: &str) -> bool {
    name.split_once(':').is_some_and(|(_, name)| name.contains('*') && !name.starts_with("*."))
}
