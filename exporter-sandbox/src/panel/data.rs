//! Seeded rows: the same seed and day give the same rows, for any day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{NaiveDate, NaiveDateTime};

/// One of the four exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dataset {
    /// 27 columns, as a workbook.
    Transaksi,
    /// 12 columns, as a PDF.
    PointTrx,
    /// 10 columns, as a PDF.
    User,
    /// 6 columns, as a PDF.
    KoinPay,
}

/// A cell as the panel keeps it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text, also digits that are no amount.
    Text(String),
    /// A whole number.
    Number(i64),
    /// An amount in rupiah.
    Money(i64),
    /// A day and time.
    Time(NaiveDateTime),
}

impl Dataset {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Transaksi, Self::PointTrx, Self::User, Self::KoinPay];

    /// The name of the export.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transaksi => "transaksi",
            Self::PointTrx => "point_trx",
            Self::User => "user",
            Self::KoinPay => "koin_pay",
        }
    }

    /// The columns, in order.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Transaksi => &[
                "No",
                "Transaksi ID",
                "No Invoice",
                "Tanggal",
                "Nama Pelanggan",
                "Telepon",
                "Email",
                "Cabang",
                "Kasir",
                "Metode",
                "Status",
                "Produk",
                "SKU",
                "Qty",
                "Harga",
                "Diskon",
                "Subtotal",
                "PPN",
                "Ongkir",
                "Admin",
                "Total",
                "Poin",
                "Voucher",
                "Alamat",
                "Kota",
                "Catatan",
                "Diperbarui",
            ],
            Self::PointTrx => &[
                "No",
                "ID",
                "Tanggal",
                "Nama Pengguna",
                "No. HP",
                "Jenis",
                "Poin",
                "Saldo",
                "Nominal",
                "Referensi",
                "Keterangan",
                "Status",
            ],
            Self::User => &[
                "No",
                "ID",
                "Nama Lengkap",
                "Email",
                "Telepon",
                "Alamat",
                "Kota",
                "Status",
                "Terdaftar",
                "Saldo",
            ],
            Self::KoinPay => &["Kode", "Tanggal", "Nama", "Jumlah Koin", "Nominal", "Status"],
        }
    }

    /// The column that identifies a row.
    pub fn key(self) -> &'static str {
        match self {
            Self::Transaksi => "Transaksi ID",
            Self::PointTrx | Self::User => "ID",
            Self::KoinPay => "Kode",
        }
    }

    /// The dataset of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.name() == name)
    }
}

/// What changed since the rows were made.
#[derive(Debug, Default)]
struct Changed {
    cells: HashMap<(Dataset, String, String), String>,
    /// Days on which nothing waits any more, both included.
    settled: Vec<(NaiveDate, NaiveDate)>,
    /// Days without rows, both included.
    closed: Vec<(NaiveDate, NaiveDate)>,
}

/// The rows that all panels of a sandbox show; clones are the same rows.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    seed: u64,
    changed: Arc<Mutex<Changed>>,
}

