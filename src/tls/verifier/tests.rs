use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use time::OffsetDateTime;

use super::*;
use crate::material::PublicRoots;
use crate::pem_source::PemSource;
use crate::tls::crypto_provider;

/// A CA and one certificate of it, valid for an hour from now.
struct Made {
    roots: Arc<RootCerts>,
    leaf: CertificateDer<'static>,
}

fn made(names: &[&str]) -> Made {
    let mut ca = CertificateParams::default();
    // Another name than the leaf's, which would be its own issuer otherwise.
    ca.distinguished_name.push(rcgen::DnType::CommonName, "CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca_certificate = ca.self_signed(&ca_key).unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut leaf = CertificateParams::new(names).unwrap();
    leaf.not_before = OffsetDateTime::now_utc() - Duration::from_secs(60);
    leaf.not_after = OffsetDateTime::now_utc() + Duration::from_secs(3600);
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(ca, ca_key)).unwrap();
    let ca = PemSource::text(ca_certificate.pem());
    let roots = Arc::new(RootCerts::load(Some(&ca), None, None).unwrap());
    Made { roots, leaf: leaf.der().clone() }
}

fn verdict(made: &Made, check: Check, host: &str, later: Duration) -> Result<(), String> {
    let verifier = Verifier {
        check,
        name: ServerName::try_from(host.to_owned()).unwrap(),
        crls: None,
        pins: Pins::default(),
        algorithms: crypto_provider().signature_verification_algorithms,
        proven: Arc::default(),
    };
    let now = UnixTime::since_unix_epoch(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap() + later,
    );
    match verifier.verify(&made.leaf, &[], now) {
        Ok(()) => Ok(()),
        Err(Error::InvalidCertificate(fault)) => {
            let fault = format!("{fault:?}");
            Err(fault.split([' ', '(']).next().unwrap_or_default().to_owned())
        }
        Err(other) => Err(other.to_string()),
    }
}

#[test]
fn names_are_compared_as_rfc_6125_says() {
    let wrong = || Err("NotValidForName".to_owned());
    let cases: [(&[&str], &str, Result<(), String>); 9] = [
        (&["db.example.com"], "db.example.com", Ok(())),
        (&["DB.example.com"], "db.EXAMPLE.com", Ok(())),
        (&["*.example.com"], "db.example.com", Ok(())),
        (&["*.example.com"], "a.db.example.com", wrong()),
        (&["*.example.com"], "example.com", wrong()),
        (&["db.example.com"], "example.com", wrong()),
        (&["127.0.0.1"], "127.0.0.1", Ok(())),
        (&["127.0.0.1"], "127.0.0.2", wrong()),
        (&["::1"], "::1", Ok(())),
    ];
    for (names, host, expected) in cases {
        let made = made(names);
        let check = Check::ChainAndName(Arc::clone(&made.roots));
        assert_eq!(verdict(&made, check, host, Duration::ZERO), expected, "{names:?} {host}");
        let chain_only = Check::Chain(Arc::clone(&made.roots));
        assert_eq!(verdict(&made, chain_only, host, Duration::ZERO), Ok(()), "{names:?} {host}");
    }
}

/// What runs again on a resumed session: a certificate that has expired since is refused.
#[test]
fn time_is_part_of_every_check_but_none() {
    let made = made(&["db"]);
    let later = Duration::from_secs(2 * 3600);
    let expired = Err("Expired".to_owned());
    assert_eq!(verdict(&made, Check::Chain(Arc::clone(&made.roots)), "db", later), expired);
    assert_eq!(verdict(&made, Check::ChainAndName(Arc::clone(&made.roots)), "db", later), expired);
    assert_eq!(verdict(&made, Check::Nothing, "db", later), Ok(()));
}

#[test]
fn the_public_roots_do_not_vouch_for_a_private_ca() {
    let made = made(&["db"]);
    let check = Check::ChainAndName(Arc::new(
        RootCerts::load(None, None, Some(PublicRoots::Webpki)).unwrap(),
    ));
    assert_eq!(verdict(&made, check, "db", Duration::ZERO), Err("UnknownIssuer".to_owned()));
}
