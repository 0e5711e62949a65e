"""Real processes for scenario tests: dev-studio, studio-worker and their files, without sleeps.

Every wait is for an event: a line of output, an answer of dev-studio's long poll, or the end of a process.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

BUILD = pathlib.Path(os.environ.get("STUDIO_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build" / "dev"))
WORKER = BUILD / "bin" / "studio-worker"
STUDIO = BUILD / "bin" / "dev-studio"
ENGINES = BUILD / "engines"
FAKES = BUILD / "tests" / "fakes"

# Generous: it only ends a test that hangs. Sanitizers on a loaded machine are ten times slower than a release.
LIMIT = float(os.environ.get("STUDIO_TEST_LIMIT", "60"))

# The longer form of a scenario, where it has one.
LONG = "STUDIO_LONG" in os.environ


def sanitized():
    """Whether the programs were built with a sanitizer: then their memory says nothing."""
    return re.search(r"^STUDIO_SANITIZE:\w+=\w", (BUILD / "CMakeCache.txt").read_text(), re.M) is not None


class Process:
    """A child whose lines are kept and can be waited for."""

    def __init__(self, argv, env=None, cwd=None, preexec=None):
        self.argv = [str(a) for a in argv]
        self.lines = []
        self._changed = threading.Condition()
        self._open_streams = 2
        self.child = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=env, cwd=cwd, preexec_fn=preexec, start_new_session=True, text=True, errors="replace")
        self._readers = [threading.Thread(target=self._read, args=(s,), daemon=True)
                         for s in (self.child.stdout, self.child.stderr)]
        for reader in self._readers:
            reader.start()

    def _read(self, stream):
        for line in stream:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._open_streams -= 1
            self._changed.notify_all()

    def wait_line(self, pattern, limit=LIMIT, after=0):
        """The first line from index `after` on that matches; fails with the output when it never comes."""
        regex = re.compile(pattern)
        deadline = time.monotonic() + limit
        seen = after
        with self._changed:
            while True:
                while seen < len(self.lines):
                    if regex.search(self.lines[seen]):
                        return self.lines[seen]
                    seen += 1
                left = deadline - time.monotonic()
                if left <= 0 or (self._open_streams == 0 and seen >= len(self.lines)):
                    raise AssertionError(f"no line matches {pattern!r} in:\n{self.output()}")
                self._changed.wait(left)

    def count(self, pattern):
        regex = re.compile(pattern)
        return sum(1 for line in list(self.lines) if regex.search(line))

    def output(self):
        return f"$ {' '.join(self.argv)}\n" + "\n".join(self.lines[-200:])

    def wait(self, limit=LIMIT):
        try:
            code = self.child.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {limit} s:\n{self.output()}") from None
        for reader in self._readers:
            reader.join(limit)
        return code

    def memory(self, field="VmRSS"):
        """Bytes, by a field of /proc/PID/status: VmRSS is now, VmHWM the most there was."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M).group(1)) * 1024

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for reader in self._readers:
            reader.join(5)
        self.child.stdout.close()
        self.child.stderr.close()


class DevStudio(Process):
    def __init__(self, folder, scenario, *flags):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "scenario.toml"
        path.write_text(scenario)
        self.report_file = self.folder / "report.json"
        self.results = self.folder / "results"
        super().__init__([STUDIO, "--scenario", path, "--port", "0", "--report", self.report_file,
                          "--results", self.results, *flags])
        line = self.wait_line(r"listening on http://")
        self.url = re.search(r"http://[0-9.:]+", line).group(0)

    def request(self, path, body=None, limit=LIMIT):
        data = None if body is None else json.dumps(body).encode()
        call = urllib.request.Request(self.url + path, data=data, method="GET" if body is None else "POST")
        with urllib.request.urlopen(call, timeout=limit) as answer:
            return json.loads(answer.read() or b"null")

    def wait_settled(self, count, limit=LIMIT):
        try:
            return self.request(f"/dev/wait?settled={count}&timeout_ms={int(limit * 1000)}", limit=limit + 5)
        except urllib.error.HTTPError as failure:
            raise AssertionError(f"{count} jobs were not settled ({failure.code}):\n{self.output()}") from None

    def add_jobs(self, *jobs):
        return self.request("/dev/jobs", list(jobs))

    def finish(self):
        return self.request("/dev/finish", {})

    def live_report(self):
        return self.request("/dev/report")

    def report(self):
        return json.loads(self.report_file.read_text())


