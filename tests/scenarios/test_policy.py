"""Policies decide, and a saved change decides the next offer."""

import json
import os
import unittest

from harness import Scenario, jobs

RULES = """local worker = require 'worker'
worker.game 'harbour-tales' {{ accept = {accept}, reason = 'not today' }}
worker.game '*' {{}}
"""


class Policies(Scenario):
    def policy(self, accept):
        folder = self.folder / "policies"
        folder.mkdir(exist_ok=True)
        path = folder / "20-games.lua"
        fresh = folder / ".20-games.lua.new"
        fresh.write_text(RULES.format(accept="true" if accept else "false"))
        os.replace(fresh, path)
        return folder

    def test_a_declined_game_names_its_rule_and_the_others_run(self):
        folder = self.policy(False)
        studio = self.studio(jobs("llm", 2, expect="declined") + jobs("llm", 2, game="ember-keep"))
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        self.assert_clean(studio)
        self.assertEqual(worker.count(r"declined .*rule=20-games\.lua:2"), 2, worker.output())
        self.stop(worker)

    def test_a_studio_hears_of_the_memory_bound_and_offers_what_fits(self):
        folder = self.folder / "policies"
        folder.mkdir()
        path = folder / "40-vram.lua"
        path.write_text("local worker = require 'worker'\nworker.vram { at_most = '1GiB' }\n")
        studio = self.studio(jobs("image", 1, vram_gb=2.0) + jobs("llm", 1, vram_gb=0.5))
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        worker.wait_line("llm dispatched in")
        self.assertEqual(self.status()["vram"]["bound_gib"], 1)
        self.assertEqual(worker.count("image dispatched in"), 0)
        path.write_text("local worker = require 'worker'\nworker.vram { at_most = '3GiB' }\n")
        self.assert_clean(studio)
        self.assertEqual(self.status()["vram"]["bound_gib"], 3)
        self.assertEqual(worker.count(r"\[policy\] declined"), 0)
        self.stop(worker)

    def test_a_saved_change_decides_the_next_offer(self):
        folder = self.policy(False)
        studio = self.studio(jobs("llm", 1, expect="declined"), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        studio.wait_settled(1)
        self.policy(True)
        worker.wait_line(r"policy.*generation=2")
        studio.add_jobs({"kind": "llm", "game": "harbour-tales", "expect": "done"})
        studio.wait_settled(2)
        (folder / "20-games.lua").write_text("worker.game(")
        worker.wait_line(r"20-games\.lua:1")
        studio.add_jobs({"kind": "llm", "game": "harbour-tales", "expect": "done"})
        studio.wait_settled(3)
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)

    def test_reload_under_load_loses_nothing(self):
        folder = self.policy(True)
        studio = self.studio(jobs("llm", 300))
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        generation = 1
        while studio.child.poll() is None and generation < 8:
            generation += 1
            self.policy(True)
            (folder / "20-games.lua").write_text(RULES.format(accept="true") + f"-- {generation}\n")
            try:
                worker.wait_line(rf"policy.*generation={generation}", limit=5)
            except AssertionError:
                break
        report = self.assert_clean(studio)
        self.assert_delivered_once(report)
        self.stop(worker)

    def test_a_hook_that_hangs_declines_its_offer_and_the_session_lives(self):
        folder = self.folder / "policies"
        folder.mkdir()
        (folder / "hang.lua").write_text("local worker = require 'worker'\n"
                                         "worker.on('offer', function(offer)\n"
                                         "  if offer.game == 'harbour-tales' then while true do end end\n"
                                         "end)\n")
        studio = self.studio("[studio]\nmax_soft_declines = 1\n" + 'worker_id = "w-1"\n'
                             'auth_token = "0123456789abcdef0123456789abcdef"\n'
                             + jobs("llm", 1, expect="declined") + jobs("llm", 2, game="ember-keep"))
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        self.assert_clean(studio)
        worker.wait_line(r"declined .*hang\.lua:\d")
        self.stop(worker)


