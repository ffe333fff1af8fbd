//! What SECURITY.md says, line by line.

mod attackers;
pub(crate) mod driver;

const TEXT: &str = include_str!("../../SECURITY.md");

/// The table between two marks of SECURITY.md.
fn table(name: &str) -> &'static str {
    let begin = format!("<!-- {name}: begin -->\n");
    let (_, rest) = TEXT.split_once(&begin).unwrap_or_else(|| panic!("SECURITY.md: {begin}"));
    rest.split_once(&format!("<!-- {name}: end -->")).expect("its end").0
}

/// The cells of a line of a table.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(|cell| cell.trim().to_owned()).collect()
}
