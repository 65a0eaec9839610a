#!/usr/bin/env python3
"""The code in the documents.

pages.py program PAGE OUT   writes the first ```cpp block of PAGE, a whole program, to OUT
pages.py block PAGE LANGUAGE OUT   writes the first block of PAGE in another language (cmake, meson, …) to OUT
pages.py run PAGE PROGRAM   runs that program: it must print the first ```text block of PAGE
pages.py check              compiles (syntax only) every page of the guide, its blocks in their order; follows the links
                            between all pages; and finds the pages that the guide's index lacks and the verbs of the engine that
                            stand in no page. A block after the line `<!-- not compiled -->` is left out.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r'^(<!-- not compiled -->\n)?```cpp\n(.*?)^```$', re.S | re.M)
LINK = re.compile(r'\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)')


def blocks(page):
    """(line, code) of each block that is compiled."""
    text = page.read_text(encoding='utf-8')
    return [(text[:m.start(2)].count('\n') + 1, m.group(2)) for m in BLOCK.finditer(text) if not m.group(1)]


def source(found, page):
    return ''.join(f'#line {line} "{page.relative_to(ROOT)}"\n{code}' for line, code in found)


COMMAND = [os.environ.get('CXX', 'clang++-19'), '-std=c++20', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function',
           '-Wno-missing-field-initializers', f'-I{ROOT}/include', '-x']


def prepare(folder):
    """Parses the headers once, for all pages."""
    prelude = pathlib.Path(folder) / 'prelude.hpp'
    prelude.write_text((pathlib.Path(__file__).parent / 'prelude.txt').read_text(encoding='utf-8'), encoding='utf-8')
    subprocess.run([*COMMAND, 'c++-header', prelude, '-o', f'{prelude}.{"pch" if "clang" in COMMAND[0] else "gch"}'], check=True)
    return prelude


def compile_page(page, prelude):
    done = subprocess.run([*COMMAND, 'c++', '-fsyntax-only', '-include', prelude, '-'],
                          input=source(blocks(page), page), text=True, capture_output=True)
    return page, done.returncode, done.stderr


def broken_links(page):
    for target in LINK.findall(page.read_text(encoding='utf-8')):
        if not re.match(r'\w+:', target) and not (page.parent / target).exists():
            yield target


def waited_for(page):
    """Steps with a time-out whose body captures: the run waits for such a body, however long it takes."""
    for line, code in blocks(page):
        for m in re.finditer(r'step\("[^"]*",\s*\{[^;]*?timeout = [^;]*?\},\s*\[[&=\w]', code):
            yield line + code[:m.start()].count('\n')


def run(page, program):
    said = re.search(r'^```text\n(.*?)^```$', page.read_text(encoding='utf-8'), re.S | re.M).group(1)
    done = subprocess.run([program], text=True, capture_output=True, timeout=50)
    if done.returncode == 0 and done.stdout == said:
        return 0
    print('FAILED  the page says:', said, 'but it printed:', done.stdout, done.stderr, f'and returned {done.returncode}', sep='\n')
    return 1


def verbs(header):
    """Yields the names of the public methods of a header's classes, outside of stet::detail."""
    is_public = False
    for line in (ROOT / 'include' / 'stet' / f'{header}.hpp').read_text(encoding='utf-8').splitlines():
        if re.match(r'(?:template <.*> )?(?:class|struct)\b.*\{$', line) or line.startswith(' p'):
            is_public = line.startswith((' public:', 'struct'))
        elif 'namespace detail {' in line or line.startswith('};'):
            is_public = False
        found = re.match(r'  (?!//|return|template|if|for|using|static_assert|requires|explicit)[^ ].*?[ &*](\w+)\(', line)
        if found and is_public and not line.rstrip().endswith('old spellings'):
            yield found[1]


def verbs_without_page():
    """A verb that stands in no page of the guide is found by readers of the headers alone."""
    guide = ''.join(p.read_text(encoding='utf-8') for p in (ROOT / 'docs' / 'guide').glob('*.md'))
    for header in 'client', 'run', 'admin', 'engine', 'context':
        for verb in sorted(set(verbs(header)) - {'internals', 'engine', 'client', 'context', 'run_handle', 'failed', 'T'}):
            if not re.search(rf'(?:[.>:]|`){verb}\b', guide):
                yield f'include/stet/{header}.hpp: {verb}'


def pages_without_entry():
    """A page of the guide that README.md and the guide's index don't name is found by chance alone."""
    for index, folder in (ROOT / 'README.md', 'docs/guide/'), (ROOT / 'docs' / 'guide' / 'README.md', ''):
        named = set(LINK.findall(index.read_text(encoding='utf-8')))
        for page in sorted((ROOT / 'docs' / 'guide').glob('*.md')):
            if folder + page.name not in named and page != index:
                yield f'{index.relative_to(ROOT)}: {page.name}'


def check():
    failures = 0
    for entry in pages_without_entry():
        print(f'FAILED  {entry} is not in this list')
        failures += 1
    for verb in verbs_without_page():
        print(f'FAILED  {verb} stands in no page of the guide')
        failures += 1
    for page in [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]:
        for target in broken_links(page):
            print(f'FAILED  {page.relative_to(ROOT)}: no file {target}')
            failures += 1
        for line in waited_for(page):
            print(f'FAILED  {page.relative_to(ROOT)}:{line}: a time-out beside a body that captures: the run waits for the body')
            failures += 1
    pages = [p for p in sorted((ROOT / 'docs' / 'guide').glob('*.md')) if blocks(p)]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        prelude = prepare(folder)
        for page, code, said in pool.map(lambda page: compile_page(page, prelude), pages):
            print(f'{"ok    " if code == 0 else "FAILED"}  {page.relative_to(ROOT)}')
            if code != 0:
                print(said)
                failures += 1
    print(f'docs: {failures} failures')
    return 1 if failures or not pages else 0


if __name__ == '__main__':
    if sys.argv[1:2] == ['program'] and len(sys.argv) == 4:
        page = pathlib.Path(sys.argv[2]).resolve()
        pathlib.Path(sys.argv[3]).write_text(source(blocks(page)[:1], page), encoding='utf-8')
    elif sys.argv[1:2] == ['block'] and len(sys.argv) == 5:
        text = pathlib.Path(sys.argv[2]).read_text(encoding='utf-8')
        pathlib.Path(sys.argv[4]).write_text(re.search(rf'^```{sys.argv[3]}\n(.*?)^```$', text, re.S | re.M).group(1), encoding='utf-8')
    elif sys.argv[1:2] == ['run'] and len(sys.argv) == 4:
        sys.exit(run(pathlib.Path(sys.argv[2]), sys.argv[3]))
    elif sys.argv[1:] == ['check']:
        sys.exit(check())
    else:
        sys.exit(__doc__)