class Generations(Scenario):
    """Every policy that was in force is kept: for a broken folder at a start, and for a change of mind."""

    def save(self, reason):
        folder = self.folder / "policies"
        folder.mkdir(exist_ok=True)
        (folder / "a.lua").write_text("local worker = require 'worker'\n"
                                      f"worker.game '*' {{ accept = false, reason = '{reason}' }}\n")
        return folder

    def policy_command(self, *words):
        return self.control("policy", *words, "--policy", self.folder / "policies")

    def kept(self):
        code, out, err = self.policy_command("history", "--json")
        self.assertEqual(code, 0, err)
        return [(one["generation"], one["reason"], one["active"], one["active_since"])
                for one in json.loads(out)["generations"]]

    def start(self, url, generation):
        self.write_config(url)
        worker = self.worker("--policy", self.folder / "policies")
        worker.wait_line(rf"policy g{generation} \([0-9a-f]{{8}}\) active")
        return worker

    def test_a_rollback_holds_over_a_restart_until_the_folder_changes(self):
        self.save("one")
        studio = self.studio(jobs("llm", 1, expect="declined"), "--stay")
        worker = self.start(studio.url, 1)
        studio.wait_settled(1)
        self.save("two")
        worker.wait_line(r"policy g2 \(\w+\) active$")
        code, out, err = self.policy_command("rollback")
        self.assertEqual(code, 0, err)
        self.assertIn("generation 1 is in force until the policy folder changes", out)
        worker.wait_line(r"policy g1 \(\w+\) active by rollback")
        self.assertEqual(self.kept(), [(2, "saved", False, ""), (1, "found at start", True, "rollback")])
        code, out, err = self.policy_command("rollback", "9")
        self.assertEqual(code, 1)
        self.assertIn("generation 9 is not kept", err)
        self.stop(worker)

        worker = self.start(studio.url, 1)
        self.assertEqual(self.status()["policy"]["since"], "rollback")
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "declined"})
        worker.wait_line(r"declined .*reason=one")
        self.save("three")
        worker.wait_line(r"policy g3 \(\w+\) active$")
        self.stop(worker)

        code, out, err = self.policy_command("rollback", "2")
        self.assertEqual(code, 0, err)
        self.assertIn("the next one starts with generation 2", out)
        worker = self.start(studio.url, 2)
        self.assertEqual(self.kept(), [(3, "saved", False, ""), (2, "saved", True, "rollback"),
                                       (1, "found at start", False, "")])
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)

    def test_a_broken_folder_at_a_start_leaves_the_last_good_one_in_force(self):
        folder = self.save("one")
        studio = self.studio(jobs("llm", 1, expect="declined"), "--stay")
        worker = self.start(studio.url, 1)
        studio.wait_settled(1)
        self.stop(worker)
        (folder / "a.lua").write_text("local worker = require 'worker'\nworker.gam '*' {}\n")
        worker = self.start(studio.url, 1)
        worker.wait_line(r"policy g1 \(\w+\) active, g2 rejected: a\.lua:2: unknown name 'gam'")
        status = self.status()["policy"]
        self.assertEqual((status["generation"], status["safe_mode"], status["rejected"]), (1, False, 2))
        self.assertIn("a.lua:2", status["error"])
        code, out, err = self.control("status")
        self.assertIn(f"generation 1 {status['hash'][:8]} (a.lua); the newest save was refused: a.lua:2", out)
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "declined"})
        worker.wait_line(r"declined .*reason=one")
        studio.finish()
        report = self.assert_clean(studio)
        self.assertTrue(any("active, g2 rejected: a.lua:2" in line["message"] for line in report["logs"]))
        self.stop(worker)

    def test_a_data_folder_that_cannot_be_written_stops_no_reload(self):
        self.save("one")
        self.state.mkdir(mode=0o700)
        (self.state / "policy").write_text("in the way")
        studio = self.studio(jobs("llm", 1, expect="declined"))
        worker = self.start(studio.url, 1)
        worker.wait_line(r"could not be kept.*Not a directory")
        self.save("two")
        worker.wait_line(r"policy g2 \(\w+\) active$")
        self.assertIn("Not a directory", self.status()["policy"]["disk_error"])
        self.assert_clean(studio)
        self.stop(worker)


