# A small machine over files that stay as they are: sourced by those who become its first process.

# enter_machine WORK BELOW: mounts the machine over the files of BELOW and goes there. WORK/payload is
# copied to /payload, and what is written to /result comes out in WORK/result.
enter_machine() {
    local work=$1 below=$2 m device
    cd "$work"
    mount --make-rprivate /
    mount -t tmpfs -o size=2G tmpfs root
    mkdir -p root/upper root/work root/machine
    mount -t overlay overlay -o "lowerdir=$below,upperdir=$work/root/upper,workdir=$work/root/work" root/machine
    m=$work/root/machine
    mount -t proc proc "$m/proc"
    mount -t sysfs sysfs "$m/sys" || mount --rbind /sys "$m/sys"
    mkdir -p "$m/sys/fs/cgroup"
    mount -t cgroup2 cgroup2 "$m/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$m/run"
    mount -t tmpfs -o mode=1777 tmpfs "$m/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$m/dev"
    for device in null zero full random urandom tty; do
        touch "$m/dev/$device"
        mount --bind "/dev/$device" "$m/dev/$device"
    done
    mkdir -p "$m/dev/shm" "$m/dev/pts"
    mount -t tmpfs tmpfs "$m/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$m/dev/pts"
    ln -s pts/ptmx "$m/dev/ptmx"
    ln -s /proc/self/fd "$m/dev/fd"
    ln -s fd/0 "$m/dev/stdin"
    ln -s fd/1 "$m/dev/stdout"
    ln -s fd/2 "$m/dev/stderr"
    mkdir -p "$m/result" "$m/payload"
    mount --bind "$work/result" "$m/result"
    cp -a "$work/payload/." "$m/payload/"
    cd "$m"
    mkdir -p oldroot
    # Not chroot: under it, PrivateUsers= fails.
    pivot_root . oldroot
    cd /
    umount -l /oldroot
    # Or credentials come up empty.
    mount --make-rshared /
    ip link set lo up
    rm -f /etc/machine-id
    : >/etc/machine-id
}
