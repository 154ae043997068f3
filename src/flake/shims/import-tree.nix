# import-tree: a module that imports every Nix file below a folder, but for those with `/_` in their path.
{ lib, ... }:
let
  isFolder = path: isPathLike path && lib.pathIsDirectory (place path);
  isPathLike = value: builtins.isPath value || builtins.isString value || (builtins.isAttrs value && value ? outPath);
  place = value: if builtins.isAttrs value then value.outPath else value;
  isTree = value: builtins.isAttrs value && value ? routelintTree;

  filesBelow = folder:
    let entries = builtins.readDir folder; in
    lib.concatMap (name:
      let path = folder + "/${name}"; in
      if entries.${name} == "directory" then filesBelow path
      else if entries.${name} == "unknown" then [ ]
      else [ path ]
    ) (builtins.attrNames entries);

  # Tests see the path below the folder that was given, other modules see themselves.
  leavesOf = settings: root:
    let
      files =
        if isTree root then map (value: { inherit value; name = value; }) root.files
        else if isFolder root then
          map (path: { value = path; name = lib.removePrefix (toString (place root)) (toString path); })
            (filesBelow (place root))
        else if isPathLike root then [ { value = place root; name = toString (place root); } ]
        else [ { value = root; name = root; } ];
      usual = name: !(isPathLike name) || (lib.hasSuffix ".nix" (toString name) && !(lib.hasInfix "/_" (toString name)));
      wanted = file:
        (if settings.initial == null then usual else settings.initial) file.name
        && lib.all (test: test file.name) settings.tests;
    in
    map (file: settings.change file.value) (lib.filter wanted files);

  leaves = settings: roots: lib.concatMap (leavesOf settings) (lib.flatten [ settings.roots roots ]);

  tree = settings:
    let
      with' = more: tree (settings // more);
      withTest = test: with' { tests = settings.tests ++ [ test ]; };
      result = roots:
        if settings.finish == null then { imports = leaves settings roots; }
        else settings.finish (leaves settings roots);
      self = lib.mapAttrs (_: f: f self) settings.api // {
        routelintTree = true;
        # In `imports` it is called as a module, with the arguments of modules.
        __functor = _: roots: result (if builtins.isAttrs roots && roots ? options then [ ] else roots);
        filter = withTest;
        filterNot = test: withTest (name: !(test name));
        match = pattern: withTest (name: builtins.match pattern name != null);
        matchNot = pattern: withTest (name: builtins.match pattern name == null);
        initFilter = initial: with' { inherit initial; };
        map = f: with' { change = value: f (settings.change value); };
        addPath = path: with' { roots = settings.roots ++ [ path ]; };
        addAPI = api: with' { api = settings.api // api; };
        withLib = _: self;
        pipeTo = finish: with' { inherit finish; };
        leafs = with' { finish = files: files; };
        files = leaves settings [ ];
        result = result [ ];
        new = tree fresh;
      };
    in
    self;

  fresh = { tests = [ ]; initial = null; change = value: value; roots = [ ]; finish = null; api = { }; };
in
{
  outputs = tree fresh;
  files."" = tree fresh;
}
