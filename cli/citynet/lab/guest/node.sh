#!/bin/sh
# First process of a node: management interface, SSH server, and whatever its disk says it is configured to be.
. /run/citynet/node.env
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

ip -batch - <<END
link set lo up
link add mgmt type vrf table 1000
link set mgmt up
link set mgmt0 master mgmt up
addr add $NODE_ADDRESS dev mgmt0
END

# A router that was never deployed has none of these files and stays a blank one.
boot() {
    [ -f /etc/nftables.conf ] && nft -f /etc/nftables.conf
    for file in /etc/nftables.d/citynet-*.nft; do [ -f "$file" ] && nft -f "$file"; done
    ls /etc/network/interfaces.d/citynet* && ifreload -a
    ls /etc/sysctl.d/60-citynet*.conf && sysctl -q -p /etc/sysctl.d/60-citynet*.conf
    [ -f /etc/citynet/slices.batch ] && tc -batch /etc/citynet/slices.batch
    [ -f /etc/citynet/layer2.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m layer2.loops --detach
    [ -f /etc/ulogd.conf ] && ulogd -d
    [ -f /etc/citynet/host.batch ] && ip -force -batch /etc/citynet/host.batch
    grep -q '^[a-z0-9]*=yes' /etc/frr/daemons && /usr/lib/frr/frrinit.sh start
    [ -f /etc/citynet/paths.json ] && python3 /usr/local/lib/citynet/path_agent.py --daemon
}
mkdir -p /var/log/citynet
boot </dev/null >/var/log/citynet/boot.log 2>&1 &

# `wait` reaps whatever is orphaned, too. A server that dies is started again.
while :; do
    /usr/sbin/sshd -D -f /run/citynet/sshd_config </dev/null >/dev/null 2>&1 &
    wait $!
    sleep 1
done
