"""Checks the rules of docs/format.md in a store. Each problem is one line that names the thing."""
import collections

from . import decode, fold
from .decode import Malformed, Source, be64, esc, ordered


CALLS = 8  # a flag of a message: it is an update, and waits for its answer


def shown(text):
    return repr(text.decode('utf-8', 'backslashreplace'))


class Store:
    """Reads everything at once, and compares each part with the others."""

    def __init__(self, pairs, owners=()):
        self.pairs, self.owners, self.problems = pairs, owners, []
        self.spaces = collections.defaultdict(dict)
        self.snapshots, self.histories, self.runs = {}, {}, {}
        self.recent, self.next_lsn, self.blocks, self.foreign_chunks = collections.defaultdict(list), 0, 0, 0
        self.erased = set()
        self.read()

    def problem(self, text):
        self.problems.append(text)

    def guard(self, what, f, *arguments):
        try:
            return f(*arguments)
        except Malformed as e:
            self.problem(f'{what}: {e}')
            return None

    def read(self):
        self.sort_keys()
        self.marks = self.guard('the marks (key o)', self.read_marks)
        self.guard('marks in the log', self.check_owners)
        if b'\0k' in self.pairs:
            self.guard('the history of the clock (key k)', decode.clock, self.pairs[b'\0k'])
        self.aside, self.owed = collections.defaultdict(list), {}
        for key, value in sorted(self.spaces['a'].items()):
            self.guard(f'the records put aside at key {key.hex()}', self.read_aside, key, value)
        self.read_blocks()
        for key, value in self.spaces['r'].items():
            self.guard(f'the snapshot at key {key.hex()}', self.read_snapshot, key, value)
        for number in sorted(set(self.snapshots) | set(self.recent)):
            self.guard(self.name(number), self.read_run, number)
        self.check_chunks()
        for number in sorted(self.aside.keys() - self.snapshots.keys()):
            self.problem(f'of run {number} {len(self.aside[number])} records are put aside: its snapshot can\'t be read')
        for number in sorted(self.owed.keys() - self.snapshots.keys()):
            self.problem(f'run {number} is owed {len(self.owed[number])} things: its snapshot can\'t be read')
        self.check_keys('n', self.expected_ids(), 'id')
        self.check_keys('t', self.expected_timers(), 'timer')
        self.check_keys('x', self.expected_index(), 'index entry')
        self.check_keys('s', self.expected_sent(), 'entry of what it was sent')
        self.check_counters()
        for key in self.spaces['u']:
            self.guard(f'the table entry at key {key.hex()}', self.check_state, key)
        self.check_families()

    def name(self, number):
        s = self.snapshots.get(number)
        return f'run {number} ({shown(s.id)})' if s else f'run {number}'

    # ---- keys
    def sort_keys(self):
        form = self.pairs.get(b'm format')
        if form is None and not self.pairs:
            return  # an engine's first start was cut short before its first commit
        if form is None:
            raise Malformed('the store is an unfinished copy' if b'm copy' in self.pairs else 'there is no key "m format"')
        if form != b'1':
            raise Malformed(f'the store has format {shown(form)}; this reader knows 1')
        for key in sorted(self.pairs):
            if key in (b'm format', b'm copy', b'\0o', b'\0k'):
                continue
            if key[:1] != b'\0' or key[1:2] not in b'jrhntsuxcak' or len(key) < 3:
                self.problem(f'the key {key.hex()} is not one of the format\'s')
            else:
                self.spaces[key[1:2].decode()][key] = self.pairs[key]

    def read_marks(self):
        if self.pairs.keys() <= {b'm format'}:
            return decode.Marks(0, 1, 1, 1, 0, 0)  # cut short before an engine owned it: empty
        if b'\0o' not in self.pairs:
            raise Malformed('they are missing')
        return decode.marks(self.pairs[b'\0o'])

    def check_owners(self):
        """An engine that was fenced writes no more: an epoch never falls (I14). A log has the marks one after another."""
        before = None
        for m in map(decode.marks, self.owners):
            if before and (m.epoch, m.first_block, m.next_lsn, m.next_run) < (before.epoch, before.first_block,
                                                                             before.next_lsn, before.next_run):
                raise Malformed(f'epoch {m.epoch} is written behind epoch {before.epoch}')
            before = m

    # ---- blocks
    def read_blocks(self):
        expected = self.marks.first_block if self.marks else None
        for key, value in self.spaces['j'].items():
            self.blocks += 1
            if len(key) != 10:
                self.problem(f'the key {key.hex()} of a block has {len(key)} bytes')
                continue
            number = int.from_bytes(key[2:], 'big')
            if expected is not None and number != expected:
                self.problem(f'block {expected} is missing before block {number}')
            expected = number + 1
            self.guard(f'block {number}', self.read_block, number, value)
        if self.marks:
            if self.marks.clean and self.blocks:
                self.problem('the store was closed, and has blocks')
            self.next_lsn = max(self.next_lsn, self.marks.next_lsn)

    def read_block(self, number, value):
        lsn, _, records = decode.block(value, number)
        if self.next_lsn and lsn != self.next_lsn:
            self.problem(f'block {number} begins with LSN {lsn}, and the one before ends below {self.next_lsn}')
        driver = None
        for r in records:
            # I6: an event and the records that it caused are in one commit.
            if r.is_command() and r.run != driver:
                self.problem(f'block {number}: "{r.word}" of run {r.run} (LSN {lsn}) has no event before it in the block')
            driver = r.run if r.is_command() or r.kind == 36 or (r.is_event() and not r.flags & 1) else None
            if r.kind == 42:
                self.recent.pop(r.related, None)
                self.erased.add(r.related)
            elif r.kind != 40:
                if r.run == 0:
                    self.problem(f'block {number}: "{r.word}" (LSN {lsn}) is of run 0')
                self.recent[r.run].append((lsn, r))
            lsn += 1
        self.next_lsn = lsn

    def read_aside(self, key, value):
        """Reads the records that were put aside for a run whose snapshot could not be read. If it can be read by now, they belong to the run."""
        if len(key) != 18:
            raise Malformed(f'the key has {len(key)} bytes')
        number = int.from_bytes(key[2:10], 'big')
        if key[10:] == bytes(8):
            self.owed[number] = decode.debts(value)
            return
        records = decode.aside(value)
        if records[0][0] != int.from_bytes(key[10:], 'big'):
            raise Malformed(f'the first has LSN {records[0][0]}')
        if any(r.run != number for _, r in records):
            raise Malformed('one is of another run')
        self.aside[number] += records

    # ---- runs
    def read_snapshot(self, key, value):
        if len(key) != 10:
            raise Malformed(f'its key has {len(key)} bytes')
        s = decode.Snapshot(value)
        if s.run != int.from_bytes(key[2:], 'big'):
            raise Malformed(f'it is of run {s.run}')
        if s.run in self.erased:
            raise Malformed('the run was erased')
        self.snapshots[s.run] = s

    def read_run(self, number):
        run, history = fold.Run(number), []
        s = self.snapshots.get(number)
        if s:
            history = self.chunks(number, s.records)
            for r in history:
                run.take(r)
            self.compare(run, s)
        for lsn, r in [*(self.aside.get(number, ()) if s else ()), *self.recent.get(number, ())]:
            if not s or lsn > s.applied_lsn:
                history.append(r)
                run.take(r)
        self.histories[number], self.runs[number] = history, run
        if self.marks and self.marks.clean and number >= self.marks.next_run:
            self.problem(f'{self.name(number)} has a number that is not below the next run\'s, {self.marks.next_run}')
        if s and s.applied_lsn >= self.next_lsn:
            self.problem(f'{self.name(number)}: its snapshot has LSN {s.applied_lsn}, and the next is {self.next_lsn}')
        if (run.ends == 1) == run.open():
            self.problem(f'{self.name(number)} has {run.ends} ends, and status {run.status}')
        if run.open() and not (run.waiting or run.stalled or run.pending):
            self.problem(f'{self.name(number)} is open, and nothing will wake it')

    def chunks(self, number, records):
        found, prefix = [], b'\0h' + be64(number)
        while len(found) < records:
            value = self.spaces['h'].pop(prefix + be64(len(found)), None)
            if value is None:
                raise Malformed(f'its history has no chunk that begins with record {len(found)} of {records}')
            try:
                found += decode.chunk(value)
            except Malformed as e:
                raise Malformed(f'the chunk of its history that begins with record {len(found)}: {e}') from e
        if len(found) != records:
            raise Malformed(f'its chunks have {len(found)} records, and its snapshot {records}')
        return found

    def compare(self, run, s):
        """Checks that the fold of the history equals the snapshot."""
        def same(what, folded, stored):
            if folded != stored:
                self.problem(f'{self.name(s.run)}: {what} is {stored!r} in the snapshot, and {folded!r} by its history')

        for what in ('id', 'namespace', 'workflow', 'seed', 'secret', 'started', 'parent', 'parent_command', 'previous', 'next',
                     'status', 'unread', 'outcome', 'memo', 'details', 'version'):
            same(what, getattr(run, what), getattr(s, what))
        same('stalled', run.stalled, s.stalled)
        same('cancel requested', run.cancelling, s.cancelling)
        same('undriven', run.waiting, s.undriven)
        same('open updates', len(run.open_updates), s.open_updates)
        same('attributes', [(n, k, v) for n, (k, v) in sorted(run.attributes.items())], s.attributes)
        same('the first run of its chain', run.first, s.first or s.run)
        same('what it waits for', [(p.command, p.kind, p.phase, p.flags, p.child) for p in run.pending.values()],
             [(p.command, p.kind, p.phase, p.flags, p.child) for p in s.pending.values()])

    def check_chunks(self):
        for key in self.spaces['h']:
            run = int.from_bytes(key[2:10], 'big')
            if run in self.runs or run not in self.snapshots or len(key) != 18:  # else it is named as unreadable already
                self.problem(f'the chunk at key {key.hex()} belongs to no snapshot')

    # ---- the indexes
    def check_keys(self, space, expected, what):
        """Checks that the keys of a space are those that the runs give, no more and no fewer (I11)."""
        for key in sorted(expected.keys() - self.spaces[space].keys()):
            self.problem(f'{self.name(expected[key])} has no {what} at key {key.hex()}')
        for key in sorted(self.spaces[space].keys() - expected.keys()):
            self.problem(f'the {what} at key {key.hex()} is of a run that is not there, or has another')
        for key, value in self.spaces[space].items():
            if value:
                self.problem(f'the {what} at key {key.hex()} has a value')

    def expected_ids(self):
        return {b'\0n' + esc(s.namespace) + esc(s.id) + be64(s.run): s.run for s in self.snapshots.values()}

    def expected_timers(self):
        return {b'\0t' + ordered(s.indexed_wake) + be64(s.run): s.run for s in self.snapshots.values()
                if s.indexed_wake != decode.NO_WAKE}

    def expected_index(self):
        keys = {}
        for s in self.snapshots.values():
            values = [(b'\1', esc(s.workflow) + bytes([self.indexed_status(s)])), (b'\2', b'\4' + ordered(s.started))]
            if s.status:
                values.append((b'\3', b'\4' + ordered(s.engine_time)))
            for name, kind, value in s.attributes:
                values += [(name, v) for v in decode.index_values(kind, value)]
            for name, value in values:
                keys[b'\0x' + esc(s.namespace) + esc(name) + value + be64(s.run)] = s.run
        return keys

    @staticmethod
    def indexed_status(s):
        return 5 if s.stalled and not s.status else s.status

    def check_counters(self):
        expected = collections.Counter(
            b'\0c' + esc(s.namespace) + esc(s.workflow) + bytes([self.indexed_status(s)]) for s in self.snapshots.values())
        found = {}
        for key, value in self.spaces['c'].items():
            self.guard(f'the counter at key {key.hex()}', lambda k, v: found.__setitem__(k, decode.count(k, v)), key, value)
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key, 0) != found.get(key, 0):
                self.problem(f'the counter at key {key.hex()} is {found.get(key, 0)}, and there are {expected.get(key, 0)} runs')

    @staticmethod
    def check_state(key):
        s = Source(key[2:])
        s.esc()
        s.esc()

    def expected_sent(self):
        """Returns the entries for the requests to a continued run. A run that was continued before such entries existed has none."""
        keys = {}
        for number, s in self.snapshots.items():
            prefix = b'\0s' + be64(s.first or number)
            everything = prefix + b'\0' + esc(b'') + be64(number)
            if not s.next or everything not in self.spaces['s']:
                continue
            keys[everything] = number
            for r in self.histories.get(number, ()):
                unnamed = r.kind == 11 and (r.flags & 8 or r.target.startswith(b'stet:'))
                if r.kind in (10, 11) and r.target and not unnamed:
                    keys[prefix + bytes([r.kind - 9]) + esc(r.target) + be64(number)] = number
        return keys

    def check_families(self):
        """Checks that a run that waits for a child has one that goes on (I10). The first run of that child may have been erased."""
        chains = collections.defaultdict(bool)
        for run in self.runs.values():
            chains[run.first] |= run.open()
        is_open = {(run.namespace, run.id) for run in self.runs.values() if run.open()}
        unread = {key[:-8] for key in self.spaces['n'] if int.from_bytes(key[-8:], 'big') not in self.runs}
        for number, run in self.runs.items():
            for p in run.pending.values():
                if run.waiting or not run.open() or number in self.owed:
                    continue
                if p.kind == 'message' and p.flags & CALLS and (run.namespace, p.target) not in is_open and \
                        b'\0n' + esc(run.namespace) + esc(p.target) not in unread:
                    self.problem(f'{self.name(number)} waits for an answer of {shown(p.target)}, of which no run is open')
                if p.kind != 'child':
                    continue
                if not chains.get(p.child):
                    self.problem(f'{self.name(number)} waits for its child, run {p.child}, which '
                                 + ('has ended' if p.child in chains else 'is not there'))


