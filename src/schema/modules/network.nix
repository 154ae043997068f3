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

  # A gateway that names no interface is refused together with networkd; the scripts find the interface by the addresses.
  addressed = lib.attrNames (lib.filterAttrs (_: i: i.ipv4.addresses ++ i.ipv6.addresses != [ ]) net.interfaces);
  gateways = lib.concatMap
    (given:
      let
        gateway = if lib.isString given then { address = given; } else given;
        interface = gateway.interface or null;
        names = if interface != null then [ interface ] else lib.optionals (lib.length addressed == 1) addressed;
      in
      lib.optionals (given != null) (map (name: { inherit name gateway; }) names))
    [ net.defaultGateway net.defaultGateway6 ];
  gatewayRoute = gateway: { Gateway = gateway.address; }
    // lib.optionalAttrs ((gateway.metric or null) != null) { Metric = gateway.metric; }
    // lib.optionalAttrs ((gateway.source or null) != null) { PreferredSource = gateway.source; };
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
          address = prefixed (i.ipv4.addresses ++ lib.optionals net.enableIPv6 i.ipv6.addresses);
          routes = map route (i.ipv4.routes ++ lib.optionals net.enableIPv6 i.ipv6.routes);
        }) net.interfaces)
        (lib.mkMerge (map (one: {
          "40-${one.name}" = {
            matchConfig.Name = one.name;
            routes = [ (gatewayRoute one.gateway) ];
          };
        }) gateways))
        (lib.mkMerge (lib.mapAttrsToList (bridge: b: lib.genAttrs (map (port: "40-${port}") b.interfaces) (file: {
          name = lib.mkDefault (lib.removePrefix "40-" file);
          DHCP = lib.mkOverride 0 "no";
          networkConfig.Bridge = bridge;
        })) net.bridges))
      ]);
      systemd.network.netdevs = lib.mkIf net.useNetworkd (lib.mapAttrs' (bridge: _: lib.nameValuePair "40-${bridge}" {
        netdevConfig = { Name = bridge; Kind = "bridge"; };
      }) net.bridges);
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
