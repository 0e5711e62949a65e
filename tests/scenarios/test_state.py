"""The state folder and the configuration: full, damaged, not to be written, of another version, wrong."""

import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import unittest

from harness import FAKES, STUDIO_TABLE, WORKER, Process, Scenario, jobs

MAGIC_BYTES, LENGTH_BYTES, FRAME_BYTES = 4, 4, 12


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def first_record(journal):
    """(magic, payload, what follows) of the journal's header."""
    data = journal.read_bytes()
    length = struct.unpack_from("<I", data, MAGIC_BYTES)[0]
    return data[:MAGIC_BYTES], data[FRAME_BYTES:FRAME_BYTES + length], data[FRAME_BYTES + length:]


def without_override(*command):
    """Root may write everywhere; without these two powers it may do what the modes of files say, as others do."""
    if os.geteuid() != 0:
        return command
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", *command)


def can_mount():
    """A disk of its own needs a mount; in a container that forbids it there is none."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


class FullDisk(Scenario):
    @unittest.skipUnless(can_mount(), "needs root and a mount namespace for a disk of some megabytes")
    def test_U7_a_full_disk_fails_the_job_in_words_and_the_worker_goes_on(self):
        studio = self.studio(jobs("image", 1, prompt_bytes=3_000_000, expect="any") + jobs("llm", 1, expect="any"),
                             "--stay")
        self.write_config(studio.url)
        self.state.mkdir()
        mount = f"mount -t tmpfs -o size=2m tmpfs {self.state} && exec \"$@\""
        worker = self.worker(wrap=("unshare", "--mount", "sh", "-c", mount, "sh"))
        worker.wait_line("disk full on the worker")
        studio.wait_settled(1)
        report = studio.live_report()
        self.assertEqual(report["violations"], [])
        self.assertIn("done", [job["outcome"] for job in report["jobs"]])
        self.stop(worker)

    def test_U7_a_file_size_limit_is_no_reason_to_die(self):
        studio = self.studio(jobs("llm", 1, prompt_bytes=200_000, expect="any") + jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        limit = 150_000
        worker = self.worker(preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        worker.wait_line("disk full on the worker")
        studio.wait_settled(1)
        self.assertEqual(studio.live_report()["violations"], [])
        worker.signal(signal.SIGTERM)
        worker.wait()

    @unittest.skipUnless(can_mount(), "needs root and a mount namespace for a disk of some megabytes")
    def test_U7_no_space_for_the_output_fails_that_job_and_the_next_one_runs(self):
        studio = self.studio("".join(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt=prompt, expect="any")
                                     for prompt in ("fill:8000000", "hello")), "--stay")
        self.write_config(studio.url)
        self.state.mkdir()
        mount = f"mount -t tmpfs -o size=4m tmpfs {self.state} && exec \"$@\""
        worker = self.worker(wrap=("unshare", "--mount", "sh", "-c", mount, "sh"), engines=[FAKES])
        worker.wait_line("dispatch failed: .*no space left for result.png")
        studio.wait_settled(2)
        report = studio.live_report()
        self.assertEqual(report["violations"], [])
        self.assertEqual([job["outcome"] for job in report["jobs"]], ["failed", "done"])
        self.stop(worker)


class Damage(Scenario):
    def test_U10_a_damaged_record_is_set_aside_and_the_rest_is_delivered(self):
        studio = self.studio(jobs("llm", 3) + jobs("image", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        studio.wait_settled(4)
        studio.request("/dev/silence", {})
        studio.add_jobs({"kind": "llm"})
        worker.signal(signal.SIGKILL)
        worker.wait()
        journal = self.state / "journal"
        data = bytearray(journal.read_bytes())
        data[len(data) // 2] ^= 0x10
        journal.write_bytes(bytes(data) + b"\0" * 4096)
        again = self.worker()
        again.wait_line("a part of the journal is damaged")
        studio.wait_settled(5)
        self.assertGreaterEqual(self.status()["counters"]["journal_damaged"], 1)
        self.assertEqual(len(list(self.state.glob("journal.damaged-*"))), 1)
        self.stop(again)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))

    def test_P12_a_state_folder_of_a_newer_version_is_refused_with_both_versions(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        studio.wait_settled(1)
        self.stop(worker)
        journal = self.state / "journal"
        magic, payload, rest = first_record(journal)
        header = json.loads(payload)
        header["format"] += 41
        payload = json.dumps(header).encode()
        length = struct.pack("<I", len(payload))
        journal.write_bytes(magic + length + struct.pack("<I", crc32c(length + payload)) + payload + rest)
        before = journal.read_bytes()
        newer = self.worker()
        self.assertEqual(newer.wait(), 78, newer.output())
        newer.wait_line(rf"journal format is {header['format']}, this program reads up to format {header['format'] - 41}")
        self.assertEqual(journal.read_bytes(), before, "nothing of it was touched")


@unittest.skipUnless(os.geteuid() != 0 or shutil.which("setpriv"), "root needs setpriv to feel the modes of files")
class ReadOnly(Scenario):
    def test_U11_a_state_folder_that_is_read_only_is_named_at_the_start(self):
        self.write_config("http://127.0.0.1:9")
        self.state.mkdir()
        self.state.chmod(0o500)
        worker = self.worker(wrap=without_override())
        self.assertEqual(worker.wait(), 71, worker.output())
        worker.wait_line(rf"state folder {self.state}: .*Permission denied")

    def test_U11_a_folder_that_becomes_read_only_stops_the_claiming_until_it_is_writable_again(self):
        studio = self.studio(STUDIO_TABLE + "reoffer_busy_ms = 500\nmax_soft_declines = 0\n" + jobs("image", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker(wrap=without_override())
        studio.wait_settled(1)
        folder = self.state / "jobs"
        folder.chmod(0o500)
        studio.add_jobs({"kind": "image"}, {"kind": "llm"})
        worker.wait_line("dispatch failed: the worker cannot write its files")
        worker.wait_line("rejecting offer .*: the worker cannot write its files")
        worker.wait_line("could not be written down .*Permission denied")
        folder.chmod(0o700)
        studio.wait_settled(3)
        self.stop(worker)
        studio.finish()
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        self.assertLessEqual(report["counters"]["in.fail"], 1, report["counters"])


class Configuration(Scenario):
    def refused(self, text, pattern):
        self.config.write_bytes(text)
        self.config.chmod(0o600)
        code, _, err = self.command(*self.base_flags(), "run", *self.run_flags())
        self.assertEqual(code, 78, err)
        self.assertRegex(err, pattern)

    def test_P13_each_mistake_in_the_file_exits_78_with_its_place(self):
        good = b'api_base_url = "http://127.0.0.1:9"\n'
        self.refused(good + b'vram_threshold_gb = "many"\n', r"config\.toml:2:\d+.*vram_threshold_gb")
        self.refused(good + b"vram_threshold_gb = 1\nmax_jobs = 0\n", r"config\.toml:3:\d+.*max_jobs")
        self.refused(good + b'vram_threshold_gb = 1\nlabel = "\xff\xfe"\n', r"config\.toml:3")
        self.refused(good, "vram_threshold_gb.*missing")

    def test_P13_a_file_of_a_hundred_megabytes_is_refused_unread(self):
        self.write_config("http://127.0.0.1:9")
        os.truncate(self.config, 100 << 20)
        code, _, err = self.command(*self.base_flags(), "run", *self.run_flags(), limit=10)
        self.assertEqual(code, 78, err)
        self.assertIn("config.toml", err)

    def test_P13_a_running_worker_keeps_the_configuration_it_has(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        studio.wait_settled(1)
        good = self.config.read_text()
        self.config.write_text("this is = no configuration\n")
        studio.add_jobs({"kind": "llm"})
        studio.wait_settled(2)
        self.config.write_text(good)
        self.assertEqual(self.status()["connection"]["sessions"], 1)
        self.stop(worker)


class SecondWorker(Scenario):
    def test_P10_a_second_worker_on_the_same_state_exits_75_and_names_the_first(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        first = self.worker()
        studio.wait_settled(1)
        other = self.folder / "other" / "config.toml"
        other.parent.mkdir(mode=0o700)
        shutil.copy2(self.config, other)
        argv = [WORKER, "--config", other, "run", *self.run_flags()]
        second = Process(argv, env=self.environment(), cwd=self.folder)
        self.processes.append(second)
        self.assertEqual(second.wait(), 75, second.output())
        second.wait_line(rf"state folder {self.state}.*process {first.child.pid}")
        self.stop(first)


if __name__ == "__main__":
    unittest.main()
