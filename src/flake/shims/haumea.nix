# haumea: a folder as a set of values, one for each file, which may refer to each other.
{ lib, unknown, ... }:
let
  # What a file may ask for by name is passed to it.
  calling = read: inputs: path:
    let f = lib.toFunction (read inputs path);
    in f (lib.mapAttrs (name: _: inputs.${name}) (lib.functionArgs f));

  loaders = {
    default = calling (_: import);
    scoped = calling builtins.scopedImport;
    verbatim = _: import;
    path = _: path: path;
    callPackage = inputs: path: lib.callPackageWith inputs path { };
  };

  matchers = rec {
    always = loader: { matches = _: true; inherit loader; };
    extension = ending: loader: {
      matches = file: lib.hasSuffix ".${ending}" file && file != ".${ending}";
      inherit loader;
    };
    json = extension "json" (_: lib.importJSON);
    toml = extension "toml" (_: lib.importTOML);
    nix = extension "nix";
    regex = pattern: loader: {
      matches = file: builtins.match pattern file != null;
      loader = inputs: path: loader (builtins.match pattern (baseNameOf path)) inputs path;
    };
  };

  # Takes `from` out of each value and joins what was there, under `to` at the top and under `from` below.
  hoist = join: from: to: place: values:
    let
      has = value: builtins.isAttrs value && value ? ${from};
      taken = lib.mapAttrsToList (file: value: join file value.${from}) (lib.filterAttrs (_: has) values);
      left = lib.mapAttrs (_: value: if has value then removeAttrs value [ from ] else value) values;
    in
    { inherit taken left; name = if place == [ ] then to else from; };

  transformers = {
    liftDefault = _: values: removeAttrs values [ "default" ] // (values.default or { });
    hoistLists = from: to: place: values:
      let hoisted = hoist (_: list: list) from to place values;
      in hoisted.left // { ${hoisted.name} = (hoisted.left.${hoisted.name} or [ ]) ++ lib.concatLists hoisted.taken; };
    hoistAttrs = from: to: place: values:
      let hoisted = hoist (file: value: { ${file} = value; }) from to place values;
      in lib.recursiveUpdate hoisted.left { ${hoisted.name} = lib.foldl' lib.recursiveUpdate { } hoisted.taken; };
    prependUnderscore = _: lib.mapAttrs' (name:
      lib.nameValuePair (if builtins.match "[a-zA-Z_].*" name == null then "_${name}" else name));
  };

  stem = file:
    let parts = lib.splitString "." file;
    in if lib.length parts < 2 || lib.hasSuffix "." file || lib.hasPrefix "." file && lib.length parts == 2 then file
    else lib.concatStringsSep "." (lib.init parts);

  load = { src, loader ? loaders.default, inputs ? { }, transformer ? [ ] }:
    let
      rules = if lib.isFunction loader then [ (matchers.nix loader) ] else loader;
      transform = place: values: lib.foldl' (done: one: one place done) values (lib.flatten [ transformer ]);

      tree = grow [ ] src;
      grow = place: folder:
        let entries = builtins.readDir folder; in
        lib.concatMap (entry:
          let
            shown = lib.removePrefix "_" (lib.removePrefix "_" entry);
            path = folder + "/${entry}";
            rule = lib.findFirst (rule: rule.matches shown) null rules;
            seen = if lib.hasPrefix "__" entry then "beside" else if lib.hasPrefix "_" entry then "inside" else "everywhere";
          in
          if shown == "" then [ ]
          else if entries.${entry} == "directory" then
            [ { name = shown; inherit seen; below = grow (place ++ [ shown ]) path; } ]
          else if entries.${entry} == "regular" && rule != null then
            [ { name = stem shown; inherit seen; content = lib.fix (self: rule.loader (inputs // {
                  inherit self;
                  root = look place [ ] tree;
                  super = lib.getAttrFromPath place (look place [ ] tree);
                }) path); } ]
          else [ ]
        ) (builtins.attrNames entries);

      # The values of a folder at `place`, as a file in the folder `from` sees them; from outside if that is null.
      look = from: place: nodes:
        let
          isSeen = node:
            node.seen == "everywhere" || from != null && (node.seen == "inside" || lib.take (lib.length place) from == place);
        in
        transform place (lib.listToAttrs (map (node: {
          inherit (node) name;
          value = if node ? below then look from (place ++ [ node.name ]) node.below else node.content;
        }) (lib.filter isSeen nodes)));
    in
    look null [ ] tree;

  outputs = { inherit load loaders matchers transformers; loadEvalTests = _: unknown; };
in
{
  outputs.lib = outputs;
  files."" = _: outputs;
}
