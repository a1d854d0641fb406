# { cases } -> what `render-bazelrc.nix` makes of each; `cases` is a file with a JSON list of { Env, kind, prefix, helper, remote }.
{ cases }: map (import ../render-bazelrc.nix) (builtins.fromJSON (builtins.readFile cases))
