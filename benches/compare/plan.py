"""A plan of 1,000,000 x 27 stored against 100,000 incoming rows beside pandas, in the same run.

    python3 -m venv env && env/bin/pip install pandas
    env/bin/python benches/compare/plan.py [ROUNDS]

Both make the same tables (see benches/lib.rs), 90,000 of the incoming rows stored already and 900 of
these changed, and answer the same question: which rows are new, which cells changed, what is as it was.
pandas merges by key and compares column by column: as scripts do it, all rows of both tables ("outer"),
and only with those that came in ("left"), which is less work than it sounds. Each round is a process of its own, of either kind
in turn; seconds are those of the processor, memory is what planning adds to the two tables. Linux only.
"""

import json
import subprocess
import sys
import time

STORED, INCOMING, WIDTH = 1_000_000, 100_000, 27


def memory(name):
    for line in open("/proc/self/status"):
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0


def table(pandas, first, rows, step):
    numbers = range(first, first + rows)
    columns = {}
    for column in range(WIDTH):
        if column == 0:
            cells = [f"TRX{row:09}" for row in numbers]
        elif column == 1:
            cells = ["Sukses" if step and row % step == 0 else "Menunggu" for row in numbers]
        elif column < 8:
            cells = [row * 7 + 1000 for row in numbers]
        elif column < 12:
            cells = [f"0812{row * 31 % 100_000_000:08}" for row in numbers]
        elif column == 12:
            cells = [f"Jl. Gatot Subroto No. {row}, RT 008/RW 014, Palembang" for row in numbers]
        else:
            cells = ["Transfer BCA"] * rows
        columns[f"Kolom {column}"] = cells
    return pandas.DataFrame(columns)


def with_pandas(how):
    import pandas

    there = table(pandas, 0, STORED, None)
    came = table(pandas, STORED - INCOMING * 9 // 10, INCOMING, 100)
    before = memory("VmRSS")
    begun = time.process_time()
    if how == "left":
        both = came.merge(there, on="Kolom 0", how="left", suffixes=("", " stored"), indicator=True)
    else:
        both = there.merge(came, on="Kolom 0", how="outer", suffixes=(" stored", ""), indicator=True)
    new = both["_merge"] == ("left_only" if how == "left" else "right_only")
    common = both["_merge"] == "both"
    changed = {}
    for name in came.columns[1:]:
        different = (both[name] != both[name + " stored"]) & common
        if different.any():
            changed[name] = both.loc[different, ["Kolom 0", name, name + " stored"]]
    updated = set().union(*(set(cells["Kolom 0"]) for cells in changed.values()))
    seconds = time.process_time() - begun
    found = {"new": int(new.sum()), "updated": len(updated)}
    found["unchanged"] = len(came) - found["new"] - found["updated"]
    more = memory("VmHWM") - before
    print(json.dumps({"seconds": round(seconds, 3), "tables_mb": int(before), "more_mb": int(more), **found}))


def main():
    if sys.argv[1:2] == ["--pandas"]:
        return with_pandas(sys.argv[2])
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    ways = {
        "exporter": ["cargo", "run", "-q", "--release", "-p", "exporter-benches", "--bin", "million"],
        "pandas outer": [sys.executable, __file__, "--pandas", "outer"],
        "pandas left": [sys.executable, __file__, "--pandas", "left"],
    }
    best = {}
    for number in range(rounds):
        for name, command in ways.items():
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found = json.loads(out.strip().splitlines()[-1])
            print(f"{number + 1} {name:12} {found}", flush=True)
            best[name] = min(best.get(name, found["seconds"]), found["seconds"])
    for name in ["pandas outer", "pandas left"]:
        print(f"exporter is {best[name] / best['exporter']:.1f} times as fast as {name} (best of {rounds})")


if __name__ == "__main__":
    main()