class Records(Scenario):
    """What was decided is written down, and can be asked and replayed."""

    def policy_command(self, *words):
        code, out, err = self.control("policy", *words)
        self.assertEqual(code, 0, err)
        return out

    def assert_a_new_function_is_tried(self, folder):
        function = self.folder / "function"
        function.mkdir()
        (function / "a.lua").write_text((folder / "a.lua").read_text() +
                                        "worker.on('offer', function() return worker.decline 'by hand' end)\n")
        code, out, err = self.control("policy", "diff", function)
        self.assertEqual(code, 1, err)
        self.assertIn("a function of 'offer' is new", out)
        self.assertIn("tried on 4 recorded offers", out)
        self.assertIn("4 offers: 1 same, 0 now accepted, 3 now refused", out)

    def assert_check_decides_them_too(self, edited):
        out = self.policy_command("check")
        self.assertRegex(out, r"offers +the last 4 recorded offers would be decided as they were\n")
        out = self.policy_command("check", "--policy", edited)
        self.assertRegex(out, r"offers +4 of the last 4 recorded offers would be decided otherwise; "
                              rf"see studio-worker policy replay --with {edited}\n")
        failing = self.folder / "failing"
        failing.mkdir()
        (failing / "a.lua").write_text("local worker = require 'worker'\n"
                                       "worker.on('offer', function(offer) return offer.steps > 3 end)\n")
        code, out, err = self.control("policy", "check", "--policy", failing, "--json")
        self.assertEqual(code, 1, err)
        report = json.loads(out)
        self.assertIn("a.lua:2: ", report["errors"][0])
        self.assertIn("(on the recorded offer ", report["errors"][0])
        self.assertEqual((report["ok"], report["replayed"], report["held"]), (False, 4, ""))

    def test_recorded_offers_are_replayed_and_explained(self):
        folder = self.folder / "policies"
        folder.mkdir()
        (folder / "a.lua").write_text("local worker = require 'worker'\n"
                                      "worker.game 'ember-*' { max_vram = '1GiB' }\n"
                                      "worker.game '*' {}\n")
        edited = self.folder / "edited"
        edited.mkdir()
        (edited / "a.lua").write_text("local worker = require 'worker'\n"
                                      "worker.game 'harbour-*' { accept = false, reason = 'closed' }\n"
                                      "worker.game '*' {}\n")
        studio = self.studio(jobs("llm", 3) + jobs("llm", 1, game="ember-keep", vram_gb=2.5, expect="declined"))
        self.write_config(studio.url, f'policy = "{folder}"\n')
        worker = self.worker()
        report = self.assert_clean(studio)
        self.stop(worker)
        declined = next(job["id"] for job in report["jobs"] if job["outcome"] == "declined")

        replay = json.loads(self.policy_command("replay", "--with", edited, "--json"))
        self.assertEqual((replay["offers"], replay["same"], replay["errors"]), (4, 0, 0))
        groups = {(one["change"], one["rule"]): one for one in replay["groups"]}
        self.assertEqual(groups["now refused", "a.lua:2"]["offers"], 3)
        accepted = groups["now accepted", "a.lua:3"]
        self.assertEqual((accepted["before"], accepted["witness"]["job"]), ("a.lua:2", declined))
        self.assertEqual(replay["hash"], json.loads(self.policy_command("replay", "--with", edited, "--json"))["hash"])
        text = self.policy_command("replay", "--with", edited)
        self.assertIn("3 now refused", text)
        self.assertRegex(text, r"verdict hash [0-9a-f]{16}\n\d+ offers/s")
        self.assert_a_new_function_is_tried(folder)
        self.assert_check_decides_them_too(edited)

        why = json.loads(self.policy_command("why", "--json"))
        self.assertEqual((why["offers"], why["refused"]), (4, 1))
        self.assertEqual(why["rules"][0]["remedies"],
                         [{"change": "max_vram", "offers": 1, "least": "2560MiB", "most": "2560MiB"}])
        self.assertIn("1 would pass with: max_vram 2560MiB", self.policy_command("why"))

        explained = self.policy_command("explain", "--id", declined)
        self.assertRegex(explained, rf"offer {declined}  ember-keep / llm")
        self.assertIn("recorded: generation 1 declined it \"needs 2.5 GiB of VRAM", explained)
        self.assertIn("recorded: generation 1 ", self.policy_command("explain", "--last"))
        code, _, err = self.control("policy", "explain", "--id", "nobody")
        self.assertEqual(code, 1)
        self.assertIn('no decision on offer "nobody" is recorded', err)

        lines = [line for file in (self.state / "policy" / "decisions").iterdir()
                 for line in file.read_text().splitlines()]
        self.assertEqual([json.loads(line)["mode"] for line in lines], ["live"] * 4)
        self.assertFalse(any("prompt" in line for line in lines))

    def test_two_policies_are_compared_by_what_they_do(self):
        for name, hour in (("one", "22:00"), ("same", "22:00"), ("other", "22:01")):
            (self.folder / name).mkdir()
            (self.folder / name / "a.lua").write_text(
                "local worker = require 'worker'\n" + ("-- a note\n" if name == "same" else "") +
                f"worker.window 'night' {{ from = '{hour}', to = '07:00' }}\n"
                "worker.accept_during { 'night' }\n")
        self.write_config("http://127.0.0.1:1")
        code, out, err = self.control("policy", "diff", self.folder / "one", self.folder / "same")
        self.assertEqual(code, 0, err)
        self.assertIn("no difference in behaviour", out)
        code, out, err = self.control("policy", "diff", self.folder / "other", "--policy", self.folder / "one", "--json")
        self.assertEqual(code, 1, err)
        report = json.loads(out)
        self.assertEqual((report["same"], report["exact"], len(report["differences"])), (False, True, 1))
        self.assertIn("closed now: every day 22:00-22:01, 371 times", report["differences"][0]["text"])
        code, _, err = self.control("policy", "diff", self.folder / "one", self.folder / "nowhere")
        self.assertEqual(code, 2)
        self.assertIn("nowhere", err)

    def test_a_save_that_would_accept_nothing_waits_for_the_operator(self):
        folder = self.folder / "policies"
        folder.mkdir()
        (folder / "a.lua").write_text("local worker = require 'worker'\nworker.game '*' {}\n")
        studio = self.studio(jobs("llm", 2), "--stay")
        self.write_config(studio.url, f'policy = "{folder}"\n')
        worker = self.worker()
        studio.wait_settled(2)
        (folder / "a.lua").write_text("local worker = require 'worker'\n"
                                      "worker.game '*' { accept = false, reason = 'shut' }\n")
        worker.wait_line(r"policy g1 \(\w+\) active, g2 held: it accepts none of the last 2 offers")
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "done"})
        studio.wait_settled(3)
        self.assertIn("the newest save is held", self.control("status")[1])
        self.assertIn("generation 2 is in force", self.policy_command("promote"))
        studio.add_jobs({"kind": "llm", "game": "ember-keep", "expect": "declined"})
        worker.wait_line(r"declined .*reason=shut")
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)

    def test_damaged_records_stop_nothing(self):
        folder = self.folder / "policies"
        folder.mkdir()
        (folder / "a.lua").write_text("local worker = require 'worker'\nworker.game '*' {}\n")
        decisions = self.state / "policy" / "decisions"
        decisions.mkdir(parents=True)
        self.state.chmod(0o700)
        (decisions / "000001-20200101.jsonl").write_bytes(b"\x00" * 5000)
        (decisions / "000002-20990101.jsonl").write_bytes(b"{\"ts\":\n\xff\xfe\n{}")
        studio = self.studio(jobs("llm", 1))
        self.write_config(studio.url, f'policy = "{folder}"\n')
        worker = self.worker()
        self.assert_clean(studio)
        self.stop(worker)
        code, out, err = self.control("policy", "why", "--json")
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["offers"], 1)
        self.assertIn("damaged records are left out", err)


if __name__ == "__main__":
    unittest.main()