def stopwatch():
    begun = time.monotonic()
    return lambda: time.monotonic() - begun


CREDENTIALS = 'worker_id = "w-1"\nauth_token = "0123456789abcdef0123456789abcdef"\n'

STUDIO_TABLE = "[studio]\n" + CREDENTIALS


def jobs(kind, count=1, game="harbour-tales", **more):
    """One [[jobs]] entry of a scenario file."""
    text = f'\n[[jobs]]\nkind = "{kind}"\ngame = "{game}"\ncount = {count}\n'
    for key, value in more.items():
        if isinstance(value, dict):
            inner = ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items())
            text += f"{key} = {{ {inner} }}\n"
        else:
            text += f"{key} = {json.dumps(value)}\n"
    return text


def a_claim(game):
    """What the studio offers, as `policy explain` reads it from a file."""
    return {"jobId": "job-1", "gameId": game, "assetName": "a", "model": "m", "vramGbEstimate": 1.0,
            "task": {"kind": "llm", "messages": []},
            "modelSource": {"engine": "synthetic", "files": [],
                            "cliDefaults": {"cfgScale": 0, "steps": 0, "width": 0, "height": 0}}}


ALL_KINDS = ("image", "llm", "audio_stt", "audio_tts", "video", "mesh")


class Scenario(unittest.TestCase):
    """A test with a folder of its own and processes that never outlive it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="studio-scenario-"))
        self.processes = []
        self.config = self.folder / "config" / "config.toml"
        self.state = self.folder / "state"
        self.runtime = self.folder / "run"
        self.home = self.folder / "home"
        for folder in (self.config.parent, self.runtime, self.home):
            folder.mkdir(mode=0o700)

    def tearDown(self):
        for process in reversed(self.processes):
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, result=None):
        before = len(result.errors) + len(result.failures) if result else 0
        outcome = super().run(result)
        if result and len(result.errors) + len(result.failures) > before:
            for process in self.processes:
                print(process.output(), flush=True)
        return outcome

    def environment(self, **more):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                env[name] = value
        env.update(more)
        return {k: v for k, v in env.items() if v is not None}

    def studio(self, scenario, *flags, credentials=True, name="studio"):
        table = "" if scenario.lstrip().startswith("[studio]") else (STUDIO_TABLE if credentials else "[studio]\n")
        process = DevStudio(self.folder / name, table + scenario, *flags)
        self.processes.append(process)
        return process

    def write_config(self, url, extra="", credentials=True):
        text = f'api_base_url = "{url}"\nvram_threshold_gb = 12.0\n'
        if credentials:
            text += CREDENTIALS
        self.config.write_text(text + extra)
        self.config.chmod(0o600)

    def base_flags(self):
        return ["--config", self.config]

    def run_flags(self, engines=(ENGINES,)):
        flags = ["--state", self.state, "--runtime-dir", self.runtime]
        for folder in engines:
            flags += ["--engines", folder]
        return flags

    def worker(self, *flags, engines=(ENGINES,), env=None, wrap=(), preexec=None):
        """`wrap` is a program that starts the worker; `preexec` runs in its process first."""
        argv = [*wrap, WORKER, *self.base_flags(), "run", *self.run_flags(engines), *flags]
        process = Process(argv, env=env or self.environment(), cwd=self.folder, preexec=preexec)
        self.processes.append(process)
        return process

    def command(self, *arguments, env=None, limit=LIMIT):
        """A short command: (exit code, stdout, stderr)."""
        done = subprocess.run([str(a) for a in (WORKER, *arguments)], env=env or self.environment(), cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
        return done.returncode, done.stdout, done.stderr

    def control(self, *arguments):
        return self.command(*self.base_flags(), *arguments, "--runtime-dir", self.runtime, "--state", self.state)

    def status(self):
        code, out, err = self.control("status", "--json")
        self.assertEqual(code, 0, err)
        return json.loads(out)

    def assert_clean(self, studio, code=0):
        """The studio ended by itself, saw no violation, and every job is as its entry expects."""
        self.assertEqual(studio.wait(), code, studio.output())
        report = studio.report()
        self.assertEqual(report["violations"], [])
        return report

    def assert_delivered_once(self, report):
        for job in report["jobs"]:
            self.assertEqual(job["outcome"], "done", job)
            self.assertTrue(job["result"]["sha256"], job)

    def stop(self, worker, expected=0):
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.wait(), expected, worker.output())
