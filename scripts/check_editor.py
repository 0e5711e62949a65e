#!/usr/bin/env python3
"""What an editor with the types of policies/worker.d.lua says: nothing about the shipped policies, and something about
each line of tests/scripts/editor/slips.lua that ends in a comment "slip: ...", and about no other line of it.

scripts/setup --editor installs the checker.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECKER = 'emmylua_check'
SLIPS = ROOT / 'tests/scripts/editor/slips.lua'


def checker():
    built = ROOT / 'build/tools/bin' / CHECKER
    return str(built) if built.exists() else shutil.which(CHECKER)


def findings(program, folder):
    """{(file, line): [message]} of all files of a folder."""
    answer = subprocess.run([program, str(folder), '--output-format', 'json'], capture_output=True, text=True,
                            timeout=120, check=False)
    found = {}
    for file in json.loads(answer.stdout):
        name = pathlib.Path(file['file']).name
        for one in file['diagnostics']:
            place = (name, one['range']['start']['line'] + 1)
            found.setdefault(place, []).append(f"{one['message'].strip()} [{one['code']}]")
    return found


def problems(found, slips):
    """What is found and no slip, and the slips that are not found."""
    expected = {(SLIPS.name, number) for number, line in enumerate(slips.split('\n'), 1) if '-- slip: ' in line}
    for (name, line), messages in sorted(found.items()):
        if (name, line) not in expected:
            yield f'{name}:{line}: {"; ".join(messages)}'
    for name, line in sorted(expected - set(found)):
        yield f'{name}:{line}: an editor does not see this slip'


def main():
    program = checker()
    if program is None:
        print(f'error: {CHECKER} is not installed; scripts/setup --editor builds it')
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / 'policies'
        shutil.copytree(ROOT / 'policies', folder)
        shutil.copy(SLIPS, folder)
        found = findings(program, folder)
    wrong = list(problems(found, SLIPS.read_text()))
    if wrong:
        print('\n'.join(wrong))
        return 1
    print(f'{len(found)} slips found, nothing in policies/')
    return 0


if __name__ == '__main__':
    sys.exit(main())
