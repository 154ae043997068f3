"""What NixOS makes of `networking.nat` and `networking.firewall` (nixos/modules/services/networking/nat-nftables.nix, nat-iptables.nix,
firewall-nftables.nix, firewall-iptables.nix), said in commands of nft and iptables. Options come as `routelint eval --json` prints them.
"""

import json
import re
import subprocess

# The port at which machines here tell their name: as if the host had it in networking.firewall.allowedTCPPorts.
OPEN_PORTS = [7]

NO_FIREWALL = {"enable": False}
NO_NAT = {"enable": False, "externalInterface": None, "forwardPorts": []}

HELPER = 'set -e\nip46tables() { iptables -w "$@"; ip6tables -w "$@"; }\n'
# Without networking.enableIPv6 nothing is said to ip6tables.
WITHOUT_IPV6 = "ip6tables() { :; }\n"


def is_ipv6(destination):
    return destination.count(":") > 1


def split_destination(destination):
    pattern = r"\[([0-9a-fA-F:]+)\]:([0-9-]+)" if is_ipv6(destination) else r"([0-9.]+):([0-9-]+)"
    return re.fullmatch(pattern, destination).groups()


def families(nat):
    yield "ip", nat["internalIPs"], nat["externalIP"], [f for f in nat["forwardPorts"] if not is_ipv6(f["destination"])]
    if nat["enableIPv6"]:
        yield "ip6", nat["internalIPv6s"], nat["externalIPv6"], [f for f in nat["forwardPorts"] if is_ipv6(f["destination"])]


def nat_nftables(nat):
    outside = nat["externalInterface"]
    out = f'oifname "{outside}"' if outside else ""
    text = ""
    for family, prefixes, address, ports in families(nat):
        dest = f"snat {address}" if address else "masquerade"
        pairs = [(p.get("proto") or "tcp", str(p["sourcePort"]).replace(":", "-"), *split_destination(p["destination"])) for p in ports]
        text += f"table {family} nixos-nat {{\nchain pre {{\ntype nat hook prerouting priority dstnat;\n"
        if pairs:
            entries = ", ".join(f"{proto} . {port} : {ip} . {to}" for proto, port, ip, to in pairs)
            text += f'iifname "{outside}" dnat meta l4proto . th dport map {{ {entries} }}\n'
        text += "}\nchain post {\ntype nat hook postrouting priority srcnat;\n"
        if nat["internalInterfaces"]:
            names = ", ".join(f'"{name}"' for name in nat["internalInterfaces"])
            text += f"iifname {{ {names} }} {out} {dest}\n"
        if prefixes:
            text += f"{family} saddr {{ {', '.join(prefixes)} }} {out} {dest}\n"
        if pairs:
            entries = ", ".join(f"{ip} . {proto} . {to}" for proto, _, ip, to in pairs)
            text += f'iifname != "{outside}" {family} daddr . meta l4proto . th dport {{ {entries} }} masquerade\n'
        text += "}\n}\n"
    return text


def nat_iptables(nat):
    outside = nat["externalInterface"]
    out = f"-o {outside}" if outside else ""
    text = "".join(f"ip46tables -t nat -N nixos-nat-{chain}\n" for chain in ["pre", "post", "out"])
    for family, prefixes, address, ports in families(nat):
        command = ("iptables" if family == "ip" else "ip6tables") + " -w -t nat"
        dest = f"-j SNAT --to-source {address}" if address else "-j MASQUERADE"
        for name in nat["internalInterfaces"]:
            text += f"{command} -A nixos-nat-pre -i '{name}' -j MARK --set-mark 1\n"
        if nat["internalInterfaces"]:
            text += f"{command} -A nixos-nat-post -m mark --mark 1 {out} {dest}\n"
        for prefix in prefixes:
            text += f"{command} -A nixos-nat-post -s '{prefix}' {out} {dest}\n"
        for port in ports:
            proto = port.get("proto") or "tcp"
            text += (
                f"{command} -A nixos-nat-pre -i {outside} -p {proto} --dport {port['sourcePort']}"
                f" -j DNAT --to-destination {port['destination']}\n"
            )
    for chain, hook in [("pre", "PREROUTING"), ("post", "POSTROUTING"), ("out", "OUTPUT")]:
        text += f"ip46tables -t nat -A {hook} -j nixos-nat-{chain}\n"
    return text


