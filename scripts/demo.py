"""The part of scripts/demo that runs after the build: a studio, a worker, a policy, twelve offers and one edit."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request

LIMIT = 120
KINDS = ("image", "llm", "audio_stt", "audio_tts", "video", "mesh")
GAMES = ("harbour-tales", "ember-keep")

POLICY = """local worker = require 'worker'
worker.game 'harbour-tales' {}
worker.game 'ember-keep' { kinds = { 'image', 'llm' }, reason = 'ember-keep: pictures and text only' }
"""
EDIT = ("kinds = { 'image', 'llm' }", "kinds = { 'image', 'llm', 'video' }")


class Child:
    """A program whose output can be waited for."""

    def __init__(self, argv, log):
        self.argv = argv
        self.log = open(log, "w", encoding="utf-8")
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.log.write(line)
            self.log.flush()
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()
        with self.changed:
            self.lines.append("")
            self.changed.notify_all()

    def wait_line(self, pattern):
        regex = re.compile(pattern)
        with self.changed:
            found = self.changed.wait_for(
                lambda: any(regex.search(line) for line in self.lines) or self.process.poll() is not None, LIMIT)
            for line in self.lines:
                if regex.search(line):
                    return line
        why = "ended" if found else "said nothing"
        sys.exit(f"error: {self.argv[0]} {why} before /{pattern}/; see {self.log.name}")

    def end(self, number=None):
        if number is not None and self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(LIMIT)
        self.reader.join(5)
        return code


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=LIMIT) as answer:
        return json.loads(answer.read() or b"null")


def scenario():
    text = ""
    for kind in KINDS:
        for game in GAMES:
            text += f'[[jobs]]\nkind = "{kind}"\ngame = "{game}"\nprompt = "a brass lantern on the quay"\nexpect = "any"\n'
    return text


def table(rows, heads):
    widths = [max(len(str(row[i])) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def verdict_rows(report, verdicts):
    why = {v["job"]: v for v in verdicts}
    rows = []
    for job in report["jobs"]:
        verdict = why.get(job["id"], {})
        result = job.get("result") or {}
        name = pathlib.Path(result["file"]).name if result.get("file") else "-"
        said = "accepted" if verdict.get("accepted") else "declined"
        reason = verdict.get("rule", "") if said == "accepted" else f"{verdict.get('rule')}  {verdict.get('reason')}"
        took = job.get("offer_to_done_us") or job.get("offer_to_answer_us") or 0
        rows.append((job["id"], job["kind"], job["game"], said, reason, name, result.get("bytes", "-"),
                     f"{took / 1000:.1f}"))
    return rows


class Demo:
    def __init__(self, build, out):
        shutil.rmtree(out, ignore_errors=True)
        self.out = out
        self.policies, config, run = out / "policies", out / "config", out / "run"
        for folder in (self.policies, config, run):
            folder.mkdir(parents=True, mode=0o700)
        self.policy = self.policies / "20-games.lua"
        self.policy.write_text(POLICY)
        (out / "scenario.toml").write_text(scenario())
        self.build = build
        self.program = [str(build / "bin" / "studio-worker"), "--config", str(config / "config.toml")]
        self.places = ["--state", str(out / "state"), "--runtime-dir", str(run)]

    def start_studio(self):
        studio = Child([str(self.build / "bin" / "dev-studio"), "--scenario", str(self.out / "scenario.toml"), "--port",
                        "0", "--report", str(self.out / "report.json"), "--results", str(self.out / "results"),
                        "--stay"], self.out / "studio.log")
        self.url = re.search(r"http://\S+", studio.wait_line(r"listening on http://")).group(0)
        return studio

    def start_worker(self):
        subprocess.run([*self.program, "register", "--api-base-url", self.url], check=True, stdout=subprocess.DEVNULL)
        return Child([*self.program, "run", "--policy", str(self.policies), *self.places, "--engines",
                      str(self.build / "engines")], self.out / "worker.log")

    def wait_settled(self, count):
        call(f"{self.url}/dev/wait?settled={count}&timeout_ms={LIMIT * 1000}")

    def edit_policy(self, worker):
        fresh = self.policies / ".20-games.lua.new"
        fresh.write_text(POLICY.replace(*EDIT))
        os.replace(fresh, self.policy)
        worker.wait_line(r"generation=2")

    def verdicts(self):
        status = subprocess.run([*self.program, "status", "--json", *self.places], check=True, capture_output=True,
                                text=True)
        return json.loads(status.stdout)["recent"]

    def jobs(self, studio, worker):
        """Runs every offer; the verdicts, and the exit codes of studio and worker."""
        offers = len(KINDS) * len(GAMES)
        self.wait_settled(offers)
        print("3. All kinds of both games were offered. Now one word is added to the policy file and saved:\n")
        print(f"     {EDIT[0]}  ->  {EDIT[1]}\n")
        self.edit_policy(worker)
        call(f"{self.url}/dev/jobs", [{"kind": "video", "game": "ember-keep", "prompt": "a brass lantern on the quay",
                                       "expect": "any"}])
        self.wait_settled(offers + 1)
        verdicts = self.verdicts()
        call(f"{self.url}/dev/finish", {})
        return verdicts, studio.end(), worker.end(signal.SIGTERM)

    def show(self, verdicts, studio_code, worker_code):
        report = json.loads((self.out / "report.json").read_text())
        print("4. What happened:\n")
        rows = verdict_rows(report, verdicts)
        table(rows, ("offer", "kind", "game", "verdict", "why", "result", "bytes", "ms"))
        print(f"\n   results  {self.out / 'results'}\n   report   {self.out / 'report.json'}\n"
              f"   logs     {self.out / 'worker.log'}")
        before, after = (row[3] for row in rows if row[1] == "video" and row[2] == "ember-keep")
        print(f"\n   The same game's video before and after the edit: {before}, then {after}; the worker ran on.")
        print(f"   {len(report['violations'])} contract violations; studio exit {studio_code}, worker exit {worker_code}.")
        told = self.tell_why(rows[-1][0]) and self.tell_when()
        return told and studio_code == 0 and worker_code == 0 and not report["violations"] and (before, after) == (
            "declined", "accepted")


    def command(self, title, *arguments):
        """Shows a command and what it says; whether it succeeded."""
        print(f"\n{title}\n\n   $ studio-worker {' '.join(arguments)}\n")
        done = subprocess.run([*self.program, *arguments, *self.places], capture_output=True, text=True)
        print("".join("     " + line + "\n" for line in (done.stdout + done.stderr).splitlines()), end="")
        return done.returncode == 0

    def tell_why(self, job):
        return self.command("5. Why, rule by rule, of the last offer:", "policy", "explain", "--id", job, "--policy",
                            str(self.policies))

    def tell_when(self):
        shipped = pathlib.Path(__file__).resolve().parent.parent / "policies"
        return self.command("6. When the shipped policies claim, in the week of the clock change, with an artist at night:",
                            "policy", "simulate", "--policy", str(shipped), "--week", "2026-03-25", "--vram", "20GiB",
                            "--app", "maya@tue2-5", "--svg", str(self.out / "week.svg"))


def main():
    demo = Demo(*(pathlib.Path(argument) for argument in sys.argv[1:3]))
    print("\n1. The development studio starts on loopback.")
    children = [demo.start_studio()]
    try:
        print(f"2. The worker registers at {demo.url} and runs with the policy folder {demo.policies}:\n")
        print("".join("     " + line + "\n" for line in POLICY.splitlines()))
        children.append(demo.start_worker())
        outcome = demo.jobs(*children)
    finally:
        for child in children:
            if child.process.poll() is None:
                child.process.kill()
    sys.exit(0 if demo.show(*outcome) else 1)


if __name__ == "__main__":
    main()
