//! The connection strings that the chapters show do what the chapters say.

use mysql_tls::ConnectionBuilder;

/// A row between `pasted: begin` and `pasted: end`: the string, what becomes of it, and what to write
/// instead or what there is to know.
struct Row<'a> {
    string: String,
    here: &'a str,
    words: Vec<String>,
}

fn rows(chapter: &str) -> Vec<Row<'_>> {
    let (_, rest) = chapter.split_once("<!-- pasted: begin -->\n").expect("a line pasted: begin");
    let (table, _) = rest.split_once("<!-- pasted: end -->").expect("a line pasted: end");
    let row = |line| {
        let cells: Vec<&str> = str::split(line, '|').map(str::trim).collect();
        let [_, string, here, words, _] = cells[..] else { panic!("not three cells: {line}") };
        Row { string: spans(string).remove(0), here, words: spans(words) }
    };
    table.lines().skip(2).map(row).collect()
}

/// What stands between backticks, with real names in place of those in capitals.
fn spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn filled(string: &str) -> String {
    string
        .replace("HOST:4000", "gateway01.eu-central-1.prod.aws.tidbcloud.com:4000")
        .replace("HOST", "db.example.com")
        .replace("PREFIX", "2aEp24QWEDLqRFs")
        .replace(":PASSWORD@", ":hunter2-Zk9@")
        .replace("=PASSWORD&", "=hunter2-Zk9&")
}

fn check(chapter: &str) -> (usize, usize) {
    let (mut read, mut refused) = (0, 0);
    for row in rows(chapter) {
        let string = filled(&row.string);
        let result = string.parse::<ConnectionBuilder>();
        if row.here.starts_with("read") {
            read += 1;
            let builder = result.unwrap_or_else(|error| panic!("{string}: {error}"));
            assert!(!builder.to_string().contains("hunter2"), "{builder}");
            for addition in row.words.iter().filter(|word| word.starts_with('?')) {
                let string = format!("{string}{addition}");
                let added = string.parse::<ConnectionBuilder>();
                assert!(added.is_ok(), "{string}: {added:?}");
            }
            continue;
        }
        assert_eq!(row.here, "refused", "{string}");
        refused += 1;
        let sentence = result.err().unwrap_or_else(|| panic!("{string} is read")).to_string();
        assert!(!sentence.contains("hunter2"), "{sentence}");
        for word in &row.words {
            assert!(sentence.contains(word.as_str()), "{word} is not in: {sentence}");
        }
    }
    (read, refused)
}

#[test]
fn tidb_cloud() {
    assert_eq!(check(include_str!("../drivers/chapters/tidb_cloud.md")), (3, 7));
}

#[test]
fn moving_from_sqlx() {
    assert_eq!(check(include_str!("../drivers/chapters/moving_from_sqlx.md")), (9, 2));
}
