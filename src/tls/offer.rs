//! Which TLS versions and cipher suites are offered.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{SupportedCipherSuite, SupportedProtocolVersion, version};

use super::{crypto_provider, names};
use crate::error::{ConfigErrorKind, Error};
use crate::text::{list, peer_text};
use crate::tls_options::TlsOptions;

/// What the ClientHello offers.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) versions: Vec<&'static SupportedProtocolVersion>,
}

/// A version with the option that chooses among its suites.
struct Generation {
    version: &'static SupportedProtocolVersion,
    name: &'static str,
    option: &'static str,
}

const TLS12: Generation =
    Generation { version: &version::TLS12, name: "TLSv1.2", option: "ssl-cipher" };
const TLS13: Generation =
    Generation { version: &version::TLS13, name: "TLSv1.3", option: "tls-ciphersuites" };

impl Generation {
    fn speaks(&self, suite: &SupportedCipherSuite) -> bool {
        suite.version().version == self.version.version
    }
}

impl Offer {
    pub(super) fn of(options: &TlsOptions) -> Result<Self, Error> {
        let base = crypto_provider();
        let (tls12, tls13) = match &options.versions {
            None => (true, true),
            Some(text) => versions(text)?,
        };
        let mut suites = Vec::new();
        let mut offered = Vec::new();
        for (generation, wanted, names) in
            [(TLS13, tls13, &options.ciphersuites), (TLS12, tls12, &options.ciphers)]
        {
            match (wanted, names) {
                (true, None) => {
                    let all = base.cipher_suites.iter().filter(|suite| generation.speaks(suite));
                    suites.extend(all.copied());
                }
                (true, Some(names)) => suites.extend(chosen(names, &generation, &base)?),
                (false, None) => continue,
                (false, Some(_)) => {
                    return Err(without_effect(&generation));
                }
            }
            offered.push(generation.version);
        }
        let unchanged = options.ciphers.is_none() && options.ciphersuites.is_none();
        let provider = if unchanged && tls12 && tls13 {
            base
        } else {
            Arc::new(CryptoProvider { cipher_suites: suites, ..(*base).clone() })
        };
        Ok(Offer { provider, versions: offered })
    }

    /// The same with one key-exchange group alone.
    pub(super) fn with_group(mut self, name: &str) -> Self {
        let mut provider = (*self.provider).clone();
        provider.kx_groups.retain(|group| names::group(group.name()) == name);
        self.provider = Arc::new(provider);
        self
    }

    /// The versions, for people.
    pub(super) fn versions(&self) -> String {
        let names: Vec<&str> = self
            .versions
            .iter()
            .rev()
            .map(|version| names::version(Some(version.version)))
            .collect();
        list(&names)
    }

    /// Versions, suites and groups, for people.
    pub(super) fn describe(&self) -> String {
        let suites: Vec<&str> =
            self.provider.cipher_suites.iter().map(|suite| names::openssl(suite.suite())).collect();
        let groups: Vec<&str> =
            self.provider.kx_groups.iter().map(|group| names::group(group.name())).collect();
        format!(
            "{} with the suites {} and the groups {}",
            self.versions(),
            list(&suites),
            list(&groups)
        )
    }
}

/// Every suite that can be offered, by OpenSSL's name, with its version; the preferred first.
pub(crate) fn suites() -> Vec<(&'static str, &'static str)> {
    let provider = crypto_provider();
    let version = |suite: &SupportedCipherSuite| names::version(Some(suite.version().version));
    let suites = provider.cipher_suites.iter();
    suites.map(|suite| (names::openssl(suite.suite()), version(suite))).collect()
}

/// Every key-exchange group that can be offered, the preferred first.
pub(crate) fn groups() -> Vec<&'static str> {
    crypto_provider().kx_groups.iter().map(|group| names::group(group.name())).collect()
}

/// Whether TLS 1.2 and TLS 1.3 are in a list such as `TLSv1.2,TLSv1.3`.
fn versions(text: &str) -> Result<(bool, bool), Error> {
    let (mut tls12, mut tls13) = (false, false);
    for name in text.split(',').map(str::trim) {
        match name.to_ascii_lowercase().as_str() {
            "tlsv1.2" => tls12 = true,
            "tlsv1.3" => tls13 = true,
            "tlsv1" | "tlsv1.0" | "tlsv1.1" => {
                return Err(wrong(
                    "tls-version",
                    "TLSv1 and TLSv1.1 are broken and not spoken here; write TLSv1.2,TLSv1.3",
                ));
            }
            _ => return Err(wrong("tls-version", "write TLSv1.2,TLSv1.3, or one of the two")),
        }
    }
    Ok((tls12, tls13))
}

/// The suites of a list of names, in its order.
fn chosen(
    text: &str,
    generation: &Generation,
    provider: &CryptoProvider,
) -> Result<Vec<SupportedCipherSuite>, Error> {
    let mut suites: Vec<SupportedCipherSuite> = Vec::new();
    for name in text.split(':').map(str::trim).filter(|name| !name.is_empty()) {
        let is_name = |iana: &str, openssl: &str| {
            name.eq_ignore_ascii_case(iana) || name.eq_ignore_ascii_case(openssl)
        };
        let known = names::SUITES.iter().find(|(_, iana, openssl)| is_name(iana, openssl));
        let suite = known.and_then(|(number, ..)| {
            provider.cipher_suites.iter().find(|suite| suite.suite() == *number)
        });
        match suite {
            Some(suite) if generation.speaks(suite) => {
                if !suites.contains(suite) {
                    suites.push(*suite);
                }
            }
            Some(suite) => return Err(of_other_version(generation, suite)),
            None => {
                let unspoken = names::UNSPOKEN.iter().any(|(iana, openssl)| is_name(iana, openssl));
                return Err(unknown(generation, name, unspoken, provider));
            }
        }
    }
    if suites.is_empty() {
        return Err(unknown(generation, text, false, provider));
    }
    Ok(suites)
}

