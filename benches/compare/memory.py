#!/usr/bin/env python3
"""Peak memory of the exporter process itself, without the browser, in both drivers.

    cargo build --release -p exporter-cli
    python3 benches/compare/memory.py target/release/exporter [DAYS]

Fills four empty tabs from DAYS days (default 30), then runs again over the same days. The
sandbox runs in another process, so that its memory is not counted. Linux only: the peak is
VmHWM of /proc.
"""

import json
import subprocess
import sys
import time


def peak_of(command):
    """Runs the command; its peak in MB, wall seconds, exit code, and report."""
    begun = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                for line in status:
                    if line.startswith("VmHWM"):
                        peak = max(peak, int(line.split()[1]))
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.005)
    report = json.loads(process.stdout.read())
    return peak / 1024, time.time() - begun, process.returncode, report


def main():
    exporter = sys.argv[1]
    days = sys.argv[2] if len(sys.argv) > 2 else "30"
    print(f"{'driver':8} {'run':8} {'rows':>7} {'peak MB':>8} {'seconds':>8} exit")
    for driver in ["http", "browser"]:
        sandbox = subprocess.Popen([exporter, "sandbox"], stdout=subprocess.PIPE, text=True)
        try:
            config = json.loads(sandbox.stdout.readline())["config"]
            for run in ["first", "second"]:
                command = [exporter, "run", "--config", config, "--driver", driver, "--last", days, "--json"]
                peak, seconds, code, report = peak_of(command)
                rows = sum(export["rows"] for export in report["exports"])
                print(f"{driver:8} {run:8} {rows:7} {peak:8.1f} {seconds:8.2f} {code}")
        finally:
            sandbox.kill()


if __name__ == "__main__":
    main()
