//! What ties an account to a client certificate, on each product.

use mysql_tls::{ClientIdentity, Product};
use serde::Serialize;

pub(crate) const PRODUCTS: [Product; 3] = [Product::TiDB, Product::MySQL, Product::MariaDB];

/// The clauses for one certificate on some products.
pub(crate) struct Required {
    /// All that have these clauses.
    pub(crate) products: Vec<Product>,
    pub(crate) clauses: Clauses,
}

/// What stands behind REQUIRE, or why nothing can.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Clauses {
    pub(crate) clauses: Option<String>,
    pub(crate) error: Option<String>,
    /// Why there is no SAN where the certificate has such names.
    pub(crate) no_san: Option<String>,
}

impl Required {
    /// `TiDB`, or `MySQL, MariaDB`.
    pub(crate) fn products(&self) -> String {
        let names: Vec<&str> = self.products.iter().map(|product| product.as_str()).collect();
        names.join(", ")
    }
}

/// The clauses for each product; those that have the same ones stand together.
pub(crate) fn everywhere(identity: &ClientIdentity) -> Vec<Required> {
    let mut found: Vec<Required> = Vec::new();
    for product in PRODUCTS {
        let clauses = clauses(identity, product);
        match found.iter_mut().find(|required| required.clauses == clauses) {
            Some(required) => required.products.push(product),
            None => found.push(Required { products: vec![product], clauses }),
        }
    }
    found
}

/// `SUBJECT '...' AND ISSUER '...'`, on TiDB also the alternative names where there are any.
pub(crate) fn clauses(identity: &ClientIdentity, product: Product) -> Clauses {
    let both = identity
        .subject_clause(product)
        .and_then(|subject| Ok(format!("{subject} AND {}", identity.issuer_clause(product)?)));
    let both = match both {
        Ok(both) => both,
        Err(error) => {
            return Clauses { clauses: None, error: Some(reason(&error)), no_san: None };
        }
    };
    let no_names = product != Product::TiDB || identity.subject_alt_names().is_empty();
    let (clauses, no_san) = match identity.san_clause(product) {
        _ if no_names => (both, None),
        Ok(san) => (format!("{both} AND {san}"), None),
        Err(error) => (both, Some(reason(&error))),
    };
    Clauses { clauses: Some(clauses), error: None, no_san }
}

/// The sentence without the option that it begins with, as there is none here.
fn reason(error: &mysql_tls::Error) -> String {
    let sentence = error.to_string();
    sentence.strip_prefix("ssl-cert: ").map_or_else(|| sentence.clone(), str::to_owned)
}
