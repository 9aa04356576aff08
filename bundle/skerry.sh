#!/bin/sh
# Runs the registry with the least permissions of Deno that its configuration needs. With arguments it runs an operator's
# command, which may read and write every file, and run a credential helper of docker. All replace this shell, so signals
# reach them.
set -euf
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
here=$(dirname -- "$(readlink -f -- "$0")")
PATH="$here:$PATH" # Deno may lie beside this script

run() {
  exec deno run --cached-only --no-prompt "$@"
}

if [ $# -gt 0 ] && [ "$1" != serve ]; then
  if [ "$1" = credential-provider ]; then # for kubelet, as root: it needs no other file
    run --allow-env --allow-net --allow-read="$here" "$here/main.js" "$@"
  fi
  run --allow-env --allow-net --allow-read --allow-write --allow-sys --allow-run "$here/main.js" "$@"
fi
options=$(run --allow-env --allow-read "$here/main.js" config permissions)
IFS='
'
# shellcheck disable=SC2086 # one option a line
run $options "$here/main.js"
