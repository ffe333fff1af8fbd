//! The facts of a certificate, for people and for errors.

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod details;
mod display;
#[cfg(feature = "serde")]
mod json;
mod whole;

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

pub(crate) use details::{Details, signature_algorithm};
pub(crate) use display::line;
pub(crate) use whole::names_are_whole;

use crate::text::{hex, peer_text, rfc3339};

const DAY: u64 = 24 * 60 * 60;

/// What a certificate says, with control characters escaped and long text cut.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) common_names: Vec<String>,
    pub(crate) subject_alt_names: Vec<String>,
    pub(crate) serial: String,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    pub(crate) sha256: [u8; 32],
    pub(crate) spki_sha256: Option<[u8; 32]>,
    /// Why its key cannot be used with this build, for errors.
    pub(crate) weak_key: Option<String>,
    pub(crate) der: Vec<u8>,
}

/// The getters that every public type with [`Facts`] in its field `facts` has.
macro_rules! getters {
    ($name:ident) => {
        impl $name {
            /// The subject, for example `CN=tidb.example.com, O=Example`.
            #[must_use]
            pub fn subject(&self) -> &str {
                &self.facts.subject
            }

            /// The issuer, in the same form.
            #[must_use]
            pub fn issuer(&self) -> &str {
                &self.facts.issuer
            }

            /// The common names in the subject.
            #[must_use]
            pub fn common_names(&self) -> &[String] {
                &self.facts.common_names
            }

            /// The subject alternative names, for example `DNS:db.example.com`, `IP:127.0.0.1`.
            #[must_use]
            pub fn subject_alt_names(&self) -> &[String] {
                &self.facts.subject_alt_names
            }

            /// The serial number in hexadecimal.
            #[must_use]
            pub fn serial(&self) -> &str {
                &self.facts.serial
            }

            /// When it becomes valid.
            #[must_use]
            pub fn not_before(&self) -> ::std::time::SystemTime {
                self.facts.not_before
            }

            /// When it expires.
            #[must_use]
            pub fn not_after(&self) -> ::std::time::SystemTime {
                self.facts.not_after
            }

            /// Whole days from now until it expires, rounded down: 0 on its last day, negative once
            /// it has expired.
            #[must_use]
            pub fn days_left(&self) -> i64 {
                self.facts.days_left(::std::time::SystemTime::now())
            }

            /// SHA-256 of the whole certificate.
            #[must_use]
            pub fn sha256(&self) -> &[u8; 32] {
                &self.facts.sha256
            }

            /// The pin of its key, as [`tls_pin`](crate::ConnectionBuilder::tls_pin) takes it:
            /// `sha256//BASE64`; `None` where the certificate cannot be read.
            #[must_use]
            pub fn pin(&self) -> Option<String> {
                self.facts.spki_sha256.as_ref().map($crate::x509::pin_text)
            }

            /// Its fingerprint, as
            /// [`tls_peer_fingerprint`](crate::ConnectionBuilder::tls_peer_fingerprint) takes it: SHA-256 in
            /// hexadecimal.
            #[must_use]
            pub fn fingerprint(&self) -> String {
                $crate::text::hex(&self.facts.sha256)
            }

            /// SHA-256 of the subject's public key info (SPKI), which stays when a certificate is renewed
            /// with the same key; `None` where the certificate cannot be read.
            #[must_use]
            pub fn spki_sha256(&self) -> Option<&[u8; 32]> {
                self.facts.spki_sha256.as_ref()
            }

            /// The X.509 version: 1, 2 or 3; `None` where the certificate cannot be read.
            #[must_use]
            pub fn version(&self) -> Option<u32> {
                self.facts.details().map(|details| details.version)
            }

            /// Kind and size of its key, for example `ECDSA P-256`, `RSA 2048 bits` or `Ed25519`; a number
            /// (OID) for what has no name here, `None` where the certificate cannot be read.
            #[must_use]
            pub fn key(&self) -> Option<String> {
                self.facts.details().map(|details| details.key)
            }

            /// The algorithm that it is signed with, for example `ecdsa-with-SHA256`; `None` where the
            /// certificate cannot be read.
            #[must_use]
            pub fn signature_algorithm(&self) -> Option<String> {
                self.facts.details().map(|details| details.signature_algorithm)
            }

            /// Whether it says that it is a CA's (basicConstraints). X.509 version 1 cannot say so.
            #[must_use]
            pub fn is_ca(&self) -> bool {
                self.facts.details().is_some_and(|details| details.is_ca)
            }

            /// What its key may be used for (keyUsage), by the names of RFC 5280, section 4.2.1.3, such as
            /// `digitalSignature`; `None` where nothing is said, and so anything allowed.
            #[must_use]
            pub fn key_usages(&self) -> Option<Vec<&'static str>> {
                self.facts.details().and_then(|details| details.key_usages)
            }

            /// What it is for (extendedKeyUsage), by the names of RFC 5280, section 4.2.1.12, such as
            /// `serverAuth`, or by number (OID); `None` where nothing is said, and so anything allowed.
            #[must_use]
            pub fn purposes(&self) -> Option<Vec<String>> {
                self.facts.details().and_then(|details| details.purposes)
            }

            /// The certificate itself, as DER.
            #[must_use]
            pub fn der(&self) -> &[u8] {
                &self.facts.der
            }
        }

        /// A table of what the certificate says, several lines without a newline at the end.
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.facts.write_whole(f)
            }
        }
    };
}
pub(crate) use getters;

