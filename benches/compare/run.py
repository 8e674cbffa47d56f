#!/usr/bin/env python3
"""Reads the same files with exporter and with the usual Python libraries, and prints ratios of CPU time and memory.

    python3 -m venv venv && venv/bin/pip install pdfplumber pymupdf openpyxl xlsxwriter reportlab
    cargo build --release
    venv/bin/python benches/compare/run.py [--exporter target/release/exporter] [--rounds 3] [FILE ...]

Without files it takes PDFs of the test corpus, a PDF of 5,000 rows and a workbook of 100,000 x 27, which it makes.
Every reader is a process of its own: CPU time is user and system time of that process, start included (for the
Python libraries it is also given without the start of the interpreter and its imports); memory is its peak. The
best of the rounds counts.

With --reading target/release/examples/reading (cargo build --release -p exporter-benches --example reading) workbooks
are also read by our library and by bare calamine in programs that print nothing: that is the reading alone.
"""
import argparse, os, resource, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "../../exporter-sources/tests/corpus/pdf")
READERS = {
    "pdfplumber": ("import pdfplumber", "for page in pdfplumber.open(FILE).pages:\n  for t in page.extract_tables(): rows += len(t)"),
    "PyMuPDF": ("import pymupdf", "for page in pymupdf.open(FILE):\n  for t in page.find_tables().tables: rows += len(t.extract())"),
    "openpyxl": ("import openpyxl", "for row in openpyxl.load_workbook(FILE, read_only=True).active.iter_rows(values_only=True): rows += 1"),
}


def measure(command, rounds):
    """CPU seconds and peak MB of a command, the best of some rounds, and its last line."""
    best = None
    for _ in range(rounds):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            with open(os.devnull, "wb") as null:
                process = subprocess.run(command, stdout=subprocess.PIPE, stderr=null)
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            lines = process.stdout.splitlines() or [b""]
            text = f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024} {process.returncode} {len(lines)} {lines[-1].decode('utf-8', 'replace')[:40]}"
            os.write(write, text.encode()); os._exit(0)
        os.close(write)
        with os.fdopen(read) as answer:
            cpu, memory, code, lines, last = answer.read().split(" ", 4)
        os.waitpid(child, 0)
        found = (float(cpu), float(memory), int(code), int(lines), last)
        best = found if best is None or found[0] < best[0] else best
    return best


def python(name, file, rounds):
    head, body = READERS[name]
    run = lambda code: measure([sys.executable, "-c", code], rounds)
    whole = run(f"{head}\nFILE={file!r}; rows = 0\n{body}\nprint(rows)")
    return whole, whole[0] - run(head)[0]


def workbook(path):
    import xlsxwriter
    book = xlsxwriter.Workbook(path, {"constant_memory": True}); sheet = book.add_worksheet()
    sheet.write_row(0, 0, [f"Column {i}" for i in range(27)])
    for row in range(1, 100_001):
        for column in range(20): sheet.write_string(row, column, f"text {row % 977} {column}")
        for column in range(20, 27): sheet.write_number(row, column, row * column / 4)
    book.close()


def long_pdf(path):
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate, Table
    rows = [["No", "Kode", "Tanggal", "Nama", "Jumlah", "Nominal"]] + [[str(i), f"{i * 7919 % 10**9:09}", f"{i % 28 + 1:02}/11/2025", f"Nama {i % 97}", str(i % 3000), f"Rp {i % 3000}.000"] for i in range(1, 5001)]
    SimpleDocTemplate(path, pagesize=A4).build([Table(rows, repeatRows=1, style=[("GRID", (0, 0), (-1, -1), .5, "black")])])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporter", default=os.path.join(HERE, "../../target/release/exporter")); parser.add_argument("--reading"); parser.add_argument("--rounds", type=int, default=3); parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(); files = options.files
    if not files:
        big, book = os.path.join(folder, "5000-rows.pdf"), os.path.join(folder, "100000x27.xlsx"); long_pdf(big); workbook(book)
        files = [os.path.join(CORPUS, name + ".pdf") for name in ["dompdf-transaksi-40-grid", "fpdf-point_transaction-1000-none", "reportlab-user_front-60-grid"]]
        files = [file for file in files if os.path.exists(file)] + [big, book]
    print(f"{'file':34} {'reader':12} {'CPU s':>8} {'x ours':>8} {'x, without start':>17} {'peak MB':>8} {'rows':>8}")
    for file in files:
        ours = measure([options.exporter, "table", file], options.rounds)
        size = os.path.getsize(file) / 2**20
        print(f"{os.path.basename(file)[:34]:34} {'exporter':12} {ours[0]:8.3f} {'1':>8} {'':>17} {ours[1]:8.1f} {ours[3] - 1:8} (file: {size:.1f} MB, exit {ours[2]})")
        if options.reading and file.endswith(".xlsx"):
            own, bare = (measure([options.reading, which, file], options.rounds) for which in ["ours", "bare"])
            if own[4] != bare[4]: sys.exit(f"{file}: ours has {own[4]}, calamine {bare[4]}")
            for name, found in [("library", own), ("calamine", bare)]:
                print(f"{'':34} {name:12} {found[0]:8.3f} {found[0] / ours[0]:8.2f} {'':>17} {found[1]:8.1f}")
            print(f"{'':34} library / calamine {own[0] / bare[0]:.2f}, command / calamine {ours[0] / bare[0]:.2f}")
        for name in ["openpyxl"] if file.endswith(".xlsx") else ["pdfplumber", "PyMuPDF"]:
            whole, alone = python(name, file, 1 if size > 3 else options.rounds)
            print(f"{'':34} {name:12} {whole[0]:8.3f} {whole[0] / ours[0]:8.1f} {alone / ours[0]:17.1f} {whole[1]:8.1f} {whole[4]:>8}")


if __name__ == "__main__":
    main()
