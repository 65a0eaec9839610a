"""The fold of a history into a run's state, written from the table of records in docs/format.md."""
from .decode import Malformed

END_STATUS = {24: 1, 25: 2, 26: 3, 27: 7}
COMMANDS = {16: 'step', 17: 'sleep', 18: 'child', 20: 'condition', 22: 'promise', 23: 'message'}
ANSWERS = {2: 'step', 3: 'step', 4: 'sleep', 5: 'child', 6: 'child', 12: 'promise', 13: 'promise', 14: 'message',
           15: 'message'}
ENDING = 3


class Pending:
    def __init__(self, record):
        self.command, self.kind, self.flags, self.phase = record.command, COMMANDS[record.kind], record.flags, 0
        self.attempt = 1 if self.kind == 'step' else 0
        self.child = record.related if self.kind == 'child' else 0
        self.target = record.target if self.kind == 'message' else b''
        self.due = record.number if record.kind == 17 and record.flags & 8 else None


class Run:
    """A run, record by record. Raises Malformed at a record that its history can't have."""

    def __init__(self, number):
        self.run, self.records, self.status, self.stalled, self.cancelling = number, 0, 0, False, False
        self.pending, self.commands, self.waiting, self.next = {}, 0, 0, 0
        self.unread, self.updates, self.open_updates, self.ends = 0, 0, set(), 0
        self.outcome, self.attributes, self.memo, self.details = b'', {}, b'', b''
        self.now = None

    def open(self):
        return self.status == 0

    def take(self, r):
        if (self.records == 0) != (r.kind == 1):
            raise Malformed('its history does not begin with `started`' if r.kind != 1 else 'it begins twice')
        if r.run != self.run:
            raise Malformed(f'its history has a record of run {r.run}')
        self.records += 1
        if self.status != 0:
            self.late(r)
            return
        if r.is_event():
            self.event(r)
        elif r.is_command():
            self.command(r)
        else:
            self.note(r)
        if r.is_end():
            self.ends += 1
            self.status = (6 if r.flags & 4 else 3 if r.flags & 8 else 4) if r.kind == 9 else END_STATUS[r.kind]
            self.outcome = {24: lambda: r.payload, 25: lambda: r.error[1], 27: lambda: b''}.get(r.kind, lambda: r.name)()
            self.next = r.related if r.kind == 27 else 0
            self.pending, self.waiting, self.stalled = {}, 0, False

    def late(self, r):
        """After its end nothing changes: another end, or a command, would be a second life (I9)."""
        if r.is_end():
            raise Malformed(f'it has ended, and then is "{r.word}" again')
        if r.is_command():
            raise Malformed(f'it has ended, and then has a "{r.word}"')

    def event(self, r):
        if r.kind == 1:
            self.id, self.workflow, self.seed, self.secret = r.target, r.name, r.seed, r.fields.get('secret')
            self.namespace = r.start['namespace'] or b'default'
            self.started, self.parent, self.parent_command = r.time, r.related, r.command
            self.version = r.start['version']
            self.first, self.previous = r.start['first'] or self.run, r.start['previous']
            self.describe(r.start['attributes'])
            self.memo, self.details = r.start['memo'], r.start['details']
        if r.flags & 1:
            self.waiting += 1
        if r.kind in ANSWERS:
            self.answer(r)
        elif r.kind == 8:
            self.pending.pop(r.command, None)
        elif r.kind == 7:
            self.cancelling = True
        elif r.kind == 10:
            self.unread += 1
        elif r.kind == 11:
            self.updates += 1
            self.open_updates.add(self.updates)

    def answer(self, r):
        """Applies the outcome of a command that waits. For any other command the outcome is late, and changes nothing."""
        p = self.pending.get(r.command)
        if not p or p.kind != ANSWERS[r.kind] or p.phase == ENDING:
            return
        if r.kind == 3 and r.flags & 2:
            p.phase = ENDING
        else:
            del self.pending[r.command]

    def command(self, r):
        if r.kind in COMMANDS:
            if r.command != self.commands + 1:
                raise Malformed(f'its command {r.command} follows command {self.commands}')
            self.commands += 1
            if r.kind == 20 and r.flags & 4:
                self.unread -= bool(r.flags & 8)
            else:
                self.pending[r.command] = Pending(r)
        elif r.kind in (19, 21):
            if r.kind == 21:
                self.unread -= bool(r.flags & 8)
            if r.command not in self.pending and (r.kind == 21 or not 0 < r.command <= self.commands):
                raise Malformed(f'"{r.word}" of command {r.command}, which does not wait')
            if r.kind == 19 and r.flags & 2 and r.command in self.pending:
                self.pending[r.command].phase = ENDING
            else:  # it may have an outcome already that is undriven: it is given up all the same
                self.pending.pop(r.command, None)
        elif r.kind in (28, 29):
            if r.command not in self.open_updates:
                raise Malformed(f'update {r.command} is answered, and is not open')
            self.open_updates.remove(r.command)
        elif r.kind == 31:
            if r.flags & 4:
                self.describe(r.payload)
            elif r.flags & 8:
                self.memo = r.payload
            elif r.flags & 16:
                self.details = r.payload
        if self.unread < 0:
            raise Malformed('it has read more signals than came')

    def describe(self, changes):
        from .decode import attributes
        for name, kind, value in attributes(changes, change=True):
            if kind == 0:
                self.attributes.pop(name, None)
            else:
                self.attributes[name] = (kind, value)

    def note(self, r):
        if r.kind == 36:
            if self.waiting == 0:
                raise Malformed('an event is driven, and none waits')
            self.waiting -= 1
        elif r.kind == 41:
            self.version = r.name
        elif r.kind in (37, 38):
            self.stalled = r.kind == 37
            self.outcome = r.name if self.stalled else b''
        elif r.kind in (32, 33, 34) and (p := self.pending.get(r.command)) and p.kind == 'step' and p.phase != ENDING:
            p.phase = {32: 0, 33: 1, 34: 2}[r.kind]
            if r.kind == 32:
                p.attempt = r.attempt
