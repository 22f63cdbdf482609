#!/bin/sh
# Keeps charon alive where there is no systemd to do it, and tells it its connections each time.
printf citynet-ike >/proc/$$/comm
while :; do
    # Its messages stay; those before the last two starts do not.
    [ -f /var/log/citynet/ike.log ] && mv /var/log/citynet/ike.log /var/log/citynet/ike.log.1
    charon-systemd </dev/null >/dev/null 2>/var/log/citynet/ike.log &
    charon=$!
    until swanctl --load-all --noprompt >/dev/null 2>&1 </dev/null; do
        kill -0 $charon 2>/dev/null || break
        sleep 0.3
    done
    wait $charon
    sleep 0.3
done
