//! sqlx, which takes a Unix socket for insecure: it asks for an RSA key, with its feature `mysql-rsa`.

use ::sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions};
use mysql_tls::{Connector, Endpoint, UrlStyle};

use crate::world::{PASSWORD, World, assert_verified};
use crate::{block_on, over_tcp};

async fn pool(endpoint: &Endpoint) -> MySqlPool {
    let options: MySqlConnectOptions = endpoint.url(UrlStyle::Sqlx).parse().unwrap();
    let pool = MySqlPoolOptions::new().max_connections(4);
    pool.connect_with(options.password(PASSWORD)).await.unwrap()
}

pub(crate) fn sqlx_pool_and_migrations(world: &World) {
    let connector = world.connector("sqlx");
    block_on(workload(&connector));
}

async fn workload(connector: &Connector) {
    let endpoint = connector.endpoint().unwrap();
    let pool = pool(&endpoint).await;
    let migrations = ::sqlx::migrate!("migrations/sqlx");
    migrations.run(&pool).await.unwrap();
    migrations.run(&pool).await.unwrap(); // nothing is left to do

    let shelf: i64 = ::sqlx::query_scalar("SELECT id FROM shelves WHERE label = ?")
        .bind("fiction")
        .fetch_one(&pool)
        .await
        .unwrap();
    let writers = (0..8).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            ::sqlx::query("INSERT INTO books (shelf, title) VALUES (?, ?)")
                .bind(shelf)
                .bind(format!("Volume {number}"))
                .execute(&pool)
                .await
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert_eq!(writer.await.unwrap().unwrap().rows_affected(), 1);
    }
    let mut transaction = pool.begin().await.unwrap();
    ::sqlx::query("DELETE FROM books").execute(&mut *transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    let count: i64 =
        ::sqlx::query_scalar("SELECT COUNT(*) FROM books").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 8);

    check(&endpoint, &pool).await;
    pool.close().await;
}

/// The endpoint has the very connection of a pool that the server tells of, verified.
pub(crate) async fn check(endpoint: &Endpoint, pool: &MySqlPool) {
    let mut conn = pool.acquire().await.unwrap();
    let id = ::sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *conn).await.unwrap();
    let (_, cipher): (String, String) = ::sqlx::query_as("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert_verified(endpoint, id, &cipher);
}

pub(crate) fn sqlx_over_tcp(world: &World) {
    let connector = world.connector("sqlx_tcp");
    block_on(async {
        let endpoint = over_tcp(&connector);
        let pool = pool(&endpoint).await;
        check(&endpoint, &pool).await;
        pool.close().await;
    });
}

/// For a program that is given a connection string: how many migrations there were, and the cipher.
pub(crate) async fn migrate(url: &str) -> (i64, String) {
    let pool = MySqlPool::connect(url).await.unwrap();
    ::sqlx::migrate!("migrations/sqlx").run(&pool).await.unwrap();
    let count = ::sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations");
    let count = count.fetch_one(&pool).await.unwrap();
    let (_, cipher): (String, String) =
        ::sqlx::query_as("SHOW SESSION STATUS LIKE 'Ssl_cipher'").fetch_one(&pool).await.unwrap();
    pool.close().await;
    (count, cipher)
}
