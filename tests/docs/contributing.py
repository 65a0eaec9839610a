#!/usr/bin/env python3
"""contributing.py: applies the worked examples of CONTRIBUTING.md to a copy of the sources, and compiles the files that they touch. A verb
may touch at most three files, a kind of record two and the tables that tools/kinds.py writes."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CXX = os.environ.get('CXX', 'clang++-19')
EXAMPLES = {  # heading: (files that it may touch, sources to compile, a program that uses it)
    'How to add a verb': (3, ['src/engine/calls/control.cpp', 'src/engine/loop/core_commands.cpp'],
                          '#include <stet/stet.hpp>\nstd::uint64_t f(stet::engine& e) { return e.admin().latest_run("a"); }\n'),
    'How to add a kind of record': (2, ['src/history/record.cpp', 'src/history/kinds.cpp', 'src/run_state/fold.cpp'],
                                    '#include <stet/kinds.hpp>\nauto k = stet::record_kind::looked_at;\n'),
}


def apply(text, block, where):
    before = [line[1:] for line in block if line[:1] in ' -']
    after = [line[1:] for line in block if line[:1] in ' +']
    old, new = '\n'.join(before) + '\n', '\n'.join(after) + '\n'
    if text.count(old) != 1:
        sys.exit(f'{where}: its lines are there {text.count(old)} times:\n{old}')
    return text.replace(old, new)


def try_example(heading, section, folder):
    files_max, sources, program = EXAMPLES[heading]
    for name in ('include', 'src', 'docs', 'tools'):
        shutil.copytree(ROOT / name, folder / name)
    touched, path = set(), None
    for found in re.finditer(r'^`([\w/.]+)`:|^```diff\n(.*?)^```$', section, re.M | re.S):
        if found[1]:
            path = folder / found[1]
            continue
        touched.add(path)
        path.write_text(apply(path.read_text(encoding='utf-8'), found[2].splitlines(), path.relative_to(folder)), encoding='utf-8')
    if not 0 < len(touched) <= files_max:
        sys.exit(f'"{heading}" touches {len(touched)} files, and may touch {files_max}')
    subprocess.run([sys.executable, folder / 'tools' / 'kinds.py'], check=True)
    (folder / 'program.cpp').write_text(program, encoding='utf-8')
    for source in [*sources, 'program.cpp']:
        subprocess.run([CXX, '-std=c++20', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-DSTET_STATIC', f'-I{folder}/include', f'-I{folder}/src',
                        folder / source], check=True)
    print(f'ok      {heading}: {len(touched)} files')


def main():
    text = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8')
    for heading in EXAMPLES:
        section = re.search(rf'^## {heading}\n(.*?)(?=^## |\Z)', text, re.M | re.S)[1]
        with tempfile.TemporaryDirectory() as folder:
            try_example(heading, section, pathlib.Path(folder))


if __name__ == '__main__':
    main()
