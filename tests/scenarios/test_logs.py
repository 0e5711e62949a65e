"""A policy says where the worker's log records go, and no record is lost for it."""

import json
import os
import unittest

from harness import Scenario, jobs

ROUTES = """local worker = require 'worker'
worker.log_to 'none'            { about = 'heartbeat' }
worker.log_to 'console'         { level = 'debug' }
worker.log_to 'file:jobs.jsonl' { about = 'job', format = 'json', keep = '14d' }
worker.log_to 'studio'          { level = 'warn', at_most = '60/min' }
"""


class Logs(Scenario):
    def policy(self, text):
        """Saves the policy whole, as an editor does."""
        folder = self.folder / "policies"
        folder.mkdir(exist_ok=True)
        fresh = folder / ".logs.lua.new"
        fresh.write_text(text if text.startswith("local") else "local worker = require 'worker'\n" + text)
        os.replace(fresh, folder / "50-logs.lua")
        return folder

    def lines(self, name):
        path = self.state / "logs" / name
        return path.read_text().splitlines() if path.exists() else []

    def test_job_lines_go_to_a_json_file_and_heartbeats_nowhere(self):
        folder = self.policy(ROUTES)
        studio = self.studio(jobs("llm", 2) + jobs("llm", 1, game="ember-keep"))
        self.write_config(studio.url)
        worker = self.worker("--policy", folder, "--log-level", "debug")
        report = self.assert_clean(studio)
        self.stop(worker)
        records = [json.loads(line) for line in self.lines("jobs.jsonl")]
        for job in report["jobs"]:
            about = [r["message"] for r in records if r.get("job") == job["id"]]
            self.assertTrue(any(m.startswith("offer received") for m in about), about)
            self.assertIn("json result sent", about)
        self.assertTrue(all("job" in r for r in records), records)
        self.assertEqual({r["game"] for r in records if "game" in r}, {"harbour-tales", "ember-keep"})
        self.assertEqual(worker.count(r"\[heartbeat\]"), 0)
        self.assertGreater(worker.count(r"\[ws\] offer received"), 0)
        self.assertEqual((self.state / "logs" / "jobs.jsonl").stat().st_mode & 0o777, 0o600)
        # Once the policy was in force the studio got nothing below a warning.
        self.assertEqual([e for e in report["logs"] if e["level"] == "info"], [])

    def test_a_reload_moves_the_lines_and_loses_none(self):
        folder = self.policy("worker.log_to 'file:0.log' { about = 'job', stop = true }\n")
        studio = self.studio(jobs("llm", 20), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        studio.wait_settled(20)
        for generation in range(2, 6):
            studio.add_jobs({"kind": "llm", "game": "harbour-tales", "count": 80})
            self.policy(f"worker.log_to 'file:{generation}.log' {{ about = 'job', stop = true }}\n")
            worker.wait_line(rf"a policy is in force.*generation={generation}")
            studio.wait_settled(20 + 80 * (generation - 1))
        studio.finish()
        report = self.assert_clean(studio)
        self.stop(worker)
        self.assertEqual(len(report["jobs"]), 340)
        self.assertEqual(worker.count("offer received"), 0)
        text = "\n".join(path.read_text() for path in (self.state / "logs").iterdir())
        for job in report["jobs"]:
            for message in (f"offer received {job['id']} ", f"[ws] json result sent job={job['id']} "):
                self.assertEqual(text.count(message), 1, message)

    def test_a_hook_redacts_what_is_written(self):
        folder = self.policy("worker.log_to 'file:all.log' {}\n"
                             "worker.log_to 'studio' {}\n"
                             "worker.on('log', function(record)\n"
                             "  if record.game == 'unannounced' then\n"
                             "    record.message, record.game, record.details = '[hidden]', '[hidden]', nil\n"
                             "  end\n"
                             "end)\n")
        studio = self.studio(jobs("llm", 2, game="unannounced") + jobs("llm", 2, game="ember-keep"))
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        report = self.assert_clean(studio)
        self.stop(worker)
        self.assertNotIn("unannounced", json.dumps(report["logs"]))
        text = "\n".join(self.lines("all.log"))
        self.assertNotIn("unannounced", text)
        self.assertNotIn("unannounced", worker.output())
        self.assertGreaterEqual(text.count("[hidden]"), 4, text)
        self.assertEqual(text.count("game=ember-keep asset"), 2, text)

    def test_a_broken_hook_loses_nothing_and_names_its_line(self):
        folder = self.policy("worker.log_to 'file:all.log' { about = 'job' }\n"
                             "worker.on('log', function(record) local n = record.game + 1 end)\n")
        studio = self.studio(jobs("llm", 5))
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        report = self.assert_clean(studio)
        self.stop(worker)
        for job in report["jobs"]:
            self.assertEqual(worker.count(f"offer received {job['id']} "), 1, worker.output())
        self.assertEqual(worker.count(r"a log hook failed.*50-logs\.lua:3"), 1, worker.output())
        self.assertEqual(self.lines("all.log"), [])

    def test_a_file_that_takes_no_lines_shows_in_status_and_comes_back(self):
        (self.state / "logs" / "all.log").mkdir(parents=True)
        folder = self.policy("worker.log_to 'file:all.log' {}\n")
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        worker.wait_line("a log file takes no lines.*all.log")
        self.assertEqual(len(self.status()["log_problems"]), 1)
        self.assertIn("all.log", self.control("status")[1])
        studio.wait_settled(1)
        (self.state / "logs" / "all.log").rmdir()
        studio.add_jobs({"kind": "llm", "game": "harbour-tales", "expect": "done"})
        studio.wait_settled(2)
        worker.wait_line("a log file takes lines again.*all.log")
        self.assertNotIn("log_problems", self.status())
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)
        self.assertIn("lines were not written to this file", self.lines("all.log")[0])


if __name__ == "__main__":
    unittest.main()
