"""Identifiers from the sender: bytes of the header, and programs that know nothing of it, in a network of their own."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import socket
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from citynet.tagging import Tag, seccomp, tag_socket

ROOT = Path(__file__).resolve().parents[2]
IDENTIFIER = 0x0102_0304
_AS_ROOT = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
_ALONE = ["unshare", *_AS_ROOT, "--net", "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"]
_RUN = [sys.executable, "-m", "citynet", "tag", "run", "--apn", hex(IDENTIFIER)]

_POSSIBLE = (
    sys.platform == "linux"
    and platform.machine() in seccomp.CALLS
    and shutil.which("unshare") is not None
    and subprocess.run([*_ALONE, "true"], check=False, capture_output=True).returncode == 0
)
alone = pytest.mark.skipif(not _POSSIBLE, reason="needs Linux and the right to make a network namespace")

# What the packets on lo carry: protocol after the headers, next header of IPv6, bytes of the extension header.
SEEN = """
    import json, socket, sys, threading
    catch = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    catch.bind(("lo", 0))
    catch.settimeout(0.3)
    def seen():
        found = set()
        while True:
            try: packet, where = catch.recvfrom(70000)
            except TimeoutError: return sorted(found)
            if where[2] == 4: continue
            if packet[0] >> 4 == 4: found.add((packet[9], 4, ""))
            elif packet[6] in (0, 60): found.add((packet[40], packet[6], packet[41:40 + 8 * (packet[41] + 1)].hex()))
            else: found.add((packet[6], packet[6], ""))
