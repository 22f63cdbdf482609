#!/bin/sh
# The lab machine without a kernel of its own: namespaces of this machine's kernel, inside the lab's (--host native).
# The caller has made private mount, network and process namespaces; the working folder is the lab's.
set -e
image=$1 cable=$2
mkdir -p memory/root
mount -o loop,ro "$image" memory/root
mount --bind share memory/root/mnt
mount --rbind /dev memory/root/dev
mount -t tmpfs tmpfs /run
ip netns add machine
ip link set "$cable" netns machine name vec0
exec ip netns exec machine unshare --mount --uts --ipc --pid --fork --kill-child \
    sh -c 'mount -t proc proc memory/root/proc && exec chroot memory/root /bin/sh /mnt/guest/machine.sh'
