# import-tree: a module that imports every Nix file below a folder, but for those with `/_` in their path.
{ lib, ... }:
let
  filesBelow = folder:
    lib.concatMap (name:
      let
        kind = (builtins.readDir folder).${name};
        path = folder + "/${name}";
      in
      if kind == "directory" then filesBelow path
      else if kind == "regular" || kind == "symlink" then [ path ]
      else [ ]
    ) (builtins.attrNames (builtins.readDir folder));

  relative = root: path: lib.removePrefix (toString root) (toString path);

  leaves = settings: root:
    let
      isFolder = (builtins.isPath root || builtins.isString root) && lib.pathIsDirectory root;
      files = if isFolder then map (path: { inherit path; name = relative root path; }) (filesBelow root)
        else [ { path = root; name = toString root; } ];
      initial = file: lib.hasSuffix ".nix" file.name && !(lib.hasInfix "/_" file.name);
      wanted = file: (if settings.initial == null then initial file else settings.initial file.name)
        && lib.all (test: test file.name) settings.filters;
    in
    map (file: settings.change file.path) (lib.filter wanted files);

  flattened = value: if builtins.isList value then lib.concatMap flattened value else [ value ];

  with' = settings: {
    __functor = self: roots: {
      imports = lib.concatMap (leaves settings) (settings.paths ++ flattened roots);
    };
    filter = test: with' (settings // { filters = settings.filters ++ [ test ]; });
    filterNot = test: with' (settings // { filters = settings.filters ++ [ (name: !(test name)) ]; });
    initFilter = test: with' (settings // { initial = test; });
    match = pattern: with' (settings // { filters = settings.filters ++ [ (name: builtins.match pattern name != null) ]; });
    matchNot = pattern: with' (settings // { filters = settings.filters ++ [ (name: builtins.match pattern name == null) ]; });
    map = f: with' (settings // { change = path: f (settings.change path); });
    addPath = path: with' (settings // { paths = settings.paths ++ [ path ]; });
    withLib = _: with' settings;
    leafs = root: leaves settings root;
    files = lib.concatMap (leaves settings) settings.paths;
    result = { imports = lib.concatMap (leaves settings) settings.paths; };
  };
in
with' { filters = [ ]; initial = null; change = path: path; paths = [ ]; }
