# Declarations of the options of NixOS and microvm.nix that the modules of nix/ set or read, with the types that they have there
# (nixpkgs: nixos/modules/system/boot/networkd.nix, nixos/modules/services/networking/{nat,firewall,nftables,dhcpcd}.nix,
# nixos/modules/config/sysctl.nix, nixos/modules/misc/assertions.nix; microvm.nix: nixos-modules/{host,microvm}/options.nix).
# No more than that: what else the modules would set is an error, as a wrong name is in NixOS.
{ config, lib, ... }:

let
  inherit (lib) mkIf mkOption types;
  option = type: default: mkOption { inherit type default; };
  texts = option (types.listOf types.str) [ ];
  lines = option types.lines "";
  bool = option types.bool;

  # A value of a unit: repeated keys make lists, anything else must agree.
  scalar = types.oneOf [ types.bool types.int types.float types.str types.path ];
  unitOption = (types.either scalar (types.listOf scalar)) // {
    merge = loc: definitions:
      let values = lib.options.getValues definitions; in
      if lib.any lib.isList values then lib.concatMap lib.toList values else lib.mergeEqualOption loc definitions;
  };
  section = keys: option (types.addCheck (types.attrsOf unitOption) (set: lib.all (key: lib.elem key keys) (lib.attrNames set))) { };
  sections = keys: option
    (types.listOf (types.addCheck (types.attrsOf unitOption) (set: lib.all (key: lib.elem key keys) (lib.attrNames set))))
    [ ];

  network = { name, ... }: {
    options = {
      matchConfig = option (types.attrsOf unitOption) { };
      address = texts;
      networkConfig = section [
        "DHCP" "DNS" "IPv6AcceptRA" "LinkLocalAddressing" "IPv6LinkLocalAddressGenerationMode" "LLMNR" "MulticastDNS" "IPv4ReversePathFilter"
      ];
      linkConfig = section [ "RequiredForOnline" ];
      routes = sections [ "Gateway" "GatewayOnLink" "Destination" ];
      addresses = sections [ "Address" "DuplicateAddressDetection" ];
    };
  };

  table = { name, ... }: {
    options = {
      enable = bool true;
      name = option types.str name;
      content = mkOption { type = types.lines; };
      family = mkOption { type = types.enum [ "ip" "ip6" "inet" "arp" "bridge" "netdev" ]; };
    };
  };

  forwardPort = {
    options = {
      sourcePort = mkOption { type = types.either types.int (types.strMatching "[[:digit:]]+:[[:digit:]]+"); };
      destination = mkOption { type = types.str; };
      proto = option types.str "tcp";
      loopbackIPs = texts;
    };
  };

  sysctlValue = lib.mkOptionType {
    name = "sysctl option value";
    check = value:
      let plain = v: lib.isBool v || lib.isString v || lib.isInt v || v == null; in
      plain value || value._type or "" == "override" && plain value.content;
    merge = loc: definitions: lib.mergeOneOption loc (lib.filterOverrides definitions);
  };

  interface = {
    options.ipv4.addresses = option (types.listOf types.attrs) [ ];
    options.ipv6.addresses = option (types.listOf types.attrs) [ ];
  };
in
{
  options = {
    assertions = option (types.listOf types.unspecified) [ ];
    warnings = texts;
    system.stateVersion = option types.str "25.11";

    # What machines say beside their network.
    services = option (types.attrsOf types.anything) { };
    fileSystems = option (types.attrsOf types.anything) { };
    boot.loader = option (types.attrsOf types.anything) { };

    boot.kernel.sysctl = option (types.submodule { freeformType = types.attrsOf sysctlValue; }) { };

    networking = {
      hostName = option types.str "nixos";
      useNetworkd = bool false;
      useDHCP = bool true;
      enableIPv6 = bool true;
      dhcpcd.denyInterfaces = texts;
      interfaces = option (types.attrsOf (types.submodule interface)) { };
      nftables.enable = bool false;
      nftables.tables = option (types.attrsOf (types.submodule table)) { };
      firewall = {
        enable = bool true;
        filterForward = bool false;
        allowedTCPPorts = option (types.listOf types.port) [ ];
        allowedUDPPorts = option (types.listOf types.port) [ ];
        extraCommands = lines;
        extraStopCommands = lines;
        extraForwardRules = lines;
      };
      nat = {
        enable = bool false;
        enableIPv6 = bool false;
        internalIPs = texts;
        internalIPv6s = texts;
        externalInterface = option (types.nullOr types.str) null;
        forwardPorts = option (types.listOf (types.submodule forwardPort)) [ ];
      };
    };

    systemd.network.enable = bool false;
    systemd.network.networks = option (types.attrsOf (types.submodule network)) { };

    microvm = {
      interfaces = option
        (types.listOf (types.submodule {
          options = {
            type = mkOption { type = types.enum [ "user" "tap" "macvtap" "bridge" ]; };
            id = mkOption { type = types.str; };
            mac = mkOption { type = types.str; };
          };
        }))
        [ ];
      autostart = texts;
      vms = option
        (types.attrsOf (types.submodule {
          options = {
            config = option (types.nullOr types.deferredModule) null;
            flake = option (types.nullOr types.raw) null;
            specialArgs = option (types.attrsOf types.unspecified) { };
            autostart = bool true;
          };
        }))
        { };
    };
  };

  config = {
    systemd.network.enable = mkIf config.networking.useNetworkd true;
    # nat.nix says this with the same priority as in NixOS: the host module must not conflict with it.
    boot.kernel.sysctl = mkIf config.networking.nat.enable {
      "net.ipv4.conf.all.forwarding" = lib.mkOverride 99 true;
      "net.ipv4.conf.default.forwarding" = lib.mkOverride 99 true;
      "net.ipv6.conf.all.forwarding" = mkIf config.networking.nat.enableIPv6 (lib.mkOverride 99 true);
      "net.ipv6.conf.default.forwarding" = mkIf config.networking.nat.enableIPv6 (lib.mkOverride 99 true);
    };
  };
}
