//! Answers that come packed for the way.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;

use exporter_core::{Driver, SystemClock, Value};
use exporter_sources::{Panel, PanelOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::session_drivers::request;

/// A Brotli stream of one block that is stored as it is (RFC 7932, 9.1 and 9.2): a window of 22 bits,
/// four nibbles of length, "uncompressed", the bytes, an empty last block.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let less = u16::try_from(bytes.len() - 1).unwrap();
    let [low, high] = (less >> 1).to_le_bytes();
    let first = 0x0b | u8::from(less & 1 == 1) << 7;
    [&[first, low, 0x80 | high], bytes, &[0x03]].concat()
}

#[tokio::test]
async fn a_file_that_is_packed_with_brotli_is_unpacked_on_the_way() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let count = stream.read(&mut head).await.unwrap();
        let body = brotli(b"ID,Total\r\nA-1,15000\r\nA-2,30000\r\n");
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Encoding: br\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(&[answer.as_bytes(), &body].concat()).await.unwrap();
        String::from_utf8_lossy(&head[..count]).to_lowercase()
    });
    let directory = tempfile::tempdir().unwrap();
    let secret = || exporter_core::Secret::new("");
    let place = directory.path().to_path_buf();
    let mut options =
        PanelOptions::new(url, chrono_tz::UTC, secret(), secret(), place, Arc::new(SystemClock));
    options.driver = Driver::Http;
    let config = "[login]\nkind = 'none'\n[exports.orders]\naddress = '/orders.csv'\nfile = 'csv'";
    let panel = Panel::new(&toml::from_str(config).unwrap(), options).unwrap();
    let export = panel.sources()[0].export(&request()).await.unwrap();
    assert_eq!(export.table.len(), 2);
    assert_eq!(export.table.row(1)[0], Value::Text("A-2".into()));
    let asked = server.await.unwrap();
    assert!(asked.contains("accept-encoding: ") && asked.contains("br"), "{asked}");
}
