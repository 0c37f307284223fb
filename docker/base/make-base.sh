#!/bin/sh
# Makes a base image's file system from Debian packages: make-base.sh python|node <archive.tar> [<node binary>]
# The counterpart of python:3.11-slim-bookworm and node:22-bookworm-slim where no registry can be reached.
set -eu

runner=$1
archive=$2
export NODE="${3:-}"
suite=bookworm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A Debian of this very release has the sources its owner chose; elsewhere mmdebstrap knows Debian's own.
is_debian_source() {
    case $1 in
    *.sources) grep -Eq "^Suites:.*\b$suite(\s|$|-)" "$1" && grep -Eq '^Components:.*\bmain\b' "$1" ;;
    *) grep -Eq "^deb\s.*\s$suite(-updates|-security)?/?\s+main\b" "$1" ;;
    esac
}
set --
if grep -q "^VERSION_CODENAME=$suite$" /etc/os-release; then
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        if [ -f "$file" ] && is_debian_source "$file"; then set -- "$@" "$file"; fi
    done
fi

# Proxies and certificates that apt is set to; mmdebstrap's own apt does not read the machine's settings.
apt-config dump --no-empty --format '%f "%v";%n' | grep -E '^Acquire::https?::' >"$work/apt.conf" || true

case $runner in
python)
    include=python3,libgomp1,libstdc++6
    hook='ln -s /usr/bin/python3 "$1/usr/local/bin/python"'
    ;;
node)
    include=libstdc++6
    hook='install -m 0755 "$NODE" "$1/usr/local/bin/node"'
    ;;
*)
    echo "no base is known for the runner $runner; name an image: DEPLOYMATRIX_BASE_$(echo "$runner" | tr a-z A-Z)" >&2
    exit 2
    ;;
esac

mmdebstrap --quiet --variant=essential --format=tar --include="$include" \
    --aptopt="$work/apt.conf" \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --customize-hook="$hook" \
    "$suite" "$archive" "$@"
