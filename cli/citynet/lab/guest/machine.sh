#!/bin/sh
# First process of the lab machine: its mounts, the management bridge, an SSH server, and reaping of orphans.
# The share (this program, the wiring, the keys) is on /mnt.
set -e
. /mnt/machine.env

mount -t sysfs sysfs /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /run/netns /run/sshd /run/citynet
hostname "$LAB_NAME"

# One kernel carries every node's neighbours: its table is shared, and small by default.
for version in ipv4 ipv6; do
    for threshold in gc_thresh1 gc_thresh2 gc_thresh3; do
        sysctl -q -w "net.$version.neigh.default.$threshold=65536" 2>/dev/null || true
    done
done
sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
# Nodes get no fallback tunnel devices: a router shows its own interfaces only.
sysctl -q -w net.core.fb_tunnels_only_for_init_net=1 2>/dev/null || true

ip -batch - <<END
link set lo up
link add mgmt type bridge forward_delay 0
link set vec0 master mgmt up
addr add $LAB_ADDRESS dev mgmt
link set mgmt up
END

# The cable gives back what is sent into it: let in only what really comes from the outside end.
tc -batch - <<END
qdisc add dev vec0 clsact
filter add dev vec0 ingress pref 1 protocol all flower src_mac $LAB_OUTSIDE_MAC action pass
filter add dev vec0 ingress pref 2 protocol all matchall action drop
END

install -m 600 /mnt/host_key /run/citynet/host_key
install -m 600 /mnt/authorized_keys /run/citynet/authorized_keys
cat > /run/citynet/sshd_config <<END
ListenAddress ${LAB_ADDRESS%/*}
END
cat /mnt/guest/sshd_config >> /run/citynet/sshd_config

# `wait` reaps whatever is orphaned, too. A server that dies is started again.
while :; do
    /usr/sbin/sshd -D -e -f /run/citynet/sshd_config </dev/null &
    wait $! || true
    sleep 1
done
