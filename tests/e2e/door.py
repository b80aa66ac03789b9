#!/usr/bin/env python3
"""The door: bursts of genuine deliveries, crowds of silent callers, proxies in front.  TAP.

Forges send once and never again, so a burst is taken whole: a thousand
deliveries at the same moment from one address, over TLS and without, near and
a tenth of a second away.  Silent callers give way to honest ones, and a crowd
at one door takes no place at another.  Behind real
nginx and haproxy the sender is the sender, and nobody else can say who it is.
"""
import asyncio
import collections
import resource
import ssl
import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from doorbell import *  # noqa: E402,F403

BURST = 1000
MEMORY = 128 << 20
SANITIZED = PATIENCE > 1
SENDER = "127.0.9.9"


class Distant:
    """One connection whose answers come trip seconds late, plain or with TLS.

    TLS is spoken into memory, so that what the server sends can be held back
    before TLS sees it, as a long way would."""

    def __init__(self, context, trip):
        self.context, self.trip = context, trip
        self.received, self.to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context and context.wrap_bio(self.received, self.to_send, server_hostname="127.0.0.1")

    async def open(self, port, source):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        if self.tls:
            await self.drive(lambda: self.tls.do_handshake() or True)

    async def arrive(self):
        data = await self.reader.read(65536)
        await asyncio.sleep(self.trip)
        return data

    async def drive(self, step, *arguments):
        """Do one thing with TLS, however many times it must send or wait for that."""
        while True:
            try:
                result = step(*arguments)
            except ssl.SSLWantReadError:
                result = None
            self.writer.write(self.to_send.read())
            if result is not None:
                return result
            data = await self.arrive()
            if not data:
                raise ConnectionError("closed without an answer")
            self.received.write(data)

    async def exchange(self, request):
        if self.tls:
            await self.drive(self.tls.write, request)
            answer = await self.drive(self.tls.read, 65536)
        else:
            self.writer.write(request)
            answer = await self.arrive()
        self.writer.close()
        return answer


def request(place, commit, ref, secret=None, **fields):
    """The bytes of a signed GitHub push."""
    body = github_body(commit, commit, ref=ref)
    headers = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body)), **github_headers(secret or place.secret, body),
               **fields}
    return "".join(f"{k}: {v}\r\n" for k, v in headers.items()).join(
        ("POST /hooks/github HTTP/1.1\r\n", "\r\n")).encode() + body


async def deliver(place, commit, ref, context, trip, source="127.0.0.1"):
    sender = Distant(context, trip)
    try:
        await sender.open(place.port, source)
        return (await sender.exchange(request(place, commit, ref)))[9:12].decode() or "no answer"
    except (OSError, ssl.SSLError) as error:
        return type(error).__name__


def burst(place, receiver, commit, context, trip, what):
    async def all_at_once():
        senders = [deliver(place, commit, f"refs/heads/{what}-{i}", context, trip) for i in range(BURST)]
        return await asyncio.wait_for(asyncio.gather(*senders), 60 * PATIENCE)

    begun = time.monotonic()
    answers = collections.Counter(asyncio.run(all_at_once()))
    note(f"{what}: {time.monotonic() - begun:.1f} s, {receiver.memory() >> 20} MB")
    equal(dict(answers), {"202": BURST}, f"{what}: {BURST} deliveries at once from one address are all taken")
    ok(SANITIZED or receiver.memory() < MEMORY, f"{what}: in less than 128 MB", receiver.memory())


def bursts(place, commit, context):
    with Receiver(place) as receiver:
        burst(place, receiver, commit, context, 0, "TLS")
        burst(place, receiver, commit, context, 0.1, "TLS-far")
        silent_crowd(place, receiver, commit, context)
    place.configure(tls=None)
    with Receiver(place) as receiver:
        burst(place, receiver, commit, None, 0, "plain")
        few_lines(place, receiver, commit)


