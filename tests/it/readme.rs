//! The README's table of keys is the code's.

use mysql_tls::dsn_keys;

const BEGIN: &str = "<!-- keys: begin -->\n";
const END: &str = "<!-- keys: end -->";

#[test]
fn the_table_of_keys_is_the_codes() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once(BEGIN).expect("README.md has a line `keys: begin`");
    let (written, _) = rest.split_once(END).expect("README.md has a line `keys: end`");
    let table = table();
    assert!(
        written == table,
        "README.md: replace what stands between `keys: begin` and `keys: end` by\n\n{table}"
    );
}

fn table() -> String {
    let mut table = String::from("| key | also | default | secret | |\n|---|---|---|---|---|\n");
    for key in dsn_keys() {
        let also: Vec<String> = key.aliases().map(|alias| format!("`{alias}`")).collect();
        let secret = if key.is_secret() { "yes" } else { "" };
        let cells = [&format!("`{}`", key.name()), &also.join(", "), key.default_value(), secret];
        table.push_str(&format!("| {} | {} |\n", cells.join(" | "), key.help()));
    }
    table
}
