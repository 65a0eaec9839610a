#!/usr/bin/env python3
"""session.py PAGE BANK: the bank says what the first ```console block of PAGE says, line by line; and the code that the
page shows is that of bank.cpp."""
import pathlib
import re
import subprocess
import sys
import tempfile

page, bank = sys.argv[1:]
words = pathlib.Path(page).read_text(encoding='utf-8')
text, code = (re.search(rf'^```{kind}\n(.*?)^```$', words, re.S | re.M).group(1) for kind in ('console', 'cpp'))
failures = 0
if code not in pathlib.Path(__file__).with_name('bank.cpp').read_text(encoding='utf-8'):
    print('FAILED  bank.cpp has not the code that the page shows')
    failures = 1
with tempfile.TemporaryDirectory() as folder:
    for command, said in re.findall(r'^\$ bank (.*)\n((?:(?!\$).*\n)*)', text, re.M):
        done = subprocess.run([pathlib.Path(bank).resolve(), *command.split()], cwd=folder, text=True, timeout=50,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        good = done.stdout == said
        print(f'{"ok    " if good else "FAILED"}  bank {command}')
        if not good:
            print('the page says:', said, 'it said:', done.stdout, sep='\n')
            failures += 1
sys.exit(1 if failures else 0)
