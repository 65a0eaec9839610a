#!/usr/bin/env python3
"""chaos.py ORDERS STORE: the order service is killed (SIGKILL) again and again under load, and ended by SIGTERM. Then no
order that was acknowledged is lost, none is charged twice, none is cancelled half-way. STORE: lmdb, rocksdb or sqlite.
STET_ORDERS_SECONDS is how long it is killed; 4 if not given. STET_ORDERS_SEED repeats the choices."""
import collections
import http.client
import os
import pathlib
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

CUSTOMERS = ['ann', 'bob', "o'neill", "x' OR customer != 'x", 'back\\slash "quoted"']
PATIENCE = 120  # seconds: the machine may be busy


def read_world(text):
    """{order: {kind: {key}}}: what the world outside was asked to do. A request with the same key counts once."""
    asked = collections.defaultdict(lambda: collections.defaultdict(set))
    for line in text.splitlines():
        kind, order, key = line.split(' ')[:3]
        asked[order][kind].add(key)
    return asked


def faults(statuses, asked):
    """statuses: {acknowledged order: its state, or None if the service doesn't know it}. Returns what is wrong."""
    found = []
    for order, status in statuses.items():
        did = {kind: len(asked[order][kind]) for kind in ('reserve', 'charge', 'ship', 'release', 'refund')}
        if status is None:
            found.append(f'{order} was acknowledged, and is lost')
        elif status == 'completed':
            if did != {'reserve': 1, 'charge': 1, 'ship': 1, 'release': 0, 'refund': 0}:
                found.append(f'{order} is shipped, and the world was asked for {did}')
        elif status in ('cancelled', 'failed'):
            if did['ship'] or did['release'] != did['reserve'] or did['refund'] != did['charge']:
                found.append(f'{order} is {status} half-way: the world was asked for {did}')
        else:
            found.append(f'{order} is {status}')
        if did['charge'] > 1:
            found.append(f'{order} is charged {did["charge"]} times')
    return found


def check_the_check():
    """The auditor finds each of these."""
    good = 'reserve o k1\ncharge o k2 5 t\ncharge o k2 5 t\nship o k3\n'
    undone = 'reserve o k1\ncharge o k2 5 t\nrefund o k4\nrelease o k5\n'
    assert not faults({'o': 'completed'}, read_world(good))
    assert not faults({'o': 'cancelled'}, read_world(undone))
    assert not faults({'o': 'cancelled'}, read_world('reserve o k1\nrelease o k5\n'))
    for status, text, says in ((None, good, 'lost'), ('completed', good + 'charge o k9 5 t\n', '2 times'),
                               ('completed', 'reserve o k1\n', 'shipped'), ('cancelled', good, 'half-way'),
                               ('cancelled', undone.replace('refund', 'x'), 'half-way'), ('running', good, 'running'),
                               ('failed', undone.replace('release', 'x'), 'half-way')):
        assert any(says in f for f in faults({'o': status}, read_world(text))), (status, text)


