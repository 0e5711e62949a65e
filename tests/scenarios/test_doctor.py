"""`doctor`: what keeps a worker from serving, each with what to do about it."""

import json
import shutil
import subprocess
import unittest

from harness import ENGINES, LIMIT, WORKER, Scenario
from test_state import without_override

NOBODY = "http://127.0.0.1:9"  # the discard port: nobody listens


class Doctor(Scenario):
    def examine(self, *flags, engines=(ENGINES,), wrap=(), program=WORKER):
        """The exit code, and the checks by subject."""
        argv = [*wrap, program, *self.base_flags(), "doctor", *self.run_flags(engines), *flags, "--json"]
        done = subprocess.run([str(a) for a in argv], env=self.environment(), cwd=self.folder, capture_output=True,
                              text=True, timeout=LIMIT)
        report = json.loads(done.stdout)
        self.assertEqual(report["ok"], done.returncode == 0, done.stdout)
        return done.returncode, {check["subject"]: check for check in report["checks"]}

    def assert_finding(self, check, verdict, says, next_step):
        self.assertEqual(check["verdict"], verdict, check)
        self.assertRegex(check["says"], says)
        self.assertRegex(check["next"], next_step)

    def test_a_worker_that_serves_has_nothing_to_mend(self):
        studio = self.studio("", "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        worker.wait_line("server welcomed")
        code, checks = self.examine()
        self.assertEqual((code, {check["verdict"] for check in checks.values()}), (0, {"ok"}), checks)
        self.assertEqual(list(checks), ["configuration", "identity", "state folder", "programs", "engines", "cards",
                                        "studio", "worker"])
        code, out, err = self.command(*self.base_flags(), "doctor", *self.run_flags())
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"(?m)^ok +worker +runs, connected as w-1$")
        self.control("pause")
        code, checks = self.examine()
        self.assertEqual(code, 0)
        self.assert_finding(checks["worker"], "warn", "claims no jobs", "studio-worker status")
        self.stop(worker)
        studio.finish()
        self.assert_clean(studio)

    def test_a_fresh_machine_is_told_the_next_steps(self):
        self.write_config(NOBODY, credentials=False, extra='policy = "gone"\n')
        code, checks = self.examine(engines=())
        self.assertEqual(code, 1)
        self.assert_finding(checks["configuration"], "warn", "policy: .*/gone does not exist", "studio-worker config check")
        self.assert_finding(checks["identity"], "warn", "not registered", "studio-worker run registers")
        self.assert_finding(checks["studio"], "FAIL", f"no answer: GET {NOBODY}/: .*onnect", "check api_base_url")
        self.assert_finding(checks["worker"], "warn", "none runs", "^studio-worker run$")
        self.assertFalse(self.state.exists(), "it looks, and leaves nothing")

    def test_a_program_that_was_copied_alone_misses_the_others(self):
        self.write_config(NOBODY)
        alone = shutil.copy(WORKER, self.folder)
        _, checks = self.examine(program=alone)
        self.assert_finding(checks["programs"], "FAIL",
                            f"^studio-policy-host and studio-transfer cannot be started from {self.folder}$",
                            "^install the whole package there$")

    def test_an_engine_without_its_program_is_named(self):
        self.write_config(NOBODY)
        folder = self.folder / "engines" / "lost"
        folder.mkdir(parents=True)
        (folder / "engine.toml").write_text(
            'name = "lost"\ncommand = ["lost-engine"]\nprotocol = 1\nserves = ["lost"]\nkinds = ["llm"]\n')
        code, checks = self.examine(engines=(self.folder / "engines",))
        self.assertEqual(code, 1)
        self.assert_finding(checks["engines"], "FAIL", "lost cannot be started: there is no program lost-engine",
                            r"correct `command` in .*/lost/engine\.toml")

    def test_U11_a_state_folder_that_cannot_be_written_is_named(self):
        self.write_config(NOBODY)
        (self.state / "jobs").mkdir(parents=True)
        for folder in (self.state, self.state / "jobs"):
            with self.subTest(folder=folder):
                folder.chmod(0o500)
                code, checks = self.examine(wrap=without_override())
                folder.chmod(0o700)
                self.assertEqual(code, 1)
                self.assert_finding(checks["state folder"], "FAIL", f"{folder} cannot be written: Permission denied",
                                    "--state")

    def test_a_configuration_that_cannot_be_read_is_the_finding(self):
        self.write_config(NOBODY, extra="max_jobs = 0\n")
        code, checks = self.examine()
        self.assertEqual(code, 1)
        self.assert_finding(checks["configuration"], "FAIL", r"config\.toml:\d+:\d+.*max_jobs", "correct .*config.toml")


if __name__ == "__main__":
    unittest.main()
