#!/bin/sh
# install.sh link|copy RC [FOLDER…]: makes `lre.bazelrc` of Bazel workspaces a link to the store file RC, or a copy.
#
# Without folders it is the workspace around the current folder; with folders, those workspaces below the nearest folder
# that has a `flake.nix`. The link, or beside a copy `.lre-root`, is a root of Nix's garbage collection, which keeps
# every path that RC names. Only what an earlier run wrote is replaced. It says what it changed or what is in its way,
# and ends with 0 in any case, for it runs while a shell starts.
mode=$1
rc=$2
shift 2

say() {
  printf 'lre: %s\n' "$1" >&2
}

# quote TEXT: prints it as a word that a shell reads back.
quote() {
  mark=$(printf '\047')
  rest=$1
  word=
  while [ "${rest#*"$mark"}" != "$rest" ]; do
    word=$word${rest%%"$mark"*}$mark\\$mark$mark
    rest=${rest#*"$mark"}
  done
  printf '%s' "$mark$word$rest$mark"
}

# foreign PATH: says that the path is in the way.
foreign() {
  say "\`$1\` was not written by this flake, so it stays; to let the flake write it: rm $(quote "$1")"
}

# nearest FILE…: prints the nearest folder, from the current one upwards, that has one of the files.
nearest() {
  folder=$(pwd)
  while :; do
    for file; do
      if [ -f "$folder/$file" ]; then
        printf '%s\n' "${folder:-/}"
        return
      fi
    done
    [ -n "$folder" ] || return
    folder=${folder%/*}
  done
}

is_workspace() {
  [ -f "$1/MODULE.bazel" ] || [ -f "$1/WORKSPACE.bazel" ] || [ -f "$1/WORKSPACE" ]
}

# store_link LINK: prints what it links to, if that is an rc file in the store.
store_link() {
  [ -L "$1" ] || return
  case $(readlink "$1") in
  /nix/store/*-lre.bazelrc) readlink "$1" ;;
  *) return 1 ;;
  esac
}

# same FILE FILE: whether their texts are equal. The shell's own means: `cmp` is not in every environment.
same() {
  [ -f "$1" ] && [ -f "$2" ] && [ "$(cat "$1")" = "$(cat "$2")" ]
}

nix_store() {
  for program in nix-store /nix/var/nix/profiles/default/bin/nix-store /run/current-system/sw/bin/nix-store; do
    if command -v "$program" >/dev/null; then
      "$program" "$@" >/dev/null 2>&1
      return
    fi
  done
  return 1
}

# link_to_rc LINK: a link to RC that is a root of garbage collection, if Nix is there to make it one.
link_to_rc() {
  was=$(store_link "$1")
  if [ "$was" != "$rc" ]; then
    if ! { ln -s "$rc" "$1.$$" && mv -f "$1.$$" "$1"; }; then
      rm -f "$1.$$"
      return 1
    fi
  fi
  nix_store --realise "$rc" --add-root "$1" || [ "$was" = "$rc" ] ||
    say "\`$1\` keeps nothing from garbage collection, because \`nix-store\` did not make it a root"
}

install_in() {
  file=$1/lre.bazelrc
  root=$1/.lre-root
  if before=$(store_link "$file"); then
    before="link to $before"
  elif store_link "$root" >/dev/null && [ ! -L "$file" ] && same "$file" "$root"; then
    before="copy of $(readlink "$root")"
  elif [ -L "$file" ] || [ -e "$file" ]; then
    foreign "$file"
    return
  fi
  if [ ! -f "$rc" ]; then
    say "\`$rc\` is not in the store any more; enter the shell again"
    return
  fi

  if [ "$mode" = copy ]; then
    after="copy of $rc"
    if [ -e "$root" ] && ! store_link "$root" >/dev/null; then
      foreign "$root"
      return
    fi
    if [ "$before" != "$after" ]; then
      if ! { cat "$rc" >"$file.$$" && mv -f "$file.$$" "$file"; }; then
        rm -f "$file.$$"
        say "cannot write \`$file\`"
        return
      fi
    fi
    link_to_rc "$root" || say "cannot write \`$root\`"
  else
    after="link to $rc"
    if ! link_to_rc "$file"; then
      say "cannot write \`$file\`"
      return
    fi
    if store_link "$root" >/dev/null; then rm -f "$root"; fi
  fi
  [ "$before" = "$after" ] || say "\`$file\` is now a ${after%"$rc"}\`$rc\`"
}

if [ $# = 0 ]; then
  workspace=$(nearest MODULE.bazel WORKSPACE.bazel WORKSPACE)
  if [ -n "$workspace" ]; then
    install_in "${workspace%/}"
  else
    say "no Bazel workspace around \`$(pwd)\`; those below the flake are named by \`settings.workspaces\`"
  fi
else
  flake=$(nearest flake.nix)
  [ -n "$flake" ] || say "no \`flake.nix\` around \`$(pwd)\`, so there is no \`lre.bazelrc\`"
  for folder; do
    workspace=${flake%/}/$folder
    if [ -z "$flake" ]; then
      break
    elif is_workspace "$workspace"; then
      install_in "$workspace"
    else
      say "\`$workspace\` is no Bazel workspace: it has no \`MODULE.bazel\`"
    fi
  done
fi
exit 0
