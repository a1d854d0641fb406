# Builds the shell tools: busybox's applets, with bash as the shell.
# shellcheck shell=dash disable=SC2154  # the derivation sets the variables
busybox=$seed/busybox
$busybox mkdir -p "$out/bin"
$busybox cp "$seed/busybox" "$seed/bash" "$out/bin"
for applet in $($busybox --list); do
  case $applet in
  busybox | bash | sh) ;;
  *) $busybox ln -s busybox "$out/bin/$applet" ;;
  esac
done
$busybox ln -s bash "$out/bin/sh"
