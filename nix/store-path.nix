# A store path's parts, by Nix's rules for names; `helper/src/store/path.rs` says the same.
#
# text -> { problem = null; rootName; normal; }, or { problem = "why it is no store path"; }. By text alone: `.`, `..`
# and doubled slashes are resolved, nothing is read.
text:
let
  store = "/nix/store/";
  plain = builtins.unsafeDiscardStringContext text;
  length = builtins.stringLength plain;
  below = builtins.substring (builtins.stringLength store) length plain;
  components = builtins.filter builtins.isString (builtins.split "/" below);
  baseName = builtins.head components;

  hash = builtins.substring 0 32 baseName;
  rootName = builtins.substring 33 (builtins.stringLength baseName) baseName;
  nameLength = builtins.stringLength rootName;
  isRoot =
    builtins.match "[0-9abcdfghijklmnpqrsvwxyz]{32}" hash != null
    && builtins.substring 32 1 baseName == "-"
    && nameLength >= 1
    && nameLength <= 211
    && builtins.match "[A-Za-z0-9+._?=-]+" rootName != null
    && builtins.match "[.][.]?(-.*)?" rootName == null;

  # Folders below the root, outermost last; null once `..` has left it.
  descend =
    stack: component:
    if stack == null || component == "" || component == "." then
      stack
    else if component == ".." then
      (if stack == [ ] then null else builtins.tail stack)
    else
      [ component ] ++ stack;
  stack = builtins.foldl' descend [ ] (builtins.tail components);
  normal = builtins.foldl' (rest: component: "/${component}${rest}") "" stack;
in
if builtins.substring 0 (builtins.stringLength store) plain != store then
  { problem = "`${plain}` is not under `/nix/store`"; }
else if !isRoot then
  {
    problem = "`${plain}` names no store root: expected `/nix/store/<32 characters of Nix's base32>-<name>`";
  }
else if stack == null then
  { problem = "`${plain}` leaves its store root through `..`"; }
else
  {
    problem = null;
    inherit rootName;
    normal = "${store}${baseName}${normal}";
  }
