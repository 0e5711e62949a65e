"""The part of scripts/bench that runs after the build."""

import argparse
import json
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

KINDS = ("image", "llm", "audio_stt", "audio_tts", "video", "mesh")
EXT = {"image": "png", "audio_tts": "wav", "video": "webp", "mesh": "glb"}
TOKEN = "0123456789abcdef0123456789abcdef"
CREDENTIALS = f'worker_id = "w-1"\nauth_token = "{TOKEN}"\n'
LIMIT = 300

RULES = "local worker = require 'worker'\n" + "".join(
    f"worker.game 'game-{n:02}-*' {{ accept = false, reason = 'not here' }}\n" for n in range(19)) + (
    "worker.game '*' { kinds = { 'image', 'llm', 'audio_stt', 'audio_tts', 'video', 'mesh' } }\n")


class Bench:
    def __init__(self, build, folder, arguments):
        self.build = build
        self.folder = folder
        self.arguments = arguments
        self.policy = folder / "policy.lua"
        self.policy.write_text(RULES)
        self.samples = folder / "samples"
        self.samples.mkdir()

    def run(self, client, kind, count, pace=0, ext=None, quick=True):
        """One client against a fresh studio; the studio's report."""
        with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
            folder = pathlib.Path(name)
            task = f'task = {{ ext = "{ext}" }}\n' if ext else ""
            (folder / "scenario.toml").write_text(
                f"[studio]\n{CREDENTIALS}pace_per_second = {pace}\n[[jobs]]\nkind = \"{kind}\"\n"
                f"game = \"harbour-tales\"\ncount = {count}\nprompt = \"{'a brass lantern on the quay ' * 11}\"\n{task}")
            argv = [self.build / "bin" / "dev-studio", "--scenario", folder / "scenario.toml", "--port", "0", "--report",
                    folder / "report.json", "--results", folder / "results", "--bench", "--for", str(LIMIT)]
            studio = subprocess.Popen([str(a) for a in argv + (["--quick-ack"] if quick else [])],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            line = studio.stdout.readline()
            port = line.rsplit(":", 1)[1].strip()
            process = client(folder, port, kind, ext)
            code = studio.wait(LIMIT + 10)
            studio.stdout.close()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            if code != 0:
                sys.exit(f"error: dev-studio ended with {code} while measuring {kind}")
            report = json.loads((folder / "report.json").read_text())
            sample = report["jobs"][0]["result"]["file"]
            kept = self.samples / f"{kind}-{ext or 'default'}"
            if not kept.exists():
                shutil.copy(folder / "results" / pathlib.Path(sample).name, kept)
            return report

    def ours(self, folder, port, _kind, _ext):
        config = folder / "config.toml"
        config.write_text(f'api_base_url = "http://127.0.0.1:{port}"\nvram_threshold_gb = 24.0\n{CREDENTIALS}')
        config.chmod(0o600)
        argv = [self.build / "bin" / "studio-worker", "--config", config, "run", "--policy", self.policy, "--state",
                folder / "state", "--runtime-dir", folder / "run", "--engines", self.build / "engines"]
        return subprocess.Popen([str(a) for a in argv], stderr=subprocess.DEVNULL)

    def bare(self, _folder, port, kind, ext):
        argv = [self.build / "tests" / "bench" / "bare-client", "127.0.0.1", port, "w-1", TOKEN, kind,
                self.samples / f"{kind}-{ext or 'default'}", ext or EXT.get(kind, "json")]
        return subprocess.Popen([str(a) for a in argv])


def median(values):
    return statistics.median(values)


def latency(bench, count, pace, quick):
    ours, bare = [], []
    for _ in range(bench.arguments.rounds):
        ours.append(bench.run(bench.ours, "llm", count, pace, quick=quick)["latency_us"]["offer_to_answer"])
        bare.append(bench.run(bench.bare, "llm", count, pace, quick=quick)["latency_us"]["offer_to_answer"])
    return {side: {key: median([sample[key] for sample in samples]) for key in ("p50", "p99")}
            for side, samples in (("ours", ours), ("bare", bare))}


def throughput(bench, kind, ext):
    ours, bare = [], []
    for _ in range(bench.arguments.rounds):
        ours.append(bench.run(bench.ours, kind, bench.arguments.jobs, ext=ext)["jobs_per_second"])
        bare.append(bench.run(bench.bare, kind, bench.arguments.jobs, ext=ext)["jobs_per_second"])
    return {"ours": median(ours), "bare": median(bare)}


def main():
    build, folder = (pathlib.Path(argument) for argument in sys.argv[1:3])
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--offers", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--smoke", action="store_true", help="one short round: does everything still run?")
    arguments = parser.parse_args(sys.argv[3:])
    if arguments.smoke:
        arguments.rounds, arguments.offers, arguments.jobs = 1, 50, 10
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bench = Bench(build, folder, arguments)
    result = {"rounds": arguments.rounds, "rows": {}}

    print(f"\nmedians of {arguments.rounds} rounds, both sides by turns; the studio acknowledges at once\n")
    print(f"{'offer -> accept (us)':32} {'ours p50':>9} {'p99':>8} {'bare p50':>9} {'p99':>8} {'ratio p50':>10}")
    for name, count, pace in (("back to back", arguments.offers, 0), ("20 offers a second", min(arguments.offers, 200), 20)):
        row = latency(bench, count, pace, True)
        result["rows"][f"offer_to_accept {name}"] = row
        print(f"{name:32} {row['ours']['p50']:9.0f} {row['ours']['p99']:8.0f} {row['bare']['p50']:9.0f} "
              f"{row['bare']['p99']:8.0f} {row['ours']['p50'] / row['bare']['p50']:10.2f}", flush=True)

    print(f"\n{'jobs per second':32} {'ours':>9} {'bare':>9} {'ratio':>8}")
    for kind in KINDS:
        for ext in ("png", "webp") if kind == "image" else (EXT.get(kind),):
            row = throughput(bench, kind, ext)
            name = f"{kind} {ext}" if kind == "image" else kind
            result["rows"][f"jobs_per_second {name}"] = row
            print(f"{name:32} {row['ours']:9.0f} {row['bare']:9.0f} {row['ours'] / row['bare']:8.2f}", flush=True)
    (folder / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nwritten to {folder / 'bench.json'}")


if __name__ == "__main__":
    main()
