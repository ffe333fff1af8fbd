//! `mysql_async`, which takes a Unix socket for secure.

use ::mysql_async::prelude::*;
use ::mysql_async::{Conn, Error, Opts, OptsBuilder, Pool, TxOpts, params};
use mysql_tls::{Connector, Endpoint, UrlStyle};

use crate::world::{PASSWORD, World, assert_verified};
use crate::{block_on, over_tcp};

fn pool(endpoint: &Endpoint) -> Pool {
    let opts = Opts::from_url(&endpoint.url(UrlStyle::Mysql)).unwrap();
    Pool::new(OptsBuilder::from_opts(opts).pass(Some(PASSWORD)))
}

pub(crate) fn mysql_async_pool(world: &World) {
    let connector = world.connector("mysql_async");
    block_on(workload(&connector));
}

async fn workload(connector: &Connector) {
    let endpoint = connector.endpoint().unwrap();
    let pool = pool(&endpoint);
    let mut conn = pool.get_conn().await.unwrap();
    conn.query_drop("CREATE TABLE books (id INT PRIMARY KEY, title VARCHAR(200))").await.unwrap();
    conn.exec_batch(
        "INSERT INTO books (id, title) VALUES (:id, :title)",
        (0..20).map(|id| params! { "id" => id, "title" => format!("Volume {id}") }),
    )
    .await
    .unwrap();

    // Several connections at a time.
    let readers = (0..8).map(|id| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut conn = pool.get_conn().await.unwrap();
            conn.exec_first::<String, _, _>("SELECT title FROM books WHERE id = ?", (id,)).await
        })
    });
    for (id, reader) in readers.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(reader.await.unwrap().unwrap(), Some(format!("Volume {id}")));
    }

    let mut transaction = conn.start_transaction(TxOpts::default()).await.unwrap();
    transaction.query_drop("DELETE FROM books").await.unwrap();
    transaction.rollback().await.unwrap();
    let mut transaction = conn.start_transaction(TxOpts::default()).await.unwrap();
    transaction.query_drop("DELETE FROM books WHERE id >= 10").await.unwrap();
    transaction.commit().await.unwrap();
    let count: Option<u32> = conn.query_first("SELECT COUNT(*) FROM books").await.unwrap();
    assert_eq!(count, Some(10));

    let big = "x".repeat(3 << 20);
    let echo: Option<String> = conn.exec_first("SELECT ?", (&big,)).await.unwrap();
    assert_eq!(echo.as_deref(), Some(&*big));

    check(&endpoint, &mut conn).await;
    drop(conn);
    pool.disconnect().await.unwrap();
}

async fn check(endpoint: &Endpoint, conn: &mut Conn) {
    let id: Option<u64> = conn.query_first("SELECT CONNECTION_ID()").await.unwrap();
    let cipher: Option<(String, String)> =
        conn.query_first("SHOW SESSION STATUS LIKE 'Ssl_cipher'").await.unwrap();
    assert_verified(endpoint, id.unwrap(), &cipher.unwrap().1);
}

pub(crate) fn mysql_async_over_tcp(world: &World) {
    let connector = world.connector("mysql_async_tcp");
    block_on(async {
        let endpoint = over_tcp(&connector);
        let pool = pool(&endpoint);
        let mut conn = pool.get_conn().await.unwrap();
        check(&endpoint, &mut conn).await;
        drop(conn);
        pool.disconnect().await.unwrap();
    });
}

/// What shows that the others are let in by the endpoint's certificate.
pub(crate) fn mysql_async_without_the_certificate(world: &World) {
    let _ = world.connector("uncertified");
    let connector = world.without_certificate("uncertified");
    block_on(async {
        let endpoint = connector.endpoint().unwrap();
        let error = pool(&endpoint).get_conn().await.unwrap_err();
        let Error::Server(error) = error else { panic!("{error}") };
        assert_eq!(error.code, 1045, "{error}");
    });
}
