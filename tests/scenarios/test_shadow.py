"""policy shadow: another policy is tried beside the one of a running worker, and put in its place."""

import json
import time

from harness import LIMIT, Scenario, jobs


class Shadow(Scenario):
    def write_policy(self, name, text):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "a.lua").write_text("local worker = require 'worker'\n" + text)
        return folder

    def setUp(self):
        super().setUp()
        self.policies = self.write_policy("policies", "worker.game '*' {}\n")
        self.edited = self.write_policy("edited", "worker.game 'ember-*' { accept = false, reason = 'not here' }\n"
                                                  "worker.game '*' {}\n")

    def shadow(self, *words):
        code, out, err = self.control("policy", "shadow", *words)
        self.assertEqual(code, 0, err)
        return out

    def wait_tally(self, offers):
        """It decides a moment after the policy in force."""
        end = time.monotonic() + LIMIT
        while json.loads(self.shadow("--json"))["tally"]["offers"] < offers:
            self.assertLess(time.monotonic(), end, "the shadow did not decide")

    def start(self):
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url, f'policy = "{self.policies}"\n')
        worker = self.worker()
        studio.wait_settled(1)
        return studio, worker

    def test_it_counts_beside_the_policy_and_is_promoted_in_its_place(self):
        studio, worker = self.start()
        self.assertIn("no policy is tried; begin with", self.shadow())
        self.assertIn("decides beside the policy in force", self.shadow(str(self.edited)))
        studio.add_jobs({"kind": "llm", "game": "ember-keep"})
        studio.wait_settled(2)
        self.wait_tally(1)
        text = self.shadow()
        self.assertIn(f"{self.edited} beside the policy in force, since ", text)
        self.assertIn("1 offer: 0 same, 0 now accepted, 1 now refused", text)
        self.assertIn("1 now refused  a.lua:2 -> a.lua:2", text)
        self.assertIn('  now  declined "not here"', text)
        self.assertIn(f"beside it {self.edited} is tried", self.control("status")[1])
        code, out, _ = self.control("policy", "promote")
        self.assertEqual(code, 0)
        self.assertIn("is in force until the policy folder changes: copy", out)
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "declined"})
        studio.wait_settled(3)
        self.assertIn("from the shadow until the policy folder changes", self.control("status")[1])
        self.stop(worker)
        studio.finish()
        self.assert_clean(studio)

    def test_what_is_wrong_is_said(self):
        _studio, worker = self.start()
        broken = self.write_policy("broken", "worker.gam 'x' {}\n")
        code, _, err = self.control("policy", "shadow", str(broken))
        self.assertEqual(code, 1)
        self.assertIn("a.lua:2: unknown name 'gam', did you mean 'game'?", err)
        code, _, err = self.control("policy", "shadow", "--stop")
        self.assertEqual((code, "no shadow runs" in err), (1, True))
        code, _, err = self.control("policy", "shadow", "--stop", str(broken))
        self.assertEqual((code, "names no policy" in err), (2, True))
        code, _, err = self.control("policy", "promote", "--shadow")
        self.assertEqual((code, "no shadow runs" in err), (1, True))
        self.assertEqual(json.loads(self.shadow("--json")), None)
        self.shadow(str(self.edited))
        self.assertIn("has ended", self.shadow("--stop"))
        self.stop(worker)
        code, _, err = self.control("policy", "shadow", str(self.edited))
        self.assertEqual((code, "start it with: studio-worker run" in err), (3, True))
