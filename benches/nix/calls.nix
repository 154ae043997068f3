# Function calls and arithmetic: how often the Ackermann function calls itself, and a sum over divisors.
let
  ackermann =
    m: n:
    if m == 0 then
      n + 1
    else if n == 0 then
      ackermann (m - 1) 1
    else
      ackermann (m - 1) (ackermann m (n - 1));
  divisors = n: builtins.filter (d: n - d * (n / d) == 0) (builtins.genList (i: i + 1) n);
  perfect = n: builtins.foldl' builtins.add 0 (divisors n) == 2 * n;
in
[
  (ackermann 2 150)
  (builtins.filter perfect (builtins.genList (i: i + 2) 600))
]
