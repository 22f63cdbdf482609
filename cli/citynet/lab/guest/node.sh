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
    for file in /etc/nftables.d/citynet-*.nft; do
        # what the filter's own file has brought along already would have every rule twice
        [ -f "$file" ] && ! grep -qs "${file%.nft}" /etc/nftables.conf && nft -f "$file"
    done
    for file in /etc/citynet/xfrm*.batch; do [ -f "$file" ] && ip -force -batch "$file"; done
    ls /etc/network/interfaces.d/citynet* && ifreload -a
    ls /etc/sysctl.d/60-citynet*.conf && sysctl -q -p /etc/sysctl.d/60-citynet*.conf
    [ -f /etc/citynet/slices.batch ] && tc -batch /etc/citynet/slices.batch
    [ -f /etc/citynet/layer2.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m layer2.loops --detach
    [ -f /etc/citynet/tags.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m tags.tags
    [ -f /etc/citynet/trace.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m tracing.trace_agent --daemon
    [ -f /usr/local/lib/citynet/ike_daemon.sh ] && setsid -f sh /usr/local/lib/citynet/ike_daemon.sh
    ls /etc/citynet/keys*.json && PYTHONPATH=/usr/local/lib/citynet python3 -B -m keys.agent --daemon
    [ -f /etc/citynet/access.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m access.agent --daemon
    [ -f /etc/ulogd.conf ] && ulogd -d
    [ -f /etc/citynet/refusals.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m refusals.refusal_agent --daemon
    [ -f /etc/citynet/sentry.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m sentry.sentry --daemon
    [ -f /etc/citynet/host.batch ] && ip -force -batch /etc/citynet/host.batch
    for file in /etc/citynet/supplicant-*.conf; do
        port=${file#*supplicant-}
        [ -f "$file" ] && wpa_supplicant -B -D wired -i "${port%.conf}" -c "$file" -P "/run/supplicant-$port.pid"
    done
    [ -f /etc/citynet/server.sh ] && sh /etc/citynet/server.sh
    grep -q '^[a-z0-9]*=yes' /etc/frr/daemons && /usr/lib/frr/frrinit.sh start
    [ -f /etc/citynet/paths.json ] && PYTHONPATH=/usr/local/lib/citynet python3 -B -m paths.agent --daemon
}
mkdir -p /var/log/citynet
boot </dev/null >/var/log/citynet/boot.log 2>&1 &

# `wait` reaps whatever is orphaned, too. A server that dies is started again.
while :; do
    /usr/sbin/sshd -D -f /run/citynet/sshd_config </dev/null >/dev/null 2>&1 &
    wait $!
    sleep 1
done
