"""Windows against another library: random policies, simulated by the worker and by Python's zoneinfo."""

import datetime
import json
import os
import pathlib
import random
import subprocess
import unittest
import xml.etree.ElementTree
import zoneinfo

from harness import WORKER, Scenario

POLICIES = pathlib.Path(__file__).resolve().parents[2] / "policies"

UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
REACH = 10  # days: the longest window lasts 8
NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # as a policy writes them; Python's Monday is 0
ZONES = ("Europe/Berlin", "America/New_York", "America/St_Johns", "America/Santiago", "Africa/Cairo", "Asia/Tokyo",
         "Asia/Kathmandu", "Asia/Beirut", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia", "UTC")
FIRST = datetime.date(2023, 1, 1)
DAYS = 3 * 365 + 1  # 2023 to 2025
SETS = int(os.environ.get("STUDIO_WINDOW_SETS", "100"))
REPORT = os.environ.get("STUDIO_WINDOW_REPORT")  # a file for the count, for scripts/bench policy


def instant(zone, day, minutes):
    """When the zone's clocks first show that time; the end of the gap when they never do."""
    wall = datetime.datetime.combine(day, datetime.time()) + minutes * MINUTE
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    before, after = first - DAY / 2, first + DAY / 2
    offset = before.astimezone(zone).utcoffset()
    while after - before > datetime.timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def weekday(day):
    return (day.weekday() + 1) % 7


def occurrences(zone, declared):
    """(day, start, end) of a window or of dates, over the simulated days and what reaches into them."""
    found = []
    for number in range(-REACH, DAYS + REACH):
        day = FIRST + number * DAY
        if "ranges" in declared:
            if not any(first <= day <= last for first, last in declared["ranges"]):
                continue
            start, end = instant(zone, day, 0), instant(zone, day, 24 * 60)
        else:
            if weekday(day) not in declared["days"]:
                continue
            start = instant(zone, day, declared["from"])
            end = start + declared["lasts"] if "lasts" in declared else instant(zone, day, declared["until"])
        if start < end:
            found.append((day, start, end))
    return found


def merged(intervals):
    result = []
    for start, end in sorted(intervals):
        if result and start <= result[-1][1]:
            result[-1][1] = max(result[-1][1], end)
        else:
            result.append([start, end])
    return result


def without(intervals, holes):
    for hole_start, hole_end in holes:
        rest = []
        for start, end in intervals:
            rest += [[start, min(end, hole_start)], [max(start, hole_end), end]]
        intervals = [[start, end] for start, end in rest if start < end]
    return intervals


def open_times(zone, policy):
    closed_days = {day for name in policy["except"] if "ranges" in policy["names"][name]
                   for day, _start, _end in occurrences(zone, policy["names"][name])}
    opens = [(start, end) for name in policy["during"] for day, start, end in occurrences(zone, policy["names"][name])
             if day not in closed_days]
    holes = [(start, end) for name in policy["except"] if "ranges" not in policy["names"][name]
             for _day, start, end in occurrences(zone, policy["names"][name])]
    first, last = instant(zone, FIRST, 0), instant(zone, FIRST + DAYS * DAY, 0)
    clipped = [[max(start, first), min(end, last)] for start, end in without(merged(opens), merged(holes))]
    return [[start, end] for start, end in clipped if start < end]


# Random policies: what is declared, and how Lua writes it


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


def random_window(dice):
    start = dice.randrange(0, 24 * 60, dice.choice((1, 15, 30)))
    kind = dice.choice(("daily", "days", "lasts", "span", "all day"))
    days = set(range(7)) if kind == "daily" else set(dice.sample(range(7), dice.randint(1, 6)))
    named = "" if kind == "daily" else "days = '" + ",".join(NAMES[day] for day in sorted(days)) + "', "
    if kind == "all day":
        return {"days": days, "from": 0, "until": 24 * 60}, named + "all_day = true"
    if kind == "lasts":
        lasts = dice.randint(1, 7 * 24 * 60)
        return ({"days": days, "from": start, "lasts": lasts * MINUTE},
                f"{named}from = '{clock(start)}', lasts = '{lasts}m'")
    end = dice.choice([minute for minute in range(0, 24 * 60, 15) if minute != start])
    if kind == "span":
        first, last = dice.sample(range(7), 2)
        return ({"days": {first}, "from": start, "until": (last - first) % 7 * 24 * 60 + end},
                f"from = '{NAMES[first]} {clock(start)}', to = '{NAMES[last]} {clock(end)}'")
    until = end if end > start else end + 24 * 60
    return {"days": days, "from": start, "until": until}, f"{named}from = '{clock(start)}', to = '{clock(end)}'"


def random_dates(dice):
    ranges = []
    for _ in range(dice.randint(1, 4)):
        first = FIRST + dice.randrange(DAYS) * DAY
        ranges.append((first, first + dice.choice((0, 1, 6, 20)) * DAY))
    return {"ranges": ranges}, ", ".join(f"'{first} .. {last}'" for first, last in ranges)


def random_policy(dice, zone):
    lines = ["local worker = require 'worker'", f"worker.zone '{zone}'"]
    names = {}
    for number in range(dice.randint(1, 5)):
        names[f"w{number}"], text = random_window(dice)
        lines.append(f"worker.window 'w{number}' {{ {text} }}")
    for number in range(dice.randint(0, 2)):
        names[f"d{number}"], text = random_dates(dice)
        lines.append(f"worker.dates 'd{number}' {{ {text} }}")
    during = dice.sample(sorted(names), dice.randint(1, len(names)))
    excepted = [name for name in names if name not in during and dice.random() < 0.7]
    quoted = ", ".join(f"'{name}'" for name in during)
    holes = ", ".join(f"'{name}'" for name in excepted)
    lines.append(f"worker.accept_during {{ {quoted}, except = {{ {holes} }} }}")
    return {"names": names, "during": during, "except": excepted}, "\n".join(lines) + "\n"


def wrong_minutes(ours, theirs):
    """For how long one says open and the other closed; intervals as texts that sort like their times."""
    def inside(intervals, time):
        return any(start <= time < end for start, end in intervals)
    edges = sorted({edge for interval in ours + theirs for edge in interval})
    wrong = [(start, end) for start, end in zip(edges, edges[1:]) if inside(ours, start) != inside(theirs, start)]
    return sum((datetime.datetime.fromisoformat(end[:-1]) - datetime.datetime.fromisoformat(start[:-1])).total_seconds()
               for start, end in wrong) / 60


class Windows(Scenario):
    def test_random_windows_are_open_when_another_library_says_so(self):
        wrong = 0
        for seed in range(SETS):
            dice = random.Random(seed)
            zone = ZONES[seed % len(ZONES)]
            policy, text = random_policy(dice, zone)
            with self.subTest(seed=seed, zone=zone):
                path = self.folder / "policy.lua"
                path.write_text(text)
                argv = [WORKER, "policy", "simulate", "--policy", path, "--from", str(FIRST), "--days", str(DAYS),
                        "--json"]
                run = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False,
                                     timeout=60)
                answer = json.loads(run.stdout) if run.returncode == 0 else {"open": []}
                expected = [[start.strftime("%Y-%m-%dT%H:%M:%SZ"), end.strftime("%Y-%m-%dT%H:%M:%SZ")]
                            for start, end in open_times(zoneinfo.ZoneInfo(zone), policy)]
                if answer["open"] != expected:
                    wrong += wrong_minutes(answer["open"], expected)
                self.assertEqual(run.returncode, 0, run.stderr + text)
                self.assertEqual(answer["zone"], zone)
                self.assertEqual(answer["open"], expected, text)
        if REPORT:
            pathlib.Path(REPORT).write_text(json.dumps({"sets": SETS, "wrong_minutes": wrong}))

    def test_wrong_minutes_are_counted(self):
        day = [["2026-03-25T00:00:00Z", "2026-03-26T00:00:00Z"]]
        late = [["2026-03-25T00:01:00Z", "2026-03-25T12:00:00Z"], ["2026-03-25T12:03:00Z", "2026-03-26T00:00:00Z"]]
        self.assertEqual(wrong_minutes(day, day), 0)
        self.assertEqual(wrong_minutes(day, late), 4)
        self.assertEqual(wrong_minutes([], late), wrong_minutes(late, []))


