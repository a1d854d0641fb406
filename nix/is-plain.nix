# Whether a word survives an rc file as it is: text -> bool.
#
# An rc file is split into words as a shell would: white space makes two words, `#` a comment. Bazel also replaces
# `%workspace%`.
let
  # Characters that a Nix string cannot be written with. White space beyond ASCII is that of Unicode.
  unicode = map (code: builtins.fromJSON "\"\\u${code}\"");
  hexadecimal = [ "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "a" "b" "c" "d" "e" "f" ];
  row = prefix: map (digit: "${prefix}${digit}") hexadecimal;
  codes =
    builtins.tail (row "000")
    ++ row "001"
    ++ [ "0020" "007f" ]
    ++ row "008"
    ++ row "009"
    ++ [ "00a0" "1680" ]
    ++ builtins.genList (index: builtins.elemAt (row "200") index) 11
    ++ [ "2028" "2029" "202f" "205f" "3000" ];
  refused = unicode codes ++ [ "\"" "'" "\\" "#" "%" ];
  nothing = map (_: "") refused;
in
text: builtins.replaceStrings refused nothing text == text
