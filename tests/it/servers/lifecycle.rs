//! What happens to connections while they are open, and to the server meanwhile.

use std::time::{Duration, Instant};

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{ChangeUserOpts, Error};
use mysql_tls::{CloseReason, Connection, PasswordSent, Product, SslMode, Transport};

use super::tap::Tap;
use super::world::{Certificate, DATABASE, PASSWORD, World, shared, write_pair};
use crate::kit::PATIENCE;

fn serial(connection: &Connection) -> &str {
    connection.session().tls().unwrap().peer()[0].serial()
}

fn answers(connection: &mut Connection) -> bool {
    matches!(connection.query_first::<u8, _>("SELECT 1"), Ok(Some(1)))
}

/// The open connection goes on, the next one sees the new certificate.
pub(super) fn certificate_replaced_while_connected(product: Product) {
    let world = World::start(product, Certificate::Issued);
    let replace = |name: &str, number: u64| {
        let issued = world.pki.authority.server(name).serial(number).issue();
        write_pair(world.server.dir(), "server", &issued);
        world.reload_tls();
    };
    let connector = world.verified().build().unwrap();
    let mut first = connector.connect().unwrap();
    assert_eq!(serial(&first), "1001");

    replace("localhost", 0x1002);
    assert!(answers(&mut first));
    // The same connector, whose tickets the server knows no more.
    let mut second = connector.connect().unwrap();
    assert_eq!(serial(&second), "1002");
    assert!(!second.session().tls().unwrap().is_resumed());
    assert!(answers(&mut second));

    replace("db.example.com", 0x1003);
    assert!(answers(&mut first) && answers(&mut second));
    let by_name = connector.connect().unwrap_err();
    assert_eq!(by_name.code(), "certificate.wrong-name");
    assert!(by_name.to_string().contains("DNS:db.example.com"), "{by_name}");
    // Over the Unix socket the name is `localhost` as well.
    let by_socket = world.verified().socket(&world.server.socket).connect().unwrap_err();
    assert_eq!(by_socket.code(), "certificate.wrong-name");
    let chain_only = world.verified().ssl_mode(SslMode::VerifyCa).connect().unwrap();
    assert_eq!(serial(&chain_only), "1003");
}

pub(super) fn require_secure_transport(product: Product) {
    let world = World::start(product, Certificate::Issued);
    world.server.admin().query_drop("SET GLOBAL require_secure_transport = ON").unwrap();
    let error = world.plaintext().connect().unwrap_err();
    // MariaDB gives the number of a wrong password.
    let (code, number, advice) = match product {
        Product::MariaDB => ("auth.access-denied", 1045, "require_secure_transport"),
        _ => ("auth.secure-transport-required", 3159, "ssl-mode=VERIFY_IDENTITY"),
    };
    assert_eq!(error.code(), code, "{error}");
    let reply = error.server_reply().unwrap();
    assert_eq!((reply.code(), reply.is_authenticated()), (number, false), "{error}");
    assert!(error.to_string().contains(advice), "{error}");
    for mode in [SslMode::Preferred, SslMode::Required] {
        let connection = world.to("localhost").ssl_mode(mode).connect().unwrap();
        assert_eq!(connection.session().transport(), Transport::Tls);
    }
    // A Unix socket counts as secure.
    let socket = world.plaintext().socket(&world.server.socket).connect().unwrap();
    assert_eq!(socket.session().transport(), Transport::UnixSocket);
}

/// The first cause of the end stays to be read, whatever the driver makes of it.
pub(super) fn killed_connection(product: Product) {
    let world = shared(product);
    let mut admin = world.server.admin();
    for builder in [world.verified(), world.plaintext()] {
        let mut connection = builder.connect().unwrap();
        let id: u64 = connection.query_first("SELECT CONNECTION_ID()").unwrap().unwrap();
        assert!(connection.close_reason().is_none());
        admin.query_drop(format!("KILL {id}")).unwrap();
        let reason = wait_for_end(&connection);
        // MySQL and MariaDB cut the connection, without close_notify.
        let cut = connection.session().tls().is_some() && product != Product::TiDB;
        match reason {
            CloseReason::Truncated => assert!(cut),
            CloseReason::Server => assert!(!cut),
            other => panic!("{other:?}"),
        }
        let error = connection.query_drop("SELECT 1").unwrap_err();
        assert!(matches!(error, Error::IoError(_)), "{error:?}");
    }
    assert!(answers(&mut admin));
}

