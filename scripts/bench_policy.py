"""scripts/bench policy: the numbers of the policy layer, after the build."""

import argparse
import json
import math
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time

from bench_sides import CREDENTIALS, Sides

ROOT = pathlib.Path(__file__).resolve().parent.parent
POLICIES = ROOT / "policies"
JOBS_PER_SECOND = 50


class Table:
    """Prints each row as it is known, and keeps it."""

    def __init__(self):
        self.rows = {}
        print(f"\n{'':72} {'measured':>10} {'must be':>14}")

    def add(self, name, value, limit, unit="", better="lower"):
        met = value <= limit if better == "lower" else value >= limit
        self.rows[name] = {"value": value, "limit": limit, "better": better, "unit": unit, "met": met}
        bound = f"{'<=' if better == 'lower' else '>='} {limit:,}"
        print(f"{name + (f' ({unit})' if unit else ''):72} {f'{value:,.4g}' if value < 1000 else f'{value:,.0f}':>10} "
              f"{bound:>14}{'' if met else ' missed'}", flush=True)

    def write(self, path, rounds):
        path.write_text(json.dumps({"rounds": rounds, "rows": self.rows}, indent=2) + "\n")
        missed = sum(not row["met"] for row in self.rows.values())
        print(f"\nwritten to {path}; {missed} of {len(self.rows)} rows miss their target")


class Bench:
    def __init__(self, build, folder):
        self.build, self.folder, self.table = build, folder, Table()

    def measure(self, what, count):
        """One part of policy-bench."""
        argv = [self.build / "tests" / "bench" / "policy-bench", what, count, self.build / "bin" / "studio-policy-host",
                self.folder / what]
        return json.loads(subprocess.run([str(a) for a in argv], check=True, capture_output=True).stdout)

    def command(self, *arguments):
        """A command of the worker: milliseconds, and what it printed."""
        argv = [self.build / "bin" / "studio-worker", *arguments, "--state", self.folder / "state"]
        began = time.monotonic()
        done = subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True)
        return 1000 * (time.monotonic() - began), done.stdout

    def row(self, name, value, limit, unit, better="lower"):
        self.table.add(name, value, limit, unit, better)

    def none(self, name, count, of):
        """A row that allows nothing; `of` is how often it was tried."""
        self.table.add(f"{name}, of {of:,}", count, 0)


def decisions(bench, arguments):
    runs = [bench.measure("decisions", arguments.decisions) for _ in range(arguments.rounds)]
    for title, key, limits in (("decision in process, 25 declarations and 25 functions", "rules", (5, 25)),
                               ("decision in process, 50 functions", "functions", (5, 25)),
                               ("decision through the host, the same 50 rules", "host", (20, 60))):
        for percentile, limit in zip(("p50", "p99"), limits):
            bench.row(f"{title}, {percentile}", statistics.median(run[key][percentile] for run in runs), limit, "us")


def commands(bench, arguments):
    def timed(*words):
        return statistics.median(bench.command("policy", *words)[0] for _ in range(max(5, arguments.rounds)))
    bench.row("load, check and test the shipped policies", timed("check", "--policy", POLICIES), 50, "ms")
    bench.row("simulate one week", timed("simulate", "--week", "2026-03-23", "--policy", POLICIES), 100, "ms")

    many = bench.folder / "many-tests"
    shutil.copytree(POLICIES, many)
    night = (POLICIES / "night_test.lua").read_text()
    for file in range(8):
        copies = range(math.ceil(arguments.tests / 8 / night.count("test('")))
        text = "".join(night.replace("test('", f"test('{copy} ") for copy in copies)
        (many / f"more_{file}_test.lua").write_text(text)
    took, printed = bench.command("policy", "test", "--json", "--policy", many)
    counted = len(json.loads(printed)["tests"])
    bench.row("1,000 policy tests", took * 1000 / counted, 1000, "ms")

    bench.measure("records", arguments.records)
    ring = bench.folder / "state" / "policy" / "decisions"
    ring.parent.mkdir(parents=True)
    shutil.move(bench.folder / "records", ring)
    rates = []
    for _ in range(max(3, arguments.rounds)):
        took, printed = bench.command("policy", "replay", "--with", POLICIES, "--since", "14d", "--json")
        rates.append(json.loads(printed)["offers"] / took)
    bench.row("recorded offers replayed by the shipped policies, whole command", 1000 * statistics.median(rates),
              100_000, "offers/s", "higher")
    shutil.rmtree(bench.folder / "state")


