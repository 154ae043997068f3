# Attribute sets: building by update, mapping, intersecting, reading back.
let
  name = i: "key${toString i}";
  set = builtins.listToAttrs (builtins.genList (i: { name = name i; value = i; }) 30000);
  even = builtins.listToAttrs (builtins.genList (i: { name = name (i * 2); value = null; }) 15000);
  touched = builtins.mapAttrs (_: value: { inherit value; twice = value * 2; }) (builtins.intersectAttrs even set);
  grown = builtins.foldl' (acc: i: acc // { ${name i} = i; }) { } (builtins.genList (i: i) 1500);
in
[
  (builtins.foldl' (acc: key: acc + touched.${key}.twice) 0 (builtins.attrNames touched))
  (builtins.length (builtins.attrNames grown))
  (builtins.length (builtins.attrNames (builtins.removeAttrs set (builtins.attrNames even))))
]
