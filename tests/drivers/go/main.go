// A workload with go-sql-driver. The environment variable DATABASE_URL is its connection string; on
// success it prints the rows that it has counted, the connection's id and the server's word on its
// TLS, and stays until its stdin ends.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"sync"

	_ "github.com/go-sql-driver/mysql"
)

func main() {
	if err := run(context.Background(), os.Getenv("DATABASE_URL")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dsn string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(4)

	for _, statement := range []string{
		"DROP TABLE IF EXISTS items",
		"CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(100) NOT NULL)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := insertTogether(ctx, db, 20); err != nil {
		return err
	}
	if err := rollBack(ctx, db); err != nil {
		return err
	}

	var count int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM items WHERE name LIKE ?", "item %").Scan(&count); err != nil {
		return err
	}

	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var id uint64
	if err := conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&id); err != nil {
		return err
	}
	var name, cipher string
	if err := conn.QueryRowContext(ctx, "SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil {
		return err
	}
	fmt.Printf("%d rows\n%d\n%s\t%s\n", count, id, name, cipher)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// insertTogether inserts by one prepared statement from several connections at a time.
func insertTogether(ctx context.Context, db *sql.DB, rows int) error {
	insert, err := db.PrepareContext(ctx, "INSERT INTO items (id, name) VALUES (?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	errs := make([]error, rows)
	var group sync.WaitGroup
	for id := range rows {
		group.Add(1)
		go func() {
			defer group.Done()
			_, errs[id] = insert.ExecContext(ctx, id, fmt.Sprintf("item %d", id))
		}()
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rollBack leaves the table as it was.
func rollBack(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM items"); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Rollback()
}
