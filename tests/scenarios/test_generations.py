"""policy history and rollback when a kept generation is damaged, or came from another folder."""

import json

from harness import Scenario


class Generations(Scenario):
    def setUp(self):
        super().setUp()
        # Nobody listens there: the policy is in force before the studio is reached.
        self.write_config("http://127.0.0.1:1")

    def save(self, reason, name="policies"):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "a.lua").write_text("local worker = require 'worker'\n"
                                      f"worker.game '*' {{ accept = false, reason = '{reason}' }}\n")
        return folder

    def start(self, folder, generation):
        worker = self.worker("--policy", folder)
        worker.wait_line(rf"policy g{generation} \([0-9a-f]{{8}}\) active")
        return worker

    def two_generations(self):
        folder = self.save("one")
        worker = self.start(folder, 1)
        self.save("two")
        worker.wait_line(r"policy g2 \(\w+\) active$")
        self.stop(worker)
        return folder

    def damage(self, generation):
        (self.state / "policy" / "generations" / str(generation) / "a.lua").write_text("-- not what was kept\n")

    def rows(self, *words):
        """Of each generation what `policy history` says, and whether it is marked."""
        code, out, err = self.control("policy", "history", *words)
        self.assertEqual(code, 0, err)
        rows = [line.split("  ") for line in out.splitlines()]
        return [[part.strip() for part in row if part.strip()][-2] for row in rows], \
            [line.startswith("*") for line in out.splitlines()], err

    def test_each_line_says_how_the_generation_came(self):
        folder = self.two_generations()
        worker = self.start(folder, 2)
        self.assertEqual(self.rows()[0], ["saved in the folder, in force", "found in the folder at a start"])
        self.assertEqual(self.control("policy", "rollback")[0], 0)
        self.assertEqual(self.rows()[:2], (["saved in the folder",
                                            "found in the folder at a start, in force (rolled back to it)"],
                                           [False, True]))
        self.save("one")
        worker.wait_line(r"policy g1 \(\w+\) active$")
        self.assertEqual(self.rows()[0], ["saved in the folder", "found in the folder at a start, in force"])
        self.stop(worker)
        self.assertEqual(self.rows()[0][1],
                         "found in the folder at a start, the next worker starts with it")

    def test_a_damaged_one_is_named_and_the_one_that_decides_is_marked(self):
        folder = self.two_generations()
        self.damage(2)
        texts, marked, err = self.rows("--policy", folder)
        self.assertEqual((texts[0], marked), ("saved in the folder, damaged", [False, False]))
        self.assertIn("warning: generation 2 is damaged", err)
        (folder / "a.lua").write_text("local x =\n")
        worker = self.start(folder, 1)
        texts, marked, _ = self.rows()
        self.assertEqual(texts, ["saved in the folder, damaged", "found in the folder at a start, in force"])
        self.assertEqual(marked, [False, True])
        self.stop(worker)

    def test_what_came_from_another_folder_is_named_and_not_gone_back_to(self):
        first = self.two_generations()
        other = self.folder / "other"
        other.mkdir()
        (other / "a.lua").write_text("local x =\n")
        worker = self.worker("--policy", other)
        worker.wait_line("no policy could be loaded")
        texts, marked, _ = self.rows("--policy", other)
        self.assertEqual(texts, [f"saved in the folder, of {first}", f"found in the folder at a start, of {first}"])
        self.assertEqual(marked, [False, False])
        self.save("other", "other")
        worker.wait_line(r"policy g3 \(\w+\) active$")
        for words in ((), ("--policy", other)):
            code, out, err = self.control("policy", "rollback", "1", *words)
            self.assertEqual((code, out), (1, ""))
            self.assertIn(f"generation 1 is of another policy: it came from {first}, and the policy here is {other}; "
                          f"to have it back, run the worker with --policy {first}, or copy its files from", err)
            if worker.child.poll() is None:
                self.stop(worker)
        report = json.loads(self.control("policy", "history", "--json", "--policy", other)[1])
        self.assertEqual([(one["generation"], one["source"], one["active"], one["damaged"])
                          for one in report["generations"]],
                         [(3, str(other), True, False), (2, str(first), False, False), (1, str(first), False, False)])
        self.assertFalse(report["running"])

    def test_without_a_worker_and_a_policy_a_rollback_names_the_last_one(self):
        code, out, err = self.control("policy", "rollback")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("no worker has run with a policy yet", err)
        folder = self.two_generations()
        code, out, err = self.control("policy", "rollback", "--policy", self.folder / "elsewhere")
        self.assertEqual(code, 1)
        self.assertIn(f"the last worker ran with the policy {folder} and not with {self.folder}/elsewhere", err)
        code, out, err = self.control("policy", "rollback")
        self.assertEqual(code, 0, err)
        self.assertIn(f"the next one with --policy {folder} starts with generation 1, until", out)
        self.stop(self.start(folder, 1))
