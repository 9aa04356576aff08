#!/bin/sh
# Runs HAProxy with infra/balancers/haproxy.cfg, changed for containers on one machine: without TLS, and with the names of the
# replicas, which get another address when they start again. With arguments it runs them instead of `haproxy -W -db`.
set -eu
here=$(dirname -- "$0")
config=${TMPDIR:-/tmp}/haproxy.cfg
sed \
  -e 's|bind :443 .*|bind :8000|' \
  -e 's|X-Forwarded-Proto https|X-Forwarded-Proto http|' \
  -e 's|10\.0\.0\.1\([123]\):8000|replica\1:8000|' \
  -e 's|default-server |default-server resolvers system init-addr last,libc,none |' \
  "$here/haproxy.cfg" >"$config"
printf '\nresolvers system\n  parse-resolv-conf\n' >>"$config"
[ $# -gt 0 ] || set -- haproxy -W -db
exec "$@" -f "$config"
