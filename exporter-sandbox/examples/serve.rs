//! Starts all stand-ins, prints their addresses as a line of JSON, and serves until interrupted.

use exporter_sandbox::{Options, Sandbox};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let sandbox = Sandbox::start(Options::default()).await?;
    println!(
        "{}",
        serde_json::json!({
            "panel": sandbox.panel_url(),
            "sheets": sandbox.sheets_url(),
            "token": sandbox.token_url(),
            "telegram": sandbox.telegram_url(),
            "control": sandbox.control_url(),
            "config": sandbox.config_path(),
        })
    );
    tokio::signal::ctrl_c().await?;
    sandbox.stop().await
}
