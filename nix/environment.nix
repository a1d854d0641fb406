# A toolchain's Env, taken apart; `helper/src/environment.rs` says the same.
#
# [ "KEY=VALUE" ] -> { problem; get; } where `problem` is null or what is wrong with the first bad entry, and `get` maps
# a key to its value or null. Values keep their string context.
Env:
let
  keyOf = entry: builtins.head (builtins.split "=" (builtins.unsafeDiscardStringContext entry));
  valueOf =
    entry: builtins.substring (builtins.stringLength (keyOf entry) + 1) (builtins.stringLength entry) entry;
  has = text: part: builtins.replaceStrings [ part ] [ "" ] text != text;
  escape = builtins.replaceStrings [ "\\" "\n" "\r" "\t" "\"" "'" ] [ "\\\\" "\\n" "\\r" "\\t" "\\\"" "\\'" ];

  # What starts a new line in an rc file. The first of them in the entry is named.
  firstLineBreak =
    entry:
    let
      before = builtins.stringLength (builtins.head (builtins.split "[\n\r]" entry));
    in
    if builtins.substring before 1 entry == "\n" then "a newline" else "a carriage return";

  problemOf =
    index:
    let
      entry = builtins.unsafeDiscardStringContext (builtins.elemAt Env index);
      key = keyOf entry;
      position = "entry ${toString (index + 1)}";
      earlier = builtins.genList (other: keyOf (builtins.elemAt Env other)) index;
    in
    if has entry "\n" || has entry "\r" then
      "${position} (`${escape key}`) contains ${firstLineBreak entry}"
    else if key == entry then
      "${position} is `${entry}`, which has no `=`"
    else if key == "" then
      "${position} is `${entry}`, which has an empty key"
    else if builtins.elem key earlier then
      "`${key}` is set twice"
    else
      null;
  problems = builtins.filter (problem: problem != null) (
    builtins.genList problemOf (builtins.length Env)
  );
in
{
  problem = if problems == [ ] then null else builtins.head problems;
  get =
    key:
    let
      found = builtins.filter (entry: keyOf entry == key) Env;
    in
    if found == [ ] then null else valueOf (builtins.head found);
}
