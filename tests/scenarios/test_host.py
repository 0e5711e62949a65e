"""A machine that does not give what the worker asks for: processor, descriptors, memory, a log that takes lines."""

import os
import resource
import socket
import subprocess
import sys
import time
import unittest

from harness import FAKES, LIMIT, LONG, Scenario, jobs, sanitized, stopwatch
from proc import Proc


def limit_of(kind, soft):
    return lambda: resource.setrlimit(kind, (soft, resource.getrlimit(kind)[1]))


class Processor(Scenario):
    def test_P6_burners_on_every_core_cost_no_heartbeat(self):
        """dev-studio calls more than 7.5 s without a heartbeat a violation."""
        studio = self.studio(jobs("llm", 5) + jobs("image", 50 if LONG else 1, engine="sd-cpp", model="sd-cpp:x",
                                                   prompt="slow:12"))
        self.write_config(studio.url)
        burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * os.cpu_count())]
        try:
            worker = self.worker(engines=[FAKES.parent.parent / "engines", FAKES])
            self.assertEqual(studio.wait(900), 0, studio.output())
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()
        self.assert_delivered_once(self.assert_clean(studio))
        self.stop(worker)


class Descriptors(Scenario):
    def control_sockets(self, count):
        """Connections to the control socket that say nothing."""
        path = next(self.runtime.glob("*.sock"))
        held = []
        for _ in range(count):
            connection = socket.socket(socket.AF_UNIX)
            self.addCleanup(connection.close)
            connection.settimeout(20)
            try:
                connection.connect(str(path))
            except OSError:
                break  # refused: nobody takes them from the queue any more
            held.append(connection)
        return held

    def test_P7_sixty_four_descriptors_serve_jobs_beside_many_control_connections(self):
        studio = self.studio(jobs("llm", 1) + jobs("image", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker(preexec=limit_of(resource.RLIMIT_NOFILE, 64))
        studio.wait_settled(2)
        held = self.control_sockets(100)
        self.assertGreater(len(held), 15)
        studio.add_jobs({"kind": "llm", "count": 3}, {"kind": "image", "count": 3})
        studio.wait_settled(8)
        for connection in held:
            connection.close()
        # A connection that comes before the worker has seen the others end may be one too many.
        elapsed = stopwatch()
        while "closed the control connection" in self.control("status")[2] and elapsed() < LIMIT:
            pass
        self.assertEqual(self.status()["counters"]["delivered"], 8)
        self.stop(worker)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))

    @unittest.skipIf(sanitized(), "UBSan needs a free descriptor to look at memory, and takes none for a broken object")
    def test_P7_without_a_free_descriptor_it_neither_spins_nor_ends(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        studio.wait_settled(1)
        process = Proc(worker.child.pid)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (process.descriptors() + 2, 1024))
        held = self.control_sockets(8)
        before = process.cpu_seconds()
        waited = stopwatch()
        held[0].recv(1)  # the worker gives each silent connection five seconds
        self.assertLess(process.cpu_seconds() - before, 0.2 * waited())
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        for connection in held:
            connection.close()
        studio.add_jobs({"kind": "llm"})
        studio.wait_settled(2)
        self.assertEqual(self.status()["connection"]["sessions"], 1)
        self.stop(worker)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))


class Memory(Scenario):
    @unittest.skipIf(sanitized(), "a sanitizer reserves more address space than any limit")
    def test_P8_an_offer_without_memory_for_it_ends_the_worker_in_words(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        studio.wait_settled(1)
        process = Proc(worker.child.pid)
        resource.prlimit(process.pid, resource.RLIMIT_AS, (process.address_space() + (4 << 20), -1))
        studio.add_jobs({"kind": "llm", "prompt_bytes": 12_000_000})
        self.assertEqual(worker.wait(), 71, worker.output())
        worker.wait_line("out of memory")
        again = self.worker()
        studio.wait_settled(2)
        self.assertEqual(self.status()["counters"]["journal_damaged"], 0)
        self.stop(again)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))


class Log(Scenario):
    def serve_with_stderr(self, target):
        studio = self.studio(jobs("llm", 200) + jobs("image", 20))
        self.write_config(studio.url)
        command = "exec \"$@\" 2>" + target
        worker = self.worker(wrap=("sh", "-c", command, "sh"))
        self.assert_delivered_once(self.assert_clean(studio))
        self.stop(worker)

    def test_P9_a_full_disk_under_the_log(self):
        self.serve_with_stderr("/dev/full")

    def test_P9_a_closed_standard_error(self):
        self.serve_with_stderr("&-")

    def test_P9_a_log_that_nobody_reads(self):
        """A pipe that is full blocks whoever writes to it: the journal of the system hangs, or a terminal is stopped."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        studio = self.studio(jobs("llm", 200, prompt_bytes=100) + jobs("image", 20))
        self.write_config(studio.url)
        worker = self.worker("--log-level", "debug", preexec=lambda: os.dup2(write, 2))
        os.close(write)
        self.assert_delivered_once(self.assert_clean(studio))
        self.assertGreater(len(os.read(read, 1 << 20)), 60_000, "the pipe was full")
        self.stop(worker)


if __name__ == "__main__":
    unittest.main()
