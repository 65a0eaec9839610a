#!/usr/bin/env python3
"""lower_layers.py BUILD: checks with ninja's log of dependencies that a changed verb of the client compiles no source of the lower
layers (base to journal) anew, and that src/meson.build lists the same sources as lower."""
import re
import subprocess
import sys

VERBS = ['client.hpp', 'run.hpp', 'engine.hpp', 'admin.hpp', 'context.hpp']
LOWER = ('base/', 'keys/', 'history/', 'run_state/', 'index/', 'payloads/', 'journal/')


def main():
    build = sys.argv[1]
    log = subprocess.run(['ninja', '-C', build, '-t', 'deps'], capture_output=True, text=True, check=True).stdout
    objects = {}
    for block in log.split('\n\n'):
        head, *lines = block.strip().splitlines() or ['']
        name = head.split(':')[0]
        if 'stet-lower' in name:
            objects[name] = [line.strip() for line in lines]
    sources = {dep for deps in objects.values() for dep in deps if re.search(r'/src/(' + '|'.join(LOWER) + r')\w+\.cpp$', dep)}
    faults = [f'{name} is compiled anew when {dep} changes' for name, deps in objects.items() for dep in deps
              if re.search(r'/include/stet/(' + '|'.join(VERBS) + ')$', dep)]
    if len(sources) < 20:
        faults.append(f'the log has {len(sources)} sources of the lower layers: the build is not whole, or the test looks in the wrong place')
    print('\n'.join(faults) or f'{len(sources)} sources of the lower layers, and none sees a verb')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
