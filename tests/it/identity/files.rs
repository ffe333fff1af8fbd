//! All the certificates in a file, and what each of them is for.

use mysql_tls::{CertificateFile, ClientIdentity};
use rcgen::{ExtendedKeyUsagePurpose as Purpose, KeyUsagePurpose as Usage};

use crate::kit::*;
use crate::support::*;

#[test]
fn a_file_is_read_whole() {
    let middle = ca().intermediate("Middle CA");
    let issued = middle.client("app").issue();
    let dir = TestDir::new();
    let all = issued.key_pem() + &issued.chain_pem() + &ca().revocation_list(&[], |_| {});
    let file = CertificateFile::read(dir.write_secret("all.pem", all)).unwrap();
    let subjects: Vec<&str> = file.certificates().iter().map(ClientIdentity::subject).collect();
    assert_eq!(subjects, ["CN=app", "CN=Middle CA"]);
    assert_eq!((file.private_keys(), file.revocation_lists()), (1, 1));
    let shown = format!("{file:?}");
    assert!(!shown.contains(issued.key_pem().lines().nth(1).unwrap()), "{shown}");

    let der = CertificateFile::read(dir.write("app.der", issued.der())).unwrap();
    assert_eq!(der.certificates(), &file.certificates()[..1]);
    assert_eq!((der.private_keys(), der.revocation_lists()), (0, 0));
    // One more byte, and it is none.
    let longer = [&issued.der()[..], b"x"].concat();
    let error = CertificateFile::read(dir.write("longer.der", longer)).unwrap_err();
    assert_says(&error, "config.no-certificate", &["longer.der"]);
    let error = CertificateFile::read(dir.path().join("none.pem")).unwrap_err();
    assert_says(&error, "config.file-missing", &["certificate file", "none.pem"]);
    let large = dir.write("large.pem", vec![b' '; 1024 * 1024 + 1]);
    let error = CertificateFile::read(large).unwrap_err();
    assert_says(&error, "config.file-kind", &["large.pem is larger than 1 MiB"]);
}

#[test]
fn which_certificates_a_client_may_present() {
    let usage = |usages: &[Usage]| {
        let usages = usages.to_vec();
        ca().client("app").with(|params| params.key_usages = usages).issue()
    };
    let any = Purpose::Any;
    let both = [Purpose::ServerAuth, Purpose::ClientAuth];
    for (what, issued, expected) in [
        ("a client's", ca().client("app").issue(), true),
        ("a server's", ca().server("db").issue(), false),
        ("both", ca().client("app").usages(&both).issue(), true),
        ("no purpose", ca().client("app").usages(&[]).issue(), true),
        ("any purpose", ca().client("app").usages(&[any]).issue(), true),
        ("another purpose", ca().client("app").usages(&[Purpose::CodeSigning]).issue(), false),
        ("no key usage", usage(&[]), true),
        ("key agreement", usage(&[Usage::KeyAgreement]), true),
        ("key encipherment", usage(&[Usage::KeyEncipherment]), false),
        ("a CA's", ca().client("app").ca_true().issue(), false),
        ("version 1", ca().as_version_1(&ca().client("app").issue()), true),
        ("self-signed", self_signed("app").usages(&[]).issue(), true),
        ("a root of version 1", self_signed("app").issue().reissued(Pieces::v1), false),
    ] {
        let identity = ClientIdentity::from_pem(issued.cert_pem()).unwrap();
        assert_eq!(identity.may_be_client(), expected, "{what}: {identity}");
    }
}

#[test]
fn what_a_certificate_says_of_itself() {
    let named = |issued: &Issued| ClientIdentity::from_pem(issued.cert_pem()).unwrap();
    let rsa = named(&ca().client("app").key(KeyKind::Rsa2048).issue());
    assert_eq!(rsa.key().as_deref(), Some("RSA 2048 bits"));
    assert_eq!(rsa.signature_algorithm().as_deref(), Some("ecdsa-with-SHA256"));
    assert_eq!(rsa.key_usages(), Some(vec!["digitalSignature"]));
    assert_eq!(rsa.purposes(), Some(vec!["clientAuth".to_owned()]));
    assert_eq!((rsa.version(), rsa.is_ca()), (Some(3), false));
    let old = named(&ca().as_version_1(&ca().client("app").issue()));
    assert_eq!(old.version(), Some(1));
    assert_eq!((old.key_usages(), old.purposes(), old.is_ca()), (None, None, false));
    let table = old.to_string();
    for line in [
        "  version           1\n",
        "  key usage         any, it has no keyUsage\n",
        "  purposes          any, it has no extendedKeyUsage\n",
    ] {
        assert!(table.contains(line), "{line} is not in\n{table}");
    }
    let limited = ca().intermediate_with("CA", |params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    });
    let limited = ClientIdentity::from_pem(limited.pem()).unwrap();
    assert!(limited.to_string().contains("  CA                yes, with no CA below it\n"));
}
