#!/usr/bin/env python3
"""Keeps src/README.md true: each name in backticks with `::` exists in the module that it names.

`module::Name` must be declared in src/module/ (or engines/module/); of `Class::function` both must stand in one module.
Names of the standard library, Boost and the like are left alone, and so is `module::name`, which explains the form.
"""

import re

import cpp_text
import tree

MAP = 'src/README.md'

_FOREIGN = ('std', 'boost', 'asio', 'beast', 'json', 'tl', 'spdlog', 'date', 'toml', 'testing')
_QUOTED = re.compile(r'`([^`\n]+)`')
_NAME = re.compile(r'~?\b[A-Za-z_]\w*(?:::~?[A-Za-z_]\w*)+')


def names(text):
    """[(line, name)] of the map."""
    return [(number, name) for number, line in enumerate(text.split('\n'), 1) for quoted in _QUOTED.findall(line)
            for name in _NAME.findall(quoted)]


def modules(root):
    """{module: masked code of all its files}; a folder below a module is a part of it and a name of its own."""
    code = {}
    for path in tree.cpp_files(root, ('src', 'engines')):
        for part in path.parts[1:-1]:
            code[part] = code.get(part, '') + cpp_text.mask(tree.read(path, root)) + '\n'
    return code


def _declares_type(code, name):
    kinds = r'\b(?:class|struct|enum|enum class|union|concept)\s+(?:\[\[\w+\]\]\s+)?'
    return re.search(rf'{kinds}{name}\b|\busing\s+{name}\s*=', code)


def _declares(code, name):
    """A call through an object is no declaration; a plain call is taken for one, since it compiles."""
    return _declares_type(code, name) or re.search(rf'(?<![\w.])(?<!->){re.escape(name)}\s*[(=;{{,}}]', code)


def missing(name, code_of):
    """Why a name of the map does not hold, or None."""
    parts = name.split('::')
    if parts[0] in _FOREIGN or name == 'module::name':
        return None
    if parts[0] in code_of:
        absent = [part for part in parts[1:] if part not in code_of and not _declares(code_of[parts[0]], part)]
        return f'{absent[0]} is not declared in {parts[0]}/' if absent else None
    homes = [code for code in code_of.values() if _declares_type(code, parts[0])]
    if not homes:
        return f'there is neither a module nor a type {parts[0]}'
    if any(all(_declares(code, part) for part in parts[1:]) for code in homes):
        return None
    return f'{parts[0]} has no {parts[-1]}'


def find(root):
    if not (root / MAP).is_file():
        return [f'{MAP}: there is no such file; it is the map of the source'], ''
    code_of = modules(root)
    listed = names(tree.read(MAP, root))
    problems = [f'{MAP}:{line}: {name}: {why}' for line, name in listed if (why := missing(name, code_of))]
    return problems, f'{len(listed)} names'


if __name__ == '__main__':
    tree.run_check(__doc__, find)
