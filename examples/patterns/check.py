#!/usr/bin/env python3
"""check.py SOURCE PROGRAM: the program prints what the comment at the top of its source says."""
import pathlib
import subprocess
import sys

source, program = sys.argv[1:]
expected, reading = [], False
for line in pathlib.Path(source).read_text(encoding='utf-8').splitlines():
    if not line.startswith('//'):
        break
    if reading:
        expected.append(line.removeprefix('//   '))
    reading = reading or line == '// Prints:'
if not expected:
    sys.exit(f'FAILED  {source} does not say what it prints')
done = subprocess.run([program], text=True, capture_output=True, timeout=50)
said = done.stdout.splitlines()
if done.returncode != 0 or said != expected:
    print('FAILED  expected:', *expected, 'but it printed:', *said, done.stderr, f'and returned {done.returncode}', sep='\n  ')
    sys.exit(1)
print('ok     ', pathlib.Path(source).stem)
