"""What the modules of nix/ promise, asked of a running fleet."""

import frames
import world as kernel
from fleet import OUTSIDE

FAMILIES = ["ipv4", "ipv6"]


def who(answer):
    return answer[0] if isinstance(answer, tuple) else "nobody"


def promises(fleet, table):
    """`table` takes the probes."""
    host, registry = fleet.host_name, fleet.registry

    def goes_out(name):
        return registry[name]["outside"] and fleet.outside_interfaces

    addresses = {name: {f: registry[name][f] for f in FAMILIES if fleet.addresses(name)[f]} for name in fleet.guests}
    for name in fleet.guests:
        table.row(f"state of the link of {name}", "configured", fleet.state(name))
        table.row(f"state of the tap of {name}", "configured", fleet.state(host, fleet.taps[name]))
    table.row("what was refused", [], fleet.refused)

    rows = []
    for name in fleet.guests:
        for address in registry[name]["publicIPv6"]:
            # The provider routes it to the host.
            fleet.outside.run("ip", "route", "add", address, "via", fleet.uplink_addresses["ipv6"])
            rows.append(("outside", address, kernel.ECHO, "tcp", name if registry[name]["inbound"] else "nobody"))
        for gateway in fleet.gateways(name).values():
            rows.append((name, gateway, kernel.ECHO, "tcp", host))
        for family in addresses[name]:
            rows.append((name, OUTSIDE[family], kernel.ECHO, "tcp", "outside" if goes_out(name) else "nobody"))
            rows.append((host, addresses[name][family], kernel.ECHO, "tcp", name))
        for peer in fleet.guests:
            for family in addresses[peer]:
                if peer != name:
                    rows.append((name, addresses[peer][family], kernel.ECHO, "tcp", peer if peer in registry[name]["peers"] else "nobody"))
        for port in registry[name]["forwardPorts"]:
            for family in addresses[name]:
                rows.append(("outside", fleet.uplink_addresses[family], port["port"], port["protocol"], name))
    answers = kernel.results([fleet[row[0]].inside(kernel.ask, *row[1:4]) for row in rows])
    for (one, address, port, protocol, expected), answer in zip(rows, answers):
        table.row(f"{one} -> {address}" + (f" {protocol} {port}" if port != kernel.ECHO else ""), expected, who(answer))
        if address in OUTSIDE.values() and who(answer) == "outside":
            public = registry[one]["publicIPv6"] if ":" in address else []
            family = "ipv6" if ":" in address else "ipv4"
            own = public or ([] if fleet.translates(family) else [addresses[one][family]])
            expected = own[0] if own else fleet.uplink_addresses[family]
            table.row(f"{one} -> {address}: seen as", expected, answer[1])

    from_outside(fleet, addresses, registry, table)
    behind_a_tunnel(fleet, addresses, registry, table)
    forged(fleet, addresses, registry, table)


def from_outside(fleet, addresses, registry, table):
    """Somebody outside who routes the guests' prefixes to the host reaches those only that are open."""
    rows = []
    for name in fleet.guests:
        for family, address in addresses[name].items():
            fleet.outside.run("ip", "route", "replace", address, "via", fleet.uplink_addresses[family], "dev", "eth0", "onlink")
            open_to = fleet.outside_interfaces and registry[name]["inbound"]
            rows.append((name, address, name if open_to else "nobody"))
    answers = kernel.results([fleet.outside.inside(kernel.ask, address) for _, address, _ in rows])
    for (_, address, expected), answer in zip(rows, answers):
        table.row(f"outside -> {address}, routed by hand", expected, who(answer))
    for _, address, _ in rows:
        fleet.outside.run("ip", "route", "del", address)


def behind_a_tunnel(fleet, addresses, registry, table):
    """A second interface outside, where nothing is translated."""
    rows = []
    for family, far in fleet.tunnel.items():
        for name in fleet.guests:
            if family in addresses[name]:
                rows.append((name, far, "vpn" if registry[name]["outside"] else "nobody"))
                rows.append(("vpn", addresses[name][family], name if registry[name]["inbound"] else "nobody"))
    answers = kernel.results([fleet[one].inside(kernel.ask, address) for one, address, _ in rows])
    for (one, address, expected), answer in zip(rows, answers):
        table.row(f"{one} -> {address}, through the tunnel", expected, who(answer))
        if expected == "vpn" and who(answer) == "vpn":
            table.row(f"{one} -> {address}: seen as", addresses[one]["ipv6" if ":" in address else "ipv4"], answer[1])


