# What a registry alone can get wrong. Each message says what is wrong in the user's own values, what would break, and what to write.
{ lib, net, cfg, definitions }:

let
  inherit (lib)
    attrNames attrValues concatMap concatStringsSep filter groupBy head length mapAttrsToList optional optionals unique;

  guests = mapAttrsToList (name: guest: guest // { inherit name; }) cfg.guests;

  # The files that define a guest, for a message.
  place = name:
    let files = unique (map (definition: toString definition.file) (filter (definition: definition.value ? ${name}) definitions)); in
    if files == [ ] then "`${name}`" else "`${name}` (${concatStringsSep ", " files})";

  # "a", "a and b", "a, b and c"
  join = texts:
    if length texts < 2 then concatStringsSep "" texts
    else "${concatStringsSep ", " (lib.init texts)} and ${lib.last texts}";

  refuse = message: { assertion = false; inherit message; };
  refuseIf = condition: message: optional condition (refuse message);

  # One refusal for each value that several guests share.
  shared = valueOf: message:
    concatMap (those: optional (length those > 1) (refuse (message those)))
      (attrValues (groupBy (guest: toString (valueOf guest)) guests));
  names = those: join (map (guest: place guest.name) those);

  free = net.lowestFree (map (guest: guest.index) guests);

  # Prefixes, read once. `sound` holds the others back, which would fail on a prefix that is none.
  prefix4 = net.ipv4.prefix cfg.ipv4.prefix;
  prefix6 = net.ipv6.prefix cfg.ipv6.prefix;
  sound4 = cfg.ipv4.enable && prefix4 != null && net.ipv4.isNetwork cfg.ipv4.prefix;
  isLinkLocal6 = prefix6 != null && net.ipv6.isLinkLocal (head (lib.splitString "/" cfg.ipv6.prefix));
  sound6 = cfg.ipv6.enable && prefix6 != null && net.ipv6.isNetwork cfg.ipv6.prefix && !isLinkLocal6;
  soundMacPrefix = net.mac.parse "${cfg.macPrefix}:00:00:00" != null;
  highest4 = net.ipv4.size cfg.ipv4.prefix - 2;
  highest6 = net.ipv6.size cfg.ipv6.prefix - 1;

  indices = shared (guest: guest.index) (those:
    let last = lib.last those; index = toString last.index; in
    "routedGuests.guests: ${names those} have index ${index}. They would share the tap, the MAC and the addresses of number ${index}, "
    + "and only the one that starts first would get its packets. "
    + "Give ${join (map (guest: "`${guest.name}`") (lib.tail those))} another number; the lowest free one is ${toString free}: `${last.name}.index = ${toString free};`.");

  # Guests with one index share these too; that is told above.
  distinct = message: those:
    if length (unique (map (guest: guest.index) those)) == length those then message those else null;
  sharedUnlessIndex = valueOf: message: filter (refusal: refusal.message != null) (shared valueOf (distinct message));

  ranges4 = optionals cfg.ipv4.enable (
    refuseIf (prefix4 == null)
      "routedGuests.ipv4.prefix: `${cfg.ipv4.prefix}` is no IPv4 prefix. Write an address and a length, as `10.0.0.0/24`."
    ++ refuseIf (prefix4 != null && !net.ipv4.isNetwork cfg.ipv4.prefix)
      ("routedGuests.ipv4.prefix: `${cfg.ipv4.prefix}` has bits behind its length; the host would not be number 0. "
        + "Write `${net.ipv4.format (prefix4.address - lib.mod prefix4.address (net.ipv4.size cfg.ipv4.prefix))}/${toString prefix4.prefixLength}`.")
    ++ refuseIf (prefix4 != null && net.ipv4.parse cfg.ipv4.gateway == null)
      "routedGuests.ipv4.gateway: `${cfg.ipv4.gateway}` is no IPv4 address. Write one without length, as `169.254.1.1`."
    ++ concatMap
      (guest:
        refuseIf (sound4 && guest.index > highest4)
          ("routedGuests.guests: ${place guest.name} has index ${toString guest.index}, but ${cfg.ipv4.prefix} ends with number ${toString highest4}. "
            + "Use a lower index (the lowest free one is ${toString free}) or a wider prefix.")
        ++ refuseIf (sound4 && guest.index <= highest4 && guest.ipv4 == cfg.ipv4.gateway)
          ("routedGuests.guests: ${place guest.name} has the address ${guest.ipv4}, which is routedGuests.ipv4.gateway. "
            + "It would answer itself instead of the host. "
            + "Leave `gateway` away (the host is number 0), or choose an address that no guest gets."))
      guests);

  ranges6 = optionals cfg.ipv6.enable (
    refuseIf (prefix6 == null)
      "routedGuests.ipv6.prefix: `${cfg.ipv6.prefix}` is no IPv6 prefix. Write an address and a length, as `fd12:3456:789a::/64`."
    ++ refuseIf (prefix6 != null && !net.ipv6.isNetwork cfg.ipv6.prefix)
      ("routedGuests.ipv6.prefix: `${cfg.ipv6.prefix}` has bits behind its length; the host would not be number 0. "
        + "Write `${net.ipv6.format (net.ipv6.truncate prefix6.prefixLength prefix6.address)}/${toString prefix6.prefixLength}`.")
    ++ refuseIf (prefix6 != null && net.ipv6.isSiteLocal (head (lib.splitString "/" cfg.ipv6.prefix)))
      ("routedGuests.ipv6.prefix: `${cfg.ipv6.prefix}` is site-local, a range that RFC 3879 gave up in 2004. "
        + "Leave `prefix` away and set `routedGuests.seed`; a unique local prefix follows from it.")
    ++ refuseIf isLinkLocal6
      ("routedGuests.ipv6.prefix: `${cfg.ipv6.prefix}` is link-local; no packet from there is ever forwarded. "
        + "Leave `prefix` away and set `routedGuests.seed`; a unique local prefix follows from it.")
    ++ refuseIf (net.ipv6.parse cfg.ipv6.gateway == null)
      "routedGuests.ipv6.gateway: `${cfg.ipv6.gateway}` is no IPv6 address. Write one without length, as `fe80::1`."
    ++ concatMap
      (guest:
        refuseIf (sound6 && guest.index > highest6)
          ("routedGuests.guests: ${place guest.name} has index ${toString guest.index}, but ${cfg.ipv6.prefix} ends with number ${toString highest6}. "
            + "Use a lower index (the lowest free one is ${toString free}) or a wider prefix.")
        ++ refuseIf (sound6 && guest.index <= highest6 && guest.ipv6 == net.ipv6.canonical cfg.ipv6.gateway)
          ("routedGuests.guests: ${place guest.name} has the address ${guest.ipv6}, which is routedGuests.ipv6.gateway. "
            + "It would answer itself instead of the host. "
            + "Leave `gateway` away (it is fe80::1 then), or choose an address that no guest gets."))
      guests);

  devices = concatMap
    (guest:
      let fault = net.tap.fault guest.tap; in
      refuseIf (fault != null)
        ("routedGuests.guests: the tap of ${place guest.name} is to be called `${guest.tap}`, which ${fault}. "
          + "Choose another `routedGuests.tapPrefix` or `${guest.name}.tap`."))
    guests;

  # A prefix that is none would be told again for every guest.
  cards = optionals soundMacPrefix (concatMap
    (guest:
      let octets = net.mac.parse guest.mac; in
      refuseIf (octets == null)
        ("routedGuests.guests: the MAC of ${place guest.name} is `${guest.mac}`, which is not six groups of two hex digits. "
          + "Remove `${guest.name}.mac`, or correct it (or `routedGuests.macPrefix`): 02:00:00 is a good start.")
      ++ refuseIf (octets != null && net.mac.isGroup guest.mac)
        ("routedGuests.guests: the MAC of ${place guest.name} is `${guest.mac}`, a group address, which no card may have. "
          + "Its second digit must be 2, 6, a or e.")
      ++ refuseIf (octets == [ 0 0 0 0 0 0 ])
        ("routedGuests.guests: the MAC of ${place guest.name} is all zeros. QEMU puts the same address of its own in its place in every guest. "
          + "Remove `${guest.name}.mac`; one follows from the index."))
    guests);

  peers = concatMap
    (guest: concatMap
      (peer:
        refuseIf (peer == guest.name)
          "routedGuests.guests: ${place guest.name} names itself among its peers. Remove it; what a guest sends itself never reaches the host."
        ++ refuseIf (!(cfg.guests ? ${peer}))
          ("routedGuests.guests: ${place guest.name} names the peer `${peer}`, which is no guest. "
            + "The guests are ${join (map (name: "`${name}`") (attrNames cfg.guests))}."))
      guest.peers)
    guests;

  forwarded = concatMap (guest: map (port: { inherit (guest) name; inherit port; }) guest.forwardPorts) guests;
  ports = concatMap
    (those: refuseIf (length those > 1)
      ("routedGuests.guests: ${join (map (entry: place entry.name) those)} want ${(head those).port.protocol} port ${toString (head those).port.port} of the host. "
        + "One port leads to one place: choose another `port` for ${join (map (entry: "`${entry.name}`") (lib.tail those))}."))
    (attrValues (groupBy (entry: "${entry.port.protocol} ${toString entry.port.port}") forwarded));

  public = concatMap (guest: map (address: { inherit (guest) name; inherit address; }) guest.publicIPv6) guests;
  publicAddresses =
    concatMap
      (entry:
        let read = net.ipv6.canonical entry.address; in
        refuseIf (read == null)
          "routedGuests.guests: `${entry.address}` in publicIPv6 of ${place entry.name} is no IPv6 address. Write one without length, as `2001:db8:77::5`."
        ++ refuseIf (read != null && !net.ipv6.isGlobal entry.address)
          ("routedGuests.guests: `${entry.address}` in publicIPv6 of ${place entry.name} is not public (2000::/3): "
            + "the world has no route to it. Remove it, or write the address that the provider routes to the host.")
        ++ refuseIf (read != null && sound6 && net.ipv6.overlap cfg.ipv6.prefix "${entry.address}/128")
          ("routedGuests.guests: `${entry.address}` in publicIPv6 of ${place entry.name} lies in routedGuests.ipv6.prefix, where addresses follow from the index. "
            + "Remove it there, and set `${entry.name}.inbound = true;` if the outside is to reach it.")
        ++ refuseIf (!cfg.ipv6.enable)
          "routedGuests.guests: ${place entry.name} has the public address ${entry.address}, but routedGuests.ipv6.enable is off. Remove one of the two.")
      public
    ++ concatMap
      (those: refuseIf (length those > 1)
        ("routedGuests.guests: ${join (map (entry: place entry.name) those)} have the public address ${(head those).address}. "
          + "Only the one that starts first would get its packets; remove it from the others."))
      (attrValues (groupBy (entry: net.ipv6.canonical entry.address) (filter (entry: net.ipv6.canonical entry.address != null) public)));

  prefixes = refuseIf (!soundMacPrefix)
    "routedGuests.macPrefix: `${cfg.macPrefix}` is not three groups of two hex digits. 02:00:00 is a good choice."
  ++ refuseIf (!cfg.ipv4.enable && !cfg.ipv6.enable)
    "routedGuests: both routedGuests.ipv4.enable and routedGuests.ipv6.enable are off. Guests would have no address; leave one of them on."
  ++ concatMap
    (guest: refuseIf (guest.index > 16777215)
      ("routedGuests.guests: ${place guest.name} has index ${toString guest.index}; numbers end at 16777215, where MAC addresses do. "
        + "The lowest free one is ${toString free}."))
    guests;
in
prefixes ++ indices ++ ranges4 ++ ranges6 ++ devices ++ cards ++ peers ++ ports ++ publicAddresses
++ sharedUnlessIndex (guest: guest.tap) (those:
  ("routedGuests.guests: the taps of ${names those} are called `${(head those).tap}`. "
    + "The second guest to start would delete the tap of the first. Choose another `tap` for one of them."))
++ sharedUnlessIndex (guest: lib.toLower guest.mac) (those:
  "routedGuests.guests: ${names those} have the MAC ${(head those).mac}. Remove `mac` from one of them; one follows from the index.")
