//! A Go program with go-sql-driver: see go/main.go.

use std::process::Command;

use mysql_tls::{Endpoint, UrlStyle};

use crate::over_tcp;
use crate::world::{PASSWORD, World};

pub(crate) fn go_over_the_socket(world: &World) {
    let connector = world.connector("go_socket");
    workload(&connector.endpoint().unwrap(), "go_socket");
}

pub(crate) fn go_over_tcp(world: &World) {
    let connector = world.connector("go_tcp");
    workload(&over_tcp(&connector), "go_tcp");
}

fn workload(endpoint: &Endpoint, name: &str) {
    let program = std::env::var_os("DRIVERS_GO").expect("tests/drivers/run builds the program");
    let url = endpoint.url_of(UrlStyle::Go, Some(name), Some(PASSWORD), Some(name));
    let rows = crate::program::run(Command::new(program).env("DATABASE_URL", url), "", endpoint);
    assert_eq!(rows, ["20 rows"]);
}
