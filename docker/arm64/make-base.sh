#!/bin/sh
# Makes the base image's file system: make-base.sh <archive.tar> <package,package,…> <the engine's machine>
# Packages are unpacked, not configured: that would start programs of ARM64. /usr/local/bin/arm64 starts a program there.
set -eu

archive=$1
include=$2
machine=$3
suite=bookworm
# QEMU 7.2, bookworm's own, crashes in ONNX Runtime and LiteRT; this is linked statically, so it runs anywhere.
emulator_suite=trixie
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Proxies and certificates that apt is set to; mmdebstrap's own apt does not read the machine's settings.
apt-config dump --no-empty --format '%f "%v";%n' | grep -E '^Acquire::https?::' >"$work/apt.conf" || true
unpack() { mmdebstrap --quiet --variant=extract --format=directory --aptopt="$work/apt.conf" "$@"; }

unpack --architectures=arm64 --include="$include" "$suite" "$work/root"
mkdir -p "$work/root/usr/local/bin"
start="$work/root/usr/local/bin/arm64"
if [ "$machine" = arm64 ]; then
    unpack --architectures=arm64 --include=coreutils "$suite" "$work/coreutils"
    install -m 0755 "$work/coreutils/usr/bin/env" "$start"
else
    unpack --architectures="$machine" --include=qemu-user "$emulator_suite" "$work/emulator"
    install -m 0755 "$work/emulator/usr/bin/qemu-aarch64" "$start"
fi
rm -rf "$work/root/usr/share/doc" "$work/root/usr/share/man" "$work/root/usr/share/locale" "$work/root/var/lib/apt"
tar --create --file="$archive" --directory="$work/root" --exclude='./dev/*' --owner=0 --group=0 --numeric-owner .
