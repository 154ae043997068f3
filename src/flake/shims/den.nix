# den: hosts and the aspects that make their modules, resolved in contexts (a host; a host and a user; contexts of the user's own).
{ lib, knownFlake, unknown, unrelated, ... }:
let
  inherit (lib) mkOption types;
  inherit (knownFlake "flake-aspects") resolve;
  aspectTypes = (knownFlake "flake-aspects").types;

  # An aspect with a context.
  given = context: aspect: { given = context; includes = [ aspect ]; };

  isMet = context: f:
    let wanted = lib.functionArgs f;
    in lib.all (name: wanted.${name} || context ? ${name}) (lib.attrNames wanted);

  take = rec {
    __functor = _: _: _: atLeast;
    atLeast = f: f;
    upTo = f: f;
    exactly = f: {
      __functionArgs = lib.functionArgs f;
      __functor = _: context: if lib.attrNames context == lib.attrNames (lib.functionArgs f) then f context else { };
    };
    unused = _: used: used;
  };

  parametric = {
    __functor = _: aspect: aspect;
    atLeast = aspect: aspect;
    exactly = aspect: aspect;
    expands = given;
    withOwn = _: aspect: aspect;
    fixedTo = { __functor = _: given; exactly = given; atLeast = given; upTo = given; };
  };

  only = names: aspect: { includes = [ (take.exactly {
    __functionArgs = lib.genAttrs names (_: false);
    __functor = _: context: given context aspect;
  }) ]; };

  # The aspect of a context: of its kind, of what it provides for itself, of what the kind that led to it provides, and of all that it leads to.
  inContext = den: kind: context:
    let
      walk = { kind, context, provided }:
        let
          node = den.ctx.${kind} or { };
          into = node.into or { };
          targets = if lib.isFunction into then into context
            else lib.mapAttrs (_: f: if isMet context f then f context else [ ]) into;
          provides = node.provides or { };
        in
        [ { inherit kind context; includes = [
            { inherit node; }
            ((provides.${kind} or (_: { })) context)
            provided
          ]; } ]
        ++ lib.concatLists (lib.mapAttrsToList (name: contexts: lib.concatMap (next: walk {
            kind = name;
            context = next;
            provided = if provides ? ${name} then provides.${name} context next else { };
          }) contexts) targets);

      # What a kind has of its own counts once; again only what depends on the context.
      whole = lib.foldl' (done: step: {
        seen = done.seen // { ${step.kind} = true; };
        includes = done.includes ++ [ {
          given = step.context;
          includes = [
            (removeAttrs (lib.head step.includes).node [ "into" "provides" "_" "__functor" ] // { again = done.seen ? ${step.kind}; })
          ] ++ lib.tail step.includes;
        } ];
      }) { seen = { }; includes = [ ]; } (walk { inherit kind context; provided = { }; });
    in
    { inherit (whole) includes; };

  # The modules of one class become a definition of another.
  forward = arguments@{ each, fromClass, intoClass, intoPath, fromAspect ? (item: item.resolved or item), mapModule ? (_: module: module), ... }:
    {
      includes = map (item: {
        ${intoClass item} =
          if lib.any (name: arguments.${name} or null != null) [ "guard" "adaptArgs" "adapterModule" ] then unknown
          else lib.setAttrByPath (lib.toList (intoPath item))
            ({ ... }: { imports = [ (mapModule item (resolve (fromClass item) (fromAspect item))) ]; });
      }) each;
    };

  batteries = {
    inherit forward;
    hostname = { host, ... }: { ${host.class}.networking.hostName = host.hostName; };
  };

  contextModule = den: { name, ... }: {
    freeformType = types.lazyAttrsOf types.deferredModule;
    imports = [ (lib.mkAliasOptionModule [ "_" ] [ "provides" ]) ];
    options = {
      name = mkOption { type = types.str; default = name; };
      description = mkOption { type = types.str; default = name; };
      includes = mkOption { type = types.listOf types.raw; default = [ ]; };
      into = mkOption { type = types.either (types.lazyAttrsOf types.raw) types.raw; default = { }; };
      provides = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
      __functor = mkOption { type = types.raw; default = _: inContext den name; };
    };
  };

  hostModule = den: inputs: system: { name, config, ... }: {
    freeformType = types.lazyAttrsOf types.anything;
    imports = [ (den.schema.host or { }) ];
    config._module.args.host = config;
    options = {
      name = mkOption { type = types.str; default = name; };
      hostName = mkOption { type = types.str; default = config.name; };
      system = mkOption { type = types.str; default = system; };
      class = mkOption { type = types.str; default = if lib.hasSuffix "darwin" config.system then "darwin" else "nixos"; };
      description = mkOption { type = types.str; default = name; };
      aspect = mkOption { type = types.raw; default = den.aspects.${config.name} or { }; };
      users = mkOption { type = types.lazyAttrsOf (types.submodule (userModule den config)); default = { }; };
      instantiate = mkOption { type = types.raw; default = inputs.nixpkgs.lib.nixosSystem; };
      intoAttr = mkOption {
        type = types.listOf types.str;
        default = if config.class == "nixos" then [ "nixosConfigurations" config.name ] else [ ];
      };
      resolved = mkOption { type = types.raw; default = den.ctx.host { host = config; }; };
      mainModule = mkOption { type = types.raw; default = resolve config.class config.resolved; };
    };
  };

  userModule = den: host: { name, config, ... }: {
    freeformType = types.lazyAttrsOf types.anything;
    imports = [ (den.schema.user or { }) ];
    config._module.args = { inherit host; user = config; };
    options = {
      name = mkOption { type = types.str; default = name; };
      userName = mkOption { type = types.str; default = name; };
      classes = mkOption { type = types.listOf types.str; default = [ "user" ]; };
      aspect = mkOption { type = types.raw; default = den.aspects.${config.name} or { }; };
      host = mkOption { type = types.raw; default = host; };
    };
  };

  # However often it is imported, it is one module.
  flakeModule = { key = "routelint:den"; imports = [ flakeModuleBody ]; };
  flakeModuleBody = { config, inputs, ... }:
    let
      inherit (config) den;
      hosts = lib.concatMap lib.attrValues (lib.attrValues den.hosts);
      machines = lib.filter (host: host.class == "nixos" && host.intoAttr != [ ]) hosts;
      machine = host: lib.setAttrByPath host.intoAttr (host.instantiate {
        modules = [ host.mainModule { nixpkgs.hostPlatform = lib.mkDefault host.system; } ];
      });
      systemModule = { name, ... }: { freeformType = types.lazyAttrsOf (types.submodule (hostModule den inputs name)); };
    in
    {
      # Without flake-parts nobody else declares the outputs.
      imports = lib.optional (!(inputs ? flake-parts)) flakeOutputs.flake;
      options.den = mkOption {
        default = { };
        type = types.submodule {
          freeformType = types.lazyAttrsOf types.raw;
          imports = [ (lib.mkAliasOptionModule [ "_" ] [ "provides" ]) (lib.mkAliasOptionModule [ "batteries" ] [ "provides" ]) ];
          options = {
            hosts = mkOption { type = types.lazyAttrsOf (types.submodule systemModule); default = { }; };
            homes = mkOption { type = types.raw; default = { }; };
            aspects = mkOption { type = aspectTypes.aspects; default = { }; };
            default = mkOption { type = aspectTypes.aspect; default = { }; };
            ctx = mkOption { type = types.lazyAttrsOf (types.submodule (contextModule den)); default = { }; };
            schema = mkOption { type = types.lazyAttrsOf types.deferredModule; default = { }; };
            ful = mkOption { type = types.lazyAttrsOf aspectTypes.aspects; default = { }; };
            provides = mkOption { type = types.lazyAttrsOf types.raw; default = { }; apply = more: unrelated // batteries // more; };
            lib = mkOption { type = types.raw; };
          };
        };
      };
      config = {
        _module.args.den = den;
        flake = lib.mkMerge (map machine machines);
        den = {
          lib = unknown // {
            inherit take parametric;
            canTake = { __functor = _: isMet; atLeast = isMet; };
            aspects = unknown // { inherit resolve; types = aspectTypes; };
            perHost = only [ "host" ];
            perUser = only [ "host" "user" ];
            perHome = _: { };
          };
          ctx.host = {
            into.user = { host }: map (user: { inherit host user; }) (lib.attrValues host.users);
            into.default = context: [ context ];
            provides.host = { host }: host.aspect;
          };
          ctx.user = {
            into.default = context: [ context ];
            provides.user = { host, user }: user.aspect;
          };
          ctx.default = removeAttrs den.default [ "name" "description" "meta" "_" "_module" ];
          schema.conf = { };
          schema.host.imports = [ den.schema.conf ];
          schema.user.imports = [ den.schema.conf ];
        };
      };
    };

  outputModule = name: { key = "routelint:den-${name}"; options.flake.${name} = mkOption { type = types.lazyAttrsOf types.raw; default = { }; }; };
  flakeOutputs = unknown // lib.genAttrs [
    "nixosConfigurations" "darwinConfigurations" "homeConfigurations" "devShells" "packages" "apps" "checks" "legacyPackages"
  ] outputModule // {
    flake.key = "routelint:den-flake";
    flake.options.flake = mkOption {
      default = { };
      type = types.submodule { freeformType = types.lazyAttrsOf types.anything; };
    };
  };

  # Aspects below a name of their own. Those of other flakes are not known.
  namespace = name: _: { config, ... }: {
    options.${name} = mkOption { type = aspectTypes.aspects; default = { }; };
    config._module.args.${name} = config.${name};
    config.den.ful.${name} = config.${name};
  };
in
{
  outputs = {
    inherit flakeModule flakeOutputs namespace;
    flakeModules = unknown // { default = flakeModule; dendritic = flakeModule; strict = { }; };
    modules.flake = unknown // { default = flakeModule; };
    nixModule = _: flakeModule;
  };
  files."" = unknown;
}
