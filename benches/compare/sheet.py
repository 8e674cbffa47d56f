"""Calls, bytes and memory of the Sheets sink beside a naive upsert with gspread, on the same stand-in.

    python3 -m venv env && env/bin/pip install gspread
    cargo build --release -p exporter-cli
    env/bin/python benches/compare/sheet.py target/release/exporter [ROWS …]

For each number of rows (default 30, 10000 and 200000 of the export with 27 columns): a first load,
a second run without any change, a third one after a hundredth of the rows changed in the panel and a
day more was asked for. gspread reads all values, looks its rows up by key, writes each changed row
with `update` and each new one with `append_row`; its first load is one `append_rows`. Quotas are off,
and packed answers (gzip) count packed. Memory is VmHWM of the process (Linux); gspread's is that of
this script's child.
"""

import datetime
import json
import subprocess
import sys
import threading
import time
import urllib.request

EXPORT = "transaksi"
LAST = datetime.date(2026, 9, 12)


def ask(url, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def peak_of(command):
    """Runs the command; its standard output, peak in MB and seconds."""
    begun, peak = time.time(), 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out = []
    reader = threading.Thread(target=lambda: out.append(process.communicate()))
    reader.start()
    while reader.is_alive():
        try:
            for line in open(f"/proc/{process.pid}/status"):
                if line.startswith("VmHWM"):
                    peak = max(peak, int(line.split()[1]))
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.005)
    reader.join()
    return out[0][0], peak / 1024, time.time() - begun, process.returncode


class Stand:
    """A sandbox, and what it was asked for."""

    def __init__(self, exporter):
        self.exporter = exporter
        self.process = subprocess.Popen([exporter, "sandbox"], stdout=subprocess.PIPE, text=True)
        self.where = json.loads(self.process.stdout.readline())
        # Messages have a pace of their own.
        path = self.where["config"]
        text = open(path).read()
        open(path, "w").write(text[: text.index("[telegram]")] + text[text.index("[exports") :])
        ask(self.where["control"] + "/sheets/quotas", {"quotas": "off"})

    def calls(self):
        """Reads, writes and bytes since the last look, tokens left out."""
        calls = [
            call
            for call in ask(self.where["control"] + "/calls")
            if call["service"] == "sheets" and call["path"] != "/token"
        ]
        ask(self.where["control"] + "/calls", method="DELETE")
        writes = [call for call in calls if call["method"] != "GET"]
        up = sum(call["bytes"] for call in calls)
        down = sum(call["answer_bytes"] or 0 for call in calls)
        return len(calls) - len(writes), len(writes), up, down

    def change(self, keys):
        for key in keys:
            body = {"export": EXPORT, "key": key, "column": "Status", "value": "Dibatalkan"}
            ask(self.where["control"] + "/panel/cell", body)


def line(what, step, rows, calls, peak, seconds, how=""):
    reads, writes, up, down = calls
    print(
        f"{what:9} {step:10} {rows:>7} {reads:>6} {writes:>7} {up / 1e3:>11,.1f} {down / 1e3:>11,.1f}"
        f" {peak:>8.0f} {seconds:>8.1f} {how}",
        flush=True,
    )


def exporter(stand, first, last, step):
    command = [stand.exporter, "run", "--config", stand.where["config"], "--driver", "http", "--json"]
    command += ["--only", EXPORT, "--from", str(first), "--to", str(last)]
    out, peak, seconds, code = peak_of(command)
    export = json.loads(out)["exports"][0]
    how = f"{export['new']} new, {export['updated']} updated" if code == 0 else str(export["error"])
    line("exporter", step, export["rows"], stand.calls(), peak, seconds, how)
    return export["file"]


def table(stand, file):
    out = subprocess.run([stand.exporter, "table", file, "--format", "csv"], capture_output=True, text=True)
    path = file + ".csv"
    open(path, "w").write(out.stdout)
    return path


def gspread(stand, path, step):
    out, peak, seconds, code = peak_of([sys.executable, __file__, "--gspread", json.dumps(stand.where), path])
    rows = sum(1 for _ in open(path)) - 1
    line("gspread", step, rows, stand.calls(), peak, seconds, out.strip() if code == 0 else "failed")


def naive(where, path):
    """The upsert that most scripts have, over a CSV file."""
    import csv

    import gspread as library
    import requests

    form = "grant_type=refresh_token&client_id=sandbox.apps.googleusercontent.com"
    form += "&client_secret=sandbox-client-secret&refresh_token=1//sandbox-refresh-token"
    with urllib.request.urlopen(urllib.request.Request(where["token"], form.encode())) as answer:
        token = json.load(answer)["access_token"]

    class Here(requests.Session):
        """gspread knows one address only."""

        def request(self, method, url, **more):
            url = url.replace("https://sheets.googleapis.com", where["sheets"])
            return super().request(method, url, **more)

    session = Here()
    session.headers["Authorization"] = "Bearer " + token
    book = library.Client(auth=None, session=session).open_by_key(where["spreadsheet"])
    header, *incoming = list(csv.reader(open(path)))
    try:
        sheet = book.worksheet("gspread")
    except library.WorksheetNotFound:
        sheet = book.add_worksheet("gspread", 1000, len(header))
    there = sheet.get_all_values()
    if not any(there):
        try:
            sheet.append_rows([header, *incoming])
            print(f"{len(incoming)} new")
        except Exception as error:
            print(f"refused: {str(error)[:80]}")
        return
    key = header.index("Transaksi ID")
    place = {row[key]: number for number, row in enumerate(there, 1)}
    new = updated = 0
    for row in incoming:
        number = place.get(row[key])
        if number is None:
            sheet.append_row(row)
            new += 1
        elif there[number - 1] != row:
            sheet.update([row], f"A{number}")
            updated += 1
    print(f"{new} new, {updated} updated")


def main():
    if sys.argv[1] == "--gspread":
        return naive(json.loads(sys.argv[2]), sys.argv[3])
    sizes = [int(size) for size in sys.argv[2:]] or [30, 10_000, 200_000]
    print(f"{'':9} {'':10} {'rows':>7} {'reads':>6} {'writes':>7} {'kB sent':>11} {'kB received':>11} {'peak MB':>8} {'seconds':>8}")
    for size in sizes:
        stand = Stand(sys.argv[1])
        try:
            compare(stand, size)
        finally:
            stand.process.kill()


def compare(stand, size):
    import csv
    import re

    text = open(stand.where["config"]).read()
    stand.where["spreadsheet"] = re.search(r'spreadsheet = "([^"]+)"', text).group(1)
    # About 25 rows a day.
    days = max(1, size // 25)
    first = LAST - datetime.timedelta(days=days - 1)
    file = exporter(stand, first, LAST, "first")
    exporter(stand, first, LAST, "unchanged")
    path = table(stand, file)
    stand.calls()
    gspread(stand, path, "first")
    gspread(stand, path, "unchanged")
    keys = [row["Transaksi ID"] for row in csv.DictReader(open(path))]
    stand.change(keys[:: 100 if len(keys) >= 100 else 10])
    stand.calls()
    file = exporter(stand, first, LAST + datetime.timedelta(days=1), "changed")
    gspread(stand, table(stand, file), "changed")


if __name__ == "__main__":
    main()
