"""Hostile policies against the real daemon: it declines, says why with the line, and goes on. See tests/hostile."""

import os
import pathlib
import re
import shutil

from harness import LONG, Scenario, jobs, sanitized

HOSTILE = pathlib.Path(__file__).resolve().parents[1] / "hostile"
FORM = re.compile(r"case\.(\w+)\('([^']+)'")

# What the heap of the daemon may move by; a leak of a kilobyte a case would be more. Pages of its program do not count:
# more of them are mapped as more of it runs.
MEMORY_NOISE = 256 << 10
WARM_UP = 600  # offers


class Case:
    def __init__(self, fate, name, file, line):
        self.fate, self.name, self.file, self.lines = fate, name, file, [line]

    def place(self):
        numbers = "|".join(str(line) for line in range(self.lines[0], self.lines[-1] + 1))
        return rf"{re.escape(self.file)}:({numbers}): "


def read_cases():
    cases = []
    for path in sorted(HOSTILE.glob("*.lua")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = FORM.match(line)
            if found:
                cases.append(Case(found[1], found[2], path.name, number))
            elif cases and cases[-1].file == path.name:
                cases[-1].lines.append(number)
    return cases


class Containment(Scenario):
    def setUp(self):
        super().setUp()
        self.policies = self.folder / "policies"
        self.policies.mkdir()
        for path in HOSTILE.glob("*.lua"):
            shutil.copy(path, self.policies)
        shutil.copy(HOSTILE / "runner" / "next.lua", self.policies / "90-next.lua")
        self.run_cases("load.lua")

    def run_cases(self, runner, **words):
        """Saves the case.lua of this runner."""
        text = (HOSTILE / "runner" / runner).read_text()
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        fresh = self.policies / ".case.lua.new"
        fresh.write_text(text)
        os.replace(fresh, self.policies / "case.lua")

    def start(self):
        studio = self.studio("[studio]\nmax_soft_declines = 1\n" + 'worker_id = "w-1"\n'
                             'auth_token = "0123456789abcdef0123456789abcdef"\n' + jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", self.policies)
        studio.wait_settled(1)
        return studio, worker

    def finish(self, studio, worker):
        self.assertEqual(worker.count("the policy host ended"), 0, worker.output())
        self.stop(worker)
        studio.finish()
        self.assert_clean(studio)

    def test_every_hostile_hook_declines_its_offer_and_names_its_line(self):
        studio, worker = self.start()
        # What the daemon keeps of offers, the last few hundred of them, has its size before it is measured.
        studio.add_jobs({"kind": "video", "count": WARM_UP, "expect": "declined"})
        settled, memory = 1 + WARM_UP, None
        studio.wait_settled(settled)
        # The first ones, which no case's name begins with: what a reload takes for a moment has its size as well.
        for generation, prefix in enumerate("wxyz0123", 2):
            cases = [case for case in read_cases() if case.fate != "load_error" and case.name[0] == prefix]
            self.run_cases("hooks.lua", prefix=prefix, event="offer", subject="facts.game")
            worker.wait_line(rf"a policy is in force generation={generation}")
            if not cases:
                continue
            for case in cases:
                expected = "done" if case.fate == "harmless" else "declined"
                studio.add_jobs({"kind": "llm", "game": case.name, "expect": expected})
            studio.add_jobs({"kind": "video", "expect": "declined"}, {"kind": "llm", "expect": "done"})
            settled += len(cases) + 2
            studio.wait_settled(settled)
            for case in cases:
                records = worker.count(rf"a hook failed.*error=\"{case.place()}")
                self.assertEqual(records, 0 if case.fate == "harmless" else 1, case.name)
            memory = memory or worker.memory("RssAnon")
        if not sanitized():
            self.assertLess(worker.memory("RssAnon") - memory, MEMORY_NOISE)
        self.finish(studio, worker)

    def test_every_hostile_file_is_refused_with_its_line_and_the_last_good_policy_decides(self):
        """One case of each file; all of them in the long form."""
        studio, worker = self.start()
        settled, files = 1, set()
        for case in read_cases():
            if case.fate in ("hook_error", "harmless") or (case.file in files and not LONG):
                continue
            files.add(case.file)
            seen = len(worker.lines)
            self.run_cases("load.lua", case=case.name)
            worker.wait_line(rf"the saved policy is refused.*error=\"{case.place()}", after=seen)
            studio.add_jobs({"kind": "llm", "expect": "done"})
            settled += 1
            studio.wait_settled(settled)
        self.assertEqual(worker.count("the saved policy is refused"), settled - 1)
        self.assertEqual(worker.count("a policy is in force"), 1)
        self.finish(studio, worker)