class PolicyToolsScenario(Scenario):
    def tool(self, *words):
        argv = [WORKER, "--config", self.folder / "config.toml", "policy", *words]
        return subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, timeout=60)


class Simulate(PolicyToolsScenario):
    def simulate(self, *words):
        run = self.tool("simulate", "--policy", POLICIES, *words)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def test_the_shipped_policy_in_the_week_of_the_clock_change(self):
        lines = self.simulate("--week", "2026-03-25", "--vram", "20GiB").splitlines()
        self.assertEqual(lines[0], "Europe/Berlin  mon 2026-03-23 .. sun 2026-03-29")
        self.assertEqual(lines[-2:], ["open in 5640 of 10020 minutes (56 %), claims for 93 h 10 min",
                                      "    the rest: 50 min too close to an end"])
        self.assertRegex(lines[2], r"^mon 2026-03-23  #{13}\+\.{30}####   8:50 h 00:00-06:50 22:00-24:00$")
        self.assertRegex(lines[8], r"^sun 2026-03-29  #{4}  #{42}  23:00 h 00:00-24:00$")
        self.assertIn("02:00-03:00 is missing: the clocks go forward", lines[9])
        self.assertTrue(any(line.split() == ["mon-fri", "00:00", "18", "GiB", "09:00", "8", "GiB", "19:00", "18", "GiB"]
                            for line in lines), lines)
        answer = json.loads(self.simulate("--from", "2026-03-28", "--days", "1", "--json"))
        self.assertEqual(answer["open"], [["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"]])
        self.assertEqual(answer["claims"], answer["open"])

    def test_a_program_on_a_tuesday_pauses_and_is_drawn(self):
        picture = self.folder / "week.svg"
        answer = json.loads(self.simulate("--week", "2026-03-23", "--vram", "20GiB", "--app", "maya@tue2-5", "--json",
                                          "--svg", picture))
        self.assertEqual(answer["paused"], [["2026-03-24T01:00:00Z", "2026-03-24T04:05:00Z", "artist is working",
                                             "30-pause.lua:2"]])
        self.assertEqual((answer["open_minutes"], answer["claim_minutes"]), (5640, 5640 - 185 - 50))
        self.assertEqual(answer["marks"], [{"at": "2026-03-29T01:00:00Z", "minutes": 60}])
        night = ["2026-03-22T23:00:00Z", "2026-03-23T08:00:00Z", 18 << 30, "40-vram.lua:2"]
        office = ["2026-03-23T08:00:00Z", "2026-03-23T18:00:00Z", 8 << 30, "40-vram.lua:3"]
        self.assertEqual(answer["budget"][:2], [night, office])
        drawn = xml.etree.ElementTree.parse(picture).getroot()
        texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
        for expected in ("Tuesday", "24 March", "artist is work\u2026", "02:00\u201305:05", "8 GiB"):
            self.assertIn(expected, texts)
        text = self.simulate("--week", "2026-03-23", "--app", "maya@tue2-5")
        self.assertIn('paused   "artist is working"  30-pause.lua:2\n         tue 02:00-05:05\n', text)

    def test_what_is_wrong_is_said(self):
        for words, code, text in ((("--from", "tomorrow"), 2, '"tomorrow" is no day; write it as 2026-03-23'),
                                  (("--from", "2026-02-30"), 2, "is no day"),
                                  (("--week", "soon"), 2, "is no day"),
                                  (("--week", "2026-03-23", "--days", "3"), 2, "--week is seven days"),
                                  (("--app", "maya"), 2, "write it as maya@tue14-17"),
                                  (("--vram", "20"), 2, "unit"),
                                  (("--days", "63", "--svg", self.folder / "x.svg"), 2, "at most 62 days"),
                                  (("--svg", self.folder / "none" / "x.svg"), 1, "x.svg"),
                                  (("--days", "many"), 2, "--days needs a whole number"),
                                  (("--policy", self.folder / "none"), 1, "none")):
            policy = () if "--policy" in words else ("--policy", POLICIES)
            run = self.tool("simulate", *policy, *words)
            self.assertEqual(run.returncode, code, run.stderr)
            self.assertIn(text, run.stderr)
            self.assertEqual(run.stdout, "")
        run = self.tool("simulate", "--policy", POLICIES, "--app", "nuke@mon9-10")
        self.assertIn('no pause_when names a program like "nuke"', run.stderr)