"""


def alone_run(code: str, *arguments: str, before: str = "", expect: int = 0) -> subprocess.CompletedProcess[str]:
    """A Python program in a network of its own."""
    text = textwrap.dedent(before) + textwrap.dedent(code)
    done = subprocess.run(
        [*_ALONE, sys.executable, "-c", text, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli")},
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def tagged(*command: str, options: tuple[str, ...] = (), expect: int = 0) -> subprocess.CompletedProcess[str]:
    """A program run by `citynet tag run` in a network of its own."""
    return alone_run(
        "import os, sys; os.execv(sys.argv[1], sys.argv[1:])", *_RUN, *options, "--", *command, expect=expect
    )


@pytest.mark.parametrize(
    ("tag", "data"),
    [
        (Tag(1001), "0000 0304 000003e9"),
        (Tag(1 << 63, bits=64), "0001 0308 8000000000000000 01020000"),
        (Tag(7, option=0x1E, bits=128), "0002 1e10" + "0" * 31 + "7 01020000"),
    ],
)
def test_bytes_of_the_header(tag: Tag, data: str) -> None:
    assert tag.data == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"identifier": 0}, "expected 1 to 4294967295"),
        ({"identifier": 1 << 32}, "expected 1 to 4294967295"),
        ({"bits": 48}, "expected 32, 64, 128"),
        ({"option": 1}, "expected 2 to 255"),
        ({"header": "routing"}, "expected destination or hop-by-hop"),
    ],
)
def test_what_no_packet_can_carry(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Tag(**{"identifier": 1, **wrong})  # type: ignore[arg-type]


def test_ipv4_sockets_are_not_tagged() -> None:
    with socket.socket(socket.AF_INET) as sock, pytest.raises(ValueError, match="only IPv6 packets"):
        tag_socket(sock, 1)


def _filtered(code: bytes, call: tuple[int, int, int, int, int]) -> int:
    """What a filter answers: a machine for the three instructions that it is made of."""
    number, architecture, *arguments = call
    fields = struct.pack("=iIQ6Q", number, architecture, 0, *arguments, 0, 0, 0)
    at, value = 0, 0
    while True:
        what, same, other, constant = struct.unpack_from("=HBBI", code, 8 * at)
        if what == 0x06:
            return int(constant)
        if what == 0x20:
            value = struct.unpack_from("=I", fields, constant)[0]
        at += 1 + ((same if value == constant else other) if what == 0x15 else 0)


@pytest.mark.parametrize("machine", seccomp.CALLS)
@pytest.mark.parametrize("ipv6_only", [False, True])
def test_filter(machine: str, ipv6_only: bool) -> None:
    code = seccomp.program(machine, ipv6_only=ipv6_only)
    refused = seccomp.ERROR | 97  # EAFNOSUPPORT
    high = 0xFFFF_FFFF_0000_0000  # the kernel does not look at it
    for calls in seccomp.CALLS[machine]:
        wanted = {
            (calls.socket, 10, 1, 0): seccomp.NOTIFY,
            (calls.socket, high | 10, 1, 0): seccomp.NOTIFY,
            (calls.socket, 2, 1, 0): refused if ipv6_only else seccomp.NOTIFY,
            (calls.socket, 1, 1, 0): seccomp.ALLOW,
            (calls.socket, seccomp.AF_SMC, 1, 1): refused,
            (calls.setsockopt, 5, 41, 26): seccomp.ERROR if ipv6_only else seccomp.ALLOW,
            (calls.setsockopt, 5, 41, 16): seccomp.ALLOW,
            (calls.io_uring_setup, 8, 0, 0): seccomp.ERROR | 38,
            (calls.pidfd_getfd, 8, 0, 0): seccomp.ERROR | 1,
            (0, 10, 10, 10): seccomp.ALLOW,
        }
        if calls.socketcall >= 0:
            wanted |= {(calls.socketcall, 1, 0, 0): refused, (calls.socketcall, 3, 0, 0): seccomp.ALLOW}
        for (number, *arguments), answer in wanted.items():
            call = (number, calls.architecture, *arguments)
            assert _filtered(code, call) == answer, (hex(calls.architecture), number, arguments)  # type: ignore[arg-type]


@alone
@pytest.mark.parametrize("header", ["destination", "hop-by-hop"])
def test_library_tags_both_ways_of_a_connection(header: str) -> None:
    code = """
        from citynet.tagging import tag_socket
        server, client = socket.socket(socket.AF_INET6), socket.socket(socket.AF_INET6)
        tag_socket(server, 1001, header=sys.argv[1])
        tag_socket(client, 1002, header=sys.argv[1])
        server.bind(("::1", 5000)); server.listen()
        client.connect(("::1", 5000)); there, _ = server.accept()
        client.send(b"a"); there.recv(1); there.send(b"b"); client.recv(1)
        print(json.dumps(seen()))
    """
    found = json.loads(alone_run(code, header, before=SEEN).stdout)
    number = 60 if header == "destination" else 0
    assert found == [[6, number, f"000304{identifier:08x}"] for identifier in (1001, 1002)]


# Each is run as `python -c`, knows nothing of identifiers, and sends to ::1.
PROGRAMS = {
    "TCP, client and server": """
        import socket
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
        client = socket.create_connection(server.getsockname()[:2])
        there, _ = server.accept(); there.sendall(b"x" * 100000)
    """,
    "UDP": """
        import socket
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("::1", 5))
    """,
    "threads": """
        import socket, threading
        def send(): [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("::1", 5)) for _ in range(50)]
        threads = [threading.Thread(target=send) for _ in range(8)]
        [thread.start() for thread in threads]; [thread.join() for thread in threads]
    """,
    "forks and starts another program": """
        import os, socket, subprocess, sys
        code = "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('::1', 5))"
        if os.fork() == 0: os.execv(sys.executable, [sys.executable, "-c", code])
        os.wait(); subprocess.run([sys.executable, "-c", code], check=True)
    """,
    "signals all the time": """
        import signal, socket
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.siginterrupt(signal.SIGALRM, False)
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
        for _ in range(500): socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("::1", 5))
        signal.setitimer(signal.ITIMER_REAL, 0)
    """,
    "leaves a process behind": """
        import os, socket, time
        if os.fork(): os._exit(0)
        time.sleep(0.2)
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("::1", 5))
    """,
}
_TAGGED_ONLY = f"000304{IDENTIFIER:08x}"
_WATCH = """
    import subprocess, time
    done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
    print(json.dumps([seen(), done.returncode, done.stdout, done.stderr]))
