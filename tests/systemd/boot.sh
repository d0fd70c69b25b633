#!/bin/bash
# Becomes the first process of a small machine; started by run.sh in namespaces of its own.
set -e
source "$1/payload/machine.sh"
enter_machine "$1" /
# An address of "somebody else" that is in none of the networks of the unit.
ip address add 203.0.113.5/32 dev lo
echo 203.0.113.5 meta.foreign.test >>/etc/hosts
rm -rf /etc/systemd/system/* /var/lib/sultrail /etc/sultrail
install -m 0755 /payload/sultrail /usr/bin/sultrail
install -m 0755 /payload/farm /usr/bin/sultrail-farm
cp /payload/deploy/*.service /payload/deploy/*.timer /etc/systemd/system/
cp /payload/deploy/sysusers.d/* /usr/lib/sysusers.d/
cp /payload/deploy/tmpfiles.d/* /usr/lib/tmpfiles.d/
mkdir /etc/sultrail
systemd-sysusers sultrail.conf
systemd-tmpfiles --create sultrail.conf
for unit in sultrail sultrail-snapshot; do
    mkdir "/etc/systemd/system/$unit.service.d"
    # This machine boots nothing else. Output goes where the outside can read it; a hang and a restart
    # are to be seen within seconds.
    cat >"/etc/systemd/system/$unit.service.d/test.conf" <<UNIT
[Unit]
DefaultDependencies=no
Wants=
After=
[Service]
StandardOutput=append:/result/journal-$unit
StandardError=append:/result/journal-$unit
RestartSec=1
LoadCredential=alice:/etc/sultrail/credentials/alice
UNIT
done
printf '[Service]\nWatchdogSec=4s\n' >/etc/systemd/system/sultrail.service.d/watchdog.conf
mkdir /etc/systemd/system/sultrail.timer.d
printf '[Unit]\nDefaultDependencies=no\n[Timer]\nOnCalendar=\nOnCalendar=*:*:0/3\nRandomizedDelaySec=0\nAccuracySec=1us\n' \
    >/etc/systemd/system/sultrail.timer.d/test.conf
cat >/etc/systemd/system/farm.service <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/bin/sultrail-farm --wikis 20 --port 8080
StandardOutput=append:/result/journal-farm
StandardError=append:/result/journal-farm
UNIT
# Counts who reaches the foreign address.
cat >/etc/systemd/system/foreign.socket <<'UNIT'
[Unit]
DefaultDependencies=no
[Socket]
ListenStream=203.0.113.5:8081
Accept=yes
UNIT
cat >/etc/systemd/system/foreign@.service <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
ExecStart=-/bin/true
StandardInput=socket
UNIT
cat >/etc/systemd/system/checks.service <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash /payload/checks.sh
StandardOutput=append:/result/journal-checks
StandardError=append:/result/journal-checks
UNIT
cat >/etc/systemd/system/test.target <<'UNIT'
[Unit]
DefaultDependencies=no
Wants=farm.service foreign.socket checks.service
UNIT
export container=sultrail-test
exec /lib/systemd/systemd --system --unit=test.target
