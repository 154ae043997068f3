# A fleet in plain Nix: addresses, units and routes of 3000 guests, and the checks a careful person would write.
let
  hexDigit = n: builtins.substring n 1 "0123456789abcdef";
  hex = n: if n < 16 then hexDigit n else hex (n / 16) + hexDigit (builtins.bitAnd n 15);
  guest = index: rec {
    inherit index;
    name = "guest${toString index}";
    tap = "vm${toString index}";
    v4 = "10.0.${toString (index / 256)}.${toString (builtins.bitAnd index 255)}";
    v6 = "fd00::${hex index}";
    unit = {
      matchConfig.Name = tap;
      address = [ "10.0.0.0/32" "fd00::/128" ];
      routes = [ { Destination = "${v4}/32"; } { Destination = "${v6}/128"; } ];
    };
  };
  guests = builtins.genList (i: guest (i + 1)) 3000;
  unique = of: builtins.length (builtins.attrNames (builtins.groupBy of guests)) == builtins.length guests;
  units = builtins.listToAttrs (map (g: { name = "30-${g.tap}"; value = g.unit; }) guests);
  routed = g: builtins.any (route: route.Destination == "${g.v4}/32") units."30-${g.tap}".routes;
in
{
  sound = unique (g: g.v4) && unique (g: g.v6) && unique (g: g.tap) && builtins.all routed guests;
  hash = builtins.hashString "sha256" (builtins.toJSON units);
}
