#!/bin/sh
# For every device that appears after boot: its driver, and for a disk the write protection.
export PATH=/usr/sbin:/usr/bin
[ "$ACTION" = add ] || exit 0
[ -n "$MODALIAS" ] && /usr/sbin/modprobe -q "$MODALIAS" 2> /dev/null
if [ "$SUBSYSTEM" = block ] && [ "$DEVTYPE" = disk ]; then
  . /dragonfly/functions.sh
  protect "$DEVNAME"
fi
if [ "$SUBSYSTEM" = net ] && [ -n "$INTERFACE" ]; then
  ip link set "$INTERFACE" up 2> /dev/null
fi
exit 0
