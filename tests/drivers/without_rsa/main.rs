//! sqlx without its feature `mysql-rsa`: the driver says what is missing.

#[allow(dead_code)]
#[path = "../../it/servers/harness.rs"]
mod harness;
#[allow(dead_code)]
#[path = "../world.rs"]
mod world;

use mysql_tls::{Product, UrlStyle};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};

fn sqlx_names_its_feature(product: Product) {
    let connector = world::shared(product).connector("without_rsa");
    let endpoint = connector.endpoint().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async {
        let options: MySqlConnectOptions = endpoint.url(UrlStyle::Sqlx).parse().unwrap();
        let pool = MySqlPoolOptions::new().max_connections(1);
        pool.connect_with(options.password(world::PASSWORD)).await.unwrap_err().to_string()
    });
    assert!(error.contains("enable feature `mysql-rsa`"), "{error}");
}

mod mysql {
    #[test]
    #[ignore = "needs a real server: tests/drivers/run"]
    fn sqlx_names_its_feature() {
        super::sqlx_names_its_feature(super::Product::MySQL);
    }
}

mod tidb {
    #[test]
    #[ignore = "needs a real server: tests/drivers/run"]
    fn sqlx_names_its_feature() {
        super::sqlx_names_its_feature(super::Product::TiDB);
    }
}
