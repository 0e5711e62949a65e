"""What the operator does to a running worker: pause, drain, signals, limits, locks, mistakes."""

import json
import os
import signal
import subprocess
import unittest

from harness import FAKES, Scenario, a_claim, jobs


class Control(Scenario):
    def test_status_pause_resume_and_drain(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        studio.wait_settled(1)
        status = self.status()
        self.assertEqual(status["connection"]["state"], "connected")
        self.assertTrue(status["claiming"])

        code, _, err = self.control("pause", "--for", "2h")
        self.assertEqual(code, 0, err)
        status = self.status()
        self.assertTrue(status["paused"])
        self.assertGreater(status["paused_for_seconds"], 7000)
        studio.add_jobs({"kind": "llm", "game": "harbour-tales"})
        code, _, err = self.control("resume")
        self.assertEqual(code, 0, err)
        studio.wait_settled(2)

        code, _, err = self.control("drain", "--wait")
        self.assertEqual(code, 0, err)
        self.assertEqual(worker.wait(), 0, worker.output())
        studio.finish()
        self.assert_clean(studio)

    def test_no_worker_is_running(self):
        self.write_config("http://127.0.0.1:9")
        for verb in ("pause", "resume", "drain"):
            code, _, err = self.control(verb)
            self.assertEqual(code, 3, err)
            self.assertIn("no worker is running", err)
        code, out, err = self.control("status", "--json")
        self.assertEqual(code, 3, err)
        self.assertFalse(json.loads(out)["running"])

    def test_P10_a_second_worker_of_the_same_configuration_exits_75_and_names_the_first(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        first = self.worker()
        studio.wait_settled(1)
        second = self.worker()
        self.assertEqual(second.wait(), 75, second.output())
        second.wait_line(f"process {first.child.pid}")
        self.stop(first)
        studio.finish()
        self.assert_clean(studio)


class Ends(Scenario):
    def test_jobs_limit(self):
        studio = self.studio(jobs("llm", 5), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--jobs", "2")
        self.assertEqual(worker.wait(), 0, worker.output())
        report = studio.live_report()
        self.assertEqual(sum(1 for job in report["jobs"] if job["outcome"] == "done"), 2)

    def test_idle_exit(self):
        studio = self.studio(jobs("llm", 2), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--idle-exit", "1")
        self.assertEqual(worker.wait(), 0, worker.output())
        studio.wait_settled(2)

    def test_P1_sigterm_finishes_the_running_job(self):
        studio = self.studio(jobs("llm", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:1"), "--stay")
        self.write_config(studio.url)
        worker = self.worker(engines=[FAKES])
        worker.wait_line(r"\[policy\] accepted")
        self.stop(worker)
        studio.wait_settled(1)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))

    def test_P1_sigterm_hands_the_job_back_when_the_drain_limit_passes(self):
        studio = self.studio(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:600", expect="any"),
                             "--stay")
        self.write_config(studio.url)
        worker = self.worker("--drain-timeout", "1", engines=[FAKES])
        worker.wait_line(r"\[policy\] accepted")
        self.stop(worker)
        report = studio.live_report()
        self.assertEqual(report["violations"], [])
        self.assertEqual(report["counters"].get("in.fail"), 1, report["counters"])

    def test_P1_a_second_signal_ends_at_once(self):
        studio = self.studio(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:600", expect="any"),
                             "--stay")
        self.write_config(studio.url)
        worker = self.worker("--drain-timeout", "600", engines=[FAKES])
        worker.wait_line(r"\[policy\] accepted")
        worker.signal(signal.SIGTERM)
        worker.wait_line("finishing the running job")
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.wait(), 130, worker.output())


class Engines(Scenario):
    def test_P4_an_engine_killed_mid_job_fails_retryable_and_the_next_job_runs(self):
        studio = self.studio(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:600"), "--stay")
        self.write_config(studio.url)
        worker = self.worker(engines=[FAKES])
        worker.wait_line(r"\[policy\] accepted")
        engine = worker.wait_line(r"engine.*started.*pid=(\d+)")
        pid = int(engine.split("pid=")[1].split()[0])
        os.kill(pid, signal.SIGKILL)
        worker.wait_line("dispatch failed")
        report = studio.live_report()
        self.assertEqual(report["violations"], [])
        worker.wait_line(r"\[policy\] accepted", after=len(worker.lines) - 1 if worker.count("accepted") < 2 else 0)

    def test_engine_failures_reach_the_studio_in_words(self):
        studio = self.studio(
            jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="fail:bad_request", expect="failed",
                 unique_prompts=False)
            + jobs("llm", 1))
        self.write_config(studio.url)
        self.worker(engines=[FAKES.parent.parent / "engines", FAKES])
        report = self.assert_clean(studio)
        self.assertEqual({job["outcome"] for job in report["jobs"]}, {"failed", "done"})


class Mistakes(Scenario):
    """Wrong input, each with its exit code and one clear line."""

    def expect(self, code, pattern, *arguments, env=None):
        got, out, err = self.command(*arguments, env=env)
        self.assertEqual(got, code, out + err)
        self.assertRegex(err, pattern)
        return err

    def test_usage(self):
        self.expect(2, r"did you mean .*run", "rnu")
        self.expect(2, r"--polcy", "run", "--polcy", "x")
        self.expect(2, r"set-threshold", "set-threshold", "many")

    def test_P13_broken_configuration_exits_78_with_the_place_and_no_secret(self):
        self.config.write_text('api_base_url = "http://127.0.0.1:9"\nauth_token = "hunter2-secret\n')
        err = self.expect(78, r"config\.toml:2:\d+", *self.base_flags(), "run", *self.run_flags())
        self.assertNotIn("hunter2", err)

    def test_P13_unknown_key_is_a_warning_with_the_nearest_name(self):
        self.config.write_text('api_base_url = "http://127.0.0.1:9"\nvram_threshold_gb = 8.0\nonly_when_idel = true\n')
        code, out, err = self.command(*self.base_flags(), "config", "check")
        self.assertEqual(code, 0, err)
        self.assertIn("only_when_idle", out + err)

    def test_negative_threshold(self):
        self.write_config("http://127.0.0.1:9")
        self.expect(1, r"threshold must be >= 0", *self.base_flags(), "set-threshold", "-1")

    def test_U11_state_folder_that_cannot_be_written(self):
        self.write_config("http://127.0.0.1:9")
        blocked = self.folder / "file"
        blocked.write_text("not a folder")
        flags = ["--state", blocked / "state", "--runtime-dir", self.runtime]
        got, _, err = self.command(*self.base_flags(), "run", *flags)
        self.assertEqual(got, 71, err)
        self.assertIn(str(blocked), err)

    def test_no_home(self):
        env = self.environment()
        env.pop("HOME")
        self.expect(78, r"--config", "run", env=env)

    def test_broken_policy_claims_nothing_and_says_why(self):
        studio = self.studio(jobs("llm", 1, expect="any"), "--stay")
        self.write_config(studio.url)
        policy = self.folder / "policy.lua"
        policy.write_text("local worker = require 'worker'\nworker.gaem 'x' {}\n")
        worker = self.worker("--policy", policy)
        worker.wait_line(r"policy\.lua:2")
        worker.wait_line(r"no policy could be loaded")
        policy.write_text("local worker = require 'worker'\nworker.game '*' {}\n")
        studio.wait_settled(1)
        self.stop(worker)

    def test_policy_check_and_explain(self):
        self.write_config("http://127.0.0.1:9")
        policy = self.folder / "p.lua"
        policy.write_text("local worker = require 'worker'\nworker.game 'ember-*' { accept = false, reason = 'no' }\n"
                          "worker.game '*' {}\n")
        code, out, err = self.command(*self.base_flags(), "policy", "check", "--policy", policy)
        self.assertEqual(code, 0, err)
        claim = a_claim("ember-keep")
        offer = self.folder / "offer.json"
        offer.write_text(json.dumps(claim))
        code, out, err = self.command(*self.base_flags(), "policy", "explain", "--policy", policy, offer, "--json")
        self.assertEqual(code, 0, err)
        verdict = json.loads(out)
        self.assertFalse(verdict["accepted"])
        self.assertEqual(verdict["rule"], "p.lua:2")
        claim["gameId"], claim["modelSource"]["engine"] = "other", "sd-cpp"
        offer.write_text(json.dumps(claim))
        code, out, err = self.command(*self.base_flags(), "policy", "explain", "--policy", policy, offer, "--json")
        verdict = json.loads(out)
        self.assertEqual((code, verdict["accepted"], verdict["rule"]), (0, False, "engines"), err)
        claim["modelSource"]["engine"] = "synthetic"
        self.config.write_text(self.config.read_text().replace("vram_threshold_gb = 12.0", "vram_threshold_gb = 9.3"))
        for needed, accepted in ((9.3, True), (9.31, False)):
            offer.write_text(json.dumps({**claim, "vramGbEstimate": needed}))
            code, out, err = self.command(*self.base_flags(), "policy", "explain", "--policy", policy, offer, "--json")
            self.assertEqual(json.loads(out)["accepted"], accepted, err)
        self.assertEqual(json.loads(out)["rule"], "config.toml: vram_threshold_gb")
        self.config.write_text("auto_enabled = false\n" + self.config.read_text())
        code, out, err = self.command(*self.base_flags(), "policy", "explain", "--policy", policy, offer, "--json")
        self.assertEqual(json.loads(out)["rule"], "config.toml: auto_enabled", err)

        explain = [*self.base_flags(), "policy", "explain", "--policy", policy, offer]
        offer.write_text(json.dumps({"type": "offer", "claim": claim}))
        self.assertEqual(self.command(*explain)[0], 0)
        self.expect(2, "--at|time", *explain, "--at", "")
        del claim["gameId"]
        offer.write_text(json.dumps({"type": "offer", "claim": claim}))
        self.expect(1, r"offer\.json is no offer: .*gameId", *explain)

    def test_config_check_names_files_that_are_not_there(self):
        self.write_config("http://127.0.0.1:9", extra='policy = "/nowhere/policies"\nca_file = "/nowhere/ca.pem"\n')
        code, out, err = self.command(*self.base_flags(), "config", "check", "--json")
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["warnings"], ["policy: /nowhere/policies does not exist",
                                                       "ca_file: /nowhere/ca.pem does not exist"])

    def test_P13_a_link_to_a_configuration_that_is_gone(self):
        self.config.symlink_to("/nowhere/config.toml")
        self.expect(78, r"config\.toml", *self.base_flags(), "run", *self.run_flags())


if __name__ == "__main__":
    unittest.main()