def forged(fleet, addresses, registry, table):
    """One guest forges what it can; whoever is allowed to be reached by the one it pretends to be must not hear of it."""
    rogue = next(name for name in fleet.guests if not registry[name]["peers"])
    others = [name for name in fleet.guests if name != rogue]
    mac, tap = fleet.guests[rogue]["interfaces"][0]["mac"], fleet.taps[rogue]
    tap_mac = fleet.host.run("cat", f"/sys/class/net/{tap}/address").stdout.strip()
    made = {}
    for family in addresses[rogue]:
        for pretended in others:
            for target in [name for name in registry[pretended]["peers"] if name != rogue and name in fleet.guests]:
                made[f"{rogue} as {pretended} ({family}) to {target}"] = frames.forged_datagram(
                    tap_mac, mac, addresses[pretended][family], addresses[target][family])
            made[f"{rogue} as {pretended} ({family}) to the outside"] = frames.forged_datagram(
                tap_mac, mac, addresses[pretended][family], OUTSIDE[family])
    victims = {name: addresses[name]["ipv4"] for name in others if "ipv4" in addresses[name]}
    for name, address in victims.items():
        made[f"ARP: {rogue} is {name}"] = frames.forged_arp(mac, address)
        made[f"ARP: {rogue} asks as {name}"] = frames.forged_arp(mac, address, asked=fleet.gateways(rogue).get("ipv4"), request=True)
    for name in [name for name in others if "ipv6" in addresses[name] and "ipv6" in addresses[rogue]]:
        made[f"neighbour discovery: {rogue} is {name}"] = frames.forged_neighbour(mac, addresses[name]["ipv6"])
        made[f"neighbour discovery: {rogue} asks as {name}"] = frames.forged_neighbour(
            mac, addresses[name]["ipv6"], asked=fleet.gateways(rogue)["ipv6"].split("%")[0])
    made["DHCP offer"] = frames.forged_offer(mac)
    if "ipv6" in addresses[rogue]:
        made["router advertisement"] = frames.forged_advertisement(mac, registry[rogue]["linkLocal"])

    beyond = ["outside", *(["vpn"] if fleet.tunnel else [])]
    watching = {name: fleet[name].inside(frames.watch, 2.0) for name in [*others, *beyond]}
    sending = fleet[rogue].inside(frames.send, "eth0", list(made.values()))
    # A positive control: the same frame with the guest's own address passes to the outside, if it may go there.
    kernel.results([sending])
    heard = dict(zip(watching, kernel.results(list(watching.values()))))
    for name, count in heard.items():
        table.row(f"{len(made)} kinds of forged frames of {rogue} heard by {name}", 0, count)
    # Whose address is not behind the tap, of that one the kernel learns nothing there.
    own = [*addresses[rogue].values(), *registry[rogue]["publicIPv6"], registry[rogue]["linkLocal"]]
    neighbours = fleet.host.run("ip", "neighbour", "show", "dev", tap).stdout.splitlines()
    wrong = [line for line in neighbours if mac.lower() in line and line.split()[0] not in own]
    table.row(f"neighbour entries of the host with the card of {rogue} and another address", [], wrong)
    # By its fields: an address that the kernel chose may hold the letters of the prefix.
    routes = [line.split() for line in fleet.host.run("ip", "-6", "route").stdout.splitlines()]
    bad_routes = [" ".join(route) for route in routes if route[0] == frames.ADVERTISED or (route[0] == "default" and tap in route)]
    table.row("routes of the host from the advertisement", [], bad_routes)

    allowed = [(name, peer) for name in others for peer in registry[name]["peers"] if peer in fleet.guests]
    rows = [(name, addresses[peer][family], peer) for name, peer in allowed for family in addresses[peer]]
    answers = kernel.results([fleet[name].inside(kernel.ask, address) for name, address, _ in rows])
    for (name, address, peer), answer in zip(rows, answers):
        table.row(f"{name} -> {address}, after that", peer, who(answer))

    if registry[rogue]["outside"] and fleet.outside_interfaces:
        own = [frames.forged_datagram(tap_mac, mac, addresses[rogue][family], OUTSIDE[family]) for family in addresses[rogue]]
        watching = fleet.outside.inside(frames.watch, 1.5)
        kernel.results([fleet[rogue].inside(frames.send, "eth0", own)])
        heard = kernel.results([watching])[0]
        table.row(f"frames made in the same way with {rogue}'s own addresses heard by outside", True, heard > 0)
