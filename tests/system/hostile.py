"""An e-service platform that records every request and answers as scripted, kindly or not. Not a model of any real platform.

    platform = Platform()
    platform.on("/errands/7", status(503))            the next request there; then the rule is used up
    platform.always("/slow", wait(2, status(200)))    every request there, until .remove() of what always() returned
    platform.sometimes(5, status(500), seed=1)        five percent of all others
    platform.ledger                                   all requests in the order in which their last byte came

A match is a prefix of the target or a function of the request. What no rule answers gets platform.otherwise (200).
"""

import random
import select
import socket
import ssl
import struct
import threading
import time

from process import Patience

TLS_HELLO = b"\x16\x03"  # on a plain port
ENDLESS = 64 * 1024 * 1024  # nobody reads so far; a client that does will be told by the test's timeout


class Request:
    def __init__(self, number, connection, method, target, headers, body):
        self.number, self.connection, self.at = number, connection, time.monotonic()
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.answer = None  # what the platform chose: a status code, or the name of a misdeed
        self.abandoned = False  # its sender had hung up before it was read

    def __repr__(self):
        return f"<{self.number} {self.method} {self.target} {self.answer}>"


# --- answers: each is a function of (exchange, request) that returns whether the connection stays; named by .label ---

def _answer(label, act):
    act.label = label
    return act


def head(code, headers=(), length=None):
    lines = [f"HTTP/1.1 {code} Test", *(f"{name}: {value}" for name, value in dict(headers).items())]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status(code, body=b"", headers=()):
    body = body.encode() if isinstance(body, str) else body

    def act(exchange, _):
        exchange.send(head(code, headers, len(body)) + body)
        return True
    return _answer(code, act)


def redirect(location, code=302):
    return status(code, headers={"Location": location})


def retry_after(value, code=429):
    return status(code, headers={"Retry-After": value})


def wait(seconds, then):
    def act(exchange, request):
        exchange.platform.closing.wait(seconds)
        return then(exchange, request)
    return _answer(then.label, act)


def when(event, then):
    """Answers when the threading.Event is set."""
    def act(exchange, request):
        while not event.wait(0.2) and not exchange.platform.closing.is_set():
            pass
        return then(exchange, request)
    return _answer(then.label, act)


def hang():
    def act(exchange, _):
        exchange.platform.closing.wait()
        return False
    return _answer("hang", act)


def reset():
    """The request was read; then RST."""
    def act(exchange, _):
        exchange.reset()
        return False
    return _answer("reset", act)


def close():
    """The request was read; then FIN without a byte."""
    return _answer("close", lambda exchange, _: False)


def close_after(then):
    """A whole answer that promises keep-alive, then FIN: the next request on the connection meets it."""
    def act(exchange, request):
        then(exchange, request)
        return False
    return _answer(then.label, act)


