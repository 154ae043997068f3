# The addressing of routed guests as plain functions: everything follows from a prefix and an index.
#
#   net = import ./lib.nix { inherit lib; };
#   net.ipv4.nth "10.0.0.0/24" 5      → "10.0.0.5"
#   net.ipv6.nth "fd12:3456:789a::/64" 26  → "fd12:3456:789a::1a"
#
# Addresses and prefixes that cannot be read are `null`, never an error, so that a module can say in an assertion what is wrong with them.
# IPv6 addresses are written as RFC 5952 wants them: lower case, no leading zeros, the longest run of zero groups as `::`.
{ lib }:

let
  inherit (builtins)
    bitAnd bitXor elemAt foldl' genList hashString head isString length match stringLength substring tail;
  inherit (lib)
    all any concatMapStringsSep drop fixedWidthString mod replicate splitString sublist take toHexString toInt toLower;

  hex = number: toLower (toHexString number);
  hexByte = number: fixedWidthString 2 "0" (hex number);

  digits = {
    "0" = 0; "1" = 1; "2" = 2; "3" = 3; "4" = 4; "5" = 5; "6" = 6; "7" = 7; "8" = 8; "9" = 9;
    a = 10; b = 11; c = 12; d = 13; e = 14; f = 15;
  };
  fromHex = text: foldl' (number: digit: number * 16 + digits.${digit}) 0 (lib.stringToCharacters (toLower text));

  powerOfTwo = exponent: foldl' (power: _: power * 2) 1 (genList (i: i) exponent);

  # A decimal number without sign, without leading zeros and not above a limit, or null.
  decimal = limit: text:
    if match "0|[1-9][0-9]{0,9}" text == null then null
    else let number = toInt text; in if number > limit then null else number;

  # "ADDRESS/LENGTH" taken apart by a family's parser; `address` is as the family counts it.
  parsePrefix = parse: longest: text:
    let
      parts = if isString text then splitString "/" text else [ ];
      address = parse (head parts);
      prefixLength = decimal longest (elemAt parts 1);
    in
    if length parts != 2 || address == null || prefixLength == null then null
    else { inherit address prefixLength; };

  ipv4 = rec {
    # The address as a number of 32 bits.
    parse = text:
      let
        octets = if isString text then map (decimal 255) (splitString "." text) else [ ];
      in
      if length octets != 4 || any (octet: octet == null) octets then null
      else foldl' (number: octet: number * 256 + octet) 0 octets;

    format = number:
      concatMapStringsSep "." (shift: toString (mod (number / shift) 256)) [ 16777216 65536 256 1 ];

    # `{ address; prefixLength; }`, or null. Bits behind the prefix are kept; `isNetwork` tells whether there are any.
    prefix = parsePrefix parse 32;

    # How many addresses a prefix has.
    size = text: powerOfTwo (32 - (prefix text).prefixLength);

    isNetwork = text: mod (prefix text).address (size text) == 0;

    # The address with this number in a prefix. Number 0 is the host's.
    nth = text: index: format ((prefix text).address + index);

    overlap = one: other:
      let
        shorter = if (prefix one).prefixLength < (prefix other).prefixLength then one else other;
        network = text: (prefix text).address / size shorter;
      in
      network one == network other;

    # A range of 256 addresses that follows from a text, in 10.0.0.0/8. Two texts seldom give the same one, and homes and offices seldom use it.
    privatePrefix = seed:
      let
        digest = hashString "sha256" "ipv4 ${seed}";
        octet = at: fromHex (substring at 2 digest);
      in
      "10.${toString (octet 0)}.${toString (octet 2)}.0/24";
  };

  ipv6 = rec {
    # The address as eight numbers of 16 bits. Zones (`%eth0`) and embedded IPv4 addresses are not read.
    parse = text:
      let
        halves = if isString text then splitString "::" text else [ ];
        groups = half: if half == "" then [ ] else splitString ":" half;
        isGroup = group: match "[0-9a-fA-F]{1,4}" group != null;
        before = groups (head halves);
        behind = if length halves == 2 then groups (elemAt halves 1) else [ ];
        written = before ++ behind;
        missing = 8 - length written;
      in
      if !(length halves == 1 && missing == 0 || length halves == 2 && missing >= 1) || !all isGroup written then null
      else map fromHex before ++ replicate missing 0 ++ map fromHex behind;

    format = groups:
      let
        # The longest run of zeros, the first of equals; RFC 5952 leaves a single zero group alone.
        runs = lib.imap0 (at: _: { inherit at; length = zerosAt (drop at groups); }) groups;
        zerosAt = rest: if rest == [ ] || head rest != 0 then 0 else 1 + zerosAt (tail rest);
        longest = foldl' (best: run: if run.length > best.length then run else best) { at = 0; length = 1; } runs;
        text = concatMapStringsSep ":" hex;
      in
      if longest.length < 2 then text groups
      else "${text (take longest.at groups)}::${text (drop (longest.at + longest.length) groups)}";

    # The same address as RFC 5952 writes it, or null.
    canonical = text: let groups = parse text; in if groups == null then null else format groups;

    prefix = parsePrefix parse 128;

    # The first bits of an address, the rest zero.
    truncate = bits: groups: lib.imap0
      (at: group:
        let kept = lib.max 0 (lib.min 16 (bits - 16 * at)); in
        group - mod group (powerOfTwo (16 - kept)))
      groups;

    # How many addresses a prefix has, at most 2^32: nobody counts further.
    size = text: powerOfTwo (lib.min 32 (128 - (prefix text).prefixLength));

    isNetwork = text: let read = prefix text; in truncate read.prefixLength read.address == read.address;

    nth = text: index:
      let groups = (prefix text).address; in
      format (sublist 0 6 groups ++ [ (elemAt groups 6 + index / 65536) (elemAt groups 7 + mod index 65536) ]);

    overlap = one: other:
      let
        bits = lib.min (prefix one).prefixLength (prefix other).prefixLength;
        network = text: truncate bits (prefix text).address;
      in
      network one == network other;

    isLinkLocal = text: let groups = parse text; in groups != null && head groups / 64 == 1018; # fe80::/10
    isSiteLocal = text: let groups = parse text; in groups != null && head groups / 64 == 1019; # fec0::/10, given up by RFC 3879
    isUniqueLocal = text: let groups = parse text; in groups != null && head groups / 512 == 126; # fc00::/7
    isGlobal = text: let groups = parse text; in groups != null && head groups / 8192 == 1; # 2000::/3

    # A unique local prefix (RFC 4193) whose 40 bits of global ID follow from a text. The text has to be one's own: the machine's
    # full name, its machine-id, a random number. Equal texts give equal prefixes.
    uniqueLocalPrefix = seed:
      let
        digest = hashString "sha256" "ipv6 ${seed}";
        group = at: fromHex (substring at 4 digest);
      in
      "${format [ (64768 + fromHex (substring 0 2 digest)) (group 2) (group 6) 0 0 0 0 0 ]}/64";
  };

  mac = {
    # Six numbers of 8 bits, or null.
    parse = text:
      let octets = if isString text then splitString ":" text else [ ]; in
      if length octets != 6 || any (octet: match "[0-9a-fA-F]{2}" octet == null) octets then null
      else map fromHex octets;

    # The address with this number below three octets, of which the first says "locally administered, not a group".
    nth = organisation: index:
      "${organisation}:${hexByte (mod (index / 65536) 256)}:${hexByte (mod (index / 256) 256)}:${hexByte (mod index 256)}";

    isGroup = text: bitAnd (head (mac.parse text)) 1 == 1;
    isLocallyAdministered = text: bitAnd (head (mac.parse text)) 2 == 2;

    # The link-local IPv6 address that a card with this MAC gives itself (modified EUI-64, RFC 4291 appendix A).
    linkLocal = text:
      let
        octets = mac.parse text;
        at = elemAt octets;
        pair = high: low: high * 256 + low;
      in
      ipv6.format [ 65152 0 0 0 (pair (bitXor (at 0) 2) (at 1)) (pair (at 2) 255) (pair 254 (at 3)) (pair (at 4) (at 5)) ];
  };

  tap = {
    nth = namePrefix: index: "${namePrefix}${toString index}";

    # What is wrong with the name of a device, as a sentence that goes on after the name; null if nothing is.
    fault = name:
      if stringLength name > 15 then "has ${toString (stringLength name)} characters; Linux takes 15 at most"
      else if match "[a-zA-Z][a-zA-Z0-9_-]*" name == null then
        "is no plain name: use letters, digits, `-` and `_`, a letter first (networkd ignores numbers, sysctl splits at dots, the kernel fills in `%d`)"
      else if lib.elem name [ "lo" "all" "default" ] then "is taken by the kernel"
      else if lib.hasPrefix "vt-" name then "starts with `vt-`, which systemd's own 80-vm-vt.network claims: it runs a DHCP server there"
      else null;
  };

  # The lowest positive number that is not in a list.
  lowestFree = taken: foldl' (free: index: if index == free then free + 1 else free) 1 (lib.sort (a: b: a < b) (lib.unique taken));

in
{
  inherit ipv4 ipv6 mac tap lowestFree;
}
