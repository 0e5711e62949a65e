"""The public worker is the studio's real client: dev-studio must serve it without a violation, too."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import unittest

from harness import ALL_KINDS, CREDENTIALS, LIMIT, Process, Scenario, jobs

VERSION = "0.4.35"


def find_peer():
    """The public worker of the version that the contract describes; nothing when it is not installed."""
    cargo_bin = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")) / "bin"
    candidates = [os.environ.get("STUDIO_PEER"), cargo_bin / "studio-worker", shutil.which("studio-worker")]
    for candidate in candidates:
        if not candidate or not os.access(candidate, os.X_OK):
            continue
        said = subprocess.run([candidate, "--version"], capture_output=True, text=True, timeout=LIMIT)
        if said.stdout.startswith(f"studio-worker {VERSION}"):
            return candidate
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PEER = find_peer()


@unittest.skipUnless(PEER, f"the public worker {VERSION} is not installed; to run this: cargo install studio-worker "
                           f"--no-default-features --version {VERSION}, or name the program in STUDIO_PEER")
class PublicWorker(Scenario):
    def peer(self, url):
        self.config.write_text(f'api_base_url = "{url}"\nvram_threshold_gb = 12.0\n{CREDENTIALS}'
                               f"local_api_port = {free_port()}\nstream_port = {free_port()}\n"
                               f'auto_update_enabled = false\nmodels_root = "{self.folder / "models"}"\n')
        self.config.chmod(0o600)
        process = Process([PEER, "--config", self.config, "run"], env=self.environment(), cwd=self.folder)
        self.processes.append(process)
        return process

    def test_all_kinds_without_a_violation(self):
        studio = self.studio("".join(jobs(kind, 3) for kind in ALL_KINDS))
        worker = self.peer(studio.url)
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        worker.signal(signal.SIGTERM)
        worker.wait()

    def test_a_dropped_socket_and_failing_uploads_are_no_violations(self):
        studio = self.studio(jobs("image", 3) + jobs("llm", 3), "--drop-mid-job", "2", "--upload-503", "1")
        self.peer(studio.url)
        self.assert_delivered_once(self.assert_clean(studio))


if __name__ == "__main__":
    unittest.main()
