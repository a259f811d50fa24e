#!/bin/sh
# mmdebstrap customize hook: customize.sh ROOT. Expects FILES_DIR, KERNEL=cloud|generic and, optionally, CLOUD_INIT=1.
# Lays our files over the new root, fetches a kernel, keeps the few modules that emulated machines use,
# and removes what no test reads, because every byte of this image is written to a disk in every test.
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
root=$1

fetch_kernel() {
  work=$root/tmp/work
  mkdir -p "$work"
  export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
  package=$(apt-cache depends "$kernel_package" | awk '/Depends:/ {print $2; exit}')
  (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package")
  unset APT_CONFIG
  dpkg-deb -x "$work"/*.deb "$work/kernel"
  version=$(basename "$work"/kernel/boot/vmlinuz-* | sed 's/^vmlinuz-//')
  cp "$work/kernel/boot/vmlinuz-$version" "$root/boot/"
  chroot "$root" depmod -b /tmp/work/kernel "$version"
}

# resolve MODULE...: their files in the order in which they must be loaded
resolve() {
  for module in "$@"; do
    chroot "$root" modprobe -d /tmp/work/kernel -S "$version" --show-depends "$module" |
      awk -v root="$root" '$1 == "insmod" {print root $2}'
  done | awk '!seen[$0]++'
}

# The cloud kernel starts faster (LZ4 instead of XZ, fewer drivers), but knows neither AHCI nor Intel's NICs.
common_modules='bonding 8021q efivarfs vfat nls_cp437 nls_ascii nls_iso8859-1 loop dm_mod virtio_rng'
case $KERNEL in
  cloud)
    kernel_package=linux-image-cloud-amd64
    first_modules='virtio_pci virtio_blk virtio_net'
    later_modules='virtio_scsi sd_mod'
    root_modules=$common_modules
    ;;
  generic)
    kernel_package=linux-image-amd64
    first_modules='virtio_pci virtio_blk nvme crc32c_generic ext4 virtio_net'
    later_modules='virtio_scsi ahci sd_mod'
    root_modules="$common_modules e1000e e1000 igb ipmi_si ipmi_devintf"
    ;;
esac

install_modules() {
  for file in $(resolve $root_modules); do
    target="$root/lib/modules/$version/${file#"$work/kernel/lib/modules/$version/"}"
    mkdir -p "$(dirname "$target")"
    cp "$file" "$target"
  done
  cp "$work/kernel/lib/modules/$version"/modules.order "$work/kernel/lib/modules/$version"/modules.builtin* \
    "$root/lib/modules/$version/"
  chroot "$root" depmod "$version"
}

build_initramfs() {
  ram="$work/ram"
  mkdir -p "$ram/bin" "$ram/dev" "$ram/proc" "$ram/sys" "$ram/root" "$ram/modules"
  cp "$(command -v busybox)" "$ram/bin/busybox"
  for applet in sh mount umount insmod findfs usleep switch_root; do ln -s busybox "$ram/bin/$applet"; done
  resolve $first_modules > "$work/first"
  resolve $later_modules | grep -vxF -f "$work/first" > "$work/later"
  for step in first later; do
    sed 's|.*/||' "$work/$step" > "$ram/modules/$step"
    xargs cp -t "$ram/modules" < "$work/$step"
  done
  cp "$FILES_DIR/initramfs-init" "$ram/init"
  chmod 755 "$ram/init"
  (cd "$ram" && find . | sort | cpio -o -H newc --quiet --reproducible -R 0:0) | zstd -q -19 > "$root/boot/initrd.img-$version"
  ln -sf "initrd.img-$version" "$root/boot/initrd.img"
  ln -sf "vmlinuz-$version" "$root/boot/vmlinuz"
}

configure() {
  cp -R "$FILES_DIR/rootfs/." "$root/"
  chown -R 0:0 "$root/etc/systemd" "$root/etc/ssh" "$root/usr/lib/dragonfly-lab"
  echo target > "$root/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 target\n' > "$root/etc/hosts"
  printf 'LABEL=root / ext4 rw,noatime 0 0\nLABEL=ESP /boot/efi vfat umask=0077,noauto 0 0\n' > "$root/etc/fstab"
  mkdir -p "$root/boot/efi" "$root/var/lib/cloud/seed/nocloud"
  : > "$root/etc/machine-id"
  rm -f "$root"/etc/ssh/ssh_host_*
  chroot "$root" passwd -q -l root
  chroot "$root" systemctl -q enable systemd-networkd ssh ssh-host-key
  [ -n "${CLOUD_INIT:-}" ] || chroot "$root" systemctl -q enable dragonfly-network dragonfly-users dragonfly-report
  chroot "$root" systemctl -q enable serial-getty@ttyS0
  chroot "$root" systemctl -q set-default multi-user.target
  chroot "$root" systemctl -q mask $(cat "$FILES_DIR/masked-units")
}

# Under emulation every generator, every udev rule and every tmpfiles line costs milliseconds of a first boot.
quicken() {
  mkdir -p "$root/etc/systemd/system-generators"
  for generator in "$root"/usr/lib/systemd/system-generators/*; do
    case ${generator##*/} in
      systemd-fstab-generator | cloud-init-generator | netplan) ;;
      *) ln -sf /dev/null "$root/etc/systemd/system-generators/${generator##*/}" ;;
    esac
  done
  for rules in "$root"/usr/lib/udev/rules.d/*; do
    case ${rules##*/} in
      50-udev-default.rules | 60-persistent-storage.rules | 75-net-description.rules | 80-drivers.rules | \
        80-net-setup-link.rules | 99-systemd.rules | 60-block.rules | 60-serial.rules) ;;
      *) rm -f "$rules" ;;
    esac
  done
  for lines in "$root"/usr/lib/tmpfiles.d/*; do
    case ${lines##*/} in
      legacy.conf | sudo.conf | tmp.conf | systemd.conf | systemd-network.conf | cloud-init.conf | openssh*) ;;
      *) rm -f "$lines" ;;
    esac
  done
}

# Perl's library came for one migration script; perl-base, which is essential, stays.
remove_packages() {
  chroot "$root" dpkg --purge --force-depends usrmerge libfile-find-rule-perl libnumber-compare-perl \
    libtext-glob-perl perl perl-modules-5.36 libperl5.36 libgdbm-compat4 > /dev/null
}

prune() {
  rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/locale/* \
    "$root"/usr/share/i18n/* "$root"/usr/share/lintian "$root"/usr/share/bug "$root"/usr/lib/udev/hwdb.d/* \
    "$root"/usr/lib/udev/hwdb.bin "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/cache/debconf/* \
    "$root"/var/log/* "$root"/tmp/* "$root"/usr/share/zoneinfo/* "$root"/usr/lib/x86_64-linux-gnu/gconv
}

fetch_kernel
install_modules
build_initramfs
configure
[ -n "${CLOUD_INIT:-}" ] || { quicken; remove_packages; }
prune
rm -rf "$work"
