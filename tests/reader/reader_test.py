#!/usr/bin/env python3
"""reader_test.py EXAMPLES PUT_ASIDE GOLDEN SCHEME…: tools/read_store.py reads the stores that our programs write, and reports the
damage that we do to them.

EXAMPLES is the folder of the built examples, GOLDEN that of the golden stores. Stores are read after a clean close, after SIGKILL, and copied while a stopped
process is in the middle of its work. Exits 77 (skipped) without python3-lmdb.
"""
import importlib.util
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

TOOLS = pathlib.Path(__file__).resolve().parents[2] / 'tools'
sys.path.insert(0, str(TOOLS))
sys.dont_write_bytecode = True
from reader import checks, containers, decode  # noqa: E402

failures = 0


def report(what, problems, wanted=None):
    """`wanted` is a part of a problem that must be reported. Without it, no problem may be reported."""
    global failures
    good = not problems if wanted is None else any(wanted in p for p in problems)
    if not good:
        failures += 1
    print('ok     ' if good else 'FAILED ', what, *([] if good else [f'\n         wanted: {wanted}', *problems[:5]]), sep=' ')


def problems_of(url):
    try:
        return checks.Store(*containers.read(url)).problems
    except decode.Malformed as e:
        return [str(e)]


def store_at(url):
    return checks.Store(*containers.read(url))


# ---- stores of our programs
class Writer:
    """Runs an example on a store in a folder of its own."""

    def __init__(self, examples, work, scheme):
        self.examples, self.scheme = pathlib.Path(examples), scheme
        self.place = pathlib.Path(tempfile.mkdtemp(prefix=scheme + '-', dir=work))
        self.url = f'{scheme}:{self.place}/store'

    def run(self, name):
        subprocess.run([self.examples / name, self.url], check=True, stdout=subprocess.DEVNULL, timeout=60)

    def begin(self, name):
        return subprocess.Popen(['stdbuf', '-oL', self.examples / name, self.url], stdout=subprocess.PIPE, text=True)

    def killed_while_it_waits(self):
        hello = self.begin('hello')
        while 'kill me now' not in (line := hello.stdout.readline()):
            if not line:
                sys.exit('FAILED  hello ended before it could be killed')
        time.sleep(0.2)  # the commit of its sleep
        hello.kill()
        hello.wait()

    def copies_of_the_middle(self, name, count):
        """Copies of the store while the process is stopped, then one after it was killed."""
        process, copies = self.begin(name), []
        for n in range(count):
            time.sleep(0.02 * n + 0.01)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGSTOP)
            os.waitpid(process.pid, os.WUNTRACED)
            if (self.place / 'store').exists():
                to = self.place.with_name(f'{self.place.name}.{n}')
                shutil.copytree(self.place, to)
                copies.append(f'{self.scheme}:{to}/store')
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        return copies + [self.url]


def written_stores(examples, work, scheme):
    for name in 'search', 'saga', 'entity', 'cleanup', 'updatable_timer', 'fan_out':
        w = Writer(examples, work, scheme)
        w.run('patterns/' + name)
        report(f'{scheme}: {name}, closed', problems_of(w.url))
    w = Writer(examples, work, scheme)
    w.killed_while_it_waits()
    report(f'{scheme}: hello, killed', problems_of(w.url))
    run = store_at(w.url).runs[1]
    report(f'{scheme}: hello waits for its sleep', [] if [p.kind for p in run.pending.values()] == ['sleep'] else [str(vars(run))])
    w.run('hello')
    report(f'{scheme}: hello, killed and finished', problems_of(w.url))
    w = Writer(examples, work, scheme)
    w.run('patterns/search')
    w.killed_while_it_waits()
    report(f'{scheme}: snapshots, and blocks behind them', problems_of(w.url))
    store = store_at(w.url)
    report(f'{scheme}: they are there', [] if store.blocks and len(store.snapshots) == 3 and len(store.runs) == 4 else [str(vars(store))])
    one_run(w.url, f'{scheme}: snapshots, and blocks behind them')
    copies = Writer(examples, work, scheme).copies_of_the_middle('patterns/fan_out', 8)
    runs = []
    for n, url in enumerate(copies):
        if not empty(url):
            problems = problems_of(url)
            report(f'{scheme}: fan_out, in the middle ({n})', problems)
            if not problems and n in (0, len(copies) - 1):
                one_run(url, f'{scheme}: fan_out, in the middle ({n})')
            runs += [] if problems else [len(store_at(url).runs)]
    print(f'        runs in the middle: {runs}')


