#!/usr/bin/env python3
"""README.md's figures, from their sources.

    first_page.py           compares: prints what differs, and exits with 1 if anything does
    first_page.py --write   writes the generated parts into README.md: what stands between `<!-- NAME -->` and `<!-- /NAME -->`

Generated parts: evidence (from docs/reliability.md, which ./dev report writes) and bench (from docs/benchmarks.md, which ./dev bench writes).
Compared: the figures in README's text with those of the bench part, the compilers with include/stet/config.hpp, and the commands: none may
take whatever compiler `c++` is, since that is the refused GCC 12 on Debian 12.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / 'README.md'
# Pages with commands for a shell. In them a compiler has a name and a version.
PAGES_WITH_COMMANDS = ['README.md', 'docs/quickstart.md', 'CONTRIBUTING.md', 'docs/guide/deploying.md', 'docs/guide/writing-a-store.md']


class Wrong(Exception):
    pass


def text_of(name):
    return (ROOT / name).read_text(encoding='utf-8')


def number(text):
    return float(text.replace(',', ''))


# ---- docs/reliability.md -------------------------------------------------------------------------------
def faults(page):
    """Returns {fault: (trials, failures)} of the table of faults."""
    found = {}
    for line in page.splitlines():
        cells = [c.strip() for c in line.split('|')[1:-1]]
        if len(cells) == 6 and re.fullmatch(r'[\d,]+', cells[1]):
            found[cells[0]] = int(number(cells[1])), int(number(cells[3]))
    return found


def evidence(page):
    """Returns the line of evidence. A row with a failure makes it no evidence: Wrong."""
    rows = faults(page)
    kinds = {'kills': r'^SIGKILL', 'cuts': r'^power cut', 'lives': r'^the whole engine under one seed', 'scripts': r'^every script'}
    sums = {}
    for kind, pattern in kinds.items():
        chosen = [counts for fault, counts in rows.items() if re.search(pattern, fault)]
        if not chosen:
            raise Wrong(f'docs/reliability.md has no row that begins with {pattern[1:]!r}')
        sums[kind] = sum(trials for trials, _ in chosen)
        if any(failures for _, failures in chosen):
            raise Wrong(f'docs/reliability.md reports failures in its rows {pattern[1:]!r}: README.md must not claim that there are none')
    return (f'**Evidence**: killed {sums["kills"]:,} times by SIGKILL (at every durable operation, at the n-th system call, at random under load), cut off from power '
            f'{sums["cuts"]:,} times,\n{sums["scripts"]:,} crashes at every point of every script of up to three operations, {sums["lives"]:,} simulations with all faults at once: **acknowledged and lost: 0. '
            'Recorded and done again: 0**\n([how each was counted](docs/reliability.md)).\n')


# ---- docs/benchmarks.md --------------------------------------------------------------------------------
# A row of README: what, at a time, the row of the report, how many are in the store there ('' for none), the unit.
BENCH = [
    ('one step after another, p50', '1', 'latency_p50', '1', '', 'µs'),
    ('the same, body on the engine\'s thread', '1', 'latency_inline_p50', '1', '', 'µs'),
    ('durable steps/s, bodies on a pool', '100', 'throughput', '100', '', ''),
    ('', '1,000', 'throughput', '1,000', '', ''),
    ('durable steps/s, bodies inline', '100', 'throughput_inline', '100', '', ''),
    ('', '1,000', 'throughput_inline', '1,000', '', ''),
    ('records replayed per second', '', 'replay', None, '', 'alone'),
    ('bytes written per 100-byte step, all included', '1,000', 'bytes_per_step', '1,000', '', 'alone'),
    ('the first page of a list by an attribute, a million runs in the store', '', 'list_keyword', None, '1,000,000', 'ms'),
]


def measured(page, row, at_a_time, in_store):
    """Returns (value, limit, ratio) of a row of LMDB, as texts."""
    for line in page.splitlines():
        cells = [c.strip() for c in line.split('|')[1:-1]]
        if len(cells) == 7 and cells[0] == f'`{row}`' and cells[1] == 'lmdb' and at_a_time in (None, cells[2]) and cells[3] == in_store:
            return cells[4].split()[0], cells[5], cells[6]
    raise Wrong(f'docs/benchmarks.md has no row {row} of lmdb, {at_a_time} at a time, {in_store or "0"} in the store')


def rounded(text):
    """Returns a count with three digits that say something, or two from a million on where the third does not matter."""
    n = number(text)
    digits = 2 if n >= 5e6 else 3
    step = 10 ** max(0, len(str(int(n))) - digits)
    return f'{int(round(n / step) * step):,}'


def bench(page):
    lines = ['| what, on LMDB | at a time | value | limit | ratio |', '|---|---|---|---|---|']
    for what, at_a_time, row, there, in_store, unit in BENCH:
        value, limit, ratio = measured(page, row, there, in_store)
        if unit == 'µs':
            value, limit = f'{value} µs', f'{limit} µs'
        elif unit == 'ms':
            value, limit, ratio = f'{number(value):.1f} ms', '', ''
        elif unit == 'alone':
            value, limit, ratio = rounded(value), '', ''
        else:
            value, limit = rounded(value), rounded(limit)
        lines.append('| ' + ' | '.join([what, at_a_time, value, limit, ratio]) + ' |')
    return '\n'.join(re.sub(r'  +', ' ', line) for line in lines) + '\n'


GENERATED = {'evidence': (evidence, 'docs/reliability.md'), 'bench': (bench, 'docs/benchmarks.md')}


def part(name):
    return re.compile(rf'(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)', re.S)


# ---- the text ------------------------------------------------------------------------------------------
# A figure in README's text, and the row and column of the report that it rounds. It may be off by a tenth.
FIGURES = [
    (r'some ([\d,]+) µs for a step alone', ('latency_p50', '1', '')),
    (r'([\d,]+) durable steps a second when a thousand run at a time', ('throughput', '1,000', '')),
    (r'loads some ([\d,]+) bytes', ('footprint_bytes', '1', '')),
    (r'runs that sleep take some ([\d,]+) bytes', ('sleeping_rss_bytes', '100,000', '')),
    (r'kept in memory some ([\d,]+) bytes', ('resident_bytes', '50,000', '')),
]


def text_faults(readme):
    page = text_of('docs/benchmarks.md')
    plain = ' '.join(readme.split())
    for pattern, row in FIGURES:
        found = re.search(pattern, plain)
        wanted = number(measured(page, *row)[0])
        if not found:
            yield f'README.md does not say {pattern!r}'
        elif abs(number(found[1]) - wanted) > wanted / 10:
            yield f'README.md says {found[0]!r}, docs/benchmarks.md says {wanted:g}'
    clang, gcc = re.search(r'needs GCC (\d+) or Clang (\d+)', text_of('include/stet/config.hpp')).groups()[::-1]
    if f'Clang {clang} or newer, GCC {gcc} or newer' not in plain:
        yield f'README.md does not say "Clang {clang} or newer, GCC {gcc} or newer", as include/stet/config.hpp does'


def command_faults():
    for name in PAGES_WITH_COMMANDS:
        if not (ROOT / name).exists():
            continue
        for block in re.findall(r'^```(?:sh|console)\n(.*?)^```', text_of(name), re.S | re.M):
            for line in block.splitlines():
                if re.search(r'(^|[\s=$(])(c\+\+|g\+\+|clang\+\+|cc|gcc|clang)(?=\s|$)', line):
                    yield f'{name}: {line.strip()!r} takes a compiler without its version; on Debian 12 that may be one that is refused. Write clang++-19'


def faults_of(readme):
    for name, (make, source) in GENERATED.items():
        found = part(name).search(readme)
        if not found:
            yield f'README.md has no part between <!-- {name} --> and <!-- /{name} -->'
        elif found[0] != (wanted := make(text_of(source))):
            yield f'README.md, part {name}: {source} says something else (tools/first_page.py --write):\n{wanted}'
    yield from text_faults(readme)
    yield from command_faults()


def main():
    readme = README.read_text(encoding='utf-8')
    try:
        if sys.argv[1:] == ['--write']:
            for name, (make, source) in GENERATED.items():
                made = make(text_of(source))
                readme = part(name).sub(lambda _, made=made: made, readme)
            README.write_text(readme, encoding='utf-8')
        elif sys.argv[1:]:
            sys.exit(__doc__)
        found = list(faults_of(readme))
    except Wrong as e:
        found = [str(e)]
    for fault in found:
        print(f'FAILED  {fault}')
    print(f'first page: {len(found)} faults')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