class OneId(Store):
    """The runs of one id, or the run of one number. It seeks their keys: what it reads doesn't grow with the store. Of the journal it
    reads all, which has a bound, and decodes the records of these runs."""

    def __init__(self, ranges, wanted):
        self.ranges, self.wanted = ranges, wanted.encode()
        super().__init__({})

    def get(self, key):
        return self.ranges.range(key, key + b'\0').get(key)

    def read(self):
        if (form := self.get(b'm format')) != b'1':
            raise Malformed(f'the store has format {shown(form or b"")}; this reader knows 1')
        self.marks = self.guard('the marks (key o)', lambda: decode.marks(self.get(b'\0o') or b''))
        self.aside, self.owed = collections.defaultdict(list), {}
        self.numbers = set(self.numbers_of_id())
        if self.wanted.isdigit() and len(self.wanted) < 20:
            self.numbers.add(int(self.wanted))
        for key, value in self.ranges.range(b'\0j', b'\0k').items():
            self.guard(f'the block at key {key.hex()}', self.read_part, value)
        self.next_lsn = max(self.next_lsn, self.marks.next_lsn if self.marks else 0)
        for number in sorted(self.numbers):
            for key, value in self.ranges.range(b'\0a' + be64(number), b'\0a' + be64(number + 1)).items():
                self.guard(f'the records put aside at key {key.hex()}', self.read_aside, key, value)
            self.spaces['h'].update(self.ranges.range(b'\0h' + be64(number), b'\0h' + be64(number + 1)))
            key = b'\0r' + be64(number)
            if (value := self.get(key)) is not None:
                self.guard(f'the snapshot at key {key.hex()}', self.read_snapshot, key, value)
            if number in self.snapshots or number in self.recent:
                self.guard(self.name(number), self.read_run, number)

    def numbers_of_id(self):
        """Yields the numbers of the id's runs in all namespaces, from one namespace to the next."""
        at = b'\0n'
        while first := list(self.ranges.range(at, b'\0o', 1)):
            s = Source(first[0][2:])
            prefix = b'\0n' + esc(s.esc())
            for key in self.ranges.range(prefix + esc(self.wanted), prefix + esc(self.wanted) + b'\xff' * 9):
                yield int.from_bytes(key[-8:], 'big')
            at = prefix[:-1] + b'\2'  # past all ids of that namespace

    def read_part(self, value):
        count, first_lsn = int.from_bytes(value[4:8], 'big'), int.from_bytes(value[16:24], 'big')
        self.next_lsn = max(self.next_lsn, first_lsn + count)
        for lsn, r in decode.records_of(value, lambda kind, run: kind in (1, 42) or run in self.numbers):
            if r.kind == 42:
                self.recent.pop(r.related, None)
                self.erased.add(r.related)
            elif r.run in self.numbers or (r.kind == 1 and r.target == self.wanted):
                self.numbers.add(r.run)
                self.recent[r.run].append((lsn, r))
