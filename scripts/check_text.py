#!/usr/bin/env python3
"""Finds text that belongs to one machine or to no release: paths of a machine, hosts of a package registry, marks for
later, and a lint that is switched off without a reason (the form is `NOLINT(check): why`)."""

import re

import tree

# The check and its test.
_SPELLS_THEM_OUT = ('check_text.py', 'check_text_test.py')

# A path of somebody's machine: it works nowhere else. /tmp, /etc and the like are the same on every one.
_MACHINE_PATH = re.compile(r'(?<![\w.:/}$-])/(?:work|root)/[\w.][\w./-]*')
# Of a person's; tests may invent one.
_PERSONS_PATH = re.compile(r'(?<![\w.:/}$-])/(?:home|Users)/[\w.][\w./-]*')
_REGISTRY = re.compile(
    r'\b(?:deb|security|ftp)\.debian\.org|\bpypi\.org|\bpythonhosted\.org|\bregistry\.npmjs\.org|\bcrates\.io'
    r'|\bproxy\.golang\.org|\bartifactory\b|\bnexus\.\w+\.\w+|\b[\w-]+\.(?:internal|corp|lan)(?::\d+)?/', re.I)
_LATER = re.compile(r'\b(?:TODO|FIXME|XXX|HACK)\b')
_NOLINT = re.compile(r'NOLINT(?:NEXTLINE|BEGIN|END)?(\([^)]*\))?(:\s*\S)?')


def problems_in(text, in_tests=False):
    """[(line, problem)] of one file."""
    found = []
    for number, line in enumerate(text.split('\n'), 1):
        paths = list(_MACHINE_PATH.finditer(line)) + ([] if in_tests else list(_PERSONS_PATH.finditer(line)))
        for path in paths:
            found.append((number, f'{path.group()} is a path of one machine'))
        for host in _REGISTRY.finditer(line):
            found.append((number, f'{host.group()} is a registry: leave its address to the machine'))
        for mark in _LATER.finditer(line):
            found.append((number, f'{mark.group()}: do it, or file an issue'))
        for off in _NOLINT.finditer(line):
            if not off.group(2) and 'END' not in off.group():
                found.append((number, 'a lint is switched off without a reason: write NOLINT(check): why'))
    return found


def find(root):
    problems = []
    looked_at = suppressed = 0
    for path in tree.files(root):
        if path.name in _SPELLS_THEM_OUT:
            continue
        text = tree.read(path, root)
        if '\0' in text:
            continue
        looked_at += 1
        suppressed += len(_NOLINT.findall(text)) if path.suffix in ('.h', '.cc') else 0
        problems += [f'{path}:{line}: {problem}' for line, problem in problems_in(text, path.parts[0] == 'tests')]
    return problems, f'{looked_at} files, {suppressed} NOLINT with a reason'


if __name__ == '__main__':
    tree.run_check(__doc__, find)