def silent_crowd(place, receiver, commit, context):
    """More silent connections than there are places, from many addresses, and honest senders."""
    silent = []
    for i in range(1500):
        s = socket.socket()
        s.setblocking(False)
        s.bind((f"127.0.7.{1 + i % 60}", 0))
        s.connect_ex(("127.0.0.1", place.port))
        silent.append(s)

    async def honest():
        return [await deliver(place, commit, f"refs/heads/honest-{i}", context, 0.1, f"127.0.8.{1 + i}")
                for i in range(10)]

    equal(collections.Counter(asyncio.run(honest())), {"202": 10}, "honest senders are served among silent callers")
    ok(receiver.metric('doorbell_connections_refused_total{reason="crowd_silent"}') > 0, "silent ones gave way",
       receiver.get("/metrics")[1])
    equal(receiver.metric('doorbell_connections_refused_total{reason="crowd"}'), 0, "and nobody else")
    ok('msg="connection not served" reason=crowd_silent peer=127.0.7.' in receiver.log(), "which is logged",
       receiver.log())
    for s in silent:
        s.close()


def few_lines(place, receiver, commit):
    """Requests that anybody can send write no log without end."""
    for i in range(100):
        github(place, commit, commit, secret="guess")
    lines = receiver.log().count('msg="delivery refused"')
    ok(1 <= lines <= 5, "of 100 requests with a wrong signature a few lines tell", lines)
    equal(receiver.metric('doorbell_deliveries_rejected_total{provider="github",reason="signature"}'), 100,
          "a counter tells of all")


def held(port, head, count):
    """Connections to a port of loopback from many addresses, each with these bytes sent, kept open."""
    connections = []
    for i in range(count):
        s = socket.create_connection(("127.0.0.1", port), 10 * PATIENCE, source_address=(f"127.0.6.{1 + i % 30}", 0))
        s.sendall(head)
        connections.append(s)
    return connections


def slowest(action, count=5):
    """The longest time that an action took, in seconds."""
    times = []
    for _ in range(count):
        begun = time.monotonic()
        action()
        times.append(time.monotonic() - begun)
    return max(times)


