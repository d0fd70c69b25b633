#!/bin/bash
# Installs Chromium, once: chromium.sh
#
# It takes minutes and hardly any processor, so CI begins early with it; whoever comes meanwhile waits for the
# first. Fails where it cannot be had.
set -eu
target=$(dirname "$0")/../../target
mkdir -p "$target"
exec 9>"$target/chromium.lock"
flock 9
! command -v chromium >/dev/null || exit 0
apt-get -qq update 9>&-
DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y chromium 9>&-
