//! Spreadsheets on disk: a file each, replaced as a whole, written behind the answers.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::handle::File;

const FOLDER: &str = "spreadsheets";

/// Writes spreadsheets in a thread of its own; of several states of one spreadsheet only
/// the newest is written.
#[derive(Debug)]
pub struct Saver {
    orders: Mutex<Option<Sender<Order>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
enum Order {
    Save(Box<File>),
    Remove(String),
    /// Answered when everything before it is on disk, with the first failure.
    Flush(Sender<io::Result<()>>),
}

impl Saver {
    /// Starts writing to `directory`, which is made when missing.
    pub fn start(directory: &Path) -> io::Result<Self> {
        let folder = directory.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("sandbox-saver".to_owned())
            .spawn(move || run(&folder, &receiver))?;
        Ok(Self { orders: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Has a state written.
    pub fn save(&self, file: File) {
        self.order(Order::Save(Box::new(file)));
    }

    /// Has a spreadsheet's file deleted.
    pub fn remove(&self, id: &str) {
        self.order(Order::Remove(id.to_owned()));
    }

    /// Waits until all states given so far are on disk.
    pub fn flush(&self) -> io::Result<()> {
        let (sender, receiver) = channel();
        self.order(Order::Flush(sender));
        receiver.recv().unwrap_or_else(|_| Err(io::Error::other("the saver has stopped")))
    }

    fn order(&self, order: Order) {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = orders.as_ref().is_none_or(|orders| orders.send(order).is_err());
        if lost {
            tracing::error!("the thread that saves spreadsheets has stopped: changes stay in memory only");
        }
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        // Without a sender the thread finishes what is left and ends.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A panic of the thread was reported by the thread.
            let _ = thread.join();
        }
    }
}

fn run(folder: &Path, orders: &Receiver<Order>) {
    let mut failure = Ok(());
    while let Ok(first) = orders.recv() {
        let mut waiting: BTreeMap<String, Option<File>> = BTreeMap::new();
        let mut flushes = Vec::new();
        for order in std::iter::once(first).chain(orders.try_iter()) {
            match order {
                Order::Save(file) => drop(waiting.insert(file.spreadsheet.id.clone(), Some(*file))),
                Order::Remove(id) => drop(waiting.insert(id, None)),
                Order::Flush(answer) => flushes.push(answer),
            }
        }
        for (id, file) in &waiting {
            let done = match file {
                Some(file) => write(folder, file),
                None => remove(folder, id),
            };
            if let Err(error) = done {
                tracing::error!(%error, id, "could not save a spreadsheet");
                failure = failure.and(Err(error));
            }
        }
        for answer in flushes {
            // Whoever asked may have gone.
            let _ = answer.send(std::mem::replace(&mut failure, Ok(())));
        }
    }
}

/// Writes beside the old file and then puts the new one in its place.
fn write(folder: &Path, file: &File) -> io::Result<()> {
    let name = file_name(&file.spreadsheet.id);
    let draft = folder.join(format!("{name}.new"));
    let mut writer = BufWriter::new(fs::File::create(&draft)?);
    serde_json::to_writer(&mut writer, file)?;
    writer.flush()?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&draft, folder.join(name))
}

/// One that was never written is gone as well.
fn remove(folder: &Path, id: &str) -> io::Result<()> {
    match fs::remove_file(folder.join(file_name(id))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// An id comes from outside: nothing but letters, digits, `-` and `_` goes into a name.
fn file_name(id: &str) -> String {
    let safe = |letter: char| {
        if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') { letter } else { '.' }
    };
    format!("{}.json", id.chars().map(safe).collect::<String>())
}

/// Reads what a directory holds; none is an empty service.
pub fn load(directory: &Path) -> io::Result<BTreeMap<String, File>> {
    let folder = directory.join(FOLDER);
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read(&path)?;
        let mut file: File = serde_json::from_slice(&text).map_err(|error| {
            io::Error::other(format!("{} is not a saved spreadsheet: {error}", path.display()))
        })?;
        let spreadsheet = Arc::make_mut(&mut file.spreadsheet);
        Arc::make_mut(&mut spreadsheet.formats).index();
        files.insert(file.spreadsheet.id.clone(), file);
    }
    Ok(files)
}
