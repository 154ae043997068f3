# Text: interpolation, splitting, matching, replacing, JSON there and back.
let
  line = i: "host${toString i} 10.${toString (i / 256)}.${toString (builtins.bitAnd i 255)}.1 up\n";
  table = builtins.concatStringsSep "" (builtins.genList line 8000);
  lines = builtins.filter (part: builtins.isString part && part != "") (builtins.split "\n" table);
  parse = text: builtins.match "host([0-9]+) ([0-9.]+) (up|down)" text;
  rows = map parse lines;
  json = builtins.toJSON rows;
in
[
  (builtins.length rows)
  (builtins.stringLength (builtins.replaceStrings [ "up" "." ] [ "down" ":" ] table))
  (builtins.length (builtins.fromJSON json))
  (builtins.hashString "sha256" json)
]
