# The options that the modules of nix/ declare, for nix/OPTIONS.md.
{ lib }:

let
  inherit (import ./machines.nix { inherit lib; }) evaluate;
  own = (evaluate { modules = [ ../../nix/host.nix ../../nix/guest.nix ]; }).options.routedGuests;

  text = value: if value ? text then value.text else lib.generators.toPretty { multiline = false; } value;
  shown = option: {
    inherit (option) name description;
    type = option.type;
    readOnly = option.readOnly;
    default = if option ? default then text option.default else null;
    example = if option ? example then text option.example else null;
  };
in
map shown (lib.filter (option: option.visible && !option.internal) (lib.optionAttrSetToDocList own))
