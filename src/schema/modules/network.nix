# What NixOS itself adds to the network of every machine, as far as the network of taps and guests depends on it.
# (nixos/modules/system/boot/networkd.nix, nixos/modules/tasks/network-interfaces-systemd.nix,
# nixos/modules/services/networking/nat.nix)
{ config, lib, ... }:
let
  net = config.networking;
  prefixed = addresses: map (a: "${a.address}/${toString a.prefixLength}") addresses;
  route = r: {
    Destination = "${r.address}/${toString r.prefixLength}";
  } // lib.optionalAttrs (r ? via && r.via != null) { Gateway = r.via; }
  // lib.optionalAttrs (r ? options && r.options ? onlink) { GatewayOnLink = true; };
in
{
  config = lib.mkMerge [
    { systemd.network.enable = lib.mkIf net.useNetworkd true; }

    {
      systemd.network.networks = lib.mkIf net.useNetworkd (lib.mkMerge [
        (lib.mkIf net.useDHCP {
          "99-ethernet-default-dhcp" = {
            matchConfig.Type = "ether";
            matchConfig.Kind = "!*";
            networkConfig.DHCP = "yes";
          };
        })
        (lib.mapAttrs' (name: i: lib.nameValuePair "40-${name}" {
          name = lib.mkDefault name;
          DHCP = lib.mkForce (if (if i.useDHCP != null then i.useDHCP else false) then "yes" else "no");
          address = prefixed (i.ipv4.addresses ++ i.ipv6.addresses);
          routes = map route (i.ipv4.routes ++ i.ipv6.routes);
        }) net.interfaces)
        (lib.mkMerge (lib.mapAttrsToList (bridge: b: lib.genAttrs (map (port: "40-${port}") b.interfaces) (file: {
          name = lib.mkDefault (lib.removePrefix "40-" file);
          DHCP = lib.mkOverride 0 "no";
          networkConfig.Bridge = bridge;
        })) net.bridges))
      ]);
    }

    {
      boot.kernel.sysctl = lib.mkIf net.nat.enable {
        "net.ipv4.conf.all.forwarding" = lib.mkOverride 99 true;
        "net.ipv4.conf.default.forwarding" = lib.mkOverride 99 true;
      };
    }
    {
      boot.kernel.sysctl = lib.mkIf (net.nat.enable && net.nat.enableIPv6) {
        "net.ipv6.conf.all.forwarding" = lib.mkOverride 99 true;
        "net.ipv6.conf.default.forwarding" = lib.mkOverride 99 true;
      };
    }
  ];
}
