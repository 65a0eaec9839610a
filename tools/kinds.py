#!/usr/bin/env python3
"""kinds.py [--check]: writes the kinds of record from src/history/kinds.def into docs/format.md, include/stet/kinds.hpp and
tools/reader/kinds.py. With --check it changes nothing, and exits with 1 if one of these files isn't up to date."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ROOT / 'src' / 'history' / 'kinds.def'
FORMAT = ROOT / 'docs' / 'format.md'
PUBLIC = ROOT / 'include' / 'stet' / 'kinds.hpp'
READER = ROOT / 'tools' / 'reader' / 'kinds.py'
BEGIN, END = '<!-- kinds.def: ./dev fmt writes this table -->\n', '<!-- end of kinds.def -->\n'
BEGIN_CODE, END_CODE = '  // kinds.def: ./dev fmt writes these lines\n', '  // end of kinds.def\n'
CLASSES = {1: ('events', 'an input that the run observes'), 16: ('commands', 'what the workflow emitted while an event drove it'),
           32: ('notes', 'facts that the workflow never sees')}


class Kind:
    """One line of kinds.def, with its flags: [(name, bit, field or None, meaning)]."""

    def __init__(self, name, number, text, fields, meaning):
        self.name, self.number, self.text, self.meaning = name.replace('_', ' '), int(number), text, meaning
        self.fields = [f.strip() for f in fields.split('|')]
        self.flags = []

    def row(self):
        notes = [self.meaning] if self.meaning else []
        notes += [f'Flag {bit}: {meaning}' for _, bit, _, meaning in self.flags]
        fields = ['name' if f == 'reason' else f for f in self.fields] + [f'{field} (flag {bit})' for _, bit, field, _ in self.flags if field]
        if 'reason' in self.fields:
            notes.insert(0, 'name: reason')
        return f'| {self.number} | {self.name} | {", ".join(fields)} | {". ".join(notes)} |\n'


def read():
    text = re.sub(r'^//.*$', '', KINDS.read_text(encoding='utf-8'), flags=re.M)
    kinds = []
    lines = re.findall(r'^STET_.*$', text, re.M)
    if len(lines) != len(found := re.findall(r'^(STET_\w+)\((.*)\)$', text, re.M)):
        sys.exit(f'{KINDS.relative_to(ROOT)}: each kind and each flag is one line, STET_…(…): {len(lines) - len(found)} are not')
    for macro, inside in found:
        parts = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^",]+)\s*(?:,|$)', inside)
        parts = [p.strip().strip('"') for p in parts]
        if macro == 'STET_KIND':
            kinds.append(Kind(*parts))
        elif macro == 'STET_FLAG':
            kinds[-1].flags.append((parts[1], int(parts[2]), None, parts[3]))
        else:
            kinds[-1].flags.append((parts[1], int(parts[2]), parts[3], parts[4]))
    return kinds


def table(kinds):
    rows = '| kind | | fields | what they mean |\n|---|---|---|---|\n'
    for k in kinds:
        if k.number in CLASSES:
            word, meaning = CLASSES[k.number]
            rows += f'| **{word}** | | | *{meaning}* |\n'
        rows += k.row()
    return rows


def reader(kinds):
    out = '"""The kinds of record: (name, fields). ./dev fmt writes this file from src/history/kinds.def."""\nKINDS = {\n'
    for k in kinds:
        fields = ' '.join('name' if f == 'reason' else f for f in k.fields)
        out += f"    {k.number}: ('{k.name}', '{fields}'),\n"
    out += '}\n# Fields that a record has only with a flag: (kind, flag): field.\nOPTIONAL = {\n'
    out += ''.join(f"    ({k.number}, {bit}): '{field}',\n" for k in kinds for _, bit, field, _ in k.flags if field)
    return out + '}\n'


def enumerators(kinds):
    out = ''
    for k in kinds:
        if k.number in CLASSES:
            out += f'  // {CLASSES[k.number][0].capitalize()}\n'
        out += f'  {k.name.replace(" ", "_")} = {k.number},\n'
    return out


def between(path, begin, end, new):
    before, has_begin, rest = path.read_text(encoding='utf-8').partition(begin)
    _, has_end, after = rest.partition(end)
    if not (has_begin and has_end):
        sys.exit(f'{path.relative_to(ROOT)}: it lacks the line "{(begin if not has_begin else end).strip()}"')
    return before + begin + new + end + after


def stale():
    """Returns [(path, the text that it should have)] for the files that differ."""
    kinds = read()
    wanted = {FORMAT: between(FORMAT, BEGIN, END, table(kinds)), READER: reader(kinds),
              PUBLIC: between(PUBLIC, BEGIN_CODE, END_CODE, enumerators(kinds))}
    return [(path, new) for path, new in wanted.items() if not path.exists() or path.read_text(encoding='utf-8') != new]


def main():
    found = stale()
    for path, new in found:
        if '--check' in sys.argv:
            print(f'{path.relative_to(ROOT)}: not what src/history/kinds.def says; ./dev fmt writes it anew')
        else:
            path.write_text(new, encoding='utf-8')
    return 1 if found and '--check' in sys.argv else 0


if __name__ == '__main__':
    sys.exit(main())
