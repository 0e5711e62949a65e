"""The part of scripts/bench that runs after the build."""

import argparse
import json
import pathlib
import shutil
import statistics
import sys

import bench_probes
from bench_rounds import LIMIT as DISTURBED, Rounds
from bench_sides import EXT, KINDS, Sides

median = statistics.median


class Table:
    """Prints each row as it is known, and keeps it."""

    def __init__(self):
        self.rows = {}
        self.rounds = Rounds()
        print(f"{'':48} {'ours':>10} {'public':>10} {'other':>18} {'ratio':>8} {'target':>9}")

    def add(self, name, values, better="lower", target=None, against="public", unit=""):
        ours, other = values["ours"], values.get(against)
        ratio = ours / other if other else None
        # Where nothing is allowed, no other side makes it better.
        judged = ours if target == 0 else ratio
        met = None
        if target is not None and judged is not None:
            met = judged <= target if better == "lower" else judged >= target
        self.rows[name] = {**values, "unit": unit, "ratio": ratio, "against": against, "target": target, "met": met}
        extra = next((f"{side} {value:.4g}" for side, value in values.items() if side not in ("ours", "public")), "")
        public = f"{values['public']:.4g}" if "public" in values else ""
        sign = "<=" if better == "lower" else ">="
        mark = {None: "", True: "", False: " missed"}[met]
        print(f"{name + (f' ({unit})' if unit else ''):48} {ours:10.4g} "
              f"{public:>10} {extra:>18} "
              f"{f'{ratio:.2f}' if ratio else '':>8} {'' if target is None else f'{sign} {target}':>9}{mark}", flush=True)


def enough(count, side, quick):
    """Without quick acknowledgements a job of the public worker takes 44 ms, so fewer tell as much."""
    return count if quick or side != "public" else count // 5


def latencies(table, sides, arguments):
    names = sides.names + ["bare"]
    for title, count, pace, quick, targets in (
            ("offer to accept, back to back", arguments.offers, 0, True, (0.35, 0.55)),
            ("offer to accept, studio as it is", arguments.offers, 0, False, (0.3, 0.3)),
            ("offer to accept, 20 a second", min(arguments.offers, 300), 20, True, (0.6, 0.7))):
        def one(side, count=count, pace=pace, quick=quick):
            jobs = enough(count, side, quick)
            return sides.run(sides.client(side), "llm", jobs, pace, quick=quick)["latency_us"]["offer_to_answer"]
        samples = table.rounds.by_turns(arguments.rounds, {side: lambda side=side: one(side) for side in names})
        for key, target in zip(("p50", "p99"), targets):
            values = {side: median([sample[key] for sample in samples[side]]) for side in names}
            table.add(f"{title}, {key}", values, target=target, unit="us")


def rate(report):
    """Jobs per second while one was on its way, without the first: what lies between an offer that the public worker
    refused and its next heartbeat (up to 5 s) is not counted against it."""
    took = [job["offer_to_done_us"] for job in report["jobs"][1:]]
    return 1e6 * len(took) / sum(took)


def throughput(table, sides, arguments):
    targets = {"llm": 1.3, "audio_stt": 1.3, "image png": 2.5, "image webp": 1.6, "video": 0.85, "audio_tts": 1.2,
               "mesh": 1.2}
    names = sides.names + ["bare"]
    first = {}
    def row(title, kind, ext, count, quick, target):
        def one(side):
            jobs = enough(count, side, quick)
            report = sides.run(sides.client(side, kind, ext), kind, jobs, ext=ext, quick=quick)
            return rate(report), report["jobs"][0]["offer_to_done_us"]
        samples = table.rounds.by_turns(arguments.rounds, {side: lambda side=side: one(side) for side in names})
        rates, begun = ({side: median([sample[at] for sample in samples[side]]) for side in names} for at in (0, 1))
        first.setdefault(kind, begun)
        table.add(title, rates, "higher", target, unit="jobs/s")
    for kind in KINDS:
        for ext in ("png", "webp") if kind == "image" else (EXT.get(kind),):
            name = f"{kind} {ext}" if kind == "image" else kind
            count = arguments.jobs * (5 if EXT.get(kind) is None else 1)
            row(f"{name} jobs", kind, ext, count, True, targets[name])
    for kind in ("llm", "audio_stt"):
        row(f"{kind} jobs, studio as it is", kind, None, 5 * arguments.jobs, False, 100)
    for kind in ("llm", "audio_tts"):
        table.add(f"first {kind} job, offer to result", {side: us / 1e3 for side, us in first[kind].items()}, unit="ms")


