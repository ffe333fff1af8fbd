//! Certificate revocation lists.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{BorrowedCertRevocationList, CertRevocationList};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate, X509Extension};
use x509_parser::revocation_list::CertificateRevocationList;

use super::rewrite::{self, Swap};
use super::{file, form};
use crate::error::{ConfigErrorKind, Error};
use crate::pem_source::PemSource;
use crate::text::{list, peer_text, rfc3339};

/// The lists of `ssl-crl` and `ssl-crlpath`, the newest first.
#[derive(Debug)]
pub(crate) struct Crls {
    lists: Vec<Crl>,
    /// Where they were given, for errors.
    pub(crate) source: String,
}

/// A list, and what its bytes say of it.
#[derive(Debug)]
pub(crate) struct Crl {
    pub(crate) list: CertRevocationList<'static>,
    pub(crate) swap: Option<Swap>,
    /// Whether it lists only a part of what its issuer revoked (issuingDistributionPoint).
    is_partial: bool,
    /// The issuer's name, as DER and for people.
    issuer: Vec<u8>,
    pub(crate) issuer_name: String,
    /// The identifier of the issuer's key, where it has one.
    key: Option<Vec<u8>>,
    /// In seconds since 1970.
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
    /// The file, for errors.
    pub(crate) source: String,
}

impl Crls {
    /// Reads them; `None` where none are asked for.
    pub(crate) fn load(
        crl: Option<&PemSource>,
        crlpath: Option<&Path>,
    ) -> Result<Option<Self>, Error> {
        if crl.is_none() && crlpath.is_none() {
            return Ok(None);
        }
        let mut crls = Crls { lists: Vec::new(), source: String::new() };
        let mut sources = Vec::new();
        if let Some(source) = crl {
            let pem = file::read(source, "ssl-crl")?;
            if crls.add(&pem, "ssl-crl", &source.name())? == 0 {
                return Err(none("ssl-crl", &source.name(), &other_form(&pem)));
            }
            sources.push(source.name());
        }
        if let Some(path) = crlpath {
            let mut found = 0_usize;
            let mut unreadable = Vec::new();
            let files = file::read_directory(path, "ssl-crlpath", &mut unreadable)?;
            // A list that is passed over may be the one that revokes.
            if let Some(error) = unreadable.into_iter().next() {
                return Err(error);
            }
            for (name, pem) in files {
                let added = crls.add(&pem, "ssl-crlpath", &name.display().to_string())?;
                found = found.saturating_add(added);
            }
            if found == 0 {
                let why = "no file in it has an X509 CRL block";
                return Err(none("ssl-crlpath", &path.display().to_string(), why));
            }
            sources.push(format!("the directory {}", path.display()));
        }
        crls.source = list(&sources);
        crls.lists.sort_by_key(|crl| std::cmp::Reverse(crl.this_update));
        Ok(Some(crls))
    }

    /// The lists that are current, in the order in which they are to be found: webpki takes the
    /// first of an issuer's name. That is the newest, unless a CA has several keys under its name:
    /// then it is that of the key which the certificates name.
    pub(crate) fn current<'a>(
        &self,
        now: UnixTime,
        certificates: impl Iterator<Item = &'a CertificateDer<'a>>,
    ) -> Vec<&Crl> {
        let mut current: Vec<&Crl> = self.lists.iter().filter(|crl| crl.is_current(now)).collect();
        let mut names = BTreeSet::new();
        let several = current.iter().any(|crl| !names.insert(&crl.issuer));
        if several || current.iter().any(|crl| crl.is_partial) {
            let certificates: Vec<_> = certificates.collect();
            current.retain(|crl| {
                !(crl.is_partial && certificates.iter().any(|der| crl.may_not_cover(der)))
            });
            let keys: Vec<_> = certificates.iter().filter_map(|der| issuer_key(der)).collect();
            current.sort_by_key(|crl| !crl.key.as_ref().is_some_and(|key| keys.contains(key)));
        }
        current
    }

    /// A list of the older ones, of the same issuer and key, that is newer than all of these: files
    /// that went backwards, which no renewal does.
    pub(crate) fn behind<'a>(&self, older: &'a Crls) -> Option<&'a Crl> {
        older.lists.iter().find(|known| {
            let mut same = self.lists.iter().filter(|crl| {
                (&crl.issuer, &crl.key, crl.is_partial)
                    == (&known.issuer, &known.key, known.is_partial)
            });
            same.next().is_some_and(|newest| newest.this_update < known.this_update)
        })
    }

    /// The newest list of this issuer, current or not.
    pub(crate) fn of_issuer(&self, issuer: &[u8]) -> Option<&Crl> {
        self.lists.iter().find(|crl| crl.issuer == issuer)
    }

    fn add(&mut self, pem: &[u8], option: &'static str, source: &str) -> Result<usize, Error> {
        let before = self.lists.len();
        for der in rustls_pemfile::crls(&mut &pem[..]) {
            let unreadable = |why: String| {
                Error::config(
                    ConfigErrorKind::BadCrl,
                    option,
                    format!(
                        "{option}: {source} has a revocation list that cannot be used: {why}; get \
                         it anew from the CA"
                    ),
                )
            };
            let der = der.map_err(|_| unreadable("it is no base64".to_owned()))?;
            self.lists.push(Crl::read(&der, source).map_err(unreadable)?);
        }
        Ok(self.lists.len().saturating_sub(before))
    }
}