def endless_body(code=200):
    def act(exchange, _):
        exchange.send(head(code))
        for _ in range(ENDLESS // 65536):
            exchange.send(b"x" * 65536)
        return False
    return _answer("endless-body", act)


def endless_headers():
    def act(exchange, _):
        exchange.send(b"HTTP/1.1 200 OK\r\n")
        for number in range(ENDLESS // 1024):
            exchange.send(f"X-{number}: {'x' * 1000}\r\n".encode())
        return False
    return _answer("endless-headers", act)


def only_interim(code=100):
    """1xx, then silence."""
    def act(exchange, _):
        exchange.send(head(code))
        exchange.platform.closing.wait()
        return False
    return _answer("only-interim", act)


def interim_then(then, code=103):
    def act(exchange, request):
        exchange.send(head(code))
        return then(exchange, request)
    return _answer(then.label, act)


def cut_body(code=200):
    """The head is whole, the body ends too early."""
    def act(exchange, _):
        exchange.send(head(code, length=1000) + b"half")
        return False
    return _answer("cut-body", act)


def slow_body(seconds, code=200):
    """A byte a tenth of a second."""
    def act(exchange, _):
        exchange.send(head(code, length=int(seconds * 10)))
        for _ in range(int(seconds * 10)):
            exchange.platform.closing.wait(0.1)
            exchange.send(b"x")
        return True
    return _answer("slow-body", act)


def garbage():
    def act(exchange, _):
        exchange.send(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        return False
    return _answer("garbage", act)


class Rule:
    def __init__(self, platform, match, answers, repeat, percent=None, seed=None):
        self.platform, self.repeat, self.percent = platform, repeat, percent
        self.matches = match if callable(match) else lambda request: request.target.startswith(match)
        self.answers = list(answers)
        self.dice = random.Random(seed)

    def take(self, request):
        """The answer for this request, or nothing. Called under the platform's lock."""
        if not self.answers or not self.matches(request):
            return None
        if self.percent is not None and self.dice.random() * 100 >= self.percent:
            return None
        if self.repeat:
            return self.dice.choice(self.answers) if len(self.answers) > 1 else self.answers[0]
        return self.answers.pop(0)

    def remove(self):
        with self.platform.lock:
            self.platform.rules.remove(self)


class Exchange:
    """One connection: reads requests, sends answers."""

    def __init__(self, platform, number, plain):
        self.platform, self.number, self.socket, self.buffer = platform, number, plain, b""

    def send(self, data):
        self.socket.sendall(data)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hung_up(self):
        """Whether the client has: whole requests are followed by its silence, or by its end."""
        readable = select.poll()
        readable.register(self.socket, select.POLLIN)
        return bool(readable.poll(0))

    def _until(self, mark):
        while mark not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.buffer += data
            if self.buffer.startswith(TLS_HELLO):
                self.send(head(400, length=0))  # as web servers do
                return None
        part, self.buffer = self.buffer.split(mark, 1)
        return part

    def _exactly(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.buffer += data
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def read(self):
        """(method, target, headers with names in lower case, body), or nothing when the client has gone."""
        text = self._until(b"\r\n\r\n")
        if text is None:
            return None
        first, *lines = text.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self._until(b"\r\n"), 16)
                chunk = self._exactly(size + 2)
                if size == 0:
                    break
                body += chunk[:-2]
        else:
            body = self._exactly(int(headers.get("content-length", 0)))
        return None if body is None else (method, target, headers, body)


class Platform:
    def __init__(self, tls=None, proxy=False):
        """tls: (certificate, key) in PEM. proxy: CONNECT is recorded and tunnelled to the loopback port it names."""
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.ledger, self.rules, self.otherwise, self.connections = [], [], status(200), 0
        self.changed = threading.Condition(self.lock)
        self.proxy, self.tls = proxy, None
        if tls:
            self.exchange_certificate(*tls)
        # Never listens: while nobody does, it keeps the port from everybody else.
        self.place = socket.socket()
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.place.bind(("127.0.0.1", 0))
        self.listener, self.port, self.open = None, self.place.getsockname()[1], set()
        self.listen()

    def exchange_certificate(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.tls = context

    @property
    def url(self):
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    # --- the script ---

    def on(self, match, *answers):
        return self._rule(Rule(self, match, answers, repeat=False))

    def always(self, match, *answers):
        return self._rule(Rule(self, match, answers, repeat=True))

    def sometimes(self, percent, *answers, seed=0, match=""):
        return self._rule(Rule(self, match, answers, repeat=True, percent=percent, seed=seed))

    def _rule(self, rule):
        with self.lock:
            self.rules.append(rule)
        return rule

    # --- the door ---

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def refuse(self):
        """Nobody listens any more, and all open connections end; listen() opens the same port again."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            exchanges, self.open = self.open, set()
        for exchange in exchanges:
            try:
                exchange.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def deserted(self):
        """Whether nobody is connected, nor waits to be let in: what clients that have ended had sent stands in the ledger."""
        waiting = select.poll()
        waiting.register(self.listener, select.POLLIN)
        return not waiting.poll(0) and not self.open

    def close(self):
        self.closing.set()
        self.refuse()
        self.place.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait_for(self, count, seconds=30, match=lambda request: True):
        """The matching requests, as soon as there are so many."""
        patience = Patience(seconds)
        with self.changed:
            while True:
                found = [request for request in self.ledger if match(request)]
                if len(found) >= count:
                    return found
                self.changed.wait(patience.every)
                if patience.ends():
                    raise AssertionError(f"waited {seconds} s for {count} requests, saw {len(found)}: {found[-5:]}")

    # --- the work ---

    def _accept(self, listener):
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                exchange = Exchange(self, self.connections, plain)
                self.open.add(exchange)
            threading.Thread(target=self._serve, args=(exchange, plain), daemon=True).start()

    def _serve(self, exchange, plain):
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                exchange.socket = self._secure(plain)
            while self._answer_one(exchange):
                pass
        except (OSError, ValueError):
            pass  # the client went, or we sent to one that had
        finally:
            with self.lock:
                self.open.discard(exchange)
            exchange.socket.close()

    def _secure(self, plain):
        """Closing with bytes unread would reset the connection and take the alert away, so those of a refused client are read."""
        with plain.dup() as other:
            try:
                return self.tls.wrap_socket(plain, server_side=True)
            except ssl.SSLError:
                other.settimeout(5)
                while other.recv(65536):
                    pass
                raise

    def _answer_one(self, exchange):
        parts = exchange.read()
        if parts is None:
            return False
        with self.changed:
            request = Request(len(self.ledger) + 1, exchange.number, *parts)
            answer = next((found for found in (rule.take(request) for rule in self.rules) if found), self.otherwise)
            request.answer, request.abandoned = answer.label, exchange.hung_up()
            self.ledger.append(request)
            self.changed.notify_all()
        if self.proxy and request.method == "CONNECT" and answer is self.otherwise:
            self._tunnel(exchange, request.target)
            return False
        return answer(exchange, request)

    def _tunnel(self, exchange, target):
        far = socket.create_connection(("127.0.0.1", int(target.rsplit(":", 1)[1])))
        exchange.send(b"HTTP/1.1 200 Connected\r\n\r\n")

        def pump(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        back = threading.Thread(target=pump, args=(far, exchange.socket), daemon=True)
        back.start()
        pump(exchange.socket, far)
        back.join()
        far.close()
