# flake-aspects: aspects, sets of one module for each class, which include other aspects.
{ lib, unknown, ... }:
let
  inherit (lib) mkOption types;

  own = [ "name" "description" "includes" "provides" "_" "meta" "__functor" "__functionArgs" "resolve" "modules" "_module" ];

  # A function of module arguments is a module, one of other arguments gives an aspect.
  isModule = value:
    lib.isFunction value && lib.any (name: lib.functionArgs value ? ${name}) [ "config" "lib" "options" "pkgs" "aspect" ];

  aspect = types.mkOptionType {
    name = "aspect";
    check = value: builtins.isAttrs value || lib.isFunction value;
    merge = loc: definitions:
      let
        isGiver = definition: lib.isFunction definition.value && !(isModule definition.value);
        asAspect = definition: if isGiver definition then definition // { value.includes = [ definition.value ]; } else definition;
      in
      if lib.length definitions == 1 && isGiver (lib.head definitions) then (lib.head definitions).value
      else body.merge loc (map asAspect definitions);
  };

  body = types.submodule ({ name, config, ... }: {
    freeformType = types.lazyAttrsOf types.deferredModule;
    imports = [ (lib.mkAliasOptionModule [ "_" ] [ "provides" ]) ];
    options = {
      name = mkOption { type = types.str; default = name; };
      description = mkOption { type = types.str; default = name; };
      includes = mkOption { type = types.listOf types.raw; default = [ ]; };
      meta = mkOption { type = types.raw; default = { }; };
      provides = mkOption { type = types.lazyAttrsOf aspect; default = { }; };
    };
    config._module.args.aspect = config;
  });

  aspects = types.submodule ({ config, ... }: {
    freeformType = types.lazyAttrsOf aspect;
    config._module.args.aspects = config;
  });

  # The modules of a class that an aspect gives in a context: its own and those of what it includes. What asks for more than the context has gives
  # none. An aspect may carry a context (`given`), or only what depends on it (`again`).
  modulesOf = class: context: value:
    if lib.isFunction value && !(value ? includes) then
      let
        wanted = lib.functionArgs value;
        usual = { inherit class; aspect-chain = [ ]; };
        known = if wanted ? class || wanted ? aspect-chain then usual else context;
        isComplete = lib.all (name: wanted.${name} || known ? ${name}) (lib.attrNames wanted);
        arguments = if wanted == { } || value ? __functor then known else builtins.intersectAttrs wanted known;
      in
      if isComplete then modulesOf class context (value arguments) else [ ]
    else if builtins.isAttrs value then
      let
        around = context // (value.given or { });
        isAgain = value.again or false;
        included = if isAgain then lib.filter (one: lib.isFunction one && !(one ? includes)) (value.includes or [ ]) else value.includes or [ ];
      in
      lib.optional (!isAgain && value ? ${class}) value.${class} ++ lib.concatMap (modulesOf class around) included
    else [ value ];

  resolve = class: value: { imports = modulesOf class { } value; };

  flakeModule = { key = "routelint:flake-aspects"; imports = [ flakeModuleBody ]; };
  flakeModuleBody = { config, ... }: {
    options.flake.aspects = mkOption { type = aspects; default = { }; };
    config.flake.modules =
      let
        all = config.flake.aspects;
        classes = lib.unique (lib.concatMap (one: lib.filter (name: !(lib.elem name own)) (lib.attrNames one))
          (lib.filter builtins.isAttrs (lib.attrValues all)));
      in
      lib.genAttrs classes (class: lib.mapAttrs (_: resolve class) all);
  };
in
{
  outputs = {
    inherit flakeModule;
    flakeModules.default = flakeModule;
    lib = unknown // { resolve = class: _: resolve class; };
    types = { inherit aspect aspects; };
    inherit resolve modulesOf;
  };
  files."" = unknown;
}
