"""Measurements by turns. One that the machine's host disturbed is done again, whatever it measured."""

import pathlib

LIMIT = 2.0  # percent of the processors' time that the host may give to others during a measurement
TRIES = 4


def ticks():
    """Of all processors since the machine started: all, and those that its host gave to others (proc(5), steal)."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields), fields[7]


class Rounds:
    def __init__(self):
        self.done = self.again = self.disturbed = 0

    def by_turns(self, count, measures):
        """Each of the measures once a round; all values by name."""
        values = {name: [] for name in measures}
        for _ in range(count):
            for name, measure in measures.items():
                values[name].append(self.least_disturbed(measure))
        return values

    def least_disturbed(self, measure):
        # By the measurement, not by the round: a long one of another side would hide what disturbed a short one.
        tries = []
        while len(tries) < TRIES and (not tries or tries[-1][0] > LIMIT):
            before = ticks()
            value = measure()
            passed, stolen = (after - begun for begun, after in zip(before, ticks()))
            tries.append((100 * stolen / max(passed, 1), value))
        share, value = min(tries, key=lambda one: one[0])
        self.done += 1
        self.again += len(tries) - 1
        self.disturbed += share > LIMIT
        return value
