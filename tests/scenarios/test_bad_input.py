"""Wrong offers and frames: a reject or fail with the reason, a counter, and a worker that goes on."""

import json
import unittest

from harness import BUILD, Scenario, jobs

GOOD = {"jobId": "{job}", "gameId": "g", "assetName": "a", "model": "synthetic", "vramGbEstimate": 1.0,
        "task": {"kind": "llm", "messages": [{"role": "user", "content": "hi"}]},
        "modelSource": {"engine": "synthetic", "files": [],
                        "cliDefaults": {"cfgScale": 1.0, "steps": 1, "width": 1, "height": 1}}}


def claim(**changes):
    value = json.loads(json.dumps(GOOD))
    for path, new in changes.items():
        where = value
        *parents, last = path.split("__")
        for parent in parents:
            where = where[parent]
        if new is None:
            where.pop(last)
        else:
            where[last] = new
    return json.dumps(value)


class BadOffers(Scenario):
    BAD = {
        "a path as file name": claim(modelSource__files=[{"role": "model", "url": "https://x.test/a",
                                                          "filename": "../a"}]),
        "an unknown kind": claim(task__kind="hologram"),
        "a task with a missing field": claim(task__messages=None),
        "a missing model": claim(model=None),
        "a negative estimate": claim(vramGbEstimate=-1),
        "an estimate that overflows": claim().replace('"vramGbEstimate": 1.0', '"vramGbEstimate": 1e400'),
        "a wrong type": claim(gameId=7),
        "a duplicate key": claim().replace('"gameId": "g"', '"gameId": "g", "gameId": "h"'),
    }

    def test_each_is_rejected_with_its_reason_and_the_next_job_runs(self):
        scenario = "".join(jobs("llm", 1, raw_claim=raw, expect="declined") for raw in self.BAD.values())
        studio = self.studio(scenario + jobs("llm", 1))
        self.write_config(studio.url)
        worker = self.worker()
        report = self.assert_clean(studio)
        for job in report["jobs"][:-1]:
            self.assertTrue(job["reason"], job)
        self.assertEqual(report["jobs"][-1]["outcome"], "done")
        self.assertGreaterEqual(self.status()["connection"]["unreadable_offers"], len(self.BAD))
        self.stop(worker)

    def test_an_engine_that_is_not_here_is_declined_for_good(self):
        studio = self.studio(jobs("llm", 1, raw_claim=claim(modelSource__engine="torch"), expect="declined"))
        self.write_config(studio.url)
        self.worker()
        report = self.assert_clean(studio)
        self.assertIn("torch", report["jobs"][0]["reason"])
        self.assertFalse(report["jobs"][0].get("code"))

    def test_large_prompts(self):
        studio = self.studio(jobs("llm", 2, prompt_bytes=1_000_000) + jobs("image", 2, prompt_bytes=1_000_000))
        self.write_config(studio.url)
        self.worker()
        self.assert_delivered_once(self.assert_clean(studio))

    def test_more_memory_than_the_bound_never_fits(self):
        studio = self.studio(jobs("llm", 1, raw_claim=claim(vramGbEstimate=80.0), expect="declined"))
        self.write_config(studio.url)
        self.worker()
        report = self.assert_clean(studio)
        self.assertIn("80.00 GiB", report["jobs"][0]["reason"])


@unittest.skipIf(BUILD.name == "tsan", "to parse such a frame takes longer there than a heartbeat may")
class LargeFrames(Scenario):
    def test_a_frame_at_the_message_limit_is_no_reason_to_leave(self):
        studio = self.studio(jobs("llm", 1, prompt_bytes=60_000_000, expect="any") + jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker()
        studio.wait_settled(1, limit=120)
        self.assertEqual(studio.live_report()["violations"], [])
        self.stop(worker)


if __name__ == "__main__":
    unittest.main()