pub(super) fn killed_while_it_works(product: Product) {
    let world = shared(product);
    let mut admin = world.server.admin();
    for builder in [world.verified(), world.plaintext()] {
        let mut connection = builder.connect().unwrap();
        let id: u64 = connection.query_first("SELECT CONNECTION_ID()").unwrap().unwrap();
        let start = Instant::now();
        std::thread::scope(|scope| {
            let query = scope.spawn(|| connection.query_first::<u8, _>("SELECT SLEEP(30)"));
            let listed = format!(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {id} AND INFO LIKE \
                 'SELECT SLEEP%'"
            );
            let until = Instant::now() + PATIENCE;
            while admin.query_first::<u8, _>(&listed).unwrap() != Some(1) {
                assert!(Instant::now() < until, "the query did not arrive");
                std::thread::sleep(Duration::from_millis(5));
            }
            admin.query_drop(format!("KILL {id}")).unwrap();
            let error = query.join().unwrap().unwrap_err();
            assert!(matches!(error, Error::IoError(_)), "{error:?}");
        });
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        let tls = connection.session().tls().is_some();
        match (wait_for_end(&connection), product) {
            (CloseReason::Server, _) => assert!(!tls),
            (CloseReason::Truncated, Product::MySQL | Product::MariaDB) => assert!(tls),
            // TiDB gives up writing a record and then counts it: its close_notify has the number
            // of the next one, and cannot be decrypted.
            (CloseReason::Failed(error), Product::TiDB) => {
                assert!(tls);
                assert_eq!(error.code(), "io.broken");
                assert!(error.to_string().contains("cannot decrypt"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        assert!(connection.query_drop("SELECT 1").is_err());
    }
}

fn wait_for_end(connection: &Connection) -> CloseReason {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        if let Some(reason) = connection.close_reason() {
            return reason;
        }
        assert!(Instant::now() < until, "the connection goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn reset_connection(product: Product) {
    let world = shared(product);
    for builder in [world.verified(), world.plaintext()] {
        let mut connection = builder.init_statement("SET @given = 7").connect().unwrap();
        connection.query_drop("SET @left_over = 1").unwrap();
        let before = connection.server_tls_status().unwrap();
        connection.reset().unwrap();
        let row: Option<(Option<u8>, Option<u8>)> =
            connection.query_first("SELECT @left_over, @given").unwrap();
        assert_eq!(row, Some((None, Some(7))), "a clean session with its init statements");
        let after = connection.server_tls_status().unwrap();
        assert_eq!((after.version(), after.cipher()), (before.version(), before.cipher()));
        let database: Option<String> = connection.query_first("SELECT DATABASE()").unwrap();
        assert_eq!(database.as_deref(), Some(DATABASE));
    }
}

fn to_user(name: &str, password: &str) -> ChangeUserOpts {
    ChangeUserOpts::DEFAULT
        .with_user(Some(name.to_owned()))
        .with_pass(Some(password.to_owned()))
        .with_db_name(Some(DATABASE.to_owned()))
}

pub(super) fn change_user(product: Product) {
    let world = shared(product);
    let mut connection = world.verified().connect().unwrap();
    let before = connection.server_tls_status().unwrap();
    connection.change_user(to_user("other", PASSWORD)).unwrap();
    let user: Option<String> = connection.query_first("SELECT CURRENT_USER()").unwrap();
    assert_eq!(user.as_deref(), Some("other@%"));
    let after = connection.server_tls_status().unwrap();
    assert_eq!((after.version(), after.cipher()), (before.version(), before.cipher()));

    let error = connection.change_user(to_user("app", "wrong-horse")).unwrap_err();
    let Error::MySqlError(error) = error else { panic!("{error:?}") };
    assert_eq!(error.code, 1045, "{}", error.message);

    // On plaintext the driver knows that it is on plaintext.
    let user = if product == Product::MySQL { "sha2_unknown" } else { "other" };
    let tap = Tap::to(world.server.port);
    let mut plaintext = world.plaintext().port(tap.port).connect().unwrap();
    assert_eq!(plaintext.session().password_sent(), PasswordSent::Scramble);
    let changed = plaintext.change_user(to_user(user, PASSWORD));
    assert_eq!(changed.is_ok(), product != Product::MySQL, "{changed:?}");
    drop(plaintext);
    assert!(tap.saw(user.as_bytes()), "the tap sees what is sent");
    assert!(!tap.saw(PASSWORD.as_bytes()), "the password left");
}
