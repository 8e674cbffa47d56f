//! The ready-made configuration: a directory with everything that a run needs.

use std::fs;
use std::io;
use std::path::Path;

use crate::{oauth, panel, telegram};

/// The addresses that go into it.
pub(crate) struct Addresses<'a> {
    pub panel: &'a str,
    pub sheets: &'a str,
    pub telegram: &'a str,
    pub spreadsheet: &'a str,
}

/// Writes `exporter.toml`, the service account's key and the secrets, private files all.
pub(crate) fn write(directory: &Path, addresses: &Addresses<'_>) -> io::Result<()> {
    let secrets = directory.join("secrets");
    fs::create_dir_all(&secrets)?;
    private(&secrets.join("panel-email"), panel::EMAIL)?;
    private(&secrets.join("panel-password"), panel::PASSWORD)?;
    private(&secrets.join("telegram-token"), telegram::TOKEN)?;
    let account = oauth::service_account(&format!("{}/token", addresses.sheets));
    private(&directory.join("service-account.json"), &account.to_string())?;
    let Addresses { panel, sheets, telegram, spreadsheet } = addresses;
    let chat = telegram::CHAT;
    let text = format!(
        "store_name = \"Toko Andalan (sandbox)\" # Written anew at each start: change a copy.\n\n\
         [panel]\npreset = \"andalan\"\nurl = \"{panel}\"\ntimezone = \"Asia/Jakarta\"\n\
         username = \"file:secrets/panel-email\"\npassword = \"file:secrets/panel-password\"\n\n\
         [sheets]\nspreadsheet = \"{spreadsheet}\"\ncredentials = \"file:service-account.json\"\nbase_url = \"{sheets}/\"\n\n\
         [telegram]\ntoken = \"file:secrets/telegram-token\"\nchat = \"{chat}\"\nbase_url = \"{telegram}\"\n\n\
         [exports.point_trx]\nkey = [\"ID\"]\n\n[exports.user]\nkey = [\"ID\"]\n\n[exports.koin_pay]\nkey = [\"Kode\"]\n"
    );
    private(&directory.join("exporter.toml"), &text)
}

fn private(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
