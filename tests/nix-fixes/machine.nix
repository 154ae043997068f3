# What a module file says, without nixpkgs: imports are followed, conditions and priorities decided, lists joined and sets merged. Nothing is
# declared, so nothing is checked; a set that says one thing twice, and whatever else Nix itself refuses, is an error.
file:

let
  lib = rec {
    inherit (builtins) listToAttrs attrNames elem genList concatLists concatMap filter length head tail;
    range = first: last: if first > last then [ ] else genList (number: first + number) (last - first + 1);
    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: value: listToAttrs (map (name: nameValuePair name (value name)) names);
    mapAttrs' = make: set: listToAttrs (map (name: make name set.${name}) (attrNames set));
    mod = dividend: divisor: dividend - divisor * (dividend / divisor);
    toHexString = number:
      let digit = builtins.substring (mod number 16) 1 "0123456789ABCDEF"; in
      if number < 16 then digit else toHexString (number / 16) + digit;
    fixedWidthString = width: filler: text:
      if builtins.stringLength text >= width then text else filler + fixedWidthString (width - 1) filler text;
    optionals = condition: list: if condition then list else [ ];
    mkIf = condition: content: { _type = "if"; inherit condition content; };
    mkMerge = contents: { _type = "merge"; inherit contents; };
    mkOverride = priority: content: { _type = "override"; inherit priority content; };
    mkDefault = mkOverride 1000;
    mkForce = mkOverride 50;
    mkOption = declaration: declaration;
    types = { int = null; str = null; attrsOf = _: null; submodule = _: null; };
  };

  # Definitions as `{ priority, value }`, with nothing around the values.
  plain = priority: value:
    if !(builtins.isAttrs value && value ? _type) then [ { inherit priority value; } ]
    else if value._type == "if" then if value.condition then plain priority value.content else [ ]
    else if value._type == "merge" then builtins.concatMap (plain priority) value.contents
    else plain value.priority value.content;

  merge = values:
    let
      all = builtins.concatMap (plain 100) values;
      strongest = builtins.foldl' (lowest: one: if one.priority < lowest then one.priority else lowest) 9999 all;
      kept = map (one: one.value) (builtins.filter (one: one.priority == strongest) all);
      first = builtins.head kept;
      asList = value: if builtins.isList value then value else [ value ];
    in
    if builtins.all builtins.isAttrs kept then builtins.zipAttrsWith (_: merge) kept
    else if builtins.any builtins.isList kept then builtins.concatMap asList kept
    else if builtins.all (value: builtins.isFunction value || value == first) kept then first
    else throw "two values of one option: ${builtins.toJSON kept}";

  evaluate = module:
    let
      arguments = { inherit lib config; pkgs = { }; options = { }; };
      definitions = given:
        let
          loaded = if builtins.isPath given || builtins.isString given then import given else given;
          # What `_module.args` passes on is asked for only where a module names it.
          named = builtins.mapAttrs (name: _: arguments.${name} or config._module.args.${name}) (builtins.functionArgs loaded);
          said = if builtins.isFunction loaded then loaded (arguments // named) else loaded;
          own = if said ? config || said ? options then said.config or { } else removeAttrs said [ "imports" ];
        in
        [ own ] ++ builtins.concatMap definitions (said.imports or [ ]);
      config = merge (definitions module);
    in
    config;

  facts = config: {
    network = config.systemd.network or { };
    networking = config.networking or { };
    sysctl = config.boot.kernel.sysctl or { };
    interfaces = config.microvm.interfaces or [ ];
    vsock = config.microvm.vsock or { };
    guests = builtins.mapAttrs (_: guest: if guest ? config then facts (evaluate guest.config) else { }) (config.microvm.vms or { });
  };
in
facts (evaluate file)