def firewall_nftables(firewall):
    loose = firewall["checkReversePath"] == "loose"
    text = "table inet nixos-fw {\n"
    if firewall["checkReversePath"]:
        key = "saddr . mark" if loose else "saddr . mark . iif"
        text += (
            "chain rpfilter {\ntype filter hook prerouting priority mangle + 10; policy drop;\n"
            "meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept\n"
            f"fib {key} oif exists accept\n}}\n"
        )
    trusted = "".join(f'iifname "{name}" accept\n' for name in ["lo", *firewall["trustedInterfaces"]])
    ports = ", ".join(map(str, OPEN_PORTS + firewall["allowedTCPPorts"]))
    text += (
        f"chain input {{\ntype filter hook input priority filter; policy drop;\n{trusted}"
        "ct state vmap { invalid : drop, established : accept, related : accept }\n"
        f"tcp dport {{ {ports} }} accept\n"
        "icmp type echo-request accept\nicmpv6 type != { nd-redirect, 139 } accept\nip6 daddr fe80::/64 udp dport 546 accept\n}\n"
    )
    if firewall["filterForward"]:
        text += (
            "chain forward {\ntype filter hook forward priority filter; policy drop;\n"
            "ct state vmap { invalid : drop, established : accept, related : accept }\nct status dnat accept\n"
            "icmpv6 type != { router-renumbering, 139 } accept\n" + firewall["extraForwardRules"] + "}\n"
        )
    return text + "}\n"


def firewall_iptables(firewall):
    text = ""
    if firewall["checkReversePath"]:
        loose = "--loose" if firewall["checkReversePath"] == "loose" else ""
        text += (
            "ip46tables -t mangle -N nixos-fw-rpfilter\n"
            f"ip46tables -t mangle -A nixos-fw-rpfilter -m rpfilter --validmark {loose} -j RETURN\n"
            "iptables -w -t mangle -A nixos-fw-rpfilter -p udp --sport 67 --dport 68 -j RETURN\n"
            "iptables -w -t mangle -A nixos-fw-rpfilter -s 0.0.0.0 -d 255.255.255.255 -p udp --sport 68 --dport 67 -j RETURN\n"
            "ip46tables -t mangle -A nixos-fw-rpfilter -j DROP\nip46tables -t mangle -A PREROUTING -j nixos-fw-rpfilter\n"
        )
    text += "ip46tables -N nixos-fw\n"
    for name in ["lo", *firewall["trustedInterfaces"]]:
        text += f"ip46tables -A nixos-fw -i {name} -j ACCEPT\n"
    text += "ip46tables -A nixos-fw -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n"
    for port in OPEN_PORTS + firewall["allowedTCPPorts"]:
        text += f"ip46tables -A nixos-fw -p tcp --dport {port} -j ACCEPT\n"
    text += (
        "iptables -w -A nixos-fw -p icmp --icmp-type echo-request -j ACCEPT\n"
        "ip6tables -w -A nixos-fw -p icmpv6 --icmpv6-type redirect -j DROP\nip6tables -w -A nixos-fw -p icmpv6 --icmpv6-type 139 -j DROP\n"
        "ip6tables -w -A nixos-fw -p icmpv6 -j ACCEPT\nip6tables -w -A nixos-fw -d fe80::/64 -p udp --dport 546 -j ACCEPT\n"
        "ip46tables -A nixos-fw -j DROP\nip46tables -A INPUT -j nixos-fw\n"
    )
    return text


def load(machine, options):
    """Loads firewall and NAT into a machine with the backend that it chose; what was refused, or None."""
    firewall, nat = options["networking.firewall"], options["networking.nat"]
    if options["networking.nftables.enable"]:
        texts = [firewall_nftables(firewall)] if firewall["enable"] else []
        texts += [nat_nftables(nat)] if nat["enable"] else []
        for name, table in (options["networking.nftables.tables"] or {}).items():
            if table.get("enable", True):
                texts.append(f"table {table['family']} {table.get('name') or name} {{\n{table['content']}\n}}\n")
        done = machine.run("nft", "-f", "-", check=False, stdin="".join(texts))
    else:
        script = HELPER + ("" if options["networking.enableIPv6"] else WITHOUT_IPV6)
        script += (firewall_iptables(firewall) if firewall["enable"] else "")
        script += nat_iptables(nat) if nat["enable"] else ""
        script += firewall["extraCommands"] if firewall["enable"] else ""
        done = machine.run("bash", check=False, stdin=script)
    return done.stderr.strip() if done.returncode else None


def evaluated(routelint, folder, machine, option, default=None):
    done = subprocess.run(
        [routelint, "eval", "--json", "--strict", "--of", machine, option, str(folder)], capture_output=True, text=True
    )
    return json.loads(done.stdout) if done.stdout.strip() else default
