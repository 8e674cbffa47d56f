//! A whole state from here into a file, and from a file to here: tables and columns are the same.

use std::fmt::Write as _;
use std::path::Path;

use exporter_core::{Error, ErrorKind, Result};
use futures::SinkExt as _;
use tokio::sync::mpsc::{Receiver, channel};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::address::Server;
use super::errors::explain;
use super::schema;
use super::session::{READING, WRITING};
use super::text::{Done, Failure, plain};
use crate::SqliteStore;
use crate::sqlite::Cell;

/// All tables, those that others refer to first.
const TABLES: [&str; 11] = [
    "runs",
    "run_exports",
    "stages",
    "coverage",
    "audit",
    "outbox",
    "leases",
    "facts",
    "backfills",
    "journal",
    "journal_rows",
];

/// Tables whose rows get rising numbers, and the numbers' column.
const NUMBERED: [(&str, &str); 4] =
    [("audit", "id"), ("outbox", "id"), ("backfills", "id"), ("journal", "number")];

/// How many rows are on their way at once.
const PIECE: usize = 500;

/// One picture of the whole state in a new file, taken on a connection of its own: the state is
/// used meanwhile.
pub async fn copy(server: &Server, file: &Path) -> Result<()> {
    let copy = SqliteStore::open(file).await?;
    let told = |failure: &Failure| explain(failure, server).context("copy", file.display().to_string());
    let client = server.connect().await.map_err(|failure| told(&failure))?;
    client.batch_execute(READING).await.map_err(|error| told(&error.into()))?;
    for table in TABLES {
        let columns = copy.columns(table).await?;
        let cursor = format!("DECLARE piece NO SCROLL CURSOR FOR SELECT {} FROM {table}", columns.join(", "));
        client.batch_execute(&cursor).await.map_err(|error| told(&error.into()))?;
        loop {
            let rows = fetch(&client).await.map_err(|failure| told(&failure))?;
            if rows.is_empty() {
                break;
            }
            copy.put_rows(table, columns.clone(), rows).await?;
        }
        client.batch_execute("CLOSE piece").await.map_err(|error| told(&error.into()))?;
    }
    copy.close().await
}

async fn fetch(client: &Client) -> Done<Vec<Vec<Cell>>> {
    let rows = client.query(&format!("FETCH {PIECE} FROM piece"), &[]).await?;
    rows.iter().map(cells).collect()
}

/// A row as SQLite keeps it.
fn cells(row: &Row) -> Done<Vec<Cell>> {
    let cells = row.columns().iter().enumerate().map(|(index, column)| {
        let cell = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(Cell::Integer),
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(index)?.map(Cell::Real),
            Type::BOOL => row.try_get::<_, Option<bool>>(index)?.map(|yes| Cell::Integer(yes.into())),
            _ => row.try_get::<_, Option<String>>(index)?.map(Cell::Text),
        };
        Ok(cell.unwrap_or(Cell::Null))
    });
    cells.collect()
}

/// Takes over a whole state from a file, where there is none or the one that is there is put
/// aside under this name: all or nothing.
pub async fn fill(server: &Server, file: &SqliteStore, aside: Option<&str>) -> Result<()> {
    let told = |failure: &Failure| explain(failure, server);
    let client = server.connect().await.map_err(|failure| told(&failure))?;
    client.batch_execute(WRITING).await.map_err(|error| told(&error.into()))?;
    // A whole table is one statement, which may take its time.
    client.batch_execute("SET LOCAL statement_timeout TO 0").await.map_err(|error| told(&error.into()))?;
    if let Some(name) = aside {
        schema::put_aside(&client, name).await.map_err(|failure| told(&failure))?;
    }
    if let Some(table) = first_in_use(&client).await.map_err(|failure| told(&failure))? {
        return Err(Error::new(
            ErrorKind::Config,
            format!("there is a state in PostgreSQL ({}) already", server.place()),
        )
        .context("a table that is not empty", table)
        .hint("name an empty database, or use --force, which puts the state aside under another name"));
    }
    for table in TABLES {
        let mut columns = file.columns(table).await?;
        let mut sources = columns.clone();
        if table == "journal" {
            // Kept in a column here, and read out of the JSON there.
            columns.push("export".to_owned());
            sources.push("json_extract(batch, '$.export')".to_owned());
        }
        let (pieces, arriving) = channel(2);
        let (read, put) = tokio::join!(
            file.read_rows(table, sources, PIECE, pieces),
            receive(&client, table, &columns, arriving)
        );
        put.map_err(|failure| told(&failure))?;
        read?;
    }
    finish(&client).await.map_err(|failure| told(&failure))
}

/// The first table with a row in it.
async fn first_in_use(client: &Client) -> Done<Option<&'static str>> {
    for table in TABLES {
        let found = client.query_opt(&format!("SELECT FROM {table} LIMIT 1"), &[]).await?;
        if found.is_some() {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// Puts the pieces into a table as they come.
async fn receive(
    client: &Client,
    table: &str,
    columns: &[String],
    mut pieces: Receiver<Vec<Vec<Cell>>>,
) -> Done<()> {
    let copy = format!("COPY {table} ({}) FROM STDIN", columns.join(", "));
    let mut sink = std::pin::pin!(client.copy_in(&copy).await?);
    while let Some(rows) = pieces.recv().await {
        sink.send(bytes::Bytes::from(lines(&rows))).await?;
    }
    sink.finish().await?;
    Ok(())
}

/// Rows in the text form of `COPY` (postgresql.org/docs/current/sql-copy.html).
fn lines(rows: &[Vec<Cell>]) -> String {
    let mut text = String::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            // Writing to a String cannot fail.
            let _ = match cell {
                Cell::Integer(number) => write!(text, "{number}"),
                Cell::Real(number) => write!(text, "{number}"),
                Cell::Text(value) => write!(text, "{}", escape(value)),
                Cell::Null | Cell::Blob(_) => write!(text, "\\N"),
            };
        }
        text.push('\n');
    }
    text
}

fn escape(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// New rows get numbers after those that came.
async fn finish(client: &Client) -> Done<()> {
    for (table, column) in NUMBERED {
        let next = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), coalesce(max({column}), 0) + 1, false) FROM {table}"
        );
        client.query_one(&next, &[]).await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}
