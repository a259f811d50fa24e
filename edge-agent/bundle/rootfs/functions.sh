# Shared by init and the uevent handler (busybox sh, which prefers its own applets: hence the full paths here and there).

# say TEXT: one line on every console, since /dev/console is only the last one of the command line
say() {
  for console in $(cat /sys/class/tty/console/active 2>/dev/null); do
    echo "Dragonfly: $*" > "/dev/$console"
  done 2>/dev/null
}

uptime_seconds() { cut -d' ' -f1 /proc/uptime; }

# mark STAGE: a line that a person sees on the console, and that the lab's timings are read from
mark() { say "$1 [$(uptime_seconds) s]"; }

# protect DISK: read-only until the agent lifts it for the one disk it was ordered to write.
# Whole disks only: the kernel treats partitions of a read-only disk as read-only.
protect() {
  case $1 in
    loop* | ram* | zram* | md* | dm-* | sr* | fd*) return ;;
  esac
  [ -b "/dev/$1" ] && /usr/sbin/blockdev --setro "/dev/$1"
}