class SavedUnderLoad:
    """A worker at work whose policy is saved again and again."""

    POLICY = ("local worker = require 'worker'\nworker.game '*' {{}}\n"
              "worker.on('offer', function(offer) worker.note('{number}') end)\n")

    def __init__(self, bench, count):
        self.bench, self.count = bench, count
        self.in_force = {}
        self.news = threading.Condition()

    def follow(self, log):
        for line in log:
            record = json.loads(line)
            if record["message"] == "a policy is in force":
                with self.news:
                    self.in_force[int(record["generation"])] = time.time()
                    self.news.notify()

    def save(self, path, number):
        beside = path.with_suffix(".new")
        beside.write_text(self.POLICY.format(number=number))
        began = time.time()
        beside.rename(path)
        with self.news:
            if not self.news.wait_for(lambda: number in self.in_force, 20):
                sys.exit(f"error: save {number} did not come into force")
        return self.in_force[number] - began

    def run(self):
        """Milliseconds of each save, and the studio's report."""
        sides = Sides(self.bench.build, self.bench.folder / "load", None)
        path = self.bench.folder / "load" / "saved" / "rules.lua"
        path.parent.mkdir()
        path.write_text(self.POLICY.format(number=1))
        scenario = (f"[studio]\n{CREDENTIALS}pace_per_second = {JOBS_PER_SECOND}\n[[jobs]]\nkind = \"llm\"\n"
                    f"count = {JOBS_PER_SECOND * 2 * (self.count + 10)}\n")
        with sides.studio(scenario, "--stay") as (studio, port, folder):
            config = folder / "config.toml"
            config.write_text(f'api_base_url = "http://127.0.0.1:{port}"\nvram_threshold_gb = 24.0\n{CREDENTIALS}')
            config.chmod(0o600)
            argv = [self.bench.build / "bin" / "studio-worker", "--config", config, "run", "--policy", path.parent,
                    "--state", folder / "state", "--runtime-dir", folder / "run", "--engines",
                    self.bench.build / "engines", "--log-json"]
            worker = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      text=True)
            threading.Thread(target=self.follow, args=(worker.stderr,), daemon=True).start()
            with self.news:
                if not self.news.wait_for(lambda: 1 in self.in_force, 20):
                    sys.exit("error: the worker took no policy")
            rest = random.Random(7)
            times = []
            for number in range(2, self.count + 2):
                times.append(1000 * self.save(path, number))
                time.sleep(rest.uniform(0, 0.1))  # saves meet the jobs at other moments each time
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
            studio.terminate()
            studio.wait(30)
            return times, json.loads((folder / "report.json").read_text())


def reloads(bench, arguments):
    times, report = SavedUnderLoad(bench, arguments.saves).run()
    times.sort()
    bench.row(f"save to in force, p95 of {len(times)} under {JOBS_PER_SECOND} jobs a second",
              times[math.ceil(0.95 * len(times)) - 1], 500, "ms")
    offered = [job for job in report["jobs"] if job["offers"]]
    bench.none("offers lost meanwhile", sum(job["outcome"] != "done" for job in offered), len(offered))

    many = bench.measure("reloads", arguments.reloads)
    bench.row(f"growth of the daemon by {many['reloads']:,} reloads", many["growth_kib"], 1024, "KiB")
    bench.none("decisions by two policies at once", many["mixed"], many["decisions"])
    saves = bench.measure("saves", arguments.broken)
    for title, key in (("emptied and written", "truncating"), ("moved into place", "renaming")):
        bench.none(f"half files in force, {title} with stalls", saves["broken_in_force"], saves[key])


def proofs(bench, arguments):
    """Tests that count: what they tried, and what went wrong."""
    report = bench.folder / "proof.json"
    environment = {**os.environ, "STUDIO_WINDOW_SETS": str(arguments.windows), "STUDIO_WINDOW_REPORT": str(report),
                   "STUDIO_BUILD": str(bench.build), "PYTHONDONTWRITEBYTECODE": "1"}
    counts = counted(report, [sys.executable, "-m", "unittest", "test_windows.Windows"], environment)
    bench.none("wrong minutes in 12 zones and 3 years, random sets of windows", counts["wrong_minutes"], counts["sets"])
    for title, test in (("planted edits that diff does not find", "PlantedTest.EveryChangeOfGeneratedPoliciesIsFound"),
                        ("misspelt words without line and nearest name",
                         "Typos.EachNamesItsLineAndTheWordThatWasMeant")):
        argv = [bench.build / "bin" / "policy_test", f"--gtest_filter={test}", f"--gtest_output=json:{report}"]
        counts = counted(report, argv, environment)["testsuites"][0]["testsuite"][0]
        bench.none(title, int(counts["tried"]) - int(counts["right"]), int(counts["tried"]))


def counted(report, argv, environment):
    """What a test wrote into `report`, also when it failed."""
    report.unlink(missing_ok=True)
    done = subprocess.run([str(a) for a in argv], cwd=ROOT / "tests" / "scenarios", env=environment,
                          capture_output=True, text=True, check=False)
    if not report.exists():
        sys.exit(f"error: {argv[0]} told no count:\n{done.stdout}{done.stderr}")
    return json.loads(report.read_text())


def main():
    build, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    parser = argparse.ArgumentParser(prog="scripts/bench policy")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args(sys.argv[3:])
    arguments.decisions, arguments.tests, arguments.records = 20_000, 1000, 150_000
    arguments.saves, arguments.reloads, arguments.broken, arguments.windows = 300, 10_000, 2000, 500
    if arguments.smoke:
        arguments.rounds, arguments.decisions, arguments.tests, arguments.records = 1, 500, 50, 5000
        arguments.saves, arguments.reloads, arguments.broken, arguments.windows = 5, 50, 32, 5
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "load").mkdir(parents=True)
    bench = Bench(build, folder)
    for part in (decisions, commands, reloads, proofs):
        part(bench, arguments)
    bench.table.write(folder / "policy.json", arguments.rounds)


if __name__ == "__main__":
    main()