class Describe(PolicyToolsScenario):
    def test_a_policy_written_from_the_card_says_what_was_meant(self):
        path = self.folder / "maya.lua"
        path.write_text("local worker = require 'worker'\n"
                        "worker.zone 'Europe/Berlin'\n"
                        "worker.window 'week' { days = 'mon-sun', all_day = true }\n"
                        "worker.window 'maya' { days = 'tue', from = '12:00', to = '18:00' }\n"
                        "worker.accept_during { 'week', except = { 'maya' } }\n")
        said = self.tool("describe", "--policy", path)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, r'maya\.lua:5 +but not during "maya" \(tue 12:00-18:00\)')
        whole = json.loads(self.tool("describe", "--policy", path, "--json").stdout)
        self.assertEqual(whole["hours"]["accept_during"]["except"], ["maya"])
        self.assertEqual(whole["sentences"][0]["rule"], "maya.lua:2")
        tuesday = json.loads(self.tool("simulate", "--policy", path, "--from", "2026-11-24", "--days", "1",
                                       "--json").stdout)
        self.assertEqual(tuesday["open"], [["2026-11-23T23:00:00Z", "2026-11-24T11:00:00Z"],
                                           ["2026-11-24T17:00:00Z", "2026-11-24T23:00:00Z"]])


if __name__ == "__main__":
    unittest.main()