def doors_apart(place, commit):
    """A crowd at one door takes no place from those who come in at another."""
    body = b"POST /hooks/github HTTP/1.1\r\nHost: a\r\nX-GitHub-Event: push\r\nX-Hub-Signature-256: sha256=" + \
        b"0" * 64 + b"\r\nContent-Type: application/json\r\nContent-Length: 65000\r\n\r\n{"
    place.configure(tls=None, maxConnections=16)
    place.install_hook()
    with Receiver(place) as receiver:
        crowd = held(place.port, body, 64)
        place.commit({"apps/web/a.yaml": "kind: 2\n"}, "two", push=False)
        begun = time.monotonic()
        said = place.git("push", "origin", "HEAD:main").stderr
        took = time.monotonic() - begun
        ok("1 of 1 applications: web" in said, "git push is told among slow bodies from outside", said)
        ok(took < 0.4 * PATIENCE, "and does not wait for them", took)
        for s in crowd:
            s.close()
        # One that is never answered takes all its time: more of them than the status listener has places.
        crowd = held(place.status_port, b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ", 300)
        took = slowest(lambda: place.doorbell("apps"))
        ok(took < 0.3 * PATIENCE, "whoever asks over the control socket waits for nobody at the status listener", took)
        for s in crowd:
            s.close()
        ok(wait(lambda: receiver.status("/readyz") == 200), "which is there again afterwards")


def exchange(port, data, source="127.0.0.1", context=None, pieces=1):
    """Send bytes, in pieces, and read to the end: the answer."""
    with socket.create_connection(("127.0.0.1", port), 10 * PATIENCE, source_address=(source, 0)) as plain:
        s = context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        try:
            size = -(-len(data) // pieces)
            for at in range(0, len(data), size):
                s.sendall(data[at:at + size])
                time.sleep(0.01 if pieces > 1 else 0)
            while chunk := s.recv(65536):
                answer += chunk
        except ConnectionError:
            pass
        return answer.decode(errors="replace")


def limited(place, commit, context):
    place.configure(newConnectionsPerAddress=3)
    with Receiver(place) as receiver:
        answers = [exchange(place.port, request(place, commit, f"refs/heads/limited-{i}"), SENDER, context)
                   for i in range(5)]
        equal([a[9:12] for a in answers], ["202"] * 3 + ["429"] * 2, "over a limit of an address the answer is 429")
        ok("\r\nRetry-After: " in answers[-1], "which says when to come again", answers[-1])
        equal(receiver.metric('doorbell_connections_refused_total{reason="address_new_connections"}'), 2,
              "and is counted")
        ok(f"reason=address_new_connections peer={SENDER}" in receiver.log(), "and logged", receiver.log())


def too_fast(place, commit, context):
    """One secret that was caught cannot fill the journal: a source has a rate, and ten times that at once."""
    source = {"name": "github", "provider": "github", "secretFiles": [os.path.join(place.top, "secret")], "ratePerSecond": 0.1}
    place.configure(sources=[source])
    with Receiver(place) as receiver:
        answers = [exchange(place.port, request(place, commit, f"refs/heads/fast-{i}"), SENDER, context) for i in range(3)]
        equal([a[9:12] for a in answers], ["202", "429", "429"], "over the rate of a source the answer is 429")
        ok("\r\nRetry-After: " in answers[-1], "which says when to come again", answers[-1])
        equal(receiver.metric('doorbell_deliveries_rejected_total{provider="github",reason="rate"}'), 2, "and is counted")
        ok("ratePerSecond" in receiver.log(), "and logged", receiver.log())
        forged = exchange(place.port, request(place, commit, "refs/heads/forged", secret="another"),
                          SENDER, context)
        equal(forged[9:12], "401", "who has no secret is judged by that alone")


class Program:
    """A proxy that runs until the end of the block, once it takes connections at port."""

    def __init__(self, command, port, log):
        self.log = log
        with open(log, "w") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        if not wait(lambda: self.answers(port)):
            with open(log) as file:
                raise RuntimeError(f"{command[0]} does not run: {file.read()}")

    @staticmethod
    def answers(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def program(name):
    return shutil.which(name) or f"/usr/sbin/{name}"


def nginx(place, port):
    top = os.path.join(place.top, "nginx")
    os.makedirs(top, exist_ok=True)
    config = os.path.join(top, "nginx.conf")
    with open(config, "w") as file:
        file.write(f"""daemon off; pid {top}/pid; error_log stderr; worker_processes 1;
            {"user root;" if os.getuid() == 0 else ""}
            events {{ worker_connections 512; }}
            http {{
                access_log off;
                client_body_temp_path {top}/a; proxy_temp_path {top}/b; fastcgi_temp_path {top}/c;
                uwsgi_temp_path {top}/d; scgi_temp_path {top}/e;
                server {{
                    listen 127.0.0.1:{port};
                    location / {{
                        proxy_pass http://127.0.0.1:{place.port};
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                    }}
                }}
            }}""")
    return Program([program("nginx"), "-c", config, "-p", top], port, os.path.join(top, "log"))


def haproxy(place, ports):
    """One front for each version of the protocol, in TCP mode: TLS goes through."""
    config = os.path.join(place.top, "haproxy.cfg")
    with open(config, "w") as file:
        file.write("defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n")
        for word, port in zip(("send-proxy", "send-proxy-v2"), ports):
            file.write(f"listen {word}\n  bind 127.0.0.1:{port}\n  server doorbell 127.0.0.1:{place.port} {word}\n")
    return Program([program("haproxy"), "-db", "-f", config], ports[-1], os.path.join(place.top, "haproxy.log"))


def peer_of(receiver, name):
    """The address that the log tells of the refused request that came last."""
    found = [l for l in receiver.log().splitlines() if 'msg="delivery refused"' in l]
    return found[-1].split("peer=")[1].split()[0] if found else f"{name}: no line"


def who(place, receiver, commit, port, **options):
    """Whom we take for the sender of a request with a wrong signature."""
    fields = options.pop("fields", {})
    head = options.pop("head", b"")
    answer = exchange(port, head + request(place, commit, "refs/heads/who", "guess", **fields), **options)
    return peer_of(receiver, answer[:12])


def behind_nginx(place, commit):
    port = free_port()
    place.configure(tls=None, trustedProxies=["127.0.0.1"], newConnectionsPerAddress=3)
    with Receiver(place) as receiver, nginx(place, port):
        answers = [exchange(port, request(place, commit, f"refs/heads/nginx-{i}"), f"127.0.6.{1 + i}")[9:12]
                   for i in range(20)]
        equal(collections.Counter(answers), {"202": 20}, "behind nginx each sender has its own limit")
        answers = [exchange(port, request(place, commit, f"refs/heads/one-{i}"), SENDER)[9:12] for i in range(5)]
        equal(answers, ["202"] * 3 + ["429"] * 2, "and one that has used it up is told so")
        equal(who(place, receiver, commit, port, source="127.0.5.1"), "127.0.5.1", "nginx says who calls")
        equal(who(place, receiver, commit, port, source="127.0.5.2",
                  fields={"X-Forwarded-For": "203.0.113.7"}), "127.0.5.2", "a sender cannot say who it is")
        equal(who(place, receiver, commit, place.port, source="127.0.5.3",
                  fields={"X-Forwarded-For": "203.0.113.7"}), "127.0.5.3", "who is no proxy is not listened to")


def behind_haproxy(place, commit, context):
    ports = [free_port(), free_port()]
    place.configure(trustedProxies=["127.0.0.1"], proxyHeader="proxy-protocol")
    with Receiver(place) as receiver, haproxy(place, ports):
        for port, version in zip(ports, (1, 2)):
            source = f"127.0.5.{version}"
            equal(exchange(port, request(place, commit, f"refs/heads/v{version}"), source, context)[9:12], "202",
                  f"a delivery comes through haproxy, PROXY protocol {version}, with TLS")
            equal(who(place, receiver, commit, port, source=source, context=context,
                      fields={"X-Forwarded-For": "203.0.113.7"}), source, f"version {version} says who calls")
        equal(exchange(place.port, request(place, commit, "refs/heads/direct"), SENDER, context)[9:12], "202",
              "who is no proxy speaks without a header")


def by_hand(place, commit):
    """What proxies would not send, without TLS."""
    line = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"
    place.configure(tls=None, trustedProxies=["127.0.0.1"], proxyHeader="proxy-protocol")
    with Receiver(place) as receiver:
        equal(who(place, receiver, commit, place.port, head=line, pieces=40), "192.0.2.1", "a header in many pieces")
        equal(who(place, receiver, commit, place.port, head=b"PROXY UNKNOWN\r\n"), "127.0.0.1",
              "a proxy that does not know for whom it calls")
        equal(exchange(place.port, request(place, commit, "refs/heads/bare")), "",
              "a proxy without a header is not served")
        equal(receiver.metric('doorbell_connections_refused_total{reason="proxy"}'), 1, "which is counted")
        ok("reason=proxy peer=127.0.0.1" in receiver.log(), "and logged", receiver.log())
        equal(exchange(place.port, line + request(place, commit, "refs/heads/other"), SENDER)[9:12], "400",
              "nobody else may send a header")
    place.configure(tls=None, trustedProxies=["127.0.0.0/24"], proxyHeader="forwarded")
    with Receiver(place) as receiver:
        equal(who(place, receiver, commit, place.port, fields={
            "Forwarded": 'for=203.0.113.9, for="[2001:db8::7]:4711";proto=https, for=127.0.0.3',
            "X-Forwarded-For": "203.0.113.8"}), "2001:db8::7", "Forwarded is read from its end, over trusted proxies")


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    # The limits as they come.
    with Place(maxConnectionsPerAddress=None, newConnectionsPerAddress=None) as place:
        pem, authority = certificate(place.top)
        context = ssl.create_default_context(cafile=authority)
        secret_file(os.path.join(place.top, "key.pem"), open(pem).read())
        place.settings["tls"] = {"certFile": pem, "keyFile": os.path.join(place.top, "key.pem")}
        place.app("web", "apps/web")
        commit = place.commit({"apps/web/a.yaml": "kind: 1\n"})
        place.configure()
        bursts(place, commit, context)
        limited(place, commit, context)
        too_fast(place, commit, context)
        doors_apart(place, commit)
        behind_nginx(place, commit)
        behind_haproxy(place, commit, context)
        by_hand(place, commit)
    done()


main()
