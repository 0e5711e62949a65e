"""Results on their way: refused, cut, swallowed, changed on the disk, huge, empty. The studio gets each exactly once."""

import os
import pathlib
import subprocess
import unittest

from harness import ENGINES, FAKES, LONG, Scenario, jobs, sanitized
from proc import processes_in
from upload_proxy import UploadProxy, answer, cut_after, store_and_cut

class UploadScenario(Scenario):
    """A worker whose uploads go through a proxy."""

    def through_proxy(self, scenario, *faults, flags=(), worker_flags=(), engines=(ENGINES,)):
        studio = self.studio(scenario, "--stay", *flags)
        proxy = UploadProxy(studio.url, faults)
        self.processes.append(proxy)
        self.write_config(proxy.url)
        return studio, proxy, self.worker(*worker_flags, engines=engines)

    def finish_once(self, studio, worker, tolerated=()):
        """Every job is delivered once, and each ran as often as `dispatched` says."""
        studio.wait_settled(len(studio.live_report()["jobs"]))
        self.stop(worker)
        studio.finish()
        studio.wait()
        report = studio.report()
        self.assertEqual([v for v in report["violations"] if v["rule"] not in tolerated], [])
        self.assert_delivered_once(report)
        self.assertEqual({job["deliveries"] for job in report["jobs"]}, {1})
        return report


def result_in(state):
    """The only picture in the worker's outbox."""
    files = list(state.glob("jobs/*/*.png"))
    assert len(files) == 1, files
    return files[0]


class Hashed(UploadScenario):
    def test_the_log_tells_what_was_sent(self):
        studio = self.studio(jobs("audio_tts", 1), "--stay")
        self.write_config(studio.url)
        worker = self.worker("--log-level", "debug")
        report = self.finish_once(studio, worker)
        result = report["jobs"][0]["result"]
        arrived = studio.results / pathlib.Path(result["file"]).name
        digest = subprocess.run(["xxh128sum", arrived], check=True, capture_output=True, text=True).stdout.split()[0]
        worker.wait_line(rf"uploaded .*bytes={result['bytes']} xxh128={digest}")


class Refused(UploadScenario):
    def test_U3_a_lost_claim_keeps_the_result_until_the_job_is_offered_again(self):
        for status in (401, 403, 409):
            with self.subTest(status=status):
                studio, proxy, worker = self.through_proxy(jobs("image", 1), answer(status))
                worker.wait_line(f"complete failed: {status}")
                studio.request("/dev/drop", {})
                self.finish_once(studio, worker)
                self.assertEqual(worker.count("image dispatched in"), 1, worker.output())
                self.assertEqual(len(proxy.uploads), 2)

    def test_U3_a_refusal_for_good_is_a_failure_that_the_studio_hears(self):
        for status in (404, 413, 422):
            with self.subTest(status=status):
                studio, proxy, worker = self.through_proxy(jobs("image", 1), answer(status, body=b"no thanks"))
                report = self.finish_once(studio, worker)
                self.assertEqual(report["counters"]["in.fail"], 1, report["counters"])
                worker.wait_line(f"complete failed: {status} — no thanks")
                self.assertEqual(len(proxy.uploads), 2, "the studio's second try")

    def test_U6_a_web_page_is_no_receipt(self):
        page = answer(200, body=b"<html>please log in</html>", content_type="text/html; charset=utf-8")
        studio, proxy, worker = self.through_proxy(jobs("image", 2), page, page)
        self.finish_once(studio, worker)
        worker.wait_line("the answer is a web page")
        self.assertEqual(len(proxy.uploads), 4)


