//! Where the CA certificates of managed databases are to be had: the one table.

use serde::Serialize;

/// A provider of managed databases.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Authority {
    pub(super) provider: &'static str,
    /// What its host names end in.
    #[serde(skip)]
    suffixes: &'static [&'static str],
    pub(super) page: &'static str,
    pub(super) how: &'static str,
    /// What the CA's file is called; `None` where the bundled public roots have it.
    #[serde(skip)]
    pub(super) file: Option<&'static str>,
    /// Whether its certificates name the host that one connects to.
    #[serde(skip)]
    pub(super) names_host: bool,
}

pub(super) const AUTHORITIES: [Authority; 6] = [
    Authority {
        provider: "Amazon RDS and Aurora",
        suffixes: &[".rds.amazonaws.com"],
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html",
        how: "download https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
        file: Some("global-bundle.pem"),
        names_host: true,
    },
    Authority {
        provider: "Google Cloud SQL",
        suffixes: &[".sql.goog"],
        page: "https://cloud.google.com/sql/docs/mysql/configure-ssl-instance",
        how: "download server-ca.pem of the instance in the console, under Connections, Security",
        file: Some("server-ca.pem"),
        names_host: false,
    },
    Authority {
        provider: "Aiven",
        suffixes: &[".aivencloud.com"],
        page: "https://aiven.io/docs/platform/howto/download-ca-cert",
        how: "download the project's CA certificate in the console, or avn project ca-get",
        file: Some("ca.pem"),
        names_host: true,
    },
    Authority {
        provider: "DigitalOcean",
        suffixes: &[".db.ondigitalocean.com"],
        page: "https://docs.digitalocean.com/reference/doctl/reference/databases/get-ca/",
        how: "download the cluster's CA certificate in the control panel, or doctl databases get-ca",
        file: Some("ca-certificate.crt"),
        names_host: true,
    },
    Authority {
        provider: "Azure Database for MySQL",
        suffixes: &[".mysql.database.azure.com"],
        page: "https://learn.microsoft.com/azure/mysql/flexible-server/how-to-connect-tls-ssl",
        how: "none is needed: its CAs are public ones, which VERIFY_IDENTITY without ssl-ca knows",
        file: None,
        names_host: true,
    },
    Authority {
        provider: "TiDB Cloud Dedicated",
        suffixes: &[".tidb-cloud.com"],
        page: "https://docs.pingcap.com/tidbcloud/tidb-cloud-tls-connect-to-dedicated",
        how: "download the cluster's CA cert in the console, in the Connect dialog",
        file: Some("ca.pem"),
        names_host: true,
    },
];

/// The provider that a host name belongs to.
pub(super) fn of_host(host: &str) -> Option<&'static Authority> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    AUTHORITIES.iter().find(|authority| authority.suffixes.iter().any(|end| host.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_by_their_ends() {
        for (host, provider) in [
            ("shop.c1x2.eu-west-1.rds.amazonaws.com", Some("Amazon RDS and Aurora")),
            ("SHOP.C1X2.EU-WEST-1.RDS.AMAZONAWS.COM.", Some("Amazon RDS and Aurora")),
            ("a1b2.c3.europe-west1.sql.goog", Some("Google Cloud SQL")),
            ("mysql-1-shop.a.aivencloud.com", Some("Aiven")),
            ("db-1-do-user-2-0.b.db.ondigitalocean.com", Some("DigitalOcean")),
            ("shop.mysql.database.azure.com", Some("Azure Database for MySQL")),
            ("tidb.abc.clusters.tidb-cloud.com", Some("TiDB Cloud Dedicated")),
            ("rds.amazonaws.com.example.com", None),
            ("evilrds.amazonaws.com", None),
            ("db.example.com", None),
            ("10.0.0.7", None),
            ("", None),
        ] {
            assert_eq!(of_host(host).map(|authority| authority.provider), provider, "{host}");
        }
    }
}
