"""The worker as a process: signals, standstill, what its jobs leave behind, how its engines end."""

import pathlib
import signal
import unittest

from harness import FAKES, STUDIO_TABLE, Scenario, jobs
from proc import Proc, children_of, processes_in

POLICIES = pathlib.Path(__file__).resolve().parents[2] / "policies"


def fake(prompt, kind="image", count=1, **more):
    return jobs(kind, count, engine="sd-cpp", model="sd-cpp:x", prompt=prompt, **more)


class ProcessScenario(Scenario):
    def start(self, scenario, *worker_flags, **more):
        studio = self.studio(scenario, "--stay")
        self.write_config(studio.url)
        return studio, self.worker(*worker_flags, engines=[FAKES], **more)

    def assert_nothing_left(self):
        """No process has its folder in the worker's state; one that was killed has a moment to go."""
        left = [process for process in processes_in(self.state) if not process.wait_end(5)]
        self.assertEqual(left, [])


class Programs(ProcessScenario):
    def test_each_maps_only_what_it_is_for(self):
        _, worker = self.start("", "--policy", POLICIES)
        worker.wait_line(r"policy g1 ")
        host = next(child for child in children_of(worker.child.pid) if child.name.startswith("studio-policy"))
        for process, has, lacks in ((Proc(worker.child.pid), {"libssl"}, {"libluajit-5", "libcurl"}),
                                    (host, {"libluajit-5"}, {"libssl", "libcurl"})):
            libraries = process.libraries()
            self.assertLessEqual(has, libraries)
            self.assertFalse(lacks & libraries, process)
        self.stop(worker)


class Signals(ProcessScenario):
    def test_P1_sigint_finishes_the_running_job(self):
        studio, worker = self.start(fake("slow:1"))
        worker.wait_line(r"\[policy\] accepted")
        worker.signal(signal.SIGINT)
        self.assertEqual(worker.wait(), 0, worker.output())
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))

    def test_P1_sigquit_ends_the_running_job_at_once(self):
        studio, worker = self.start(fake("hang", expect="any"), "--drain-timeout", "600")
        worker.wait_line(r"engine.*started")
        worker.signal(signal.SIGQUIT)
        self.assertEqual(worker.wait(limit=10), 130, worker.output())
        self.assert_nothing_left()
        self.assertEqual(studio.live_report()["violations"], [])

    def test_P1_sighup_and_sigpipe_change_nothing(self):
        """Policies are read anew when they are saved, so a reload has no signal."""
        studio, worker = self.start(fake("slow:1") + fake("hello", kind="llm"))
        worker.wait_line(r"\[policy\] accepted")
        for number in (signal.SIGHUP, signal.SIGPIPE):
            worker.signal(number)
        studio.wait_settled(2)
        self.assertEqual(self.status()["connection"]["sessions"], 1)
        self.stop(worker)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))


class Standstill(ProcessScenario):
    def test_P2_a_worker_that_stood_still_comes_back_to_its_job(self):
        studio, worker = self.start(STUDIO_TABLE + "heartbeat_timeout_s = 8\n" + fake("slow:7"))
        worker.wait_line(r"\[policy\] accepted")
        worker.signal(signal.SIGSTOP)
        studio.wait_line("no heartbeat within the timeout")
        worker.signal(signal.SIGCONT)
        studio.wait_settled(1)
        self.assertEqual(worker.count("image dispatched in"), 1, worker.output())
        self.assertEqual(worker.count("dispatch failed"), 0, worker.output())
        self.stop(worker)
        report = studio.live_report()
        self.assert_delivered_once(report)
        self.assertLessEqual({v["rule"] for v in report["violations"]}, {"heartbeat-late"}, report["violations"])


class Strays(ProcessScenario):
    def test_P3_jobs_that_leave_children_leave_none_behind_the_worker(self):
        studio, worker = self.start(fake("grandchild") + fake("daemon") + fake("hello"))
        studio.wait_settled(3)
        self.assertGreaterEqual(len(processes_in(self.state)), 3, "the engine and two children of its jobs")
        self.assertEqual([child for child in children_of(worker.child.pid) if child.is_zombie()], [])
        self.stop(worker)
        self.assert_nothing_left()

    def test_P3_an_engine_that_ignores_sigterm_is_killed(self):
        studio, worker = self.start(fake("stubborn", expect="any"), "--drain-timeout", "0")
        worker.wait_line(r"engine.*started")
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.wait(limit=20), 0, worker.output())
        self.assert_nothing_left()

    def test_P3_a_killed_worker_takes_its_engine_with_it(self):
        studio, worker = self.start(fake("hang", expect="any"))
        worker.wait_line(r"engine.*started")
        worker.signal(signal.SIGKILL)
        worker.wait()
        self.assert_nothing_left()


class Ends(ProcessScenario):
    def test_P4_the_cause_of_an_engines_end_reaches_the_studio(self):
        ends = {"crash": r"signal 11|exit code", "exit:0": "exit code 0", "exit:1": "exit code 1",
                "exit:137": r"killed by signal 9 \(out of memory\?\)"}
        studio = self.studio(STUDIO_TABLE + "max_attempts = 1\n"
                             + "".join(fake(prompt, expect="failed") for prompt in ends) + fake("hello"))
        self.write_config(studio.url)
        worker = self.worker(engines=[FAKES])
        report = self.assert_clean(studio)
        for job, pattern in zip(report["jobs"], ends.values()):
            self.assertRegex(job["reason"], pattern)
        self.assertEqual(report["jobs"][-1]["outcome"], "done")
        self.stop(worker)

    def test_P11_five_deaths_in_a_row_leave_a_worker_that_serves(self):
        studio, worker = self.start(STUDIO_TABLE + "max_attempts = 100\n" + fake("slow:1"))
        for _ in range(5):
            worker.wait_line(r"\[policy\] accepted")
            worker.signal(signal.SIGKILL)
            worker.wait()
            worker = self.worker(engines=[FAKES])
            worker.wait_line("the worker before this one died while it ran this job")
            worker.wait_line("connecting to")  # it answers from here on
            self.assertEqual(len(self.status()["cut_short"]), 1)
        studio.wait_settled(1)
        self.assertEqual(self.status()["counters"]["journal_damaged"], 0)
        self.stop(worker)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))
        self.assertEqual(list((self.state / "jobs").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
