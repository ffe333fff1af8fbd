//! Against real servers: MariaDB, MySQL and TiDB, started by `tests/servers/run`.
//!
//! They are ignored unless asked for: `cargo test --test it -- --ignored servers::mariadb` runs
//! those of one product, `tests/all` those of each product that this machine has.

mod accounts;
#[cfg(feature = "cli")]
mod certs;
mod clauses;
#[cfg(feature = "cli")]
mod commands;
mod data;
mod facts;
mod harness;
mod hosts;
mod lifecycle;
mod modes;
mod official;
mod options;
mod passwords;
mod pools;
mod rotation;
mod statements;
mod tap;
#[cfg(feature = "cli")]
pub(crate) mod terminator;
mod verdicts;
mod world;

use mysql_tls::Product;

/// Makes a module with the tests of one product: the common ones and its own.
macro_rules! product {
    ($module:ident, $product:ident, $reason:literal, $($(#[$condition:meta])? $file:ident::$test:ident,)+) => {
        mod $module {
            $(
                $(#[$condition])?
                #[test]
                #[ignore = $reason]
                fn $test() {
                    super::$file::$test(super::Product::$product);
                }
            )+
        }
    };
}

/// The common tests, then for each product those that only some have.
macro_rules! products {
    ([$($common:tt)+] mariadb [$($mariadb:tt)*] mysql [$($mysql:tt)*] tidb [$($tidb:tt)*]) => {
        product!(mariadb, MariaDB, "needs a real MariaDB: tests/all", $($common)+ $($mariadb)*);
        product!(mysql, MySQL, "needs a real MySQL: tests/all", $($common)+ $($mysql)*);
        product!(tidb, TiDB, "needs a real TiDB: tests/all", $($common)+ $($tidb)*);
    };
}

products! {
    [
        modes::every_mode_with_every_ca,
        modes::every_mode_without_tls,
        modes::official_client_agrees,
        modes::official_client_agrees_without_tls,
        modes::official_client_takes_localhost_for_a_socket,
        modes::unix_socket,
        accounts::require_clauses,
        accounts::refused_certificate_names_the_alert,
        clauses::subject_and_issuer_let_in_their_certificate_alone,
        clauses::what_is_refused_would_let_in_others,
        passwords::wrong_password,
        passwords::uncached_password_stays_here,
        passwords::uncached_password_stays_here_in_a_fallback,
        passwords::unverified_server_gets_a_proof_alone,
        lifecycle::certificate_replaced_while_connected,
        lifecycle::require_secure_transport,
        lifecycle::killed_connection,
        lifecycle::killed_while_it_works,
        lifecycle::reset_connection,
        lifecycle::change_user,
        rotation::rotation_of_both_sides_under_load,
        rotation::rotation_of_an_expired_client_certificate,
        rotation::a_client_certificate_rotates_behind_an_endpoint,
        data::large_result,
        data::large_upload,
        data::compression,
        data::local_infile_with_a_handler,
        data::local_infile_without_a_handler,
        statements::prepared_statements,
        statements::transactions,
        statements::multiple_result_sets,
        pools::drivers_pool,
        #[cfg(feature = "r2d2")]
        pools::r2d2_pool,
        pools::pools_survive_a_restart,
        hosts::one_of_three_is_killed_under_load,
        facts::session_and_server_agree,
        facts::first_key_share,
        facts::examples_and_status,
        #[cfg(feature = "cli")]
        commands::official_client_in_exec,
        #[cfg(feature = "cli")]
        commands::official_client_through_a_shim,
        #[cfg(feature = "cli")]
        certs::its_files_and_statements_are_a_servers,
        #[cfg(feature = "cli")]
        certs::official_client_with_its_files,
        #[cfg(feature = "cli")]
        commands::doctor_examines_it,
        #[cfg(feature = "cli")]
        commands::doctor_suspects_a_proxy,
        #[cfg(feature = "cli")]
        commands::doctor_without_tls,
        facts::resumed_session_keeps_its_client_certificate,
        options::ca_directory,
        options::public_roots,
        options::revocation,
        options::pins,
        options::encrypted_key,
        options::version_1_client_certificate,
        options::versions_and_suites,
        options::no_version_in_common,
        options::server_name,
        options::without_resumption,
        options::tickets_stay_where_they_are,
    ]
    mariadb [
        passwords::native_password,
        passwords::ed25519,
        facts::tls_1_2,
        options::no_suite_in_common,
    ]
    mysql [
        passwords::caching_sha2_full_then_fast,
        passwords::caching_sha2_over_the_socket,
        passwords::server_public_key,
        facts::tls_1_2,
        facts::auto_certificates,
        #[cfg(feature = "cli")]
        commands::one_option_file_for_both_clients,
        verdicts::official_client_gives_the_same_verdicts,
        options::no_suite_in_common,
    ]
    tidb [
        clauses::alternative_names_let_in_their_certificate,
        passwords::native_password,
        passwords::caching_sha2_always_full,
        facts::auto_certificates,
        facts::post_quantum_key_exchange,
    ]
}
