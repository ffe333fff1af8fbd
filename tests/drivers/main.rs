//! Drivers and tools through `Connector::endpoint()`, against real servers: see README.md.
//!
//! Each test has a database and an account of its own, which asks for a client certificate
//! (`REQUIRE X509`). Only the endpoint has that certificate.

mod clients;
mod cluster;
#[cfg(feature = "diesel")]
mod diesel;
mod exec;
mod go;
#[allow(dead_code)] // Shared with the tests of the package.
#[path = "../it/servers/harness.rs"]
mod harness;
mod mysql_async;
mod program;
mod refinery;
mod sea_orm;
mod sqlx;
mod world;

use mysql_tls::Product;

/// Makes a module with the tests of one product.
macro_rules! product {
    ($module:ident, $product:ident, [$($(#[$condition:meta])* $file:ident::$test:ident,)+]) => {
        mod $module {
            $(
                $(#[$condition])*
                #[test]
                #[ignore = "needs a real server: tests/drivers/run"]
                fn $test() {
                    crate::$file::$test(crate::world::shared(super::Product::$product));
                }
            )+
        }
    };
}

macro_rules! products {
    ($tests:tt) => {
        product!(mariadb, MariaDB, $tests);
        product!(mysql, MySQL, $tests);
        product!(tidb, TiDB, $tests);
    };
}

products! {[
    mysql_async::mysql_async_pool,
    mysql_async::mysql_async_over_tcp,
    mysql_async::mysql_async_without_the_certificate,
    sqlx::sqlx_pool_and_migrations,
    sqlx::sqlx_over_tcp,
    sea_orm::sea_orm_migration_and_entity,
    #[cfg(feature = "diesel")]
    diesel::diesel_embedded_migrations,
    refinery::refinery_own_configuration,
    go::go_over_the_socket,
    go::go_over_tcp,
    clients::mysql_client,
    clients::mariadb_client,
    exec::exec_sqlx,
    #[cfg(feature = "diesel")]
    exec::exec_diesel,
    exec::exec_go,
]}

/// An endpoint on loopback TCP, where everybody on this machine may use the certificate.
fn over_tcp(connector: &mysql_tls::Connector) -> mysql_tls::Endpoint {
    let options = mysql_tls::EndpointOptions::new()
        .tcp("127.0.0.1:0".parse().unwrap())
        .allow_local_users(true);
    connector.endpoint_with(options).unwrap()
}

/// Runs an asynchronous test.
fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test)
}
