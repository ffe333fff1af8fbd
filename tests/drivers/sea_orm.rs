//! SeaORM, which is built on sqlx.

use ::sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectOptions, Database, EntityTrait, PaginatorTrait,
    QueryFilter, Set, TransactionTrait,
};
use mysql_tls::{Connector, UrlStyle};
use sea_orm_migration::prelude::*;

use crate::block_on;
use crate::world::{PASSWORD, World};

mod book {
    use ::sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "books")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateBooks)]
    }
}

#[derive(DeriveIden)]
enum Books {
    Table,
    Id,
    Title,
}

struct CreateBooks;

impl MigrationName for CreateBooks {
    fn name(&self) -> &str {
        "m0001_create_books"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateBooks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table(Books::Table)
            .col(ColumnDef::new(Books::Id).integer().not_null().auto_increment().primary_key())
            .col(ColumnDef::new(Books::Title).string().not_null());
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Books::Table).to_owned()).await
    }
}

pub(crate) fn sea_orm_migration_and_entity(world: &World) {
    let connector = world.connector("sea_orm");
    block_on(workload(&connector));
}

async fn workload(connector: &Connector) {
    let endpoint = connector.endpoint().unwrap();
    let url = endpoint.url_of(UrlStyle::Sqlx, Some("sea_orm"), Some(PASSWORD), Some("sea_orm"));
    let db = Database::connect(ConnectOptions::new(url)).await.unwrap();
    Migrator::up(&db, None).await.unwrap();

    for title in ["Emma", "Persuasion"] {
        let book = book::ActiveModel { title: Set(title.to_owned()), ..Default::default() };
        book.insert(&db).await.unwrap();
    }
    let transaction = db.begin().await.unwrap();
    book::Entity::delete_many().exec(&transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    let found = book::Entity::find()
        .filter(book::Column::Title.starts_with("Em"))
        .one(&db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.title, "Emma");
    assert_eq!(book::Entity::find().count(&db).await.unwrap(), 2);

    crate::sqlx::check(&endpoint, db.get_mysql_connection_pool()).await;
    Migrator::down(&db, None).await.unwrap();
    db.close().await.unwrap();
}