class Service:
    def __init__(self, program, store, world):
        self.command = [program, store, world]
        self.lock = threading.Lock()  # held while it is started or ended
        self.process, self.port = None, 0

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()  # empty if it has ended
        if not line.startswith('listening on '):
            sys.exit(f'FAILED  the service did not start; it returned {self.process.wait()}')
        self.port = int(line.split()[-1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        said = self.process.stdout.read()
        self.process.stdout.close()
        if code != 0 or 'closed' not in said:
            sys.exit(f'FAILED  SIGTERM: it returned {code} and said {said!r}')

    def call(self, method, path, **form):
        """Asks until there is an answer: the service may be dead, or getting up."""
        late = time.monotonic() + PATIENCE
        while time.monotonic() < late:
            try:
                connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=10)
                connection.request(method, path, urllib.parse.urlencode(form) if form else None)
                answer = connection.getresponse()
                text = answer.read().decode('utf-8', 'replace')
                connection.close()
                if answer.status != 503:
                    return answer.status, text
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        return 0, f'no answer to {method} {path}'


class Trial:
    def __init__(self, service, world, seed):
        self.service, self.world, self.seed = service, world, seed
        self.acknowledged = {}  # order: customer
        self.asked_to_end = set()
        self.number = 0
        self.lock = threading.Lock()
        self.stop, self.over = threading.Event(), threading.Event()
        self.charges = queue.Queue()
        self.faults = []

    def place_orders(self, seed):
        chance = random.Random(seed)
        while not self.stop.is_set():
            with self.lock:
                self.number += 1
                order = f'o-{self.number}'
            customer = chance.choice(CUSTOMERS)
            status, text = self.service.call('POST', f'/orders/{order}', customer=customer, cents=chance.randint(1, 9999))
            if status not in (200, 202):
                self.faults.append(f'{order}: {status} {text}')
                continue
            self.acknowledged[order] = customer
            if chance.random() < 0.4:
                time.sleep(chance.random() * 0.05)
                status, text = self.service.call('POST', f'/orders/{order}/cancel')
                if status != 202:
                    self.faults.append(f'{order}/cancel: {status} {text}')
                self.asked_to_end.add(order)

    def watch_world(self):
        """The payment provider hears of the charges."""
        while not os.path.exists(self.world):
            time.sleep(0.02)
        with open(self.world, encoding='utf-8') as world:
            rest = ''
            while not self.over.is_set():
                rest += world.read()
                *lines, rest = rest.split('\n')
                for line in lines:
                    if line.startswith('charge '):
                        self.charges.put(line.split(' '))
                time.sleep(0.01)

    def pay(self):
        """It calls back, sometimes twice. The same charge always gets the same answer."""
        while not self.over.is_set():
            try:
                _, order, _, _, token = self.charges.get(timeout=0.1)
            except queue.Empty:
                continue
            chance = random.Random(f'{self.seed} {order}')
            paid = 'true' if chance.random() < 0.9 else 'false'
            for _ in range(chance.choice((1, 1, 2))):
                status, text = self.service.call('POST', f'/payments/{token}', paid=paid)
                if status != 200:
                    self.faults.append(f'payment of {order}: {status} {text}')

    def status(self, order):
        status, text = self.service.call('GET', f'/orders/{order}')
        return text.split('\n')[0] if status == 200 else None if status == 404 else f'{status} {text}'

    def statuses(self):
        """Waits until every order has ended."""
        late = time.monotonic() + PATIENCE
        known, left = {}, list(self.acknowledged)
        while left and time.monotonic() < late:
            for order in left:
                known[order] = self.status(order)
            left = [order for order in left if known[order] == 'running']
        return known

    def check_search(self):
        for customer in CUSTOMERS + ["y' OR customer != 'y"]:
            _, text = self.service.call('GET', '/orders?' + urllib.parse.urlencode({'customer': customer}))
            mine = {order for order, of in self.acknowledged.items() if of == customer}
            if set(text.split()) != mine:
                self.faults.append(f'the orders of {customer!r}: {len(mine)} placed, {len(text.split())} found')


def main():
    program, scheme = sys.argv[1:]
    check_the_check()
    seconds = float(os.environ.get('STET_ORDERS_SECONDS', '4'))
    seed = os.environ.get('STET_ORDERS_SEED') or str(random.randrange(10**9))
    print(f'seed {seed}', flush=True)
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix='stet-orders.') as folder:
        world = os.path.join(folder, 'world')
        service = Service(program, f'{scheme}:{folder}/store', world)
        trial = Trial(service, world, seed)
        service.start()
        jobs = [threading.Thread(target=trial.place_orders, args=(f'{seed} {i}',), daemon=True) for i in range(6)]
        others = [threading.Thread(target=f, daemon=True) for f in (trial.watch_world, *[trial.pay] * 4)]
        for thread in jobs + others:
            thread.start()
        kills, until, late = 0, time.monotonic() + seconds, time.monotonic() + PATIENCE
        while time.monotonic() < until or (kills < 5 or len(trial.asked_to_end) < 20) and time.monotonic() < late:
            time.sleep(chance.uniform(0.02, 0.6))
            service.kill()
            kills += 1
            service.start()
        trial.stop.set()
        for thread in jobs:
            thread.join()
        service.end()
        service.start()
        statuses = trial.statuses()
        trial.check_search()
        trial.over.set()
        for thread in others:
            thread.join()
        service.end()
        asked = read_world(pathlib.Path(world).read_text(encoding='utf-8'))
    found = trial.faults + faults(statuses, asked)
    count = collections.Counter(statuses.values())
    lost = sum(1 for s in statuses.values() if s is None)
    twice = sum(1 for o in statuses if len(asked[o]['charge']) > 1)
    halves = sum(1 for f in found if 'half-way' in f)
    print(f'killed {kills} times; {len(statuses)} orders acknowledged: {count["completed"]} shipped, {count["cancelled"]} cancelled, '
          f'{count["failed"]} not paid; lost {lost}, charged twice {twice}, cancelled half-way {halves}')
    for fault in found[:20]:
        print('FAILED ', fault)
    if not count['completed'] or not count['cancelled']:
        print('FAILED  too little happened: nothing is proved')
    sys.exit(1 if found or not count['completed'] or not count['cancelled'] else 0)


if __name__ == '__main__':
    main()
