//! `mysql-tls exec` with programs that know nothing of TLS: this one, with sqlx or with Diesel, and the
//! Go program. Their accounts ask for a client certificate, so that the login shows that it was given.

use std::process::{Command, Stdio};

use mysql_tls::UrlStyle;

use crate::block_on;
use crate::world::World;

const ROLE: &str = "DRIVERS_ROLE";

pub(crate) fn exec_sqlx(world: &World) {
    in_role(world, "exec_sqlx", UrlStyle::Sqlx);
}

#[cfg(feature = "diesel")]
pub(crate) fn exec_diesel(world: &World) {
    in_role(world, "exec_diesel", UrlStyle::Diesel);
}

pub(crate) fn exec_go(world: &World) {
    let program = std::env::var_os("DRIVERS_GO").expect("tests/drivers/run builds the program");
    let mut command = exec(world, "exec_go", UrlStyle::Go);
    let told = output(command.arg(program));
    assert!(told.starts_with("20 rows\n") && told.contains("Ssl_cipher\tTLS_"), "{told}");
}

/// `mysql-tls exec` for an account of this name; the command is still to be added.
fn exec(world: &World, name: &str, style: UrlStyle) -> Command {
    let program = std::env::var_os("MYSQL_TLS").expect("tests/drivers/run builds the program");
    let mut command = Command::new(program);
    command.args(["exec", "--wait", "10s", "--url-style", style.as_str(), "--"]);
    command.env("MYSQL_TLS_DSN", world.dsn(name));
    command
}

/// This program, in the role of one that has the driver of this style.
fn in_role(world: &World, name: &str, style: UrlStyle) {
    let mut command = exec(world, name, style);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "exec::role", "--ignored", "--nocapture"]);
    let told = output(command.env(ROLE, style.as_str()));
    assert!(told.contains("2 migrations, cipher TLS_"), "{told}");
}

fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (stdout, stderr) = (output.stdout, output.stderr);
    let told = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(output.status.success(), "{told}");
    told
}

/// Not a test by itself: what the command does.
#[test]
#[ignore = "a role for the tests of exec"]
fn role() {
    let url = std::env::var("DATABASE_URL").unwrap();
    let (migrations, cipher) = match std::env::var(ROLE).as_deref() {
        Ok("sqlx") => block_on(crate::sqlx::migrate(&url)),
        #[cfg(feature = "diesel")]
        Ok("diesel") => crate::diesel::migrate(&url),
        role => panic!("no such role: {role:?}"),
    };
    println!("{migrations} migrations, cipher {cipher}");
}