def empty(url):
    """The process was stopped before its first commit."""
    try:
        return not containers.read(url)[0]
    except decode.Malformed as e:
        return 'application_id 0x0' in str(e) or 'is being made' in str(e) or 'CURRENT: No such file' in str(e)


# ---- one run, and what a person sees of it
class Counted:
    """A reader of ranges that counts what it reads, apart from the journal."""

    def __init__(self, ranges):
        self.ranges, self.pairs = ranges, 0

    def range(self, first, end, most=None):
        found = self.ranges.range(first, end, most)
        self.pairs += sum(k[:2] != b'\0j' for k in found)
        return found


def one_run(url, what):
    """A run that is looked up by its number or its id has the history that the whole store has of it, and little else was read.

    Of many runs some are looked up, from the first to the last: a look at a RocksDB store starts a program for each range.
    """
    whole = store_at(url)
    wrong = []
    looked_up = list(whole.runs.items())
    looked_up = looked_up[:: max(1, len(looked_up) // 16)] + looked_up[-1:]
    for number, run in looked_up:
        for wanted in str(number), run.id.decode():
            counted = Counted(containers.seek(url))
            found = checks.OneId(counted, wanted)
            wrong += [f'{wanted}: {p}' for p in found.problems]
            if [vars(r) for r in found.histories.get(number, [])] != [vars(r) for r in whole.histories[number]]:
                wrong.append(f'{wanted}: another history of run {number}')
            of_id = sum(r.id == run.id or str(n) == wanted for n, r in whole.runs.items())
            if counted.pairs > 12 * of_id + 8:
                wrong.append(f'{wanted}: it read {counted.pairs} of {len(whole.pairs)} pairs')
    report(f'{what}: {len(looked_up)} of {len(whole.runs)} runs, each by itself', wrong)


def said(url, *arguments):
    return subprocess.run([sys.executable, TOOLS / 'read_store.py', url, *arguments], capture_output=True, text=True, check=False).stdout


def for_people(work, golden):
    """Names, decoded payloads, and no numbers instead of them. The store's runs are those of tests/golden/workflows.hpp."""
    place = tempfile.mkdtemp(prefix='golden-', dir=work)
    subprocess.run(['tar', '-xzf', pathlib.Path(golden) / 'format-1-sqlite.tar.gz', '-C', place], check=True)
    url = f'sqlite:{place}/store'
    for arguments, wanted in {('--run', 'trip'): 'step done 1 "hotel" ', ('--run', 'cart'): 'payload=["tea"]', ('--run', 'refused'): 'code=step_failed',
                              ('--run', '6'): 'child done 1 "parent-1/a"', (): 'waits for step "ask"'}.items():
        lines = said(url, *arguments)
        report(f'a person sees {wanted}', [] if wanted in lines else lines.splitlines())
    report('what is encrypted is named', [] if 'payload=<sealed by xchacha20, ' in said(url, '--run', 'cart') else ['it is not'])
    report('no secret of a run is shown', [] if 'seed' not in said(url, '--run', 'trip') else ['one is'])
    report('a run that is not there', [] if said(url, '--run', 'nobody') == '' else ['something was printed'])
    one_run(url, 'golden sqlite')


# ---- damaged stores
def in_order(pairs):
    return {k: pairs[k] for k in sorted(pairs)}


def broken(pairs, change):
    pairs = dict(pairs)
    change(pairs)
    try:
        return checks.Store(in_order(pairs)).problems
    except decode.Malformed as e:
        return [str(e)]


def first(pairs, space):
    return min(k for k in pairs if k[:2] == b'\0' + space)


def flip(pairs, key, at):
    value = bytearray(pairs[key])
    value[at] ^= 1
    pairs[key] = bytes(value)


def move(pairs, key, to):
    pairs[to] = pairs.pop(key)


def damages(work, examples):
    w = Writer(examples, work, 'sqlite')
    w.run('patterns/search')
    w.killed_while_it_waits()
    pairs, _ = containers.read(w.url)
    report('the pairs that are to be broken are whole', broken(pairs, lambda p: None))
    gone = {b'n': 'has no id', b'x': 'has no index entry', b'c': 'the counter at key', b'r': 'is of a run that is not there',
            b'h': 'has no chunk'}
    for space, wanted in gone.items():
        report(f'a key of {space.decode()} is gone', broken(pairs, lambda p, s=space: p.pop(first(p, s))), wanted)
    for space, what in {b'j': 'block', b'r': 'snapshot', b'h': 'chunk'}.items():
        report(f'a bit of a {what} is flipped', broken(pairs, lambda p, s=space: flip(p, first(p, s), -6)), 'its checksum is wrong')
        report(f'a {what} is cut', broken(pairs, lambda p, s=space: p.__setitem__(first(p, s), p[first(p, s)][:-3])), what)
    blocks = sorted(k for k in pairs if k[:2] == b'\0j')
    report('the first block is gone', broken(pairs, lambda p: p.pop(blocks[0])), 'is missing before block')
    report('a block is in another\'s place', broken(pairs, lambda p: p.__setitem__(blocks[-1], p[blocks[0]])), 'says that it is block')
    report('an index entry of nobody', broken(pairs, lambda p: p.__setitem__(first(p, b'x')[:-1] + b'\x63', b'')), 'is of a run that is not there')
    report('an index entry with another value', broken(pairs, lambda p: move(p, first(p, b'x'), first(p, b'x')[:-9] + b'\x09' + first(p, b'x')[-8:])), 'index entry')
    report('a timer of nobody', broken(pairs, lambda p: p.__setitem__(b'\0t' + bytes(16), b'')), 'timer')
    report('a counter is wrong', broken(pairs, lambda p: p.__setitem__(first(p, b'c'), b'\x07')), 'the counter at key')
    report('a bit of a counter is flipped', broken(pairs, lambda p: flip(p, first(p, b'c'), -1)), 'its checksum is wrong')
    report('a bit of the marks is flipped', broken(pairs, lambda p: flip(p, b'\0o', 3)), 'its checksum is wrong')
    bare = lambda p: p.__setitem__(b'\0o', b'\x01' + p[b'\0o'][1:-4])  # noqa: E731
    report('marks of a build that wrote no checksum', broken(pairs, bare))
    report('a foreign key', broken(pairs, lambda p: p.__setitem__(b'\0q', b'')), 'is not one of the format\'s')
    report('a newer format', broken(pairs, lambda p: p.__setitem__(b'm format', b'2')), "has format '2'")
    report('the marks are gone', broken(pairs, lambda p: p.pop(b'\0o')), 'they are missing')
    report('a chunk of nobody', broken(pairs, lambda p: p.__setitem__(b'\0h' + bytes(7) + b'\x63' + bytes(8), p[first(p, b'h')])), 'belongs to no snapshot')
    damaged_file = w.place / 'store'
    base = sqlite3.connect(damaged_file)
    base.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    base.execute('INSERT INTO pairs VALUES (?, ?)', (first(pairs, b'x')[:-1] + b'\x63', b''))
    base.commit()
    base.close()
    done = subprocess.run([sys.executable, TOOLS / 'read_store.py', w.url, '--quiet'], capture_output=True, text=True, check=False)
    report('the program says so, and returns 1', [done.stdout] if done.returncode == 1 else [], 'index entry')
    with open(damaged_file, 'r+b') as file:
        file.seek(20)
        file.write(b'\xff' * 5000)
    report('a page of SQLite is overwritten', problems_of(w.url), 'SQLite says')


def damaged_log(work, examples):
    """The log before LMDB: damage before a durable record is reported; half a record at the end is no commit."""
    w = Writer(examples, work, 'lmdb')
    w.killed_while_it_waits()
    log = w.place / 'store-log'
    whole = log.read_bytes()
    records = [at for at in range(4096, len(whole), 64) if whole[at + 4:at + 8] == b'StCr']
    records_of = lambda: store_at(w.url).runs[1].records if 1 in store_at(w.url).runs else 0  # noqa: E731
    complete = records_of()

    def spoil(at, bytes_=b'\xa5'):
        data = bytearray(whole)
        data[at:at + len(bytes_)] = bytes_
        log.write_bytes(data)

    spoil(records[0] + 45)
    report('a durable record of the log is damaged', problems_of(w.url), 'is damaged, and was durable')
    spoil(records[-1] + 45)
    report('the last record of the log is half', problems_of(w.url))
    report('it counts for nothing', [] if records_of() < complete else [f'{records_of()} of {complete} records'])
    spoil(10)
    report('the header of the log is damaged', problems_of(w.url), 'its header is damaged')
    other = Writer(examples, work, 'lmdb')
    other.killed_while_it_waits()
    shutil.copy(other.place / 'store-log', log)
    report('the log is another store\'s', problems_of(w.url), "it is another store's")
    log.unlink()
    report('the log is gone', problems_of(w.url), 'is missing')


def put_aside(work, program, scheme):
    """Journal records of a run whose snapshot can't be read are reported. When the snapshot is back, they belong to the run again."""
    url = f'{scheme}:{tempfile.mkdtemp(prefix=scheme + "-", dir=work)}/store'

    def run(*stages):
        for stage in stages:
            subprocess.run([program, url, stage], check=True, stdout=subprocess.DEVNULL, timeout=60)

    run('begin', 'signal', 'flip', 'live')
    report(f'{scheme}: a run with a damaged snapshot has records put aside', problems_of(url), 'records are put aside: its snapshot')
    run('flip')
    report(f'{scheme}: its snapshot is back', problems_of(url))
    store = store_at(url)
    kinds = [r.word for r in store.histories[1]]
    report(f'{scheme}: what was put aside is in its history', [] if store.aside and 'signal' in kinds else [str(kinds)])
    run('live')
    report(f'{scheme}: the next engine has taken it', problems_of(url))
    store = store_at(url)
    report(f'{scheme}: and nothing is put aside', [] if not store.aside and 'signal' in [r.word for r in store.histories[1]] else ['it is'])


def golden_stores(work, golden, scheme):
    for archive in sorted(pathlib.Path(golden).glob(f'*-{scheme}.tar.gz')):
        place = pathlib.Path(tempfile.mkdtemp(prefix='golden-', dir=work))
        subprocess.run(['tar', '-xzf', archive, '-C', place], check=True)
        report(archive.name, problems_of(f'{scheme}:{place}/store'))


def main():
    examples, aside, golden, *schemes = sys.argv[1:]
    if 'lmdb' in schemes and not importlib.util.find_spec('lmdb'):
        print(f'skipped: {sys.executable} has no module lmdb (Debian: python3-lmdb)')
        return 77
    if 'rocksdb' in schemes and not shutil.which('ldb'):
        print('skipped: RocksDB, which is read by `ldb` (Debian: rocksdb-tools)')
        schemes.remove('rocksdb')
    with tempfile.TemporaryDirectory(prefix='stet-reader-') as work:
        for scheme in schemes:
            written_stores(examples, work, scheme)
            put_aside(work, aside, scheme)
            golden_stores(work, golden, scheme)
        if 'sqlite' in schemes:
            for_people(work, golden)
            damages(work, examples)
        if 'lmdb' in schemes:
            damaged_log(work, examples)
    print(f'{failures} failures')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