impl Facts {
    /// A certificate that cannot be read has no facts but its hash: under REQUIRED a server may
    /// show anything.
    pub(crate) fn of(der: &[u8]) -> Self {
        let mut facts = Facts {
            subject: "(a certificate that cannot be read)".to_owned(),
            issuer: String::new(),
            common_names: Vec::new(),
            subject_alt_names: Vec::new(),
            serial: String::new(),
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH,
            sha256: Sha256::digest(der).into(),
            spki_sha256: None,
            weak_key: None,
            der: der.to_vec(),
        };
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return facts };
        facts.subject = name(parsed.subject());
        facts.issuer = name(parsed.issuer());
        facts.common_names = common_names(&parsed).map(|name| peer_text(name.as_bytes())).collect();
        facts.subject_alt_names = match parsed.subject_alternative_name() {
            Ok(Some(names)) => names.value.general_names.iter().map(general_name).collect(),
            _ => Vec::new(),
        };
        facts.serial = serial(parsed.raw_serial());
        facts.not_before = system_time(parsed.validity().not_before);
        facts.not_after = system_time(parsed.validity().not_after);
        facts.weak_key = weak_key(&parsed);
        facts.spki_sha256 = Some(Sha256::digest(parsed.public_key().raw).into());
        facts
    }

    /// What is read only when somebody asks; `None` where the certificate cannot be read.
    pub(crate) fn details(&self) -> Option<Details> {
        Details::of(&self.der)
    }

    /// Whole days until it expires, rounded down.
    pub(crate) fn days_left(&self, now: SystemTime) -> i64 {
        const NANOS: u128 = 24 * 60 * 60 * 1_000_000_000;
        let days = |days: u128| i64::try_from(days).unwrap_or(i64::MAX);
        match self.not_after.duration_since(now) {
            Ok(left) => days(left.as_nanos() / NANOS),
            Err(gone) => days(gone.duration().as_nanos().div_ceil(NANOS)).saturating_neg(),
        }
    }

    /// Whether it has to be renewed: less than a quarter of its lifetime and at most 30 days are
    /// left.
    pub(crate) fn expires_soon(&self, now: SystemTime) -> bool {
        let Ok(lifetime) = self.not_after.duration_since(self.not_before) else { return false };
        let left = self.not_after.duration_since(now).unwrap_or_default();
        // What cannot be read has no key either, and no time.
        let quarter = lifetime.checked_div(4).unwrap_or_default();
        self.spki_sha256.is_some() && left < quarter && left <= Duration::from_secs(30 * DAY)
    }

    /// How a person says what [`Facts::days_left`] says, unless it is too early for that.
    pub(crate) fn time_left(&self, now: SystemTime) -> String {
        if now < self.not_before {
            return "not valid yet".to_owned();
        }
        let days = |distance: Duration| match distance.as_secs() / DAY {
            0 => "less than a day".to_owned(),
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        };
        match self.not_after.duration_since(now) {
            Ok(left) => format!("{} left", days(left)),
            Err(gone) => format!("expired {} ago", days(gone.duration())),
        }
    }

    /// `Debug` of the public type that is called `name`.
    pub(crate) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts {
            subject,
            issuer,
            common_names: _, // in the subject
            subject_alt_names,
            serial,
            not_before,
            not_after,
            sha256,
            spki_sha256,
            weak_key: _,
            der,
        } = self;
        f.debug_struct(name)
            .field("subject", subject)
            .field("issuer", issuer)
            .field("subject_alt_names", subject_alt_names)
            .field("serial", serial)
            .field("not_before", &rfc3339(*not_before))
            .field("not_after", &rfc3339(*not_after))
            .field("sha256", &hex(sha256))
            .field("spki_sha256", &spki_sha256.map(|hash| hex(&hash)))
            .field("der", &format_args!("{} bytes", der.len()))
            .finish()
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Facts", f)
    }
}

