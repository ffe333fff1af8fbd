//! Which key share goes first, so that a first connection needs no HelloRetryRequest.
//!
//! A ClientHello lists all groups and has the share of one; a server that wants another asks for it,
//! which costs a round trip (RFC 8446, section 4.1.4). The greeting tells who will be asked. It can be
//! forged, but only the order depends on it: the groups that are offered stay the same. A server that
//! prefers another group than the first takes it all the same if it is strict, and the first if it would
//! rather save the round trip. What a server has chosen once comes first from then on.

use std::sync::Arc;

use rustls::NamedGroup;
use rustls::crypto::CryptoProvider;

use crate::session::Product;

/// A value for each product.
#[derive(Debug)]
pub(super) struct ByProduct<T> {
    tidb: T,
    mysql: T,
    mariadb: T,
}

impl<T> ByProduct<T> {
    pub(super) fn try_new<E>(make: impl Fn(Product) -> Result<T, E>) -> Result<Self, E> {
        Ok(ByProduct {
            tidb: make(Product::TiDB)?,
            mysql: make(Product::MySQL)?,
            mariadb: make(Product::MariaDB)?,
        })
    }

    pub(super) fn of(&self, product: Product) -> &T {
        match product {
            Product::TiDB => &self.tidb,
            Product::MySQL => &self.mysql,
            Product::MariaDB => &self.mariadb,
        }
    }
}

/// The provider with the group first that this product prefers, where the provider has it.
pub(super) fn ordered_for(product: Product, provider: &Arc<CryptoProvider>) -> Arc<CryptoProvider> {
    let first = preferred(product);
    let groups = &provider.kx_groups;
    match groups.iter().position(|group| group.name() == first) {
        None | Some(0) => Arc::clone(provider),
        Some(at) => {
            let mut ordered = (**provider).clone();
            let group = ordered.kx_groups.remove(at);
            ordered.kx_groups.insert(0, group);
            Arc::new(ordered)
        }
    }
}

/// Measured on TiDB 8.5.6, MySQL 9.7.4 and MariaDB 10.11 with OpenSSL 3.
fn preferred(product: Product) -> NamedGroup {
    match product {
        Product::TiDB => NamedGroup::X25519MLKEM768,
        // It takes the curves of NIST alone.
        Product::MySQL => NamedGroup::secp256r1,
        Product::MariaDB => NamedGroup::X25519,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::crypto_provider;

    #[test]
    fn the_first_group_is_the_products_and_the_others_keep_their_order() {
        use NamedGroup::{X25519, X25519MLKEM768, secp256r1, secp384r1};
        let hybrid = cfg!(feature = "aws-lc-rs");
        let rows: [(Product, &[NamedGroup]); 3] = [
            (Product::TiDB, &[X25519MLKEM768, X25519, secp256r1, secp384r1]),
            (Product::MySQL, &[secp256r1, X25519MLKEM768, X25519, secp384r1]),
            (Product::MariaDB, &[X25519, X25519MLKEM768, secp256r1, secp384r1]),
        ];
        for (product, expected) in rows {
            let ordered = ordered_for(product, &crypto_provider());
            let names: Vec<NamedGroup> =
                ordered.kx_groups.iter().map(|group| group.name()).collect();
            let expected: Vec<NamedGroup> = expected
                .iter()
                .copied()
                .filter(|group| hybrid || *group != X25519MLKEM768)
                .collect();
            assert_eq!(names, expected, "{product:?}");
        }
    }
}
