#!/usr/bin/env python3
"""Every row of the fault catalogue has a test, and the table of them in tests/README.md is up to date.

A test proves a row when its name, or that of its suite, holds the row's id between underscores: test_U3_... in Python,
TEST_F(Uploader, U3_...) in C++. One test may prove several rows: test_U2_U6_... A test that is commented out or disabled
is none.
"""

import re

import cpp_text
import tree

TABLE = 'tests/README.md'
BEGIN = '<!-- rows: written by scripts/check_rows.py --fix -->'
END = '<!-- end of rows -->'

ROWS = {
    'N1': 'nobody listens when the worker starts',
    'N2': 'the name of the studio does not resolve, or only later',
    'N3': 'several addresses, the first ones dead',
    'N4': 'connecting is never answered',
    'N5': 'the upgrade is never answered',
    'N6': 'the upgrade is refused, each status in its own way',
    'N7': 'a wrong accept key, an unasked sub-protocol or extension',
    'N8': 'the link falls silent in the middle of a job',
    'N9': 'a reset in the middle of a message',
    'N10': 'the studio closes, each code in its own way',
    'N11': 'the link flaps every two seconds',
    'N12': 'many workers come back after a restart of the studio',
    'N13': 'a frame that trickles in byte by byte',
    'N14': 'the studio stops reading',
    'N15': 'pings alone for ten minutes',
    'N16': 'the route changes in the middle of a job',
    'N17': 'two workers with one identity',
    'F1': 'frame lengths beyond any limit',
    'F2': 'a length in more bytes than it needs',
    'F3': 'a masked frame from the studio',
    'F4': 'fragments without an end',
    'F5': 'ten thousand pings in one write',
    'F6': 'text that is no UTF-8, also within a character',
    'F7': 'a binary frame where text is due',
    'F8': 'close codes that may not be on the wire',
    'F9': 'data after the close frame',
    'U1': 'the worker is killed at any moment, again and again',
    'U2': 'many failing uploads, then one that is taken',
    'U3': 'uploads refused for good, each status in its own way',
    'U4': 'the connection is cut after some bytes of the upload',
    'U5': 'an upload stalls, or is taken and never answered',
    'U6': 'a captive portal says 200 to everything',
    'U7': 'the disk is full: for the journal, for the output',
    'U8': 'the result file changes or is gone before it is sent',
    'U9': 'ten thousand results wait for the studio',
    'U10': 'the journal is damaged',
    'U11': 'the state folder cannot be written',
    'U12': 'huge and empty results, odd job names',
    'P1': 'each signal',
    'P2': 'the worker stands still and goes on',
    'P3': 'a job leaves processes behind',
    'P4': 'an engine crashes, exits or is killed for its memory',
    'P5': 'the GPU is not there, or not any more',
    'P6': 'the processor is overloaded',
    'P7': 'few file descriptors',
    'P8': 'no memory for an offer',
    'P9': 'the log cannot be written',
    'P10': 'a second worker of the same configuration or state',
    'P11': 'a crash right after each start',
    'P12': 'the state folder is of a newer version',
    'P13': 'a configuration that cannot be used',
}

_ID = re.compile(r'[NFUP]\d+')
_PYTHON_TEST = re.compile(r'^class (\w+)|^    def (test_\w+)', re.M)
_CPP_TEST = re.compile(r'^TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)', re.M)


def python_tests(text):
    suite = ''
    for found in _PYTHON_TEST.finditer(text):
        if found.group(1):
            suite = found.group(1)
        else:
            yield suite, found.group(2)


def cpp_tests(text):
    yield from (found.groups() for found in _CPP_TEST.finditer(cpp_text.mask(text)))


def proofs(files):
    """{row: [(path, suite.test)]} of {path: text}."""
    found = {}
    for path, text in files.items():
        for suite, test in (python_tests if path.suffix == '.py' else cpp_tests)(text):
            if 'DISABLED' in test:
                continue
            for row in sorted({part for part in f'{suite}_{test}'.split('_') if _ID.fullmatch(part)}):
                found.setdefault(row, []).append((path, f'{suite}.{test}'))
    return found


def table(found):
    lines = ['| Row | What happens | Test |', '| --- | --- | --- |']
    for row, what in ROWS.items():
        tests = [f'`{name}` ({path.relative_to("tests")})' for path, name in found.get(row, [])]
        lines.append(f'| {row} | {what} | {"<br>".join(tests)} |')
    return '\n'.join(lines)


def split_page(page):
    """What stands before the table, the table, and what follows; None without its two marks."""
    before, begin, rest = page.partition(BEGIN + '\n')
    shown, end, after = rest.partition('\n' + END)
    return (before + begin, shown, end + after) if begin and end else None


def problems_of(found, page):
    yield from (f'{row}: no test proves it ({what})' for row, what in ROWS.items() if row not in found)
    yield from (f'{tests[0][0]}: {tests[0][1]} names {row}, and there is no such row'
                for row, tests in sorted(found.items()) if row not in ROWS)
    parts = split_page(page)
    if parts is None:
        yield f'{TABLE}: the marks of the table are missing: {BEGIN} and {END}'
    elif parts[1] != table(found):
        yield f'{TABLE}: the table is not what the tests say; scripts/check --fix writes it'


def read_proofs(root):
    return proofs({path: tree.read(path, root) for path in tree.files(root)
                   if path.parts[0] == 'tests' and path.parts[1] != 'scripts' and path.suffix in ('.py', '.cc')})


def find(root):
    found = read_proofs(root)
    page = tree.read(TABLE, root) if (root / TABLE).is_file() else ''
    return list(problems_of(found, page)), f'{len(ROWS)} rows, {sum(len(tests) for tests in found.values())} tests'


def fix(root):
    page = root / TABLE
    parts = split_page(page.read_text(encoding='utf-8'))
    if parts:
        page.write_text(parts[0] + table(read_proofs(root)) + parts[2], encoding='utf-8')


if __name__ == '__main__':
    tree.run_check(__doc__, find, fix)
