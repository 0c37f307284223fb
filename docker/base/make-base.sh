#!/bin/sh
# Makes a base image's file system from Debian packages: make-base.sh <archive.tar> <package,package,…> [<program>]
# The counterpart of a runner's official base where no registry can be reached. A program of this machine, given as a
# path, is put into the image's /usr/local/bin: the interpreter that Debian does not have.
set -eu

archive=$1
include=$2
export PROGRAM="${3:-}"
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

# As in the official images, where Python is python too.
as_official='if [ -e "$1/usr/bin/python3" ]; then ln -s /usr/bin/python3 "$1/usr/local/bin/python"; fi'
add_program='if [ -n "$PROGRAM" ]; then install -m 0755 "$PROGRAM" "$1/usr/local/bin/"; fi'

mmdebstrap --quiet --variant=essential --format=tar --include="$include" \
    --aptopt="$work/apt.conf" \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --customize-hook="$as_official" \
    --customize-hook="$add_program" \
    "$suite" "$archive" "$@"
