"""Frames that a guest makes by hand, and watching for them elsewhere."""

import ipaddress
import select
import socket
import struct
import time

MARK = b"routelint-forged"
# The prefix of the forged router advertisement.
ADVERTISED = "2001:db8:bad::/64"


def octets(mac):
    return bytes(int(part, 16) for part in mac.split(":"))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(source, target, source_port, target_port, payload):
    one, other = ipaddress.ip_address(source), ipaddress.ip_address(target)
    length = 8 + len(payload)
    body = struct.pack("!HHHH", source_port, target_port, length, 0) + payload
    if one.version == 6:
        pseudo = one.packed + other.packed + struct.pack("!II", length, 17)
        return body[:6] + struct.pack("!H", checksum(pseudo + body) or 0xFFFF) + body[8:]
    return body


def packet(source, target, protocol, body, hops=64):
    one, other = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if one.version == 6:
        return struct.pack("!IHBB", 0x60000000, len(body), protocol, hops) + one.packed + other.packed + body
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, hops, protocol, 0, one.packed, other.packed)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def frame(target_mac, source_mac, kind, body):
    return octets(target_mac) + octets(source_mac) + struct.pack("!H", kind) + body


def forged_datagram(target_mac, source_mac, source, target):
    kind = 0x86DD if ":" in source else 0x0800
    return frame(target_mac, source_mac, kind, packet(source, target, 17, udp(source, target, 5000, 7, MARK)))


def forged_arp(source_mac, owner, target_mac="ff:ff:ff:ff:ff:ff", asked=None, request=False):
    """An answer that nobody asked for (or a request): `owner` is said to be at `source_mac`."""
    one, other = ipaddress.ip_address(owner).packed, ipaddress.ip_address(asked or owner).packed
    operation = 1 if request else 2
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + octets(source_mac) + one + octets(target_mac) + other
    return frame(target_mac, source_mac, 0x0806, body + MARK)


def forged_advertisement(source_mac, link_local):
    """A router advertisement: a default route and a prefix."""
    prefix = ipaddress.ip_network(ADVERTISED)
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    body += struct.pack("!BBBBIII", 3, 4, prefix.prefixlen, 0xC0, 3600, 3600, 0) + prefix.network_address.packed
    target = ipaddress.ip_address("ff02::1").packed
    pseudo = ipaddress.ip_address(link_local).packed + target + struct.pack("!II", len(body), 58)
    body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
    return frame("33:33:00:00:00:01", source_mac, 0x86DD, packet(link_local, "ff02::1", 58, body, hops=255))


def forged_neighbour(source_mac, owner, asked=None):
    """Neighbour discovery: an advertisement to all that `owner` is at `source_mac`, or a question by `owner` for another address."""
    target = ipaddress.ip_address("ff02::1" if asked is None else f"ff02::1:ff{asked_tail(asked)}").packed
    kind, option, flags = (136, 2, 0x20000000) if asked is None else (135, 1, 0)
    body = struct.pack("!BBHI", kind, 0, 0, flags) + ipaddress.ip_address(asked or owner).packed
    body += struct.pack("!BB", option, 1) + octets(source_mac)
    pseudo = ipaddress.ip_address(owner).packed + target + struct.pack("!II", len(body), 58)
    body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
    whole = packet(owner, str(ipaddress.ip_address(target)), 58, body, hops=255)
    mac = "33:33:" + ":".join(f"{octet:02x}" for octet in target[12:])
    return frame(mac, source_mac, 0x86DD, whole + MARK)


def asked_tail(address):
    """The last three octets, by which a machine listens for questions about its address."""
    tail = ipaddress.ip_address(address).packed[13:]
    return f"{tail[0]:02x}:{tail[1]:02x}{tail[2]:02x}"


def forged_offer(source_mac):
    """What a DHCP server sends to everybody."""
    body = struct.pack("!BBBBIHH", 2, 1, 6, 0, 0x1234, 0, 0x8000) + bytes(12) + octets(source_mac) + bytes(206)
    body += b"\x63\x82\x53\x63" + b"\x35\x01\x02" + b"\xff" + MARK
    payload = udp("10.99.99.1", "255.255.255.255", 67, 68, body)
    return frame("ff:ff:ff:ff:ff:ff", source_mac, 0x0800, packet("10.99.99.1", "255.255.255.255", 17, payload))


def send(device, frames, times=3):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((device, 0))
        for _ in range(times):
            for one in frames:
                raw.send(one)
            time.sleep(0.1)
    return "sent"


def watch(seconds, marks=(MARK,)):
    """How many frames with one of the marks come in within so many seconds."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as raw:
        until = time.monotonic() + seconds
        count = 0
        while select.select([raw], [], [], max(0, until - time.monotonic()))[0]:
            data, where = raw.recvfrom(65536)
            # What the machine itself sends is seen too, and does not count.
            if where[2] != socket.PACKET_OUTGOING and any(mark in data for mark in marks):
                count += 1
        return count


def sent_by(seconds, source, device=None):
    """Source addresses of the packets that come in and are not of the link itself: whether something leaves untranslated."""
    prefix = ipaddress.ip_network(source)
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD if prefix.version == 6 else 0x0800)) as raw:
        until = time.monotonic() + seconds
        seen = set()
        while select.select([raw], [], [], max(0, until - time.monotonic()))[0]:
            data, where = raw.recvfrom(65536)
            if where[2] != socket.PACKET_OUTGOING:
                one = ipaddress.ip_address(data[8:24] if prefix.version == 6 else data[12:16])
                if one in prefix:
                    seen.add(str(one))
        return sorted(seen)
