"""A policy's own tests: run by hand, and before a save comes into force."""

import json
import pathlib
import shutil
import unittest

from harness import Scenario, jobs

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "policies"

CLOSED = """local worker = require 'worker'
worker.game '*' { accept = false, reason = 'closed' }
"""
OPEN = """local worker = require 'worker'
worker.game '*' {}
"""
STAYS_CLOSED = """test('we stay closed', function(t)
  t:declines({ game = 'ember-keep' }, 'closed')
end)
"""


class PolicyTests(Scenario):
    def folder_with(self, **files):
        folder = self.folder / "policies"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.lua").write_text(text)
        return folder

    def test_the_shipped_policies_hold_and_are_covered(self):
        folder = self.folder / "shipped"
        shutil.copytree(SHIPPED, folder)
        code, out, err = self.control("policy", "test", "--min", "100", "--policy", folder)
        self.assertEqual(code, 0, out + err)
        self.assertIn("  ok      a night does not reset its quota at midnight ", out)
        self.assertRegex(out, r"\n\d+ tests, all hold, in [\d.]+ ms\n")
        self.assertRegex(out, r"coverage: 100 % of \d+ rules, 100 % of \d+ lines in functions\n$")
        code, out, err = self.control("policy", "test", "--json", "--coverage", "--policy", folder)
        report = json.loads(out)
        self.assertTrue(report["ok"])
        self.assertEqual({test["file"] for test in report["tests"]},
                         {path.name for path in SHIPPED.glob("*_test.lua")})
        self.assertEqual(report["coverage"]["rules_percent"], 100)
        self.assertLess(report["ms"], 2000)

    def test_a_failing_test_shows_its_place_its_reason_and_the_trace(self):
        folder = self.folder_with(a=OPEN, a_test=STAYS_CLOSED)
        code, out, err = self.control("policy", "test", "--policy", folder)
        self.assertEqual(code, 1, err)
        self.assertIn("  FAILED  we stay closed", out)
        self.assertIn('a_test.lua:2: expected a decline with "closed": accepted (a.lua:2)\n', out)
        self.assertRegex(out, r'pass +a\.lua:2 +game entry "\*"\n')
        self.assertIn("1 test, 1 failed, in ", out)
        code, out, err = self.control("policy", "check", "--policy", folder)
        self.assertEqual(code, 1)
        self.assertIn("error: a_test.lua:2: expected a decline", err)
        code, out, err = self.control("policy", "check", "--json", "--policy", folder)
        self.assertEqual(json.loads(out)["failed_tests"], 1)

    def test_what_no_test_reaches_is_listed_and_may_be_too_much(self):
        folder = self.folder_with(a=OPEN + "worker.game 'never' {}\n", a_test="test('it', function(t) t:accepts {} end)")
        code, out, err = self.control("policy", "test", "--coverage", "--policy", folder)
        self.assertEqual(code, 0, err)
        self.assertIn("coverage: 50 % of 2 rules", out)
        self.assertIn("a.lua:3  game 'never' never had a say\n", out)
        code, out, err = self.control("policy", "test", "--min", "90", "--policy", folder)
        self.assertEqual(code, 1)
        self.assertIn("the coverage is below 90 %", err)

    def test_a_policy_without_tests_says_how_to_write_one(self):
        code, out, _ = self.control("policy", "test", "--policy", self.folder_with(a=OPEN))
        self.assertEqual(code, 1)
        self.assertIn("this policy has no tests; write the first one", out)

    def test_a_save_whose_test_fails_is_refused_and_a_mended_test_tries_it_again(self):
        folder = self.folder_with(a=CLOSED, a_test=STAYS_CLOSED)
        studio = self.studio(jobs("llm", 1, expect="declined"), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        worker.wait_line(r"policy g1 \([0-9a-f]{8}\) active$")
        studio.wait_settled(1)
        self.folder_with(a=OPEN)
        worker.wait_line(r"active, g2 rejected: a_test\.lua:2: expected a decline with .*closed.*: accepted")
        self.assertIn("a_test.lua:2", self.status()["policy"]["error"])
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "declined"})
        studio.wait_settled(2)
        self.folder_with(a_test="test('we are open', function(t) t:accepts {} end)\n")
        worker.wait_line(r"policy g2 \([0-9a-f]{8}\) active$")
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "done"})
        studio.wait_settled(3)
        self.stop(worker)

        self.folder_with(a=CLOSED)
        worker = self.worker("--policy", folder)
        worker.wait_line(r"policy g2 \([0-9a-f]{8}\) active, g3 rejected: a_test\.lua:1: expected an accept")
        self.assertFalse(self.status()["policy"]["safe_mode"])
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)

    def test_tests_that_never_end_refuse_the_save_and_hold_nobody_up(self):
        folder = self.folder_with(a=CLOSED)
        studio = self.studio(jobs("llm", 1, expect="declined"), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        studio.wait_settled(1)
        self.folder_with(a_test="test('loop', function() while true do end end)\n")
        worker.wait_line(r"rejected: a_test\.lua:1: used up its instructions")
        self.folder_with(a_test="test('bomb', function() local t = {} for i = 1, 1e9 do t[i] = {} end end)\n")
        worker.wait_line(r"rejected: a_test\.lua:1: used up its memory")
        slow = "worker.on('pause', function() for _ = 1, 60000 do end end)\n"
        self.folder_with(a=CLOSED + slow, a_test="".join(
            f"test('{n}', function(t) for _ = 1, 1000 do t:user '1m' end end)\n" for n in range(100)))
        worker.wait_line(r"rejected: a_test\.lua:\d+: ran longer than its time limit")
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "declined"})
        studio.wait_settled(2)
        self.assertEqual(self.status()["policy"]["generation"], 1)
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)


if __name__ == "__main__":
    unittest.main()
