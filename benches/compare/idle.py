#!/usr/bin/env python3
"""What `exporter serve` holds in memory while it waits: before any run, and after one over DAYS days.

    cargo build --release -p exporter-cli
    python3 benches/compare/idle.py target/release/exporter [DAYS]

The stand-ins run in another process, so that their memory is not counted. The run begins with
the next minute; the service gives its memory back some seconds after it. Linux only: VmRSS of /proc.
"""

import json
import subprocess
import sys
import time

# Long enough for the first look around, and for the fresh start after a run.
SETTLED = 20


def resident(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def rows_of(exporter, config):
    """The rows of the newest run that has ended well; none before there is one."""
    listed = subprocess.run(
        [exporter, "history", "--config", config, "--last", "1", "--json"], capture_output=True, text=True
    )
    runs = json.loads(listed.stdout) if listed.returncode == 0 else []
    if not runs or runs[0]["state"] != "ok":
        return None
    return sum(export["rows"] for export in runs[0]["report"]["exports"])


def main():
    exporter = sys.argv[1]
    days = sys.argv[2] if len(sys.argv) > 2 else "90"
    sandbox = subprocess.Popen([exporter, "sandbox"], stdout=subprocess.PIPE, text=True)
    try:
        config = json.loads(sandbox.stdout.readline())["config"]
        for cron in ["0 8,18 * * *", "* * * * *"]:
            with open(config) as file:
                text = file.read().split("\n[schedule]")[0]
            with open(config, "w") as file:
                file.write(f'{text}\n[schedule]\ncron = "{cron}"\nlast_days = {days}\n')
            service = subprocess.Popen(
                [exporter, "serve", "--config", config, "--listen", "127.0.0.1:0", "--driver", "http"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                rows = 0
                if cron.startswith("*"):
                    while (rows := rows_of(exporter, config)) is None:
                        time.sleep(0.5)
                time.sleep(SETTLED)
                print(f"after a run of {rows} rows: {resident(service):.1f} MB")
            finally:
                service.terminate()
                service.wait()
    finally:
        sandbox.kill()


if __name__ == "__main__":
    main()
