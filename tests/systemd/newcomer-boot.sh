#!/bin/bash
# Becomes the first process of a fresh Debian 12; started by newcomer.sh in namespaces of its own.
set -e
source "$1/payload/machine.sh"
enter_machine "$1" "$2"
echo "127.0.1.1 $(hostname)" >>/etc/hosts
useradd --create-home --shell /bin/bash newcomer
echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/newcomer
chmod 0440 /etc/sudoers.d/newcomer
cp /payload/*.deb /home/newcomer/
cp -r /payload/checkout /home/newcomer/checkout
chown -R newcomer: /home/newcomer
cat >/etc/systemd/system/farm.service <<'UNIT'
[Service]
ExecStart=/payload/farm --wikis 20 --port 8080
StandardOutput=append:/result/journal-farm
[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/systemd/system/checks.service <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /payload/newcomer-checks.sh
StandardOutput=append:/result/journal-checks
StandardError=append:/result/journal-checks
TimeoutStartSec=infinity
UNIT
mkdir -p /etc/systemd/system/multi-user.target.wants
for unit in farm checks; do
    ln -s ../$unit.service /etc/systemd/system/multi-user.target.wants/
done
# What wants a console or hardware has nothing to do here.
for unit in getty.target console-getty.service systemd-udevd.service systemd-udev-trigger.service \
    systemd-timesyncd.service systemd-remount-fs.service sys-kernel-debug.mount; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done
export container=sultrail-test
exec /lib/systemd/systemd --system --unit=multi-user.target
