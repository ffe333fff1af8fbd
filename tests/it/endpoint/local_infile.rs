//! LOCAL INFILE: hidden from both sides, unless it was asked for.

use mysql_tls::EndpointOptions;
use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, LocalInfileHandler, OptsBuilder};

use super::driver::{CLAIMED, response};
use super::*;

#[test]
fn the_capability_is_cleared_both_ways() {
    // What the connector was told, what the endpoint was, and who has the last word.
    let settings = [
        (false, None, false),
        (true, None, true),
        (false, Some(true), true),
        (true, Some(false), false),
    ];
    for ((of_connector, of_endpoint, allowed), claimed) in
        settings.iter().flat_map(|setting| [(*setting, true), (*setting, false)])
    {
        let what = format!("{of_connector}, {of_endpoint:?}, claimed {claimed}");
        let server = ScriptedServer::start(over_tls());
        let options = EndpointOptions::new();
        let options = of_endpoint.into_iter().fold(options, EndpointOptions::local_infile);
        let connector = builder_for(&server).local_infile(of_connector).build().unwrap();
        let endpoint = connector.endpoint_with(options).unwrap();
        let mut driver = Raw::new(&endpoint);
        let greeting = driver.greeting();
        let hidden = capability::SSL | if allowed { 0 } else { capability::LOCAL_FILES };
        let offered = wire::DEFAULT_CAPABILITIES | capability::SSL;
        assert_eq!(greeting.capabilities, offered & !hidden, "{what}");
        assert_eq!((greeting.connection_id, greeting.nonce), (42, Greeting::default().nonce));
        assert_eq!(greeting.plugin, "caching_sha2_password");
        let infile = if claimed { capability::LOCAL_FILES } else { 0 };
        driver.send(&response(CLAIMED | infile, "caching_sha2_password", &[7; 32]));
        assert_eq!(driver.expect()[0], 0, "{what}");
        drop(driver);
        let record = server.wait_record(0, PATIENCE);
        let told = CLAIMED | capability::SSL | if allowed { infile } else { 0 };
        assert_eq!(record.response.as_ref().unwrap().capabilities, told, "{what}");
        let request = &record.ssl_request.as_ref().unwrap().bytes;
        assert_eq!(request[..4], told.to_le_bytes(), "{what}");
    }
}

#[test]
fn a_driver_with_a_handler_uses_it_only_where_it_may() {
    for allowed in [false, true] {
        let script = over_tls().on_prefix("LOAD DATA", Answer::LocalInfile("numbers.csv".into()));
        let server = ScriptedServer::start(script);
        let options = EndpointOptions::new().local_infile(allowed);
        let endpoint = connector(&server).endpoint_with(options).unwrap();
        let handler = LocalInfileHandler::new(|name, writer| {
            assert_eq!(name, b"numbers.csv");
            std::io::Write::write_all(writer, b"1,2,3")
        });
        let opts = OptsBuilder::new()
            .socket(Some(text(endpoint.path().unwrap())))
            .user(Some(USER))
            .local_infile_handler(Some(handler));
        let mut conn = Conn::new(opts).unwrap();
        // This server is not honest: it asks whatever was agreed on, and that is not kept from the
        // driver, which has a handler.
        conn.query_drop("LOAD DATA LOCAL INFILE 'numbers.csv' INTO TABLE t").unwrap();
        drop(conn);
        let record = server.wait_record(0, PATIENCE);
        let flags = record.response.unwrap().capabilities;
        assert_eq!(flags & capability::LOCAL_FILES != 0, allowed);
        assert_eq!(record.infile, [b"1,2,3".to_vec()]);
    }
}
