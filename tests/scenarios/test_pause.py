"""worker.pause_when on the real sensors: programs that run, a person at an X display."""

import os
import pathlib
import shutil
import subprocess
import time
import unittest

from harness import LIMIT, Scenario, jobs

FAKES = pathlib.Path(os.environ.get("STUDIO_BUILD", "build/dev")) / "tests/fakes"


class Pauses(Scenario):
    def policy(self, text):
        folder = self.folder / "policies"
        folder.mkdir(exist_ok=True)
        (folder / "30-pause.lua").write_text("local worker = require 'worker'\n" + text)
        return folder

    def connected_worker(self, *flags, **more):
        worker = self.worker(*flags, **more)
        worker.wait_line("server welcomed")
        return worker

    def start_program(self, name):
        """A program with this name; its processes are this test's, not the worker's."""
        path = self.folder / name
        shutil.copy("/bin/sleep", path)
        program = subprocess.Popen([path, "600"])
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program

    def wait_status(self, wanted, limit=LIMIT):
        """The status once `wanted` of it holds, and how many seconds that took."""
        begin = time.monotonic()
        while True:
            status = self.status()
            if wanted(status):
                return status, time.monotonic() - begin
            if time.monotonic() - begin > limit:
                self.fail(f"not seen within {limit} s: {status}")

    def slow_job(self, seconds):
        return jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt=f"slow:{seconds}")

    def test_a_named_program_stops_claims_until_its_cool_down_is_over(self):
        name = f"maya-{os.getpid()}.bin"
        folder = self.policy(f"worker.pause_when 'artist is working' {{ apps = 'MAYA-{os.getpid()}*', "
                             "resume_after = '1s' }")
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--policy", folder)
        studio.wait_settled(1)
        program = self.start_program(name)
        status, took = self.wait_status(lambda state: not state["claiming"])
        self.assertLess(took, 2.5)
        self.assertEqual(status["pauses"][0]["why"], f"{name} runs")
        self.assertEqual(status["pauses"][0]["rule"], "30-pause.lua:2")
        studio.add_jobs({"kind": "llm", "game": "harbour-tales", "expect": "done"})
        program.kill()
        program.wait()
        self.wait_status(lambda state: "no longer" in str(state["pauses"]))
        self.wait_status(lambda state: state["claiming"])
        studio.wait_settled(2)
        studio.finish()
        self.assert_clean(studio)
        worker.wait_line("paused by the policy: artist is working")
        self.stop(worker)

    def engine_state(self, worker):
        """The state letter of the fake engine's process below the worker; nothing when there is none."""
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                name, rest = (folder / "stat").read_text().rsplit(")", 1)
            except OSError:
                continue
            state, parent = rest.split()[:2]
            if "(fake-engine" in name and int(parent) == worker.child.pid:
                return state
        return None

    def wait_engine(self, worker, wanted, limit=LIMIT):
        begin = time.monotonic()
        while self.engine_state(worker) != wanted:
            self.assertLess(time.monotonic() - begin, limit, f"the engine is {self.engine_state(worker)}")
        return time.monotonic() - begin

    def paused_job(self, action):
        """A job that runs when a program starts whose rule has this action."""
        folder = self.policy(f"worker.pause_when 'render' {{ apps = 'render-{os.getpid()}*', {action} }}")
        studio = self.studio(self.slow_job(2), "--stay")
        self.write_config(studio.url)
        worker = self.connected_worker("--policy", folder, engines=(FAKES,))
        self.wait_status(lambda state: state["jobs"] and state["jobs"][0]["stage"] == "running")
        self.assertIsNotNone(self.engine_state(worker))
        return studio, worker, self.start_program(f"render-{os.getpid()}")

    def test_a_suspended_job_stands_still_and_is_delivered_afterwards(self):
        studio, worker, program = self.paused_job("action = 'suspend'")
        self.assertLess(self.wait_engine(worker, "T"), 3.5)
        program.kill()
        program.wait()
        studio.wait_settled(1)
        studio.finish()
        self.assert_delivered_once(self.assert_clean(studio))
        self.stop(worker)

    def test_a_returned_job_goes_back_and_its_engine_ends(self):
        studio, worker, program = self.paused_job("action = 'suspend', release_vram = true")
        self.assertLess(self.wait_engine(worker, None), 5.5)
        worker.wait_line("paused by the policy: render .return")
        self.wait_status(lambda state: state["counters"]["handed_back"] == 1)
        program.kill()
        program.wait()
        studio.wait_settled(1)
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)

    def test_a_person_at_the_display_pauses_and_their_leaving_resumes(self):
        number = self.start_display()
        folder = self.policy("worker.pause_when 'person at the keyboard' { user_active_within = '3s' }")
        studio = self.studio(jobs("llm", 1))
        self.write_config(studio.url)
        display = {"DISPLAY": f":{number}", "XDG_SESSION_TYPE": "x11"}
        subprocess.run(["xdotool", "mousemove", "10", "10", "click", "1"], env=dict(os.environ, **display), check=True)
        worker = self.connected_worker("--policy", folder, env=self.environment(**display))
        status, _ = self.wait_status(lambda state: state["sensors"] and state["pauses"])
        self.assertIn(f"X display :{number}", status["sensors"][0]["source"])
        self.assertIn("somebody used this computer", status["pauses"][0]["why"])
        self.wait_status(lambda state: state["claiming"])
        self.assert_clean(studio)
        self.stop(worker)

    def test_a_function_pauses_and_one_that_fails_pauses_too(self):
        name = f"nuke-{os.getpid()}"
        folder = self.policy("worker.on('pause', function(machine)\n"
                             f"  if machine.apps['{name}'] then return worker.pause {{ reason = 'compositing' }} end\n"
                             "end)\n")
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.connected_worker("--policy", folder)
        studio.wait_settled(1)
        self.start_program(name)
        status, _ = self.wait_status(lambda state: state["pauses"])
        self.assertEqual((status["pauses"][0]["title"], status["pauses"][0]["rule"]), ("compositing", "30-pause.lua:3"))
        self.policy("worker.on('pause', function(machine) while true do end end)\n")
        status, _ = self.wait_status(lambda state: state["pauses"] and state["pauses"][0]["title"] == "policy error")
        self.assertFalse(status["claiming"])
        worker.wait_line(r"a hook failed.*30-pause\.lua:2")
        self.policy("worker.on('pause', function(machine) end)\n")
        self.wait_status(lambda state: state["claiming"])
        studio.add_jobs({"kind": "llm", "game": "harbour-tales", "expect": "done"})
        studio.wait_settled(2)
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)

    def start_display(self):
        reader, writer = os.pipe()
        server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "320x240x24", "-nolisten", "tcp"],
                                  pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        with os.fdopen(reader) as told:
            return int(told.readline())

    def test_a_display_that_cannot_be_asked_pauses_and_says_why(self):
        folder = self.policy("worker.pause_when 'person' { user_active_within = '10m' }")
        studio = self.studio(jobs("llm", 1), "--stay")
        self.write_config(studio.url)
        worker = self.connected_worker("--policy", folder, env=self.environment(DISPLAY=":4711", XDG_SESSION_TYPE="x11"))
        status, _ = self.wait_status(lambda state: state["pauses"])
        self.assertFalse(status["sensors"][0]["known"])
        self.assertIn("unknown: when somebody last used this computer", status["pauses"][0]["why"])
        folder = self.policy("worker.pause_when 'person' { user_active_within = '10m', if_unknown = 'ignore' }")
        self.wait_status(lambda state: state["claiming"])
        studio.wait_settled(1)
        studio.finish()
        self.assert_clean(studio)
        self.stop(worker)


if __name__ == "__main__":
    unittest.main()
