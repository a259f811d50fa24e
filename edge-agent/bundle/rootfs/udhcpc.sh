#!/bin/sh
# udhcpc's script: address, route and name servers; what the server said stays in /run/dhcp.<interface>.
case $1 in
  deconfig)
    ip addr flush dev "$interface"
    ip link set "$interface" up
    ;;
  bound | renew)
    # a renewal must not take the address away for even a moment: connections hang on it
    current=$(ip -4 -o addr show dev "$interface" | sed -n 's/.* inet \([0-9.]*\)\/.*/\1/p')
    [ "$current" = "$ip" ] || ip addr flush dev "$interface"
    ip addr replace "$ip/${mask:-24}" dev "$interface"
    for gateway in $router; do
      ip route replace default via "$gateway" dev "$interface" && break
    done
    : > /etc/resolv.conf
    [ -n "$domain" ] && echo "search $domain" >> /etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
    {
      echo "interface=$interface"
      echo "ip=$ip"
      echo "mask=${mask:-24}"
      echo "router=$router"
      echo "dns=$dns"
      echo "domain=$domain"
      echo "hostname=$hostname"
      echo "ntp=$ntpsrv"
      echo "server=$serverid"
      echo "lease=$lease"
    } > "/run/dhcp.$interface"
    [ -n "$hostname" ] && hostname "$hostname"
    ;;
esac
exit 0