/// The identifier of the key that a certificate was signed with, where it has one.
fn issuer_key(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    key_of(certificate.extensions())
}

/// What authorityKeyIdentifier says of the key.
fn key_of(extensions: &[X509Extension<'_>]) -> Option<Vec<u8>> {
    extensions.iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(authority) => {
            authority.key_identifier.as_ref().map(|id| id.0.to_vec())
        }
        _ => None,
    })
}

fn none(option: &'static str, source: &str, why: &str) -> Error {
    Error::config(
        ConfigErrorKind::BadCrl,
        option,
        format!("{option}: {source} has no revocation list in PEM: {why}"),
    )
}

/// What a file is that has no list in PEM.
fn other_form(content: &[u8]) -> String {
    if CertificateRevocationList::from_der(content).is_ok() {
        return "it is DER, which is not read here; convert it with `openssl crl -inform der -in \
                FILE -out FILE.pem`"
            .to_owned();
    }
    form::not_pem(content, "ssl-crl").unwrap_or_else(|| "it has no X509 CRL block".to_owned())
}

impl Crl {
    fn read(der: &[u8], source: &str) -> Result<Self, String> {
        let (_, parsed) = CertificateRevocationList::from_der(der)
            .map_err(|_| "it is no revocation list".to_owned())?;
        let (list, swap) = match BorrowedCertRevocationList::from_der(der) {
            Ok(list) => (list.to_owned(), None),
            // Version 1, or without what RFC 5280 asks for, as `openssl ca -gencrl` makes them.
            Err(_) => {
                let rewritten = rewrite::revocation_list(der).map_err(|error| error.to_string())?;
                let list = BorrowedCertRevocationList::from_der(&rewritten.der)
                    .and_then(|list| list.to_owned());
                (list, Some(rewritten.swap))
            }
        };
        let list: CertRevocationList<'static> = list.map_err(|error| format!("{error:?}"))?.into();
        Ok(Crl {
            is_partial: list.issuing_distribution_point().is_some(),
            list,
            swap,
            issuer: parsed.issuer().as_raw().to_vec(),
            key: key_of(parsed.extensions()),
            issuer_name: peer_text(parsed.issuer().to_string().as_bytes()),
            this_update: parsed.last_update().timestamp(),
            next_update: parsed.next_update().map(|time| time.timestamp()),
            source: source.to_owned(),
        })
    }

    /// Whether a certificate of its issuer does not say which list it is in. webpki then takes any
    /// partial one for whole; OpenSSL takes none.
    fn may_not_cover(&self, der: &[u8]) -> bool {
        X509Certificate::from_der(der).is_ok_and(|(_, certificate)| {
            let named = certificate.extensions().iter().any(|extension| {
                matches!(extension.parsed_extension(), ParsedExtension::CRLDistributionPoints(_))
            });
            certificate.issuer().as_raw() == self.issuer && !named
        })
    }

    /// What is wrong with its time, to follow "it is".
    pub(crate) fn out_of_time(&self, now: UnixTime) -> String {
        let shown = |seconds: i64| {
            let since = Duration::from_secs(seconds.try_into().unwrap_or(0));
            SystemTime::UNIX_EPOCH.checked_add(since).map_or_else(|| "never".to_owned(), rfc3339)
        };
        let next = self.next_update.map_or_else(
            || "no nextUpdate".to_owned(),
            |next| format!("nextUpdate {}", shown(next)),
        );
        if self.begins_after(now) {
            format!("not valid yet (thisUpdate {}, {next})", shown(self.this_update))
        } else {
            format!("out of date ({next})")
        }
    }

    fn begins_after(&self, now: UnixTime) -> bool {
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX) < self.this_update
    }

    /// Whether the time is between thisUpdate and nextUpdate.
    pub(crate) fn is_current(&self, now: UnixTime) -> bool {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        !self.begins_after(now) && self.next_update.is_none_or(|next| seconds < next)
    }
}
