# Sourced by script/test and script/faults: installing what is missing, a PostgreSQL of our own, counting tests and what they skip.
# shellcheck shell=bash

say() { printf '\n== %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# What the tests need beside Rust: a name, how to see that it is there, Debian's packages for it.
needs() {
  cat <<'END'
C compiler|command -v cc|build-essential
make|command -v make|build-essential
PostgreSQL 15 or newer|[ -n "$(postgres_folder)" ]|postgresql
Postfix|[ -x /usr/lib/postfix/sbin/master ]|postfix
Chromium|command -v chromium|chromium
Node.js|command -v node|nodejs
npm|command -v npm|npm
Python 3|command -v python3|python3
dkimpy|any_python3 'import dkim, nacl'|python3-dkim python3-dnspython python3-nacl
Mail::DKIM|perl -MMail::DKIM::Verifier -e1|libmail-dkim-perl
END
}

# Whether a Python of the tests' choice can do it: the first on the path may be another than Debian's, whose packages it does not see.
any_python3() { python3 -c "$1" || /usr/bin/python3 -c "$1"; }

missing() {
  local name check packages
  while IFS='|' read -r name check packages; do
    eval "$check" >/dev/null 2>&1 || printf '%s|%s\n' "$name" "$packages"
  done < <(needs)
}

# Installs what is missing where that is allowed, and otherwise says what it is.
install_missing() {
  local gaps packages
  gaps=$(missing)
  [ -n "$gaps" ] || return 0
  packages=$(cut -d'|' -f2 <<<"$gaps" | tr '\n' ' ')
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "missing: $(cut -d'|' -f1 <<<"$gaps" | paste -sd, - | sed 's/,/, /g').
On Debian: sudo apt-get install $packages"
  fi
  say "installing $packages"
  # Postfix asks what it is for; the tests start one of their own and want none that runs by itself.
  debconf-set-selections <<<'postfix postfix/main_mailer_type select No configuration'
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # several packages
  apt-get install -y -qq --no-install-recommends $packages >/dev/null
  gaps=$(missing)
  [ -z "$gaps" ] || die "still missing after the installation: $(cut -d'|' -f1 <<<"$gaps" | paste -sd, -)"
}

# Unpacks other people's mail servers, which cannot be installed beside Postfix or each other, and installs what they are linked to. The
# tests find them by ESHOT_TEST_MAIL_SERVERS, and skip what is not there.
unpack_mail_servers() {
  local folder package parts part packages='opensmtpd exim4-daemon-light dovecot-core' libraries
  mkdir -p "${CARGO_TARGET_DIR:-target}/mail-servers"
  folder=$(cd "${CARGO_TARGET_DIR:-target}/mail-servers" && pwd)
  export ESHOT_TEST_MAIL_SERVERS=$folder
  if mail_servers_run "$folder"; then return 0; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then return 0; fi
  say "unpacking $packages"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  for package in $packages; do
    parts=$package
    # Dovecot's protocols are packages of their own, and run in the folder of the first.
    if [ "$package" = dovecot-core ]; then parts='dovecot-core dovecot-imapd'; fi
    rm -rf "${folder:?}/$package" "${folder:?}/$package.part"
    for part in $parts; do
      rm -f "${folder:?}/$part"_*.deb
      (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root "$part")
      dpkg-deb -x "$folder/$part"_*.deb "$folder/$package.part"
      rm "$folder/$part"_*.deb
    done
    # Only what is whole stands under its name.
    mv "$folder/$package.part" "$folder/$package"
  done
  # shellcheck disable=SC2086 # several packages
  libraries=$(apt-cache depends --important $packages | awk '$1 == "Depends:" && $2 ~ /^lib/ { print $2 }' | sort -u)
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $libraries >/dev/null
  mail_servers_run "$folder" || die "OpenSMTPD, Exim and Dovecot are unpacked in $folder and do not run"
}

# Whether all are there with all that they are linked to. Dovecot brings libraries of its own.
mail_servers_run() {
  local program own=$1/dovecot-core/usr/lib/dovecot
  for program in opensmtpd/usr/sbin/smtpd exim4-daemon-light/usr/sbin/exim4 dovecot-core/usr/sbin/dovecot dovecot-core/usr/lib/dovecot/imap; do
    if [ ! -x "$1/$program" ] || LD_LIBRARY_PATH=$own ldd "$1/$program" | grep -q 'not found'; then return 1; fi
  done
}

# The folder of the newest PostgreSQL, if it is new enough.
postgres_folder() {
  local folder
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
    if [ -x "$folder/initdb" ] && [ "$(basename "$(dirname "$folder")")" -ge 15 ]; then
      printf '%s\n' "$folder"
      return
    fi
  done
}

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# Starts a throw-away PostgreSQL and names it in ESHOT_TEST_POSTGRES; stop_postgres ends it. Takes options of the server; without
# any it forgets on a power cut, which is faster and does for a test.
start_postgres() {
  local bin port options=${1--c fsync=off -c full_page_writes=off}
  bin=$(postgres_folder)
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/eshot-test.XXXXXX")
  # The data folder's parents must be open to the user postgres.
  chmod 755 "$scratch"
  mkdir "$scratch/data"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$scratch/data"; fi
  as_postgres "$bin/initdb" -D "$scratch/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    if as_postgres "$bin/pg_ctl" -s -w -D "$scratch/data" -l "$scratch/data/log" start \
      -o "-p $port -k $scratch/data -c listen_addresses=127.0.0.1 -c max_connections=300 $options"; then
      export ESHOT_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres"
      return
    fi
  done
  die "PostgreSQL does not start: $(tail -3 "$scratch/data/log")"
}

# pg_ctl ends the server whose pid stands in the folder, and no other.
stop_postgres() {
  [ -n "${scratch:-}" ] || return 0
  as_postgres "$(postgres_folder)/pg_ctl" -s -m immediate -D "$scratch/data" stop || true
  rm -rf "$scratch"
  scratch=
}

# Builds the program as users run it, but for the clock that tests set, and names it in ESHOT_TEST_PROGRAM: the walks start it as a
# child, and an optimised one takes a third of their time. A copy, because other builds write to the same place.
build_program() {
  cargo build --release --quiet --bin eshot --features eshot/test-clock
  cp "${CARGO_TARGET_DIR:-target}/release/eshot" "$scratch/eshot"
  export ESHOT_TEST_PROGRAM=$scratch/eshot
}

# What tests write need not outlive them: in memory, if there is plenty, they wait for no disk.
work_in_memory() {
  local free probe
  free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1) || return 0
  if [ "$free" -lt 4000000 ] || ! awk '/^MemAvailable:/ { exit ($2 < 8000000) }' /proc/meminfo; then return 0; fi
  # Programs are run from there; containers often forbid that.
  probe=$(mktemp -p /dev/shm eshot-test.XXXXXX) || return 0
  printf '#!/bin/sh\n' >"$probe"
  chmod +x "$probe"
  if "$probe" 2>/dev/null; then export TMPDIR=/dev/shm; fi
  rm -f "$probe"
}

# Adds up the result lines of `cargo test` in a log: "passed failed ignored".
count_tests() {
  awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
       END { printf "%d %d %d\n", passed, failed, ignored }' "$1"
}

# What the tests in a log skipped for want of a part, each with the times it did. The log is one of `--show-output`, which keeps
# what tests that pass have said.
skips() { grep '^skipped: ' "$1" | sort | uniq -c || true; }

# In CI nothing is skipped for want of a part that can be had there; 1 if something was. The corpus of returned mail is other people's
# and may be absent anywhere. Who is not root can neither start Postfix nor mount a disk: that is said, and no failure.
check_skips() {
  local wanting refused='^ *[0-9]+ skipped: no corpus of returned mail'
  [ -n "${CI:-}" ] || return 0
  if [ "$(id -u)" != 0 ]; then refused="$refused|skipped: (postfix can only be started by root|no disk can be mounted here|a mail server with a view of its own can only|.* is not unpacked in )"; fi
  wanting=$(skips "$1" | grep -vE "$refused" || true)
  [ -n "$wanting" ] || return 0
  printf '\nerror: in CI nothing is skipped for want of a part that can be had, and root can start Postfix and mount a disk:\n%s\n' \
    "$wanting" >&2
  return 1
}