def many_jobs(table, sides, arguments):
    """Does a worker still answer `busy` when the next offer stands right behind a receipt?"""
    count = 15 * arguments.jobs
    reports = {side: sides.run(sides.client(side, "audio_tts", "wav"), "audio_tts", count, ext="wav")
               for side in sides.names}
    table.add(f"{count:,} audio_tts jobs in a row", {side: r["jobs_per_second"] for side, r in reports.items()}, "higher",
              unit="jobs/s")
    table.add("offers refused meanwhile", {side: r["counters"].get("rejected", 0) for side, r in reports.items()},
              target=0)


def probes(table, sides, arguments, folder):
    names = sides.names
    rates, growth = bench_probes.uploads(sides.build, folder, arguments.upload_mib << 20, table.rounds,
                                         6 * arguments.rounds)
    curl = median(rates["curl"])
    size = f"{arguments.upload_mib} MiB"
    table.add(f"upload of {size}", {"ours": median(rates["plain"]), "curl": curl}, "higher", 1.0, "curl", "MB/s")
    table.add(f"upload of {size}, hashed with XXH3", {"ours": median(rates["hash"]), "curl": curl}, "higher", 0.7, "curl",
              "MB/s")
    table.add("growth of the daemon by it", {"ours": max(growth), "limit": 1024}, "lower", 1.0, "limit", "KiB")

    def large_prompts(side):
        return bench_probes.large_prompts(sides, side, arguments.prompt_mb * 1000000)
    large = table.rounds.by_turns(1, {side: lambda side=side: large_prompts(side) for side in names})
    for key, target in (("peak_rss_kib", 0.5), ("rss_after_kib", None)):
        table.add(f"{arguments.prompt_mb} MB prompts, {key.rsplit('_', 1)[0].replace('_', ' ')}",
                  {side: large[side][0][key] for side in names}, target=target, unit="KiB")

    starts = table.rounds.by_turns(max(5, arguments.rounds), {
        side: lambda side=side: bench_probes.start_to_hello(sides, side) for side in names})
    table.add("start to hello", {side: median(starts[side]) for side in names}, target=1.5, unit="ms")

    rest = {side: bench_probes.idle(sides, side, arguments.idle) for side in names}
    for tls, memory in ((False, 0.8), (True, 1.0)):
        # Beside ours with TLS stands the public worker without: it would need more with it.
        if tls:
            rest["ours"] = bench_probes.idle(sides, "ours", arguments.idle, tls)
        at_rest = f"at rest for {arguments.idle} s{', ours with TLS' if tls else ''}"
        values = {key: {side: rest[side][key] for side in names} for key in rest["ours"]}
        table.add(f"{at_rest}, pss", values["pss_kib"], target=memory, unit="KiB")
        table.add(f"{at_rest}, wake-ups per s", {**values["wakeups_per_s"], "limit": 1}, "lower", 1.0, "limit")
        table.add(f"{at_rest}, cpu percent", values["cpu_percent"])


def main():
    build, folder = (pathlib.Path(argument) for argument in sys.argv[1:3])
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--peer", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--offers", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--idle", type=int, default=60)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args(sys.argv[3:])
    arguments.upload_mib, arguments.prompt_mb = 256, 15
    if arguments.smoke:
        arguments.rounds, arguments.offers, arguments.jobs, arguments.idle = 1, 80, 8, 2
        arguments.upload_mib, arguments.prompt_mb = 16, 1
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sides = Sides(build, folder, arguments.peer)
    print(f"\nmedians of {arguments.rounds} rounds, all sides by turns; the ratio is ours to the public worker or to curl\n")
    table = Table()
    latencies(table, sides, arguments)
    throughput(table, sides, arguments)
    many_jobs(table, sides, arguments)
    probes(table, sides, arguments, folder)
    rounds = table.rounds
    (folder / "bench.json").write_text(json.dumps(
        {"rounds": arguments.rounds, "done_again": rounds.again, "disturbed": rounds.disturbed, "rows": table.rows},
        indent=2) + "\n")
    met = [row["met"] for row in table.rows.values() if row["met"] is not None]
    print(f"\n{rounds.again} of {rounds.done + rounds.again} measurements were done again because the machine's host took "
          f"more than {DISTURBED:g} % of the processors meanwhile; {rounds.disturbed} stayed disturbed")
    print(f"written to {folder / 'bench.json'}; {met.count(False)} of {len(met)} rows with a target miss it")


if __name__ == "__main__":
    main()