impl Data {
    pub fn new(seed: u64) -> Self {
        Self { seed, changed: Arc::default() }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_cell(&self, dataset: Dataset, key: &str, column: &str, text: &str) {
        self.changed().cells.insert((dataset, key.to_owned(), column.to_owned()), text.to_owned());
    }

    /// What waits on these days is settled.
    pub fn settle(&self, first: NaiveDate, last: NaiveDate) {
        self.changed().settled.push((first, last));
    }

    /// These days have no rows.
    pub fn close(&self, first: NaiveDate, last: NaiveDate) {
        self.changed().closed.push((first, last));
    }

    /// The rows of the days from `first` to `last`, with the running number over all of them.
    pub fn rows(&self, dataset: Dataset, first: NaiveDate, last: NaiveDate) -> Vec<Vec<Cell>> {
        let changed = self.changed();
        let mut rows = Vec::new();
        for day in first.iter_days().take_while(|day| *day <= last) {
            if within(&changed.closed, day) {
                continue;
            }
            let mut random = Random::new(self.seed, dataset, day);
            let count = 1 + random.below(50);
            for index in 0..count {
                let mut row = row(&mut random, dataset, day, index, rows.len() + 1);
                changed.apply(&mut row, dataset, day);
                rows.push(row);
            }
        }
        rows
    }
}

fn within(spans: &[(NaiveDate, NaiveDate)], day: NaiveDate) -> bool {
    spans.iter().any(|(first, last)| (*first..=*last).contains(&day))
}

impl Changed {
    fn apply(&self, row: &mut [Cell], dataset: Dataset, day: NaiveDate) {
        let columns = dataset.columns();
        if within(&self.settled, day) {
            for cell in row.iter_mut() {
                let settled = match cell {
                    Cell::Text(text) if text == "Menunggu" => "Sukses",
                    Cell::Text(text) if text == "Belum verifikasi" => "Aktif",
                    _ => continue,
                };
                *cell = Cell::Text(settled.to_owned());
            }
        }
        let key = columns.iter().position(|name| *name == dataset.key()).map(|at| row[at].clone());
        let Some(Cell::Text(key)) = key else { return };
        for (cell, column) in row.iter_mut().zip(columns) {
            if let Some(text) = self.cells.get(&(dataset, key.clone(), (*column).to_owned())) {
                *cell = Cell::Text(text.clone());
            }
        }
    }
}

const NAMES: [&str; 12] =
    ["Budi", "Siti", "Rizky", "Lestari", "Wahyu", "Mega", "Fajar", "Rina", "Joko", "Ayu", "Hendra", "Dewi"];
const FAMILIES: [&str; 8] =
    ["Gunawan", "Pratama", "Anggraini", "Santoso", "Wijaya", "Nugroho", "Siregar", "Hartono"];
const CITIES: [&str; 6] = ["Palembang", "Kota Malang", "Banda Aceh", "Semarang", "Yogyakarta", "-"];
const STATES: [&str; 4] = ["Sukses", "Sukses", "Menunggu", "Gagal"];
const NOTES: [&str; 5] =
    ["", "-", "Lunas", "=1+1", "Catatan: hubungi via WA sebelum diantar, jangan dititipkan ke tetangga"];

fn row(random: &mut Random, dataset: Dataset, day: NaiveDate, index: i64, number: usize) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let number = Cell::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let code = format!("{}{index:03}", day.format("%y%m%d"));
    let at = day.and_hms_opt(7, 0, 0).unwrap_or_default()
        + chrono::TimeDelta::minutes(index * 16 + random.below(15));
    let (given, family) = (random.pick(&NAMES), random.pick(&FAMILIES));
    let name = format!("{given} {family}");
    let email = format!("{}.{}{}@mail.test", given.to_lowercase(), family.to_lowercase(), random.below(100));
    let phone = match random.below(3) {
        0 => format!("+62812{:08}", random.below(100_000_000)),
        1 => format!("62896{:08}", random.below(100_000_000)),
        _ => format!("0813{:08}", random.below(100_000_000)),
    };
    let address = format!(
        "Jl. Gatot Subroto No. {}, RT {:03}/RW {:03}",
        random.below(300) + 1,
        random.below(20),
        random.below(15)
    );
    let city = text(random.pick(&CITIES));
    let status = text(random.pick(&STATES));
    let (quantity, price) = (1 + random.below(40), 500 * (20 + random.below(800)));
    match dataset {
        Dataset::Transaksi => {
            let (discount, subtotal) = (1000 * random.below(20), quantity * price);
            let (tax, shipping) =
                (subtotal * 11 / 100, [0, 9000, 18_000][usize::try_from(random.below(3)).unwrap_or(0)]);
            vec![
                number,
                Cell::Text(format!("TRX{code}")),
                Cell::Text(format!("INV/{}/{index:04}", day.format("%y%m"))),
                Cell::Time(at),
                Cell::Text(name),
                Cell::Text(phone),
                Cell::Text(email),
                text("Palembang"),
                text(given),
                text(random.pick(&["Transfer BCA", "QRIS", "Kartu Debit"])),
                status,
                text(random.pick(&["Kecap Manis", "Teh Celup", "Sabun Cuci", "Minyak Goreng 2 L"])),
                Cell::Text(format!("{:06}", random.below(10_000))),
                Cell::Number(quantity),
                Cell::Money(price),
                Cell::Money(-discount),
                Cell::Money(subtotal),
                Cell::Money(tax),
                Cell::Money(shipping),
                Cell::Money(2500),
                Cell::Money(subtotal - discount + tax + shipping + 2500),
                Cell::Number(random.below(800)),
                text(random.pick(&["", "HEMAT10", "-"])),
                Cell::Text(address),
                city,
                text(random.pick(&NOTES)),
                Cell::Time(at + chrono::TimeDelta::hours(5)),
            ]
        }
        Dataset::PointTrx => {
            let points = random.below(9000) - 4000;
            vec![
                number,
                Cell::Text(format!("PT-{code}")),
                Cell::Time(at),
                Cell::Text(name),
                Cell::Text(phone),
                text(if points < 0 { "Keluar" } else { "Masuk" }),
                Cell::Number(points),
                Cell::Number(random.below(60_000)),
                Cell::Money(points * 1000),
                Cell::Text(format!("REF{:07}", random.below(10_000_000))),
                text(random.pick(&[
                    "Top up saldo",
                    "Cashback belanja akhir pekan 2%",
                    "Pembatalan transaksi",
                ])),
                status,
            ]
        }
        Dataset::User => vec![
            number,
            Cell::Text(format!("USR-{code}")),
            Cell::Text(name),
            Cell::Text(email),
            Cell::Text(phone),
            Cell::Text(address),
            city,
            text(random.pick(&["Aktif", "Belum verifikasi"])),
            Cell::Time(at),
            Cell::Money(price * 10),
        ],
        Dataset::KoinPay => vec![
            Cell::Text(format!("00{code}")),
            Cell::Time(at),
            Cell::Text(name),
            Cell::Number(quantity * 37),
            Cell::Money(quantity * 37 * 250),
            status,
        ],
    }
}

