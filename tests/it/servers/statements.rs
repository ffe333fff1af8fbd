//! Statements of every kind over the relay.

use mysql_tls::Product;
use mysql_tls::mysql::TxOpts;
use mysql_tls::mysql::params;
use mysql_tls::mysql::prelude::*;

use super::world::shared;

pub(super) fn prepared_statements(product: Product) {
    let mut connection = shared(product).verified().connect().unwrap();
    connection
        .query_drop("CREATE TABLE prepared (id INT PRIMARY KEY, price DOUBLE, name VARCHAR(40))")
        .unwrap();
    let insert = connection.prep("INSERT INTO prepared VALUES (?, ?, ?)").unwrap();
    let rows: Vec<(i32, f64, Option<String>)> = (0..50)
        .map(|id| (id, f64::from(id) / 4.0, (id % 3 > 0).then(|| format!("né {id}"))))
        .collect();
    connection.exec_batch(&insert, &rows).unwrap();
    let select = "SELECT id, price, name FROM prepared WHERE id >= :from ORDER BY id";
    for from in [0, 10, 49] {
        let found: Vec<(i32, f64, Option<String>)> =
            connection.exec(select, params! { from }).unwrap();
        assert_eq!(found, rows[from..]);
    }
    connection.close(insert).unwrap();
}

pub(super) fn transactions(product: Product) {
    let world = shared(product);
    let mut connection = world.verified().connect().unwrap();
    let mut other = world.verified().connect().unwrap();
    connection.query_drop("CREATE TABLE transactions (id INT PRIMARY KEY)").unwrap();
    let mut count =
        || -> u32 { other.query_first("SELECT COUNT(*) FROM transactions").unwrap().unwrap() };

    let mut transaction = connection.start_transaction(TxOpts::default()).unwrap();
    transaction.query_drop("INSERT INTO transactions VALUES (1), (2)").unwrap();
    assert_eq!(count(), 0, "before the commit");
    transaction.commit().unwrap();
    assert_eq!(count(), 2);

    let mut transaction = connection.start_transaction(TxOpts::default()).unwrap();
    transaction.query_drop("INSERT INTO transactions VALUES (3)").unwrap();
    transaction.rollback().unwrap();
    let mut transaction = connection.start_transaction(TxOpts::default()).unwrap();
    transaction.query_drop("INSERT INTO transactions VALUES (4)").unwrap();
    drop(transaction);
    assert_eq!(count(), 2, "rolled back, by name and by drop");
}

pub(super) fn multiple_result_sets(product: Product) {
    let mut connection = shared(product).verified().connect().unwrap();
    let mut result = connection
        .query_iter("SELECT 1; SELECT 2, 3 UNION ALL SELECT 4, 5 ORDER BY 1; SELECT 'six'")
        .unwrap();
    let mut sets = Vec::new();
    while let Some(set) = result.iter() {
        let rows = set.map(|row| row.unwrap().unwrap().into_iter().map(text).collect());
        sets.push(rows.collect::<Vec<Vec<String>>>());
    }
    drop(result);
    assert_eq!(sets, [vec![vec!["1"]], vec![vec!["2", "3"], vec!["4", "5"]], vec![vec!["six"]]]);
    // Those that nobody fetched do not get in the way.
    drop(connection.query_iter("SELECT 1; SELECT 2; SELECT 3").unwrap());
    assert_eq!(connection.query_first::<u8, _>("SELECT 7").unwrap(), Some(7));
}

fn text(value: mysql_tls::mysql::Value) -> String {
    mysql_tls::mysql::from_value(value)
}
