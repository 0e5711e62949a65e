"""Policies decide, and a saved change decides the next offer."""

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


if __name__ == "__main__":
    unittest.main()
