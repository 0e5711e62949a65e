"""What an operator hears of a policy before and when it comes into force, and what an editor is told of the language."""

import json
import pathlib
import re

from harness import Scenario, jobs

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "policies"
NEVER = """local worker = require 'worker'
worker.game '*' { accept = false, reason = 'not today' }
worker.game 'tide-*' {}
"""
STUBS = ("worker.d.lua", ".luarc.json")


class PolicyWarnings(Scenario):
    def save(self, text):
        folder = self.folder / "policies"
        folder.mkdir(exist_ok=True)
        (folder / "20-games.lua").write_text(text)
        return folder

    def test_check_names_what_can_never_work_and_says_that_nothing_is_accepted(self):
        folder = self.save(NEVER)
        code, out, err = self.control("policy", "check", "--policy", folder)
        self.assertEqual(code, 0, err)
        self.assertIn("the policy is valid, and never accepts a job", out)
        self.assertIn("warning: 20-games.lua:3: worker.game \"tide-*\" never applies: \"*\" at 20-games.lua:2", err)
        code, out, err = self.control("policy", "check", "--policy", folder, "--json")
        self.assertEqual(code, 0, err)
        report = json.loads(out)
        self.assertTrue(report["ok"])
        self.assertTrue(report["never_accepts"])
        self.assertEqual([line.split(": ")[0] for line in report["warnings"]], ["20-games.lua:2", "20-games.lua:3"])

    def test_a_policy_without_such_parts_has_no_warnings(self):
        folder = self.save("local worker = require 'worker'\nworker.game '*' {}\n")
        code, out, err = self.control("policy", "check", "--policy", folder, "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out)["warnings"], [])
        self.assertFalse(json.loads(out)["never_accepts"])

    def test_check_counts_windows_dates_and_functions_apart(self):
        folder = self.save("local worker = require 'worker'\nworker.window 'night' { from = '22:00', to = '07:00' }\n"
                           "worker.dates 'fair' { '2026-12-24' }\n"
                           "worker.accept_during { 'night', except = 'fair' }\n"
                           "worker.on('offer', function() end)\n")
        code, out, err = self.control("policy", "check", "--policy", folder)
        self.assertEqual(code, 0, err)
        self.assertIn("claims  in the named windows (1 declared)", out)
        self.assertIn("rules   0 for games, 1 hook\n", out)
        code, out, err = self.control("policy", "check", "--policy", folder, "--json")
        self.assertEqual((json.loads(out)["windows"], json.loads(out)["dates"]), (1, 1), err)

    def test_a_size_of_the_command_line_needs_its_unit(self):
        folder = self.save("local worker = require 'worker'\n")
        code, _, err = self.control("policy", "simulate", "--policy", folder, "--vram", "20")
        self.assertEqual((code, err), (2, "error: --vram \"20\": a unit is missing: write it like '12GiB'\n"))

    def test_the_worker_says_it_once_when_the_policy_comes_into_force(self):
        folder = self.save(NEVER)
        studio = self.studio(jobs("llm", 1, expect="declined"), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        worker.wait_line(r"warning \[policy\] the policy in force never accepts a job rule=20-games\.lua:2")
        worker.wait_line(r"a part of the policy in force can never work rule=20-games\.lua:3")
        studio.wait_settled(1)
        studio.finish()
        self.assert_clean(studio)
        self.assertEqual(worker.count(r"can never work"), 1)
        self.stop(worker)


class PolicyErrors(Scenario):
    def test_each_text_is_escaped_once(self):
        folder = self.folder / "policies"
        folder.mkdir()
        (folder / "a.lua").write_text("night = 'ü'\n")
        (folder / "b.lua").write_text("error('say \"ü\" \\\\')\n")
        studio = self.studio(jobs("llm", 1, expect="declined"), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        first = "a.lua:1: globals cannot be set (write 'local' in front): 'night'"
        worker.wait_line(re.escape(f'error="{first}\\x0ab.lua:1: say \\"ü\\" \\\\"'))
        worker.wait_line(re.escape(f"nothing is claimed: {first}") + "$")
        status = self.control("status", "--json")[1]
        self.assertEqual(json.loads(status)["policy"]["error"], first + '\nb.lua:1: say "ü" \\')
        self.assertIn(first + " (and 1 more: studio-worker policy check)\n", self.control("status")[1])
        self.stop(worker)


class PolicyCommandsThatFail(Scenario):
    def test_each_says_why_as_json_too(self):
        broken = self.folder / "broken"
        broken.mkdir()
        (broken / "a.lua").write_text("worker = 1\n")
        (broken / "b.lua").write_text("night = 1\n")
        wrong = self.folder / "offer.json"
        wrong.write_text("{}")
        for words, code in ((("describe", "--policy", broken), 1), (("why", "--policy", broken), 1),
                            (("simulate", "--policy", SHIPPED, "--vram", "20"), 2),
                            (("explain", "--policy", SHIPPED, wrong), 1), (("rollback",), 1), (("shadow",), 3),
                            (("stubs", self.folder / "nowhere"), 1), (("test", "--policy", broken / "no"), 1),
                            (("explain", "--last", "--id", "7"), 2), ((), 2)):
            plain = self.control("policy", *words)
            self.assertEqual(plain[:2], (code, ""), words)
            self.assertTrue(plain[2].startswith("error: "), plain[2])
            ended, out, err = self.control("policy", *words, "--json")
            self.assertEqual((ended, err), (code, plain[2]), words)
            self.assertEqual(list(json.loads(out)), ["error"])
            self.assertIn(json.loads(out)["error"].splitlines()[0], err)


class Card(Scenario):
    """policies/README.md, taken at its word."""

    def test_the_offer_of_the_card_is_one(self):
        card = (SHIPPED / "README.md").read_text()
        offer = self.folder / "offer.json"
        offer.write_text(card[card.index("\n    {\n"):card.index("\n    }\n") + 7])
        code, out, err = self.control("policy", "explain", "--policy", SHIPPED, offer)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("offer 8f3c  ember-keep / image", out)

    def test_the_tuesday_of_the_card_is_what_describe_says_back(self):
        card = (SHIPPED / "README.md").read_text()
        start = card.index("    worker.window 'tuesday afternoon'")
        written = card[start:card.index("\n\n", start)]
        folder = self.folder / "policies"
        folder.mkdir()
        (folder / "a.lua").write_text(f"local worker = require 'worker'\nworker.zone 'Europe/Berlin'\n{written}\n")
        code, out, err = self.control("policy", "check", "--policy", folder)
        self.assertEqual((code, err), (0, ""))
        code, out, err = self.control("policy", "describe", "--policy", folder)
        self.assertIn('"Maya on Tuesday" pauses while maya* runs during "tuesday afternoon" (tue 12:00-18:00): '
                      "no new job, the running one goes on", out, err)
        code, out, err = self.control("policy", "simulate", "--policy", folder, "--week", "2026-03-18", "--app",
                                      "maya.bin@mon-sun 14-20", "--json")
        self.assertEqual(json.loads(out)["paused"], [["2026-03-17T13:00:00Z", "2026-03-17T17:00:00Z",
                                                      "Maya on Tuesday", "a.lua:4"]], err)


class PolicyStubs(Scenario):
    def stubs(self, *words):
        return self.control("policy", "stubs", *words)

    def test_the_files_are_those_that_are_shipped_and_are_written_once(self):
        folder = self.folder / "policies"
        folder.mkdir()
        (folder / "a.lua").write_text("local worker = require 'worker'\nworker.game '*' {}\n")
        code, out, err = self.stubs("--policy", folder)
        self.assertEqual(code, 0, err)
        for name in STUBS:
            self.assertRegex(out, f"written +{folder / name}")
            self.assertEqual((folder / name).read_bytes(), (SHIPPED / name).read_bytes())
        code, out, err = self.stubs(folder, "--json")
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["files"],
                         [{"file": str(folder / name), "state": "unchanged"} for name in STUBS])
        code, out, err = self.control("policy", "check", "--policy", folder, "--json")
        self.assertEqual(json.loads(out)["files"], ["a.lua"], err)

    def test_an_older_file_of_its_own_is_replaced_and_no_other(self):
        folder = self.folder / "mine"
        folder.mkdir()
        own = (SHIPPED / STUBS[0]).read_text() + "-- of an older version\n"
        (folder / STUBS[0]).write_text(own)
        (folder / STUBS[1]).write_text('{ "runtime.version": "Lua 5.4" }\n')
        code, out, err = self.stubs(folder)
        self.assertEqual((code, out), (1, ""))
        self.assertIn(".luarc.json was not written by this command, so it stays", err)
        self.assertEqual((folder / STUBS[0]).read_text(), own)
        (folder / STUBS[1]).unlink()
        code, out, err = self.stubs(folder)
        self.assertEqual(code, 0, err)
        self.assertEqual((folder / STUBS[0]).read_bytes(), (SHIPPED / STUBS[0]).read_bytes())

    def test_a_folder_that_is_not_there_is_not_made(self):
        code, _, err = self.stubs(self.folder / "nowhere")
        self.assertEqual(code, 1)
        self.assertIn("there is no folder", err)
        self.assertIn("policy stubs DIR", err)
