"""What needs more than packets: taps that guests' start scripts make and hypervisors attach to, and a guest that answers DHCP."""

import errno
import fcntl
import ipaddress
import os
import select
import socket
import struct
import subprocess
import time

import frames

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE = 0x0002, 0x1000, 0x4000, 0x0100

LEASE = "10.66.0.2"
SERVER = "10.66.0.1"


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


def exists(device):
    return ip("link", "show", "dev", device).returncode == 0


def attach(device, has_queues):
    """What a hypervisor does: the file behind the tap."""
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (IFF_MULTI_QUEUE if has_queues else 0)
    try:
        fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", device.encode(), flags))
    except OSError:
        os.close(handle)
        raise
    return handle


def start_guests(guests, ready, devices):
    """Guests `(name, tap, has_queues)` start one after another, as microvm.nix lets them: a device of the tap's name is deleted, the tap made
    anew and attached to. Taps in `ready` are the host's own, to which a hypervisor attaches without that. What becomes of guests and `devices`."""
    handles, told = {}, {}
    for name, tap, has_queues in guests:
        if tap not in ready:
            if exists(tap):
                ip("link", "delete", tap)
            ip("tuntap", "add", "name", tap, "mode", "tap", "vnet_hdr", *(["multi_queue"] if has_queues else []))
        try:
            handles[name] = attach(tap, has_queues)
            ip("link", "set", tap, "up")
        except OSError as error:
            told[name] = f"does not start ({errno.errorcode.get(error.errno, error.errno)})"
    for name, handle in handles.items():
        try:
            os.write(handle, bytes(10) + frames.forged_arp("02:00:5e:00:53:99", "192.0.2.1"))
            told[name] = "sends"
        except OSError as error:
            told[name] = f"is cut off ({errno.errorcode.get(error.errno, error.errno)})"
    lost = [f"the host lost {device}" for device in devices if not is_still(device, guests)]
    return "; ".join([f"{name} {what}" for name, what in told.items()] + lost)


def is_still(device, guests):
    """Whether a device of the host is there, and no guest's tap instead."""
    return exists(device) and device not in [tap for _, tap, _ in guests]


def dhcp_options(message):
    found, at = {}, 240
    while at + 1 < len(message) and message[at] != 255:
        if message[at] == 0:
            at += 1
            continue
        found[message[at]] = message[at + 2 : at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return found


def serve_dhcp(device, mac, seconds):
    """Answers whoever asks behind the device: an address, and itself as router."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as raw:
        raw.bind((device, 0x0800))
        until = time.monotonic() + seconds
        while select.select([raw], [], [], max(0, until - time.monotonic()))[0]:
            try:
                data, where = raw.recvfrom(2000)
            except OSError:
                # The device was not up yet.
                continue
            if where[2] == socket.PACKET_OUTGOING or data[23] != 17 or data[36:38] != struct.pack("!H", 67):
                continue
            asked = data[42:]
            kind = dhcp_options(asked).get(53)
            if kind not in (b"\x01", b"\x03"):
                continue
            answer = bytes([2, 1, 6, 0]) + asked[4:8] + bytes(2) + b"\x80\0" + bytes(4)
            answer += ipaddress.ip_address(LEASE).packed + bytes(8) + asked[28:44] + bytes(192) + b"\x63\x82\x53\x63"
            answer += bytes([53, 1, 2 if kind == b"\x01" else 5])
            for code, value in [(54, SERVER), (1, "255.255.255.0"), (3, SERVER)]:
                answer += bytes([code, 4]) + ipaddress.ip_address(value).packed
            answer += bytes([51, 4]) + struct.pack("!I", 3600) + b"\xff"
            body = frames.udp(SERVER, "255.255.255.255", 67, 68, answer)
            raw.send(frames.frame("ff:ff:ff:ff:ff:ff", mac, 0x0800, frames.packet(SERVER, "255.255.255.255", 17, body)))
    return "served"
