//! The chapters of the documentation, whose code is compiled here.

#![doc = include_str!("chapters/mysql_async.md")]
#![doc = include_str!("chapters/sqlx.md")]
#![doc = include_str!("chapters/sea_orm.md")]
#![cfg_attr(feature = "diesel", doc = include_str!("chapters/diesel.md"))]
#![doc = include_str!("chapters/refinery.md")]
#![doc = include_str!("chapters/other_languages.md")]
#![doc = include_str!("chapters/moving_from_sqlx.md")]
#![doc = include_str!("chapters/tidb_cloud.md")]
#![doc = include_str!("chapters/tidb_cluster.md")]
