"""Machines as network namespaces, joined by veth pairs, each with a real systemd-networkd of its own.

Everything lives in namespaces that the run itself entered (`enter`): when it ends, however it ends, the kernel takes all of it away.
"""

import ctypes
import os
import pickle
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)

# The port at which every machine tells its name.
ECHO = 7
# NETWORKD: a folder with another systemd, laid out as / (its lib/systemd/systemd-networkd is run in it).
NETWORKD = os.environ.get("NETWORKD", "")


def run(*command, check=True, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done


def why_not():
    """Why namespaces cannot be used here, or None."""
    if os.geteuid() != 0:
        return "not root"
    for program in ["unshare", "ip", "nft", "iptables"]:
        if not shutil.which(program):
            return f"no {program}"
    if not daemon():
        return "no systemd-networkd"
    if run("unshare", "-n", "-m", "-p", "--fork", "--mount-proc", "true", check=False).returncode != 0:
        return "namespaces are not permitted"
    pair = "ip link add routelint0 type veth peer name routelint1"
    if run("unshare", "-n", "sh", "-c", pair, check=False).returncode != 0:
        return "no veth devices"
    return None


def daemon():
    for place in ["/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd"]:
        if os.path.exists(NETWORKD + place):
            return place
    return None


def systemd_version():
    root = ["chroot", NETWORKD] if NETWORKD else []
    return run(*root, daemon(), "--version").stdout.split()[1]


def enter():
    """Runs this program again in namespaces of its own: network, mounts and processes."""
    if os.environ.get("ROUTELINT_KERNEL_INSIDE"):
        # Names of namespaces are files; those of the machine stay out of sight, and ours vanish.
        run("mount", "-t", "tmpfs", "tmpfs", "/run")
        os.makedirs("/run/netns")
        return
    os.environ["ROUTELINT_KERNEL_INSIDE"] = "1"
    inside = ["unshare", "-n", "-m", "-p", "--fork", "--mount-proc", "--kill-child"]
    os.execvp("unshare", [*inside, sys.executable, *sys.argv])


class Machine:
    """A namespace: `name` in messages, `files` the folder that show --format networkd wrote for it."""

    def __init__(self, world, name, files=None):
        self.world, self.name, self.files = world, name, files
        self.space = f"m{os.getpid()}-{len(world.machines)}"
        self.process = None
        self.numbers = {}
        self.log = world.folder / f"{self.space}.log"
        self.state = world.folder / f"{self.space}.state"
        run("ip", "netns", "add", self.space)
        self.run("ip", "link", "set", "lo", "up")
        for family in ["all", "default"]:
            # Addresses are used at once: whether somebody else has them is not what is asked here.
            self.sysctl(f"net.ipv6.conf.{family}.accept_dad", 0)
        # As systemd's own 50-default.conf says.
        self.sysctl("net.ipv4.conf.default.rp_filter", 2)

    def run(self, *command, check=True, stdin=None):
        return run("ip", "netns", "exec", self.space, *command, check=check, stdin=stdin)

    def sysctl(self, key, value):
        # Dots and slashes change places when a name of a device holds dots; here none does.
        return self.run("sysctl", "-qw", f"{key}={value}", check=False)

    def read_sysctl(self, key):
        return self.run("sysctl", "-n", key, check=False).stdout.strip()

    def inside(self, function, *arguments):
        """Starts a function in the namespace; what comes back is asked with `result`."""
        readable, writable = os.pipe()
        child = os.fork()
        if child:
            os.close(writable)
            return child, readable
        try:
            os.close(readable)
            with open(f"/run/netns/{self.space}") as space:
                if libc.setns(space.fileno(), CLONE_NEWNET) != 0:
                    os._exit(3)
            try:
                value = function(*arguments)
            except Exception as error:  # noqa: BLE001 (told where it is asked for)
                value = f"failed: {error}"
            os.write(writable, pickle.dumps(value))
        finally:
            os._exit(0)

    def serve(self, ports):
        self.world.children.append(self.inside(serve_banner, self.name, ports)[0])

    def start_networkd(self):
        """Starts networkd with the machine's files."""
        network = self.world.folder / f"{self.space}.network"
        shutil.copytree(self.files / "network", network, symlinks=True) if (self.files / "network").is_dir() else network.mkdir()
        conf = self.files / "networkd.conf"
        self.state.mkdir()
        root = NETWORKD or ""
        lines = [
            "set -e",
            "mount -t tmpfs tmpfs /run",
            f"mount --bind {network} {root}/etc/systemd/network",
            f"[ ! -e {conf} ] || mount --bind {conf} {root}/etc/systemd/networkd.conf",
            # Not everywhere may networkd open it, which is not root.
            "mknod -m 666 /run/tun c 10 200; mount --bind /run/tun /dev/net/tun",
            f"mkdir -p {root}/run" if root else ":",
            f"mount -t tmpfs tmpfs {root}/run; mount --rbind /proc {root}/proc; mount --rbind /sys {root}/sys; mount --rbind /dev {root}/dev" if root else ":",
            f"mkdir -p {root}/run/systemd/netif {root}/run/udev/data",
            f"mount --bind {self.state} {root}/run/systemd/netif",
            f"for kind in links leases lldp; do mkdir -p {root}/run/systemd/netif/$kind; done",
            f"chown -R systemd-network {root}/run/systemd/netif",
            # networkd waits for udev to have seen a link, also those that it makes itself.
            f"for number in $(seq 200); do echo I:1 > {root}/run/udev/data/n$number; done",
            f"exec env SYSTEMD_LOG_LEVEL=debug {'chroot ' + root if root else ''} {daemon()}",
        ]
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.space, "unshare", "-m", "sh", "-c", "\n".join(lines)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.log, "w"),
        )

    def links(self):
        """Names of links with what networkd says about them: state and file."""
        lines = [line.split(":")[:2] for line in self.run("ip", "-o", "link").stdout.splitlines()]
        self.numbers = {name.strip().split("@")[0]: number for number, name in lines}
        return {name: self.told_of(number) for name, number in self.numbers.items()}

    def told_of(self, number):
        file = self.state / "links" / number
        pairs = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line) if file.exists() else {}
        return pairs.get("ADMIN_STATE", "unknown"), Path(pairs.get("NETWORK_FILE", "")).name

    def link_state(self, name):
        """Without asking the kernel again for the number of a link that was seen before."""
        if name in self.numbers:
            return self.told_of(self.numbers[name])[0]
        return self.links().get(name, ("absent", ""))[0]