fn of_other_version(generation: &Generation, suite: &SupportedCipherSuite) -> Error {
    let other = if generation.option == TLS12.option { TLS13 } else { TLS12 };
    wrong(
        generation.option,
        &format!(
            "{} is a suite of {}, which belongs in {}; this option chooses among those of {}",
            names::openssl(suite.suite()),
            other.name,
            other.option,
            generation.name
        ),
    )
}

fn unknown(
    generation: &Generation,
    name: &str,
    unspoken: bool,
    provider: &CryptoProvider,
) -> Error {
    let available: Vec<&str> = provider
        .cipher_suites
        .iter()
        .filter(|suite| generation.speaks(suite))
        .map(|suite| names::openssl(suite.suite()))
        .collect();
    let what = if unspoken {
        "is not spoken here, since it lacks forward secrecy or authenticated encryption, or is \
         Diffie-Hellman over finite fields"
    } else {
        "is no name of a suite (keywords such as HIGH are none)"
    };
    let name = peer_text(name.as_bytes());
    let available = list(&available);
    wrong(generation.option, &format!("\"{name}\" {what}; there are {available}, separated by `:`"))
}

fn without_effect(generation: &Generation) -> Error {
    Error::config(
        ConfigErrorKind::Conflict,
        generation.option,
        format!(
            "{} chooses among the suites of {}, which tls-version leaves out; remove one of the two",
            generation.option, generation.name
        ),
    )
}

fn wrong(option: &'static str, what: &str) -> Error {
    Error::config(ConfigErrorKind::Value, option, format!("{option}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(
        versions: Option<&str>,
        ciphers: Option<&str>,
        ciphersuites: Option<&str>,
    ) -> Result<Offer, Error> {
        Offer::of(&TlsOptions {
            versions: versions.map(str::to_owned),
            ciphers: ciphers.map(str::to_owned),
            ciphersuites: ciphersuites.map(str::to_owned),
            ..TlsOptions::default()
        })
    }

    fn suites(offer: &Offer) -> Vec<&'static str> {
        offer.provider.cipher_suites.iter().map(|suite| names::openssl(suite.suite())).collect()
    }

    #[test]
    fn lists_of_versions() {
        for (text, expected) in [
            ("TLSv1.2", "TLSv1.2"),
            ("tlsv1.3", "TLSv1.3"),
            ("TLSv1.2,TLSv1.3", "TLSv1.2 and TLSv1.3"),
            ("TLSv1.3, TLSv1.2", "TLSv1.2 and TLSv1.3"),
        ] {
            assert_eq!(offer(Some(text), None, None).unwrap().versions(), expected, "{text}");
        }
        for text in ["", "TLSv1", "TLSv1.1,TLSv1.2", "TLSv1.4", "1.2", "TLSv1.2;TLSv1.3", ","] {
            let error = offer(Some(text), None, None).unwrap_err();
            assert_eq!(error.code(), "config.value", "{text}");
            assert!(error.to_string().contains("TLSv1.2,TLSv1.3"), "{error}");
        }
    }

    #[test]
    fn suites_by_either_name_in_the_order_given() {
        let offer = offer(
            None,
            Some("ECDHE-RSA-AES256-GCM-SHA384:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            Some("TLS_CHACHA20_POLY1305_SHA256"),
        )
        .unwrap();
        let expected = [
            "TLS_CHACHA20_POLY1305_SHA256",
            "ECDHE-RSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES128-GCM-SHA256",
        ];
        if cfg!(not(feature = "fips")) {
            assert_eq!(suites(&offer), expected);
        }
    }

    #[test]
    fn what_cannot_be_offered_is_refused() {
        let gcm = "ECDHE-RSA-AES128-GCM-SHA256";
        let cases = [
            (None, Some("HIGH:!aNULL"), None, "config.value", "keywords"),
            (None, Some("AES128-SHA"), None, "config.value", "forward secrecy"),
            (None, Some("TLS_RSA_WITH_AES_128_CBC_SHA"), None, "config.value", gcm),
            (None, Some("TLS_AES_128_GCM_SHA256"), None, "config.value", "tls-ciphersuites"),
            (None, None, Some(gcm), "config.value", "ssl-cipher"),
            (None, None, Some("TLS_AES_128_CCM_SHA256"), "config.value", "TLS_AES_128_GCM"),
            (None, Some(":"), None, "config.value", gcm),
            (Some("TLSv1.3"), Some(gcm), None, "config.conflict", "tls-version"),
            (Some("TLSv1.2"), None, Some("TLS_AES_128_GCM_SHA256"), "config.conflict", "remove"),
        ];
        for (versions, ciphers, ciphersuites, code, words) in cases {
            let error = offer(versions, ciphers, ciphersuites).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn one_version_has_its_own_suites_alone() {
        let offer = offer(Some("TLSv1.3"), None, None).unwrap();
        assert!(suites(&offer).iter().all(|name| name.starts_with("TLS_")));
        assert!(
            offer.describe().starts_with("TLSv1.3 with the suites TLS_"),
            "{}",
            offer.describe()
        );
    }
}
