#!/usr/bin/env python3
"""corpus.py FUZZER PROGRAM GOLDEN: runs a fuzzer over the values in the golden stores, as they are and with random damage.

GOLDEN is the folder of the archives. STET_SEED repeats a run. `corpus.py FUZZER - GOLDEN FOLDER` writes the corpus for libFuzzer.
"""
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools'))
sys.dont_write_bytecode = True
from reader import containers  # noqa: E402

DAMAGED = 20  # of each item


def unpacked(golden, scheme, to):
    """The paths of the golden stores of a kind."""
    archives = sorted(pathlib.Path(golden).glob(f'format-1-*{scheme}.tar.gz'))
    if not archives:
        print(f'skipped: there is no golden store of {scheme} in {golden}')
        sys.exit(77)
    for archive in archives:
        with tarfile.open(archive) as tar:
            tar.extractall(pathlib.Path(to) / archive.stem)
        yield pathlib.Path(to) / archive.stem / 'store'


def items(fuzzer, golden, work):
    if fuzzer == 'log_fuzz':
        logs = [pathlib.Path(f'{store}-log').read_bytes() for store in unpacked(golden, 'lmdb', work)]
        return [part for log in logs for part in (log[:8192], *(log[at:at + 1024] for at in range(4096, len(log), 512) if any(log[at:at + 64])))]
    pairs = [pair for store in unpacked(golden, 'sqlite', work) for pair in containers.read(f'sqlite:{store}')[0].items()]
    of = lambda space: [v for k, v in pairs if k[1:2] == space]  # noqa: E731
    if fuzzer == 'record_fuzz':
        return [v[40:] for v in of(b'j')] + [v[4:] for v in of(b'h')]
    if fuzzer == 'key_fuzz':
        return [k for k, _ in pairs]
    if fuzzer == 'aside_fuzz':
        # No golden store has records put aside. The records in blocks, each after its LSN, look the same.
        return [b'\x07' + v[40:] for v in of(b'j')]
    if fuzzer == 'attributes_fuzz':
        # They are somewhere in a snapshot: take each tail that begins with the name of the first one.
        return [v[v.index(b'\x05Cents'):] for v in of(b'r') if b'\x05Cents' in v]
    return of({'block_fuzz': b'j', 'snapshot_fuzz': b'r', 'codec_fuzz': b'u', 'clock_fuzz': b'k'}[fuzzer])


def damaged(item, chance):
    data = bytearray(item)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data)) if data else 0
        what = chance.randrange(4)
        if what == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            data[at:at + chance.randint(1, 9)] = b''
        elif what == 2:
            data[at:at] = bytes(chance.choices((0, 1, 0x7f, 0x80, 0xff), k=chance.randint(1, 9)))
        else:
            data[at:at] = data[at:at + chance.randint(1, 99)]
    return bytes(data)


def main():
    fuzzer, program, golden, *to = sys.argv[1:]
    seed = int(os.environ.get('STET_SEED', random.SystemRandom().getrandbits(32)))
    print(f'STET_SEED={seed} repeats this run')
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix='stet-corpus-') as work:
        folder = pathlib.Path(to[0] if to else work + '/corpus')
        folder.mkdir(exist_ok=True)
        all_items = items(fuzzer, golden, work)
        if not all_items:
            sys.exit(f'FAILED  the golden stores have nothing for {fuzzer}')
        files = []
        for n, item in enumerate(all_items):
            for m in range(1 if to else 1 + DAMAGED):
                files.append(folder / f'{n}-{m}')
                files[-1].write_bytes(damaged(item, chance) if m else item)
        print(f'{len(all_items)} items, {len(files)} files')
        if program == '-':
            return 0
        for at in range(0, len(files), 500):
            done = subprocess.run([program, *files[at:at + 500]], check=False)
            if done.returncode != 0:
                print(f'FAILED  {fuzzer} returned {done.returncode}')
                return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
