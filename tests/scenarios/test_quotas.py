"""Quotas: what a game may have of this worker, over kills, restarts and changed policies."""

import datetime
import os
import signal
import unittest

from harness import CREDENTIALS, ENGINES, FAKES, Scenario, jobs

# One soft decline settles a job: the studio would else offer it again and again.
STUDIO = "[studio]\nmax_soft_declines = 1\n" + CREDENTIALS
USED_UP = 'quota of 2 jobs per "day" used up'


def zone_at_noon():
    """No day ends while the test runs."""
    behind = datetime.datetime.now(datetime.timezone.utc).hour - 12
    return "UTC" if behind == 0 else f"Etc/GMT{behind:+d}"


class Quotas(Scenario):
    def policy(self, quota, comment=""):
        folder = self.folder / "policies"
        folder.mkdir(exist_ok=True)
        fresh = folder / ".20-games.lua.new"
        fresh.write_text("local worker = require 'worker'\n"
                         f"worker.zone '{zone_at_noon()}'\n"
                         f"worker.game 'harbour-tales' {{ quota = {{ jobs = {quota}, per = 'day' }} }}\n"
                         "worker.game '*' {}\n"
                         "worker.on('offer', function(offer)\n"
                         "  local used = worker.used { game = 'harbour-*', per = 'day' }\n"
                         "  if offer.game == 'ask' then return worker.decline('harbour had ' .. used.jobs) end\n"
                         f"end) -- {comment}\n")
        os.replace(fresh, folder / "20-games.lua")
        return folder

    def offer(self, studio, game="harbour-tales"):
        """One more job of the game; how it ended, from the studio's report."""
        count = len(studio.live_report()["jobs"])
        studio.add_jobs({"kind": "llm", "game": game, "expect": "any"})
        studio.wait_settled(count + 1)
        return studio.live_report()["jobs"][-1]

    def assert_used_up(self, job):
        self.assertEqual((job["outcome"], job["code"], job["reason"]), ("declined", "paused", USED_UP))

    def test_a_quota_holds_over_a_kill_and_a_changed_policy(self):
        folder = self.policy(2)
        studio = self.studio(STUDIO + jobs("llm", 2), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        studio.wait_settled(2)
        self.assert_used_up(self.offer(studio))
        worker.wait_line(r"\[policy\] declined .*rule=20-games\.lua:3")
        self.assertEqual(self.offer(studio, "ember-keep")["outcome"], "done")

        worker.signal(signal.SIGKILL)
        worker.wait()
        worker = self.worker("--policy", folder)
        self.assert_used_up(self.offer(studio))

        self.policy(2, "changed")
        worker.wait_line(r"policy.*generation=2")
        self.assert_used_up(self.offer(studio))
        self.assertEqual(self.offer(studio, "ask")["reason"], "harbour had 2")

        self.policy(3)
        worker.wait_line(r"policy.*generation=3")
        self.assertEqual(self.offer(studio)["outcome"], "done")
        self.assertEqual(self.offer(studio)["reason"], USED_UP.replace("2", "3"))
        self.assertEqual(self.offer(studio, "ask")["reason"], "harbour had 3")
        studio.finish()
        report = self.assert_clean(studio)
        self.assertEqual([job["outcome"] for job in report["jobs"]].count("done"), 4)
        self.stop(worker)

    def test_a_job_that_a_kill_cut_short_counts_once(self):
        folder = self.policy(2)
        studio = self.studio(STUDIO + jobs("llm", 1, engine="sd-cpp", model="sd-cpp:x", prompt="slow:1"), "--stay")
        self.write_config(studio.url)
        engines = (ENGINES, FAKES)
        worker = self.worker("--policy", folder, engines=engines)
        worker.wait_line(r"\[policy\] accepted")
        worker.signal(signal.SIGKILL)
        worker.wait()
        worker = self.worker("--policy", folder, engines=engines)
        studio.wait_settled(1)
        self.assertEqual(worker.count(r"\[policy\] accepted"), 1, worker.output())
        self.assertEqual(self.offer(studio, "ask")["reason"], "harbour had 1")
        self.stop(worker)


if __name__ == "__main__":
    unittest.main()
