//! The command line clients of MySQL and of MariaDB, on the socket.

use crate::harness::script;
use crate::world::{PASSWORD, World};

const SCRIPT: &str = "
CREATE TABLE books (id INT PRIMARY KEY, title VARCHAR(200));
INSERT INTO books VALUES (1, 'Emma'), (2, 'Persuasion');
START TRANSACTION;
DELETE FROM books;
ROLLBACK;
SELECT title FROM books ORDER BY id;
SELECT CONNECTION_ID();
SHOW SESSION STATUS LIKE 'Ssl_cipher';
";

pub(crate) fn mysql_client(world: &World) {
    workload(world, "mysql", "mysql_client");
}

pub(crate) fn mariadb_client(world: &World) {
    workload(world, "mariadb", "mariadb_client");
}

fn workload(world: &World, client: &str, name: &str) {
    let endpoint = world.connector(name).endpoint().unwrap();
    let mut command = script("client");
    command
        .args([client, "--batch", "--skip-column-names", "--unbuffered"])
        .args(["--user", name, "--database", name])
        .arg("--socket")
        .arg(endpoint.path().unwrap())
        .env("MYSQL_PWD", PASSWORD);
    let rows = crate::program::run(&mut command, SCRIPT, &endpoint);
    assert_eq!(rows, ["Emma", "Persuasion"]);
}
