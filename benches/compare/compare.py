"""exporter beside a script with Selenium and pandas: the four exports of the sandbox's panel,
whole processes, wall time, CPU time and the most memory (PSS of the process and all below it).
Then exporter beside itself: the first run, in a browser, and the next, by what was learned.

    python3 -m venv env && env/bin/pip install selenium pandas openpyxl pdfplumber
    cargo build --release
    env/bin/python benches/compare/compare.py target/release/exporter
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time

FIRST, LAST = "2026-09-10", "2026-09-12"


def below(root):
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(pid)] = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    family, found = {root}, True
    while found:
        found = {pid for pid, parent in parents.items() if parent in family} - family
        family |= found
    return family


def pss(pid):
    try:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def measured(command):
    most = {"own": 0.0, "all": 0.0, "processes": 1}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def watch():
        while process.poll() is None:
            most["own"] = max(most["own"], pss(process.pid))
            family = below(process.pid)
            most["all"] = max(most["all"], sum(map(pss, family)))
            most["processes"] = max(most["processes"], len(family))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed: {err}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.monotonic() - begun, "cpu": cpu, "memory": most["all"], "own": most["own"],
            "processes": most["processes"], "out": out}


def median(command, times):
    runs = sorted((measured(command) for _ in range(times)), key=lambda run: run["wall"])
    return runs[len(runs) // 2]


def main(exporter, times=5):
    data = tempfile.mkdtemp()
    sandbox = subprocess.Popen([exporter, "sandbox", "--data", data], stdout=subprocess.PIPE, text=True)
    try:
        about = json.loads(sandbox.stdout.readline())
        run = [exporter, "run", "--config", about["config"], "--from", FIRST, "--to", LAST, "--dry-run"]
        script = os.path.join(os.path.dirname(__file__), "selenium_pandas.py")
        python = [sys.executable, script, about["panel"], "admin@toko.test", "rahasia-sandbox", FIRST, LAST]
        lines = [
            ("Selenium + pandas", median(python, times)),
            ("exporter, browser", median(run + ["--driver", "browser"], times)),
            ("exporter, learned", median(run + ["--driver", "auto"], times)),
        ]
    finally:
        sandbox.terminate()
    base, first, learned = (run for _, run in lines)
    print("| | wall | CPU | memory, all processes | of which its own |\n|---|---|---|---|---|")
    for name, run in lines:
        ratio = lambda key: f"{base[key] / max(run[key], 1e-9):.0f}x less" if run is not base else ""
        print(f"| {name} | {run['wall']:.2f} s {ratio('wall')} | {run['cpu']:.2f} s {ratio('cpu')} "
              f"| {run['memory']:.0f} MB {ratio('memory')} | {run['own']:.0f} MB |")
    print(f"learned beside the browser: {first['wall'] / learned['wall']:.0f}x faster, {learned['memory']:.0f} MB, "
          f"{learned['processes'] - 1} other processes")


main(*sys.argv[1:2], *map(int, sys.argv[2:]))
