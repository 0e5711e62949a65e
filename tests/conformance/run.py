#!/usr/bin/env python3
"""Runs Autobahn's cases against the worker's WebSocket link and compares the verdicts with expected.json.

The suite is the package kosoku, installed into a virtual environment inside the build folder and used again from there.
Exit codes: 0 as expected, 1 not, 77 the suite cannot be installed here.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = 'kosoku==0.1.0'
GROUPS = ('1', '2', '3', '4', '5', '6', '7', '10')
AGENT = 'studio-worker'
SKIPPED = 77
# Both only end a run that hangs.
INSTALL_LIMIT = 90
RUN_LIMIT = 60
FIELDS = ('behavior', 'behaviorClose', 'remoteCloseCode')


class NotInstallable(Exception):
    """The machine cannot get the suite; the text says why."""


def suite_program(build):
    """The suite's program in an environment of its own."""
    home = build / 'suite'
    program = home / 'bin' / 'kosoku'
    installed = home / 'installed'
    if installed.is_file() and installed.read_text() == PACKAGE:
        return program
    shutil.rmtree(home, ignore_errors=True)
    try:
        venv.create(home, with_pip=True)
        install = [home / 'bin' / 'python', '-m', 'pip', 'install', '--quiet', '--no-input', '--retries', '1',
                   '--disable-pip-version-check', PACKAGE]
        subprocess.run(install, check=True, capture_output=True, text=True, timeout=INSTALL_LIMIT)
    except subprocess.CalledProcessError as failure:
        raise NotInstallable((failure.stderr or failure.stdout or str(failure)).strip()) from None
    except subprocess.TimeoutExpired:
        raise NotInstallable(f'no answer in {INSTALL_LIMIT} s') from None
    installed.write_text(PACKAGE)
    return program


def run_suite(program, client, folder):
    """The suite's verdicts: {case: {field: value}}."""
    command = [program, '-m', 'fuzzingserver', '-o', folder, '127.0.0.1:0']
    for group in GROUPS:
        command[-1:-1] = ['-i', f'{group}.*']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            found = next(filter(None, (re.search(r'listening on ws://(\S+)', line) for line in server.stdout)), None)
            if not found:
                raise SystemExit('the suite did not start')
            subprocess.run([client, found.group(1), AGENT], check=True, timeout=RUN_LIMIT)
            server.communicate(timeout=RUN_LIMIT)
        finally:
            server.kill()
    return json.loads((folder / 'index.json').read_text())[AGENT]


def order(case):
    return [int(part) for part in case.split('.')]


def differences(expected, verdicts):
    """One line for each case that is not as expected."""
    for case in sorted(expected['differ'].keys() | verdicts.keys(), key=order):
        wanted = expected['differ'].get(case, expected['usual'])
        got = verdicts.get(case)
        if got is None:
            yield f'{case}: not run'
            continue
        for field in FIELDS:
            if field in wanted and got.get(field) != wanted[field]:
                yield f'{case}: {field} is {got.get(field)}, expected {wanted[field]}'
    if len(verdicts) != expected['cases']:
        yield f'{len(verdicts)} cases ran, expected {expected["cases"]}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', type=pathlib.Path, required=True, help='where conformance-echo is')
    parser.add_argument('--reports', type=pathlib.Path, help='keep the reports, one HTML page for each case, here')
    arguments = parser.parse_args()
    try:
        program = suite_program(arguments.build)
    except NotInstallable as why:
        print(f'skipped: {PACKAGE} cannot be installed here:\n{why}')
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix='conformance-') as scratch:
        folder = arguments.reports or pathlib.Path(scratch)
        verdicts = run_suite(program, arguments.build / 'conformance-echo', folder)
    problems = list(differences(json.loads((HERE / 'expected.json').read_text()), verdicts))
    for problem in problems:
        print(problem)
    print(f'{len(verdicts)} cases, {len(problems)} not as expected')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
