#!/bin/sh
# Brings what citynet needs on a Debian-like machine: system packages (when some are missing) and a Python environment in .venv.
# Usage: sh setup.sh [EXTRAS]    EXTRAS: verify | verify,test
set -eu
cd "$(dirname "$0")"
extras=${1:-verify}

packages="python3 python3-venv openssh-client iproute2 util-linux uidmap mmdebstrap squashfs-tools-ng
make gcc libc6-dev flex bison bc libelf-dev xz-utils"
case $extras in *test*) packages="$packages nftables" ;; esac # the kernel's judgement of fences, in namespaces
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "installing:$missing"
    if [ "$(id -u)" = 0 ]; then as_root=""
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root="sudo"
    else
        echo "these packages are missing and only root can install them; run as root: apt-get install -y$missing" >&2
        exit 3
    fi
    # shellcheck disable=SC2086 # words are meant to split
    $as_root apt-get -qq update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
fi

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(python3 -V) found" >&2; exit 3; }
wanted="$extras $(cksum < pyproject.toml) $(python3 -V) $PWD"
if [ "$(cat .venv/.citynet 2>/dev/null)" != "$wanted" ]; then
    echo "setting up Python in .venv ($extras)"
    [ -x .venv/bin/python ] || python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extras]"
    echo "$wanted" > .venv/.citynet
fi