class World:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="routelint-kernel-"))
        os.chmod(self.folder, 0o755)
        self.machines = {}
        self.children = []

    def add(self, name, files=None):
        self.machines[name] = Machine(self, name, files)
        return self.machines[name]

    def __getitem__(self, name):
        return self.machines[name]

    def join(self, one, device, other, other_device, mac=None, other_mac=None):
        """A cable between two machines. Refused names and addresses are told, not raised."""
        command = ["ip", "link", "add", "name", device, "netns", one.space]
        command += ["address", mac] if mac else []
        command += ["type", "veth", "peer", "name", other_device, "netns", other.space]
        command += ["address", other_mac] if other_mac else []
        done = run(*command, check=False)
        return done.stderr.strip() if done.returncode else None

    def settle(self, expected, seconds=12):
        """Waits until links have the states that are wanted, or do not change any more."""
        until = time.monotonic() + seconds
        before, since = None, time.monotonic()
        while time.monotonic() < until:
            now = {(name, link): self[name].link_state(link) for name, link in expected}
            if all(state in ["configured", "unmanaged"] for state in now.values()):
                return
            if now != before:
                before, since = now, time.monotonic()
            if time.monotonic() - since > 3:
                return
            time.sleep(0.1)

    def wait(self, condition, seconds=8):
        until = time.monotonic() + seconds
        while not condition() and time.monotonic() < until:
            time.sleep(0.1)

    def close(self):
        for child in self.children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        for machine in self.machines.values():
            if machine.process:
                machine.process.kill()
                machine.process.wait()
            run("ip", "netns", "del", machine.space, check=False)
        shutil.rmtree(self.folder)


def results(started, seconds=20):
    """What functions that were started in namespaces gave back."""
    values = []
    until = time.monotonic() + seconds
    for child, readable in started:
        data = b""
        while select.select([readable], [], [], max(0, until - time.monotonic()))[0]:
            chunk = os.read(readable, 65536)
            if not chunk:
                break
            data += chunk
        os.close(readable)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        values.append(pickle.loads(data) if data else "no answer")
    return values


def side_by_side(calls, at_once):
    """What calls `(function, arguments…)` give back, made in processes of their own, a few at the same time."""
    waiting, running, values = list(enumerate(calls)), [], {}
    while waiting or running:
        while waiting and len(running) < at_once:
            number, (function, *arguments) = waiting.pop(0)
            readable, writable = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(readable)
                with os.fdopen(writable, "wb") as out:
                    try:
                        out.write(pickle.dumps(function(*arguments)))
                    except Exception as error:  # noqa: BLE001 (told as the result)
                        out.write(pickle.dumps(error))
                os._exit(0)
            os.close(writable)
            running.append((number, child, readable))
        number, child, readable = running.pop(0)
        with os.fdopen(readable, "rb") as answer:
            values[number] = pickle.loads(answer.read())
        os.waitpid(child, 0)
    return [values[number] for number in range(len(values))]


def serve_banner(name, ports):
    """Tells whoever connects (TCP) or sends something (UDP) who is here and from which address it came."""
    listeners = []
    for port in ports:
        for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM]:
            listener = socket.socket(socket.AF_INET6, kind)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if kind == socket.SOCK_DGRAM:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            listener.bind(("::", port))
            if kind == socket.SOCK_STREAM:
                listener.listen(64)
            listeners.append(listener)
    while True:
        for listener in select.select(listeners, [], [])[0]:
            try:
                if listener.type == socket.SOCK_DGRAM:
                    _, about, _, source = listener.recvmsg(2000, 200)
                    text = f"{name} {source[0].removeprefix('::ffff:')}".encode()
                    # From the address that was asked, which is not always the one that the kernel would choose.
                    asked = [(level, kind, data[:16] + bytes(4)) for level, kind, data in about if kind == socket.IPV6_PKTINFO]
                    listener.sendmsg([text], asked, 0, source)
                else:
                    peer, source = listener.accept()
                    peer.sendall(f"{name} {source[0].removeprefix('::ffff:')}".encode())
                    peer.close()
            except OSError:
                pass


def ask(address, port=ECHO, protocol="tcp", seconds=1.5):
    """Who answers at an address, and from where the question seemed to come: `(name, source)`, or why nobody does."""
    where, _, scope = address.partition("%")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    asking = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    asking.settimeout(seconds)
    try:
        target = (where, port, 0, socket.if_nametoindex(scope)) if scope else (where, port)
        asking.connect(target)
        if protocol == "udp":
            asking.send(b"?")
        text = asking.recv(200).decode()
        return tuple(text.split()) if text else "closed"
    except OSError as error:
        return f"nobody ({error.strerror or 'no answer'})"
    finally:
        asking.close()
