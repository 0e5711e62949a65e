"""policy trace and explain beside a running worker: what it decides, pauses and reloads, as it happens."""

import json
import signal

from harness import Process, Scenario, WORKER, a_claim, jobs


class Trace(Scenario):
    def setUp(self):
        super().setUp()
        self.policies = self.folder / "policies"
        self.policies.mkdir()
        self.save("true")

    def save(self, accept, more=""):
        (self.policies / "a.lua").write_text("local worker = require 'worker'\n"
                                             f"worker.game 'ember-*' {{ accept = {accept}, reason = 'not today' }}\n"
                                             f"worker.game '*' {{}}\n{more}")

    def start(self, scenario):
        studio = self.studio(scenario, "--stay")
        self.write_config(studio.url, f'policy = "{self.policies}"\n')
        worker = self.worker()
        worker.wait_line(r"policy g\d+ \(\w+\) active")
        return studio, worker

    def trace(self, *words):
        places = ("--runtime-dir", self.runtime, "--state", self.state)
        argv = [WORKER, *self.base_flags(), "policy", "trace", *words, *places]
        process = Process(argv, env=self.environment(), cwd=self.folder)
        self.processes.append(process)
        return process

    def test_decisions_pauses_and_reloads_come_as_they_happen(self):
        studio, worker = self.start(jobs("llm", 1))
        studio.wait_settled(1)
        live, recorded = self.trace("--json"), self.trace("--since", "10m")
        recorded.wait_line(r"accepted  \S+ +harbour-tales / llm +a\.lua:3  \(\d+ us, g1\)$")
        self.save("false")
        worker.wait_line(r"policy g2 \(\w+\) active$")
        recorded.wait_line(r"policy    policy g2 \(\w+\) active$")
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "declined"})
        recorded.wait_line(r'DECLINED  \S+ +ember-keep / llm +a\.lua:2  "not today"')
        # The window is open all day, so the rule holds at once.
        self.save("false", "worker.window 'always' { all_day = true }\n"
                           "worker.pause_when 'stock taking' { during = 'always' }\n")
        recorded.wait_line(r'paused    "stock taking" \(finish\)  a\.lua:5  inside "always"$')
        self.save("false")
        recorded.wait_line(r"resumed   nothing pauses any more$")
        self.assertEqual(self.control("pause")[0], 0)
        recorded.wait_line(r"operator  claiming paused by operator$")
        live.wait_line(r"claiming paused by operator")
        events = [json.loads(line) for line in live.lines]
        self.assertEqual([event["event"] for event in events if event["event"] != "policy"],
                         ["offer", "pause", "resume", "operator"])
        self.assertEqual([event["accepted"] for event in events if event["event"] == "offer"], [False])
        live.signal(signal.SIGINT)
        self.assertEqual(live.wait(), 0, live.output())
        self.stop(worker)
        self.assertEqual(recorded.wait(), 0, recorded.output())
        self.assertRegex(recorded.lines[-1], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ended     the worker ends$")
        studio.finish()
        self.assert_clean(studio)

    def test_a_trace_says_that_its_worker_was_killed(self):
        studio, worker = self.start(jobs("llm", 1))
        studio.wait_settled(1)
        trace = self.trace("--since", "10m")
        trace.wait_line(r"accepted  ")
        worker.kill()
        self.assertEqual(trace.wait(), 3, trace.output())
        self.assertEqual(trace.lines[-1], "error: the worker ended without a word: it was killed, or it crashed")
        studio.finish()
        studio.wait()

    def test_without_a_worker_there_are_its_records(self):
        studio, worker = self.start(jobs("llm", 2))
        studio.wait_settled(2)
        self.stop(worker)
        studio.finish()
        self.assert_clean(studio)
        code, out, err = self.control("policy", "trace")
        self.assertEqual((code, out), (3, ""))
        self.assertIn("no worker is running for this configuration; start it with: studio-worker run", err)
        code, out, err = self.control("policy", "trace", "--since", "10m", "--json")
        self.assertEqual(code, 0, err)
        self.assertIn("these are its records", err)
        self.assertEqual([json.loads(line)["recorded"] for line in out.splitlines()], [True, True])

    def test_an_explanation_names_the_generation_that_decides(self):
        studio, worker = self.start(jobs("llm", 1))
        studio.wait_settled(1)
        self.stop(worker)
        worker = self.worker()
        worker.wait_line(r"policy g1 \(\w+\) active")
        explained = json.loads(self.control("policy", "explain", "--last", "--json")[1])
        self.assertEqual((explained["policy"]["generation"], explained["policy"]["in_force"]), (1, True))
        self.assertRegex(explained["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertRegex(self.control("policy", "explain", "--last")[1], r"policy g1 \(\w{8}\), in force\n")
        offer = self.folder / "offer.json"
        offer.write_text(json.dumps(a_claim("harbour-tales")))
        self.assertRegex(self.control("policy", "explain", offer)[1], r"-> accepted")
        self.assertEqual(self.control("pause", "--for", "2h")[0], 0)
        self.assertRegex(self.control("policy", "explain", offer)[1],
                         r"DECLINE +pause +worker paused by operator for another 1h 59m")
        self.assertEqual(self.control("resume")[0], 0)
        self.stop(worker)
        self.assertRegex(self.control("policy", "explain", "--last")[1], r"policy g1 \(\w{8}\)\n")
        self.save("false")
        self.assertRegex(self.control("policy", "explain", "--last")[1], r"policy \(\w{8}\), never in force\n")
        studio.finish()
        self.assert_clean(studio)