/// A small generator of numbers (`SplitMix64`): the data must not depend on a library's version.
struct Random(u64);

impl Random {
    fn new(seed: u64, dataset: Dataset, day: NaiveDate) -> Self {
        let days = u64::from(chrono::Datelike::num_days_from_ce(&day).unsigned_abs());
        let mut random = Self(seed ^ (days << 8) ^ dataset as u64);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to one below the bound.
    fn below(&mut self, bound: u64) -> i64 {
        i64::try_from(self.next() % bound.max(1)).unwrap_or(0)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_wide_as_their_columns_and_the_same_each_time() {
        let day = "2026-01-05".parse().unwrap();
        for dataset in Dataset::ALL {
            let once = Data::new(7).rows(dataset, day, day);
            assert!((1..=50).contains(&once.len()));
            assert!(once.iter().all(|row| row.len() == dataset.columns().len()));
            assert_eq!(once, Data::new(7).rows(dataset, day, day));
            assert_ne!(once, Data::new(8).rows(dataset, day, day));
        }
    }

    #[test]
    fn a_settled_day_has_nothing_that_waits_and_other_days_have() {
        let data = Data::new(1);
        let days: Vec<NaiveDate> = ["2026-01-05", "2026-01-06"].map(|day| day.parse().unwrap()).into();
        let waiting = |day: NaiveDate| {
            let rows = data.rows(Dataset::KoinPay, day, day);
            rows.iter().flatten().filter(|cell| **cell == Cell::Text("Menunggu".into())).count()
        };
        assert!(waiting(days[0]) > 0 && waiting(days[1]) > 0);
        data.settle(days[0], days[0]);
        assert_eq!(waiting(days[0]), 0);
        assert!(waiting(days[1]) > 0);
    }
}
