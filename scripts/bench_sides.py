"""The sides of scripts/bench: this worker, the bare client and the public worker, each against a fresh dev-studio."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

KINDS = ("image", "llm", "audio_stt", "audio_tts", "video", "mesh")
EXT = {"image": "png", "audio_tts": "wav", "video": "webp", "mesh": "glb"}
TOKEN = "0123456789abcdef0123456789abcdef"
CREDENTIALS = f'worker_id = "w-1"\nauth_token = "{TOKEN}"\n'
PROMPT = "a brass lantern on the quay " * 11
LIMIT = 300

RULES = "local worker = require 'worker'\n" + "".join(
    f"worker.game 'game-{n:02}-*' {{ accept = false, reason = 'not here' }}\n" for n in range(19)) + (
    "worker.game '*' { kinds = { 'image', 'llm', 'audio_stt', 'audio_tts', 'video', 'mesh' } }\n")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sides:
    def __init__(self, build, folder, peer):
        self.build = build
        self.peer_program = peer
        self.policy = folder / "policy" / "policy.lua"
        self.policy.parent.mkdir()
        self.policy.write_text(RULES)
        self.samples = folder / "samples"
        self.samples.mkdir()
        self.names = ["ours"] + (["public"] if peer else [])

    # Clients

    def ours(self, folder, port, base=None, trusted=None):
        """`base`: another URL than that of the port; `trusted`: a certificate authority's file."""
        base = base or f"http://127.0.0.1:{port}"
        config = folder / "config.toml"
        config.write_text(f'api_base_url = "{base}"\nvram_threshold_gb = 24.0\n{CREDENTIALS}'
                          + (f'ca_file = "{trusted}"\n' if trusted else ""))
        config.chmod(0o600)
        argv = [self.build / "bin" / "studio-worker", "--config", config, "run", "--policy", self.policy, "--state",
                folder / "state", "--runtime-dir", folder / "run", "--engines", self.build / "engines"]
        return subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def public(self, folder, port):
        config = folder / "public" / "config.toml"
        config.parent.mkdir()
        config.write_text(f'api_base_url = "http://127.0.0.1:{port}"\nvram_threshold_gb = 24.0\n{CREDENTIALS}'
                          f"local_api_port = {free_port()}\nstream_port = {free_port()}\nauto_update_enabled = false\n"
                          f'models_root = "{folder / "models"}"\n')
        config.chmod(0o600)
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        return subprocess.Popen([str(self.peer_program), "--config", str(config), "run"], env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def bare(self, kind, ext):
        def client(_folder, port):
            argv = [self.build / "tests" / "bench" / "bare-client", "127.0.0.1", port, "w-1", TOKEN, kind,
                    self.sample(kind, ext), ext or EXT.get(kind, "json")]
            return subprocess.Popen([str(a) for a in argv])
        return client

    def client(self, side, kind="llm", ext=None):
        return self.bare(kind, ext) if side == "bare" else getattr(self, side)

    # Runs

    @contextlib.contextmanager
    def studio(self, scenario, *options):
        """A studio with one scenario: its process, port and folder."""
        with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
            folder = pathlib.Path(name)
            (folder / "scenario.toml").write_text(scenario)
            argv = [self.build / "bin" / "dev-studio", "--scenario", folder / "scenario.toml", "--port", "0", "--report",
                    folder / "report.json", "--for", str(LIMIT), *options]
            studio = subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                      text=True)
            try:
                yield studio, studio.stdout.readline().rsplit(":", 1)[1].strip(), folder
            finally:
                studio.terminate()
                studio.wait(LIMIT)
                studio.stdout.close()

    @staticmethod
    @contextlib.contextmanager
    def running(client, *where):
        """A client's process; it ends with the block, also when the block fails: one left over shares its memory's
        pages with the next of its kind."""
        process = client(*where)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def run(self, client, kind, count, pace=0, ext=None, quick=True, keep=None):
        """One client against a fresh studio; the studio's report."""
        task = f'task = {{ ext = "{ext}" }}\n' if ext else ""
        scenario = (f"[studio]\n{CREDENTIALS}pace_per_second = {pace}\n[[jobs]]\nkind = \"{kind}\"\n"
                    f"game = \"harbour-tales\"\ncount = {count}\nprompt = \"{PROMPT}\"\n{task}")
        options = ["--bench"] + (["--quick-ack"] if quick else []) + (["--results", keep] if keep else [])
        with self.studio(scenario, *options) as (studio, port, folder):
            with self.running(client, folder, port):
                code = studio.wait(LIMIT + 10)
            if code != 0:
                sys.exit(f"error: dev-studio ended with {code} while measuring {kind}")
            return json.loads((folder / "report.json").read_text())

    def sample(self, kind, ext):
        """A result of ours, for the bare client to send."""
        kept = self.samples / f"{kind}-{ext or 'default'}"
        if not kept.exists():
            results = self.samples / "results"
            report = self.run(self.ours, kind, 1, ext=ext, keep=results)
            shutil.copy(results / pathlib.Path(report["jobs"][0]["result"]["file"]).name, kept)
        return kept


def tree(pid):
    """The process and everything below it."""
    pids = [pid]
    for parent in pids:
        with contextlib.suppress(OSError):  # a process or thread that has ended meanwhile
            for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
                pids += [int(child) for child in task.read_text().split()]
    return pids


def sum_of(pids, file, *keys):
    """Sum of the numbers behind these keys in /proc/<pid>/<file>."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
                key, _, value = line.partition(":")
                if key in keys:
                    total += int(value.split()[0])
    return total


def switches(pids):
    """Times that a thread of these processes gave the processor up, which is how often one had to be woken."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                total += sum_of([f"{pid}/task/{thread}"], "status", "voluntary_ctxt_switches")
    return total


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