"""


def watched(
    *command: str, options: tuple[str, ...] = (), answers: bool = True
) -> tuple[list[tuple[int, int, str]], str]:
    """What was on the wire while a program ran, without what the kernel answered, and what was noted."""
    told = alone_run(_WATCH, *_RUN, *options, "--", *command, before=SEEN).stdout
    packets, code, _, errors = json.loads(told)
    assert code == 0, errors
    return [tuple(packet) for packet in packets if answers or packet[0] != socket.IPPROTO_ICMPV6], errors


@alone
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_packet_of_a_program_is_tagged(program: str) -> None:
    packets, errors = watched(sys.executable, "-c", textwrap.dedent(PROGRAMS[program]), answers=False)
    assert {extension for _, _, extension in packets} == {_TAGGED_ONLY}
    assert not errors


@alone
@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")
def test_static_program_tries_every_way(tmp_path: Path) -> None:
    """A program without a dynamic loader, which makes sockets by 64-bit, x32 and 32-bit calls and by a ring."""
    source = tmp_path / "ways.c"
    source.write_text(
        r"""
        #include <arpa/inet.h>
        #include <errno.h>
        #include <stdio.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        static void send_by(const char *way, long fd) {
            struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(5)};
            to.sin6_addr = in6addr_loopback;
            if (fd < 0) { printf("%s refused\n", way); return; }
            printf("%s %zd\n", way, sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
        }
        int main(void) {
            send_by("call", syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0));
            printf("ring %ld\n", syscall(425, 8, 0) < 0 ? (long)errno : 0);
        #ifdef __x86_64__
            send_by("x32", syscall(0x40000000 | 41, AF_INET6, SOCK_DGRAM, 0));
            int fd;
            __asm__ volatile("int $0x80" : "=a"(fd) : "a"(359), "b"(AF_INET6), "c"(SOCK_DGRAM), "d"(0) : "memory");
            send_by("32 bits", fd);
        #endif
            return 0;
        }
        """
    )
    program = tmp_path / "ways"
    built = subprocess.run(["gcc", "-static", source, "-o", program], capture_output=True, check=False)
    if built.returncode:
        pytest.skip("no static C library")
    packets, errors = watched(str(program), answers=False)
    assert {extension for _, _, extension in packets} == {_TAGGED_ONLY}, errors


@alone
@pytest.mark.parametrize(("only", "code", "note"), [(False, 0, "IPv4 packets carry no identifier"), (True, 97, "")])
def test_ipv4(only: bool, code: int, note: str) -> None:
    """IPv4 passes with a note, once; or is refused, mapped addresses as well."""
    program = f"""
        import socket, sys
        error = 0
        for _ in range(2):
            try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 5))
            except OSError as caught: error = caught.errno
        assert error == {code}, error
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try: six.sendto(b"x", ("::ffff:127.0.0.1", 5))
        except OSError as caught: assert {only}, caught
    """
    options = ("--ipv6-only",) if only else ()
    packets, errors = watched(sys.executable, "-c", textwrap.dedent(program), options=options)
    assert any(version == 4 for _, version, _ in packets) is not only
    assert errors.count(note or "\n") == bool(note)


@alone
def test_what_would_go_untagged_is_refused() -> None:
    program = """
        import errno, socket
        def error_of(*what):
            try: socket.socket(*what)
            except OSError as caught: return errno.errorcode[caught.errno]
        six = socket.AF_INET6
        print(error_of(six, socket.SOCK_RAW, 58), error_of(six, socket.SOCK_DGRAM, 58), error_of(six, 1, 262),
              error_of(socket.AF_PACKET, socket.SOCK_RAW, 3), error_of(43, 1, 1))
        try: socket.socket(six).setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, b"")
        except OSError as caught: print(errno.errorcode[caught.errno])
    """
    done = tagged(sys.executable, "-c", textwrap.dedent(program))
    assert done.stdout.split() == ["EPERM", "EACCES", "EPROTONOSUPPORT", "EPERM", "EAFNOSUPPORT", "EPERM"]
    assert "--icmp" in done.stderr


@alone
def test_ping_is_tagged_when_asked_for() -> None:
    program = """
        import socket
        raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        raw.sendto(bytes([128, 0, 0, 0, 0, 1, 0, 1]), ("::1", 0))
    """
    packets, errors = watched(sys.executable, "-c", textwrap.dedent(program), options=("--icmp",))
    assert (socket.IPPROTO_ICMPV6, 60, _TAGGED_ONLY) in packets, errors


@alone
def test_another_network_is_refused() -> None:
    program = "import socket, sys; sys.exit(not socket.socket(socket.AF_INET6))"
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", program]
    done = tagged(*command, expect=1)
    assert "network namespace" in done.stderr
    assert "PermissionError" in done.stderr


@alone
def test_inherited_socket_is_tagged() -> None:
    code = """
        import os, socket, sys
        given = socket.socket(socket.AF_INET6)
        os.dup2(given.fileno(), 0)
        os.execv(sys.argv[1], sys.argv[1:])
    """
    program = "import socket; print(socket.socket(fileno=0).getsockopt(41, 59, 64).hex())"
    done = alone_run(code, *_RUN, "--", sys.executable, "-c", program)
    assert done.stdout.strip() == f"0000{_TAGGED_ONLY[2:]}"


@alone
@pytest.mark.parametrize(
    ("command", "code"), [("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM), ("kill -KILL $$", -signal.SIGKILL)]
)
def test_exit_code_and_signal_are_the_programs(command: str, code: int) -> None:
    tagged("sh", "-c", command, expect=code)


@alone
def test_process_number_and_terminal_are_the_programs() -> None:
    """The program has the number of the command, and no child that it did not start."""
    code = """
        import os, subprocess, sys
        started = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
        number, session, group, children = started.communicate()[0].split("\\n")[:4]
        assert int(number) == started.pid
        assert (int(session), int(group)) == (os.getsid(0), os.getpgrp())
        assert not children
    """
    program = """
        import os
        print(os.getpid()); print(os.getsid(0)); print(os.getpgrp())
        try: print(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError: print()
    """
    alone_run(code, *_RUN, "--", sys.executable, "-c", textwrap.dedent(program))


@alone
def test_supervisor_ends_with_the_last_process(tmp_path: Path) -> None:
    """It is there as long as something may ask, and a reader of the program's errors does not wait for that."""
    code = """
        import os, subprocess, sys, time
        def supervisors():
            here = [n for n in os.listdir("/proc") if n.isdigit() and net(n) == net("self")]
            names = (open(f"/proc/{n}/comm").read() for n in here)
            return sum(name == "citynet-tag\\n" for name in names)
        def net(n):
            try: return os.readlink(f"/proc/{n}/ns/net")
            except OSError: return ""
        end = sys.argv.pop(1)
        subprocess.run(sys.argv[1:], stderr=subprocess.PIPE, stdout=subprocess.PIPE, timeout=10)
        assert supervisors() == 1
        os.unlink(end)
        stop = time.monotonic() + 10
        while supervisors():
            assert time.monotonic() < stop
            time.sleep(0.01)
    """
    end = tmp_path / "end"
    end.touch()
    waits = f"while test -e {end}; do sleep 0.05; done"
    alone_run(code, str(end), *_RUN, "--", "sh", "-c", f"({waits}) >/dev/null 2>&1 & exit 0")


@alone
@pytest.mark.parametrize(("command", "code"), [("/nosuch", 127), ("/", 126)])
def test_program_that_cannot_be_started(command: str, code: int) -> None:
    assert "citynet tag: /" in tagged(command, expect=code).stderr


@alone
def test_twice_is_refused() -> None:
    done = tagged(*_RUN, "--", "true", expect=3)
    assert "one already" in done.stderr


def test_without_the_right(tmp_path: Path) -> None:
    """Exit code 3, and how to get it."""
    who = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"] if os.geteuid() == 0 else []
    if who and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    done = subprocess.run(
        [*who, *_RUN, "--", "touch", tmp_path / "ran"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli")},
    )
    assert done.returncode == 3
    assert "CAP_NET_RAW" in done.stderr
    assert "AmbientCapabilities" in done.stderr
    assert not (tmp_path / "ran").exists()


@alone
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_as_another_user() -> None:
    """The program has no capability and tagged sockets all the same."""
    program = """
        import os, socket
        print(os.getuid(), [line for line in open("/proc/self/status") if line.startswith("CapEff")][0].split()[1],
              socket.socket(socket.AF_INET6).getsockopt(41, 59, 64).hex())
    """
    done = tagged("/usr/bin/env", "python3", "-c", textwrap.dedent(program), options=("--user", "nobody"))
    uid, capabilities, header = done.stdout.split()
    assert (int(uid) > 0, int(capabilities, 16), header) == (True, 0, f"0000{_TAGGED_ONLY[2:]}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--apn", "0"], "expected 1 to 4294967295"),
        (["--apn", "ten"], "expected a number, decimal"),
        (["--apn", "1", "--header", "routing"], "expected destination or hop-by-hop"),
        (["--apn", "1", "--user", "no-such-user"], "no user 'no-such-user'"),
    ],
)
def test_bad_options(options: list[str], said: str) -> None:
    command = [sys.executable, "-m", "citynet", "tag", "run", *options, "--", "true"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "cli")}
    )
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


@alone
def test_option_of_a_design() -> None:
    program = "import socket; print(socket.socket(socket.AF_INET6).getsockopt(41, 59, 64).hex())"
    done = tagged(sys.executable, "-c", program, options=("--design", str(ROOT / "labs" / "mini")))
    assert done.stdout.strip() == f"0000{_TAGGED_ONLY[2:]}"
