# What the generated sets of modules are read with: values shown as plain data, whatever is in them.
{ lib }:
rec {
  shown =
    depth: value:
    if builtins.isFunction value then
      "<function>"
    else if builtins.isPath value then
      "path ${toString value}"
    else if builtins.isString value then
      builtins.unsafeDiscardStringContext value
    else if builtins.isList value then
      if depth == 0 then "<list>" else map (shown (depth - 1)) value
    else if builtins.isAttrs value then
      if value._type or null == "option-type" then
        "<type ${value.name}: ${value.description}>"
      else if value._type or null == "option" then
        "<option>"
      else if value._type or null == "configuration" then
        "<configuration>"
      else if value.type or null == "derivation" then
        "<derivation ${value.name or "?"}>"
      else if value ? __functor then
        "<functor>"
      else if value._type or null == "fileset" then
        "<fileset>"
      else if depth == 0 then
        "<set>"
      else
        { is = builtins.mapAttrs (_: shown (depth - 1)) value; }
    else
      value;

  show = shown 12;

  # A file and a line. Columns are left out: of `a.b.c = 1`, Nix gives all three the place of `a`, and routelint each its own.
  position =
    place:
    if place == null || place.line == null || builtins.match "m[0-9]+|default" (lib.removeSuffix ".nix" (baseNameOf place.file)) == null then
      null
    else
      "${baseNameOf place.file}:${toString place.line}";

  # A value that is a function of one argument, applied.
  applied = argument: function: show (function argument);

  # What a module brings, read in an evaluation that takes everything.
  deferred =
    module:
    show (lib.evalModules {
      modules = [
        module
        { freeformType = lib.types.lazyAttrsOf lib.types.anything; }
      ];
    }).config;

  meta = value: shown 6 (removeAttrs value [ "_internal" "configuration" ]);

  introspection = option: {
    inherit (option) isDefined highestPrio loc files declarations;
    name = toString option;
    type = "${option.type.name}: ${option.type.description}";
    definitions = show option.definitions;
    places = map (definition: {
      inherit (definition) file;
      value = show definition.value;
    }) option.definitionsWithLocations;
    positions = map position option.declarationPositions;
    meta = meta option.valueMeta;
  };

  # Documents without the descriptions of what every evaluation declares, which are nixpkgs' own.
  withoutProse = map (document: removeAttrs document (if builtins.elem "_module" document.loc then [ "description" ] else [ ]));

  # As a manual lists them; without what every evaluation declares, whose descriptions are nixpkgs' own.
  documents =
    options:
    map (document: removeAttrs document [ "declarations" ] // { files = map toString document.declarations; }) (
      builtins.filter (document: !(builtins.elem "_module" document.loc)) (lib.optionAttrSetToDocList options)
    );

  type =
    type:
    {
      inherit (type) name description;
      class = type.descriptionClass;
      empty = show type.emptyValue;
      nested = builtins.mapAttrs (_: inner: inner.description or "?") type.nestedTypes;
      isDeprecated = type.deprecationMessage != null;
      functor = type.functor.name;
      under = builtins.attrNames (removeAttrs (type.getSubOptions [ "at" ]) [ "_module" ]);
      modules = if type.getSubModules == null then null else builtins.length type.getSubModules;
    };
}
