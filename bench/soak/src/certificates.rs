//! A CA, and the certificates of it that the server and the client have at the moment.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, SerialNumber,
};

use crate::Result;

/// The files of a certificate and its key.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

pub(crate) struct Certificates {
    pub(crate) ca: PathBuf,
    pub(crate) server: Pair,
    pub(crate) client: Pair,
    issuer: Issuer<'static, KeyPair>,
    issued: u64,
}

impl Certificates {
    pub(crate) fn make(dir: &Path) -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = params("Soak CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = dir.join("ca.pem");
        fs::write(&ca, params.self_signed(&key)?.pem())?;
        let pair = |name: &str| Pair {
            cert: dir.join(format!("{name}.pem")),
            key: dir.join(format!("{name}-key.pem")),
        };
        let mut made = Certificates {
            ca,
            server: pair("server"),
            client: pair("client"),
            issuer: Issuer::new(params, key),
            issued: 0,
        };
        made.replace()?;
        Ok(made)
    }

    /// New certificates with new keys for both sides, in the same files. The serial number of the
    /// server's, as a session shows it.
    pub(crate) fn replace(&mut self) -> Result<String> {
        self.issued += 1;
        let number = 0x1000 + self.issued;
        let mut server = params("localhost");
        server.subject_alt_names =
            CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?
                .subject_alt_names;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.serial_number = Some(SerialNumber::from(number));
        self.issue(server, &self.server)?;
        let mut client = params("soak");
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(client, &self.client)?;
        Ok(format!("{number:x}"))
    }

    fn issue(&self, params: CertificateParams, files: &Pair) -> Result<()> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        put(&files.cert, &certificate.pem())?;
        put(&files.key, &key.serialize_pem())
    }
}

/// Whoever reads the file meanwhile has all of the old one or all of the new one.
fn put(path: &Path, text: &str) -> Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, text)?;
    Ok(fs::rename(new, path)?)
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