/// What the pin of a key begins with, as curl writes it.
pub(crate) const PIN_PREFIX: &str = "sha256//";

/// The pin of a key, by the SHA-256 of its SPKI.
pub(crate) fn pin_text(spki: &[u8; 32]) -> String {
    format!("{PIN_PREFIX}{}", BASE64.encode(spki))
}

/// What is wrong with a key that the crypto provider does not take.
pub(crate) fn weak_key(certificate: &X509Certificate<'_>) -> Option<String> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() < 2048 => {
            Some(format!("RSA with {} bits", key.key_size()))
        }
        Ok(PublicKey::EC(key)) if key.key_size() > 384 && cfg!(not(feature = "aws-lc-rs")) => {
            Some("ECDSA on the curve P-521".to_owned())
        }
        Ok(PublicKey::DSA(_)) => Some("DSA".to_owned()),
        _ => None,
    }
}

/// A serial number in hexadecimal; RFC 5280, section 4.1.2.2, has 20 bytes for the longest.
fn serial(bytes: &[u8]) -> String {
    match bytes.get(..40) {
        Some(shown) if bytes.len() > 40 => format!("{}…", hex(shown)),
        _ => hex(bytes),
    }
}

/// The common names, in whichever way their text is written.
pub(crate) fn common_names(certificate: &X509Certificate<'_>) -> impl Iterator<Item = String> {
    certificate.subject().iter_common_name().filter_map(|name| text(name.attr_value()))
}

/// A text of a name, in whichever way it is written.
pub(crate) fn text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::BmpString => {
            let units = value.data.chunks(2).map(|unit| match unit {
                [high, low] => Some(u16::from_be_bytes([*high, *low])),
                _ => None,
            });
            String::from_utf16(&units.collect::<Option<Vec<_>>>()?).ok()
        }
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString => {
            String::from_utf8(value.data.to_vec()).ok()
        }
        _ => None,
    }
}

fn name(name: &X509Name<'_>) -> String {
    let text = peer_text(name.to_string().as_bytes());
    if text.is_empty() { "(an empty name)".to_owned() } else { text }
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(dns) => format!("DNS:{}", peer_text(dns.as_bytes())),
        GeneralName::IPAddress(bytes) => match ip(bytes) {
            Some(address) => format!("IP:{address}"),
            None => format!("IP:{}", hex(bytes)),
        },
        GeneralName::URI(uri) => format!("URI:{}", peer_text(uri.as_bytes())),
        GeneralName::RFC822Name(mail) => format!("email:{}", peer_text(mail.as_bytes())),
        other => peer_text(other.to_string().as_bytes()),
    }
}

/// The address in an iPAddress name, which has no other length in it.
pub(crate) fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn system_time(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    shifted.unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_to_be_renewed_in_its_last_quarter_and_month() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000 * DAY);
        let days = |days: u64| Duration::from_secs(days * DAY);
        // Lifetime, days left, and whether it has to be renewed.
        let cases = [
            (365, 31, false),
            (365, 30, true),
            (90, 23, false),
            (90, 22, true),
            (8, 2, false),
            (8, 1, true),
            (8, 0, true),
        ];
        for (lifetime, left, expected) in cases {
            let mut facts = Facts::of(b"no certificate");
            facts.not_after = now + days(left);
            facts.not_before = facts.not_after - days(lifetime);
            assert!(!facts.expires_soon(now), "one that cannot be read says nothing");
            facts.spki_sha256 = Some([0; 32]);
            assert_eq!(facts.expires_soon(now), expected, "{left} of {lifetime} days");
        }
    }

    #[test]
    fn days_are_rounded_down() {
        let mut facts = Facts::of(b"no certificate");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 * DAY);
        for (seconds, days, words) in [
            (30 * DAY as i64 - 1, 29, "29 days left"),
            (2 * DAY as i64 - 1, 1, "1 day left"),
            (DAY as i64 - 1, 0, "less than a day left"),
            (0, 0, "less than a day left"),
            (-1, -1, "expired less than a day ago"),
            (-(DAY as i64), -1, "expired 1 day ago"),
            (-(DAY as i64) - 1, -2, "expired 1 day ago"),
            (-3 * DAY as i64 - 5, -4, "expired 3 days ago"),
        ] {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            facts.not_after = if seconds < 0 { now - distance } else { now + distance };
            assert_eq!(facts.days_left(now), days, "{seconds}");
            assert_eq!(facts.time_left(now), words, "{seconds}");
        }
        facts.not_before = now + Duration::from_secs(1);
        assert_eq!(facts.time_left(now), "not valid yet");
    }
}
