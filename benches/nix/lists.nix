# Lists: a linear congruential generator, sorting with and without a comparator of one's own, grouping.
let
  next = seed: builtins.bitAnd (seed * 1103515245 + 12345) 2147483647;
  numbers =
    builtins.genericClosure {
      startSet = [ { key = 42; } ];
      operator = { key }: if builtins.bitAnd key 8191 == 4095 then [ ] else [ { key = next key; } ];
    };
  keys = map (entry: entry.key) numbers;
  many = builtins.concatLists (builtins.genList (i: map (key: builtins.bitXor key (i * 2654435)) keys) (40000 / builtins.length keys + 1));
  descending = builtins.sort (a: b: a > b) many;
  groups = builtins.groupBy (n: toString (builtins.bitAnd n 255)) many;
in
[
  (builtins.length many)
  (builtins.head descending)
  (builtins.elemAt (builtins.sort builtins.lessThan many) 1000)
  (builtins.length (builtins.attrNames groups))
]
