#!/usr/bin/env python3
"""Finds mutable global state: a non-const variable at namespace scope, or a static one in a function or class.

The logger in src/base/log.cc is the one exception of the whole program. Tests are not looked at.
"""

import re

import cpp_text
import tree

ALLOWED = ('src/base/log.cc',)

_CONSTANT = re.compile(r'\b(?:const|constexpr|consteval)\b')
_NOT_A_VARIABLE = re.compile(
    r'^\s*(?:using|typedef|template|friend|extern|static_assert|namespace|class|struct|union|enum|concept|return)\b')
_VARIABLE = re.compile(
    r'^\s*(?:\[\[\]\]\s*)?(?:(?:inline|static|thread_local)\s+)*[\w:]+(?:\s*<.*>)?[\s*&]+(\w+)\s*'
    r'(?:\[\]\s*)*(?:=.*|\{\}|\(\))?$', re.S)
_STATIC = re.compile(r'\b(?:static|thread_local)\b[^;]*')
# What can start an argument but not a parameter tells a variable from a function declaration.
_ARGUMENT = re.compile(r'\(\s*(?:[\d"&\-!]|true\b|false\b|nullptr\b|\w+\s*[(.])')


def _declared(declaration, flat, in_scope):
    """The name of the mutable variable that a declaration makes, or None."""
    if _CONSTANT.search(flat.split('=')[0]) or _NOT_A_VARIABLE.match(flat):
        return None
    variable = _VARIABLE.match(flat)
    if not variable:
        return None
    if flat.rstrip().endswith(')') and '=' not in flat and not _ARGUMENT.search(declaration):
        return None
    if in_scope and not re.search(r'\b(?:static|thread_local)\b', flat):
        return None
    return variable.group(1)


def _scope_is_class(code, position, pairs):
    """Whether the innermost brace around a position is a class's: its members are no globals unless static."""
    opens = [at for at, close in pairs.items() if at < position < close and code[at] == '{']
    if not opens:
        return False
    head = re.split(r'[;{}]', code[:max(opens)])[-1]
    return bool(re.search(r'\b(?:class|struct|union)\b', head))


def problems_in(text):
    """[(line, problem)] of one file."""
    code = cpp_text.mask(text)
    pairs = cpp_text.match_brackets(code)
    scanned = cpp_text.scan(code, pairs)
    found = []
    for start, end in scanned.statements:
        flat = cpp_text.flatten(code, start, end, pairs)
        name = _declared(code[start:end], flat, _scope_is_class(code, end, pairs))
        if name:
            found.append((start + len(code[start:end]) - len(code[start:end].lstrip()), name))
    for start, end in scanned.function_bodies:
        for static in _STATIC.finditer(code, start, end):
            flat = cpp_text.flatten(code, static.start(), static.end(), pairs)
            name = _declared(static.group(), flat, True)
            if name:
                found.append((static.start(), name))
    return [(cpp_text.line_of(code, position), f'{name} is mutable and static: make it a member of what uses it')
            for position, name in sorted(found)]


def find(root):
    paths = [path for path in tree.cpp_files(root, ('src', 'engines', 'examples')) if str(path) not in ALLOWED]
    problems = [f'{path}:{line}: {problem}' for path in paths for line, problem in problems_in(tree.read(path, root))]
    return problems, f'{len(paths)} files'


if __name__ == '__main__':
    tree.run_check(__doc__, find)
