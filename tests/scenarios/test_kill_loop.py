"""The worker is killed again and again at random moments; the studio gets every result exactly once all the same.

STUDIO_KILLS sets how many kills (scripts/check --long makes 1,000 of them), STUDIO_SEED repeats a run's choices.
"""

import os
import random
import signal
import time
import unittest

from harness import STUDIO_TABLE, Scenario, jobs

KILLS = int(os.environ.get("STUDIO_KILLS", "30"))
SEED = int(os.environ.get("STUDIO_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)

KINDS = ("image", "llm", "audio_tts", "mesh")
# A line of the worker that says where in a job's life it is; None: any moment since its start.
MOMENTS = (r"\[policy\] accepted", r"dispatched in", r"binary upload ok", r"json result sent",
           r"binary upload ok \(from before", r"accepted without a second run", None, None)
AFTER_MOMENT = 0.030
AFTER_START = 0.600


class KillLoop(Scenario):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        # A worker that dies costs an attempt, and here that says nothing about the job.
        self.dev_studio = self.studio(STUDIO_TABLE + "max_attempts = 1000000\n" + jobs("llm", 1, expect="done"),
                                      "--stay")
        self.write_config(self.dev_studio.url)

    def offer_more(self, waiting):
        report = self.dev_studio.request("/dev/report")
        if len(report["jobs"]) - report["settled"] >= waiting:
            return
        self.dev_studio.add_jobs(*({"kind": self.random.choice(KINDS), "game": "harbour-tales", "expect": ["done"],
                                    "count": self.random.randint(1, 4)} for _ in range(waiting)))

    def live_until_killed(self):
        """One life of the worker; true when it lasted until the moment that was chosen."""
        worker = self.worker()
        moment = self.random.choice(MOMENTS)
        delay = self.random.uniform(0, AFTER_START if moment is None else AFTER_MOMENT)
        reached = True
        if moment is not None:
            try:
                worker.wait_line(moment, limit=1)
            except AssertionError:
                reached = False  # not every life sees every moment
        time.sleep(delay)  # the random moment itself: nothing is waited for
        self.assertIsNone(worker.child.poll(), worker.output())
        worker.signal(signal.SIGKILL)
        worker.kill()
        self.processes.remove(worker)
        return reached

    def test_U1_kills_at_random_moments_lose_and_double_nothing(self):
        print(f"{KILLS} kills, STUDIO_SEED={SEED}", flush=True)
        reached = 0
        for _ in range(KILLS):
            self.offer_more(8)
            reached += self.live_until_killed()
        last = self.worker()
        last.wait_line("connecting to")  # from here on it answers a signal
        self.dev_studio.wait_settled(len(self.dev_studio.live_report()["jobs"]), limit=300)
        self.stop(last)
        self.dev_studio.finish()
        report = self.assert_clean(self.dev_studio)
        self.assert_delivered_once(report)
        self.assertEqual({job["deliveries"] for job in report["jobs"]}, {1})
        self.assertGreaterEqual(reached, KILLS // 4, "many lives should see the moment that was chosen for them")
        print(f"{KILLS} kills, {reached} of them at the chosen moment; {len(report['jobs'])} jobs, "
              f"{report['counters'].get('delivered')} deliveries", flush=True)


if __name__ == "__main__":
    unittest.main()
