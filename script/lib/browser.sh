# Sourced by whatever opens a browser: the pinned packages of script/browser, installed once.
# shellcheck shell=bash

# No lockfile: three exact versions, and no address of a registry in the repository.
browser_packages() {
  local want=script/browser/package.json have=script/browser/node_modules/.installed
  if ! cmp -s "$want" "$have"; then
    npm install --prefix script/browser --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error
    cp "$want" "$have"
  fi
}

# Writes every starter and every system mail into a folder.
render_mails() {
  # The selection of script/test, so that nothing is built twice.
  cargo run --quiet --features eshot/test-clock --example render_starters -- "$1"
}
