#!/bin/bash
# Installs the Debian package into a throw-away copy of this machine and purges it: package.sh DEB
# Needs root. Prints one line a check; "SKIPPED: …" where the machine cannot do this.
set -u
deb=$(readlink -f "${1:?the package}")
skip() { echo "SKIPPED: $1"; exit 0; }
[ "$(id -u)" = 0 ] || skip "only root can make an overlay"
command -v dpkg >/dev/null || skip "there is no dpkg on this machine"
work=$(mktemp -d /var/tmp/sultrail-package.XXXXXX)
trap 'rm -rf "$work"' EXIT
unshare --mount true 2>/dev/null || skip "namespaces cannot be made here"

cat >"$work/inside.sh" <<'E2'
check() {
    local what=$1
    shift
    if "$@" >>/tmp/log 2>&1; then echo "ok: $what"; else echo "FAILED: $what"; failed=1; fi
}
owner_is() { [ "$(stat -c %a:%U:%G "$1")" = "$2" ]; }
failed=0
rm -rf /etc/sultrail /var/lib/sultrail /run/systemd/system
check "it installs" dpkg --install /tmp/sultrail.deb
check "there is a user" id sultrail
check "the program runs" sultrail --version
check "the configuration is private" owner_is /etc/sultrail/config.toml 640:root:sultrail
check "the directory of the configuration is private" owner_is /etc/sultrail 750:root:sultrail
check "the directory of the credentials is root's" owner_is /etc/sultrail/credentials 700:root:root
check "the units stand up to systemd" bash -c '! systemd-analyze verify --man=no /usr/lib/systemd/system/sultrail* 2>&1 | grep .'
check "there is a manual page" test -s /usr/share/man/man1/sultrail.1.gz
for file in bash-completion/completions/sultrail zsh/vendor-completions/_sultrail fish/vendor_completions.d/sultrail.fish; do
    check "there is $file" test -s "/usr/share/$file"
done
check "the licence is there" grep -q . /usr/share/doc/sultrail/copyright
echo "# mine" >>/etc/sultrail/config.toml
check "it installs again" dpkg --install --force-confold /tmp/sultrail.deb
check "a changed configuration stays" grep -q '^# mine' /etc/sultrail/config.toml
install -d -o sultrail -m 0700 /var/lib/sultrail
echo history >/var/lib/sultrail/sultrail.db
check "it is purged" dpkg --purge sultrail
check "the history stays" grep -q history /var/lib/sultrail/sultrail.db
check "the program is gone" test ! -e /usr/bin/sultrail
check "the configuration is gone" test ! -e /etc/sultrail/config.toml
[ $failed = 0 ] || cat /tmp/log
exit $failed
E2
export work deb
exec_in() {
    set -e
    mount --make-rprivate /
    mkdir "$work/disk"
    mount -t tmpfs -o size=2G tmpfs "$work/disk"
    mkdir "$work"/disk/{upper,work,machine}
    m=$work/disk/machine
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/disk/upper,workdir=$work/disk/work" "$m" ||
        { echo "SKIPPED: an overlay over this machine's files cannot be mounted"; exit 0; }
    mount -t proc proc "$m/proc"
    mount --rbind /dev "$m/dev"
    mount -t tmpfs tmpfs "$m/tmp"
    mount -t tmpfs tmpfs "$m/run"
    cp "$deb" "$m/tmp/sultrail.deb"
    cp "$work/inside.sh" "$m/tmp/inside.sh"
    chroot "$m" bash /tmp/inside.sh
}
export -f exec_in
unshare --mount bash -c exec_in