class Cut(UploadScenario):
    def test_U4_a_cut_anywhere_in_the_body_costs_a_try(self):
        cuts = [cut_after(share) for share in (0, 0.00001, 0.5, 1)]
        studio, proxy, worker = self.through_proxy(jobs("image", len(cuts)), *cuts)
        self.finish_once(studio, worker)
        self.assertEqual(len(proxy.uploads), 2 * len(cuts))
        self.assertEqual(worker.count("image dispatched in"), len(cuts))

    def test_U4_a_cut_behind_the_last_byte_stores_one_result(self):
        """The worker cannot know, so it sends again and hears 409; the studio's rule against that means others."""
        studio, proxy, worker = self.through_proxy(jobs("image", 1), store_and_cut)
        worker.wait_line("complete failed: 409")
        self.finish_once(studio, worker, tolerated=("duplicate-delivery",))
        self.assertEqual(len(proxy.uploads), 2)

    def test_U5_an_upload_that_nobody_answers_holds_up_no_end_and_is_sent_again(self):
        def swallow(connection):
            connection.read()
            connection.wait_hangup()

        studio, proxy, worker = self.through_proxy(jobs("image", 1), swallow, worker_flags=("--drain-timeout", "1"))
        worker.wait_line("image dispatched in")
        self.stop(worker)
        again = self.worker()
        self.finish_once(studio, again)
        self.assertEqual(again.count("image dispatched in"), 0, again.output())
        self.assertEqual(proxy.uploads[0].path, proxy.uploads[1].path)


class Files(UploadScenario):
    def spoil_after_the_first_try(self, spoil):
        """The first upload is refused for a moment, and in that moment the file changes."""
        def fault(connection):
            connection.read()
            spoil(result_in(self.state))
            connection.answer(503)

        studio, proxy, worker = self.through_proxy(jobs("image", 1), fault)
        report = self.finish_once(studio, worker)
        self.assertEqual(report["counters"]["in.fail"], 1, report["counters"])
        whole = [upload for upload in proxy.uploads if upload.read >= upload.length]
        self.assertEqual(len(whole), 2, "the spoilt file never left whole; the second run's did")
        return worker

    def test_U8_a_result_that_shrinks_grows_or_is_gone_is_a_clear_failure(self):
        spoilers = {"it has 10 bytes": lambda path: os.truncate(path, 10),
                    "it has 1000000 bytes": lambda path: os.truncate(path, 1_000_000),
                    "No such file": lambda path: path.unlink()}
        for said, spoil in spoilers.items():
            with self.subTest(said=said):
                worker = self.spoil_after_the_first_try(spoil)
                worker.wait_line(rf"dispatch failed: .*{said}")

    def test_U8_a_result_that_is_rewritten_with_the_same_size_never_leaves_whole(self):
        def rewrite(path):
            before = path.stat()
            with path.open("r+b") as file:
                file.seek(before.st_size // 2)
                byte = file.read(1)[0]
                file.seek(before.st_size // 2)
                file.write(bytes([byte ^ 1]))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        worker = self.spoil_after_the_first_try(rewrite)
        worker.wait_line(r"dispatch failed: .*result\.png changed since it was made")

    def test_U12_an_empty_result_is_a_failure_in_words(self):
        studio = self.studio(jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt="sparse:0", expect="failed"))
        self.write_config(studio.url)
        worker = self.worker(engines=[FAKES])
        self.assert_clean(studio)
        worker.wait_line(r"dispatch failed: .*`result\.png` is empty")
        self.stop(worker)

    def test_U12_a_huge_result_takes_no_memory(self):
        size = (20 << 30) if LONG else (1 << 30)
        growth = {}

        def swallow(connection):
            connection.read(1 << 20)
            before = {p.pid: p.memory_peak() for p in processes_in(self.folder)}
            connection.read()
            growth.update({p: p.memory_peak() - before[p.pid] for p in processes_in(self.folder) if p.pid in before})
            connection.answer(200)

        studio, proxy, worker = self.through_proxy(
            jobs("image", 1, engine="sd-cpp", model="sd-cpp:x", prompt=f"sparse:{size}", expect="any"), swallow,
            engines=[FAKES])
        worker.wait_line("binary upload ok", limit=600)
        self.assertGreater(proxy.uploads[0].read, size)
        self.assertLessEqual({"studio-worker", "studio-transfer"}, {p.name for p in growth})
        if not sanitized():
            self.assertLess(max(growth.values()), 16 << 20, growth)


if __name__ == "__main__":
    unittest.main()
