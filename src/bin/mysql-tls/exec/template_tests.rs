//! What is a placeholder and what is not.

use super::*;

fn values() -> Values {
    Values {
        url: "mysql://u".to_owned(),
        socket: Some("/s".into()),
        address: None,
        user: Some("app".to_owned()),
        password: None,
        database: None,
    }
}

fn rendered(text: &str) -> Result<String, String> {
    let template = Template::for_variable(OsStr::new(text), Place::Socket)?;
    template.render(&values()).map(|text| text.into_string().unwrap())
}

#[test]
fn placeholders_are_replaced_and_other_braces_kept() {
    for (text, expected) in [
        ("", ""),
        ("--socket={socket}", "--socket=/s"),
        ("{user}{user}@{socket}", "appapp@/s"),
        ("p={password};", "p=;"),
        ("{{socket}}", "{socket}"),
        ("{{unknown}}", "{unknown}"),
        ("{{{user}}}", "{{user}}"),
        ("{}", "{}"),
        ("{", "{"),
        ("{user", "{user"),
        ("user}", "user}"),
        ("awk {print $1}", "awk {print $1}"),
        ("${user} $ {user}", "${user} $ app"),
        ("${HOME} {{.Names}} {\"a\":{}}", "${HOME} {{.Names}} {\"a\":{}}"),
        ("é{user}é", "éappé"),
    ] {
        assert_eq!(rendered(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_replaced_is_an_error() {
    assert_eq!(rendered("{print}"), Err(UNKNOWN.to_owned()));
    assert!(rendered("{host}").unwrap_err().contains("--tcp"));
    assert!(rendered("{database}").unwrap_err().contains("the DSN has no database"));
    assert!(Template::for_variable(OsStr::new("{socket}"), Place::Tcp).is_err());
    for secret in ["{url}", "x{password}"] {
        assert!(Template::for_argument(OsStr::new(secret), Place::Socket).is_err());
    }
    assert!(Template::for_argument(OsStr::new("{{password}}"), Place::Socket).is_ok());
}

#[test]
fn what_is_not_utf_8_passes() {
    let text = OsStr::from_bytes(b"\xff{user}\xfe");
    let template = Template::for_argument(text, Place::Socket).map_err(|_| ()).unwrap();
    assert_eq!(template.render(&values()).unwrap().as_bytes(), b"\xffapp\xfe");
}
