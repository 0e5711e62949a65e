"""From a fresh install to credentials, and back."""

import stat
import tomllib
import unittest

from harness import Scenario, jobs


class Registration(Scenario):
    def start(self, *flags):
        studio = self.studio(jobs("llm", 1), *flags, credentials=False)
        self.write_config(studio.url, credentials=False)
        return studio

    def test_approved_at_once(self):
        studio = self.start()
        worker = self.worker("--jobs", "1")
        self.assert_clean(studio)
        self.assertEqual(worker.wait(), 0, worker.output())
        saved = tomllib.loads(self.config.read_text())
        self.assertTrue(saved["worker_id"])
        self.assertTrue(saved["auth_token"])
        self.assertNotIn("registration_secret", saved)
        self.assertEqual(stat.S_IMODE(self.config.stat().st_mode), 0o600)
        self.assertNotIn(saved["auth_token"], worker.output())

    def test_approved_at_the_second_poll(self):
        studio = self.start("--register", "pending:2")
        worker = self.worker("--jobs", "1")
        worker.wait_line("pending operator approval")
        self.assert_clean(studio)
        self.assertEqual(worker.wait(), 0, worker.output())

    def test_rejected_ends_with_4_and_says_what_to_do(self):
        self.start("--register", "reject", "--stay")
        worker = self.worker()
        self.assertEqual(worker.wait(), 4, worker.output())
        worker.wait_line(r"register --reset")

    def test_reset_forgets_the_identity_and_registers_anew(self):
        studio = self.start()
        self.worker("--jobs", "1").wait()
        self.assert_clean(studio)
        before = tomllib.loads(self.config.read_text())
        code, out, err = self.command(*self.base_flags(), "register", "--reset")
        self.assertEqual(code, 0, err)
        self.assertNotIn("worker_id", tomllib.loads(self.config.read_text()))
        again = self.studio(jobs("llm", 1), credentials=False, name="again")
        code, out, err = self.command(*self.base_flags(), "register", "--api-base-url", again.url)
        self.assertEqual(code, 0, err)
        worker = self.worker("--jobs", "1")
        self.assert_clean(again)
        self.assertEqual(worker.wait(), 0, worker.output())
        self.assertNotEqual(before["install_id"], tomllib.loads(self.config.read_text())["install_id"])

    def test_a_deleted_worker_registers_again_and_keeps_the_old_credentials_aside(self):
        studio = self.studio(jobs("llm", 1), credentials=False)
        self.write_config(studio.url)
        worker = self.worker("--jobs", "1")
        worker.wait_line("revoked")
        self.assert_clean(studio)
        self.assertEqual(worker.wait(), 0, worker.output())
        aside = list(self.config.parent.glob("*.revoked"))
        self.assertEqual(len(aside), 1)
        self.assertEqual(stat.S_IMODE(aside[0].stat().st_mode), 0o600)


if __name__ == "__main__":
    unittest.main()
