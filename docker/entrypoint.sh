#!/bin/sh
# Starts eshot in a container: a master key at the first start if none is there, then the command in eshot's own process, so
# that it hears the container's signals.
set -eu

key=${ESHOT_KEYS__MASTER_FILE:-}
if [ -n "$key" ] && [ ! -e "$key" ] && [ "${1:-serve}" = serve ]; then
  if [ ! -w "$(dirname "$key")" ]; then
    echo "there is no master key in $key, and none can be written there; see docker/secrets" >&2
    exit 1
  fi
  # Whole or not at all, and readable by nobody else: a half-written key would be lost links later.
  (umask 077 && eshot key master >"$key.new")
  mv -n "$key.new" "$key"
  echo "made a master key in $key: keep a copy of it where the database's copies are not" >&2
fi

exec eshot "$@"
