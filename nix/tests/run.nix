# Runs the unit tests: nix-instantiate --store dummy:// --eval --strict --json nix/tests/run.nix
#
# Returns { passed; failed; }: a count, and the failed tests with what they gave and what was expected.
let
  tests = import ./unit.nix;
  run =
    name:
    let
      inherit (tests.${name}) expr expected;
      actual = builtins.tryEval (builtins.deepSeq expr expr);
    in
    {
      inherit name expected;
      ok = actual.success && actual.value == expected;
      actual = if actual.success then actual.value else "an error";
    };
  results = map run (builtins.attrNames tests);
in
{
  passed = builtins.length (builtins.filter (result: result.ok) results);
  failed = builtins.filter (result: !result.ok) results;
}
