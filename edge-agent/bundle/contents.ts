/**
 * What goes into the boot bundle. Adding a tool, a module or a firmware package means adding a line here;
 * `docs/boot-bundle.md` explains each list.
 */

const MIB = 1024 * 1024

/** The build fails above this size: every machine of a site loads the initrd on every netboot. */
export const INITRD_BUDGET_BYTES = 96 * MIB

/** How `/usr` of the ramdisk is compressed. Measured: smaller blocks or LZ4 start no faster, and are 7 to 20 MB more to load. */
export const SQUASHFS_OPTIONS: readonly string[] = [
  '-comp',
  'zstd',
  '-Xcompression-level',
  '15',
  '-b',
  '256K',
]

export const SUPPORTED_SUITES: readonly string[] = ['bookworm', 'trixie']

export const COMPONENTS: readonly string[] = ['main', 'non-free-firmware']

/** The meta package whose dependency names the exact kernel. */
export const KERNEL_META_PACKAGE = 'linux-image-amd64'

/** Packages whose files end up in the ramdisk, and those that the build itself runs. */
export const PACKAGES: readonly string[] = [
  'busybox-static',
  'kmod',
  'squashfs-tools',
  'util-linux',
  'fdisk',
  'e2fsprogs',
  'nvme-cli',
  'smartmontools',
  'ipmitool',
  'dmidecode',
  'lldpd',
  'libstdc++6',
  'firmware-bnx2',
  'firmware-bnx2x',
  'firmware-misc-nonfree',
  'firmware-qlogic',
  'firmware-realtek',
  'ipxe',
  'grub-common',
  'grub-efi-amd64-bin',
  'shim-signed',
  'grub-efi-amd64-signed',
  'binutils',
]

/**
 * apt draws these in as dependencies of maintainer scripts, Perl tools or documentation. No shipped file needs them;
 * a library that turned out to be missing would fail the build by name.
 */
export const UNNEEDED_PACKAGES: readonly RegExp[] = [
  /^(adduser|coreutils|cpio|debconf|debianutils|dpkg|init-system-helpers|lsb-base|passwd|sysvinit-utils)$/,
  /^(initramfs-tools|initramfs-tools-core|klibc-utils|libklibc|linux-base|logsave|tar|udev|usrmerge)$/,
  /^(freeipmi-common|gettext-base|libsnmp-base|pci\.ids|readline-common|uuid-runtime)$/,
  /^(grub2-common|shim-signed-common|shim-helpers-amd64-signed|shim-unsigned|mokutil|os-prober)$/,
  /^(perl|perl-base|perl-modules-.*|lib.*-perl|libpam-.*|libpam0g)$/,
]

/** Programs of the ramdisk, by their place in the packages. Their shared libraries follow by themselves. */
export const TOOLS: readonly string[] = [
  'usr/bin/kmod',
  'usr/bin/fallocate',
  'usr/sbin/blkdiscard',
  'usr/sbin/blockdev',
  'usr/sbin/sfdisk',
  'usr/sbin/wipefs',
  'usr/sbin/blkid',
  'usr/sbin/e2fsck',
  'usr/sbin/resize2fs',
  'usr/sbin/nvme',
  'usr/sbin/smartctl',
  'usr/bin/ipmitool',
  'usr/sbin/dmidecode',
  'usr/sbin/lldpd',
  'usr/sbin/lldpcli',
]

/** kmod is one program under several names. */
export const TOOL_LINKS: Readonly<Record<string, string>> = {
  'usr/sbin/modprobe': '../bin/kmod',
  'usr/sbin/modinfo': '../bin/kmod',
  'usr/sbin/insmod': '../bin/kmod',
  'usr/sbin/rmmod': '../bin/kmod',
  'usr/sbin/lsmod': '../bin/kmod',
}

/** Data files that the tools read. A missing one is left out: the tool then names things less well. */
export const DATA_FILES: readonly string[] = [
  'var/lib/smartmontools/drivedb/drivedb.h',
  'usr/share/smartmontools/drivedb.h',
]

/** Kernel modules by name (`*` allowed); what they depend on follows by itself. Built-in ones may be listed too. */
export const MODULES: Readonly<Record<string, readonly string[]>> = {
  virtual: [
    // no virtio_*: that would bring virtio-gpu and the graphics stack
    ...[
      'virtio_pci',
      'virtio_mmio',
      'virtio_net',
      'virtio_blk',
      'virtio_scsi',
      'virtio_console',
      'virtio_input',
    ],
    ...['virtio-rng', 'hv_*', 'hyperv_keyboard', 'xen-netfront', 'xen-blkfront', 'vmxnet3', 'vmw_pvscsi'],
  ],
  nics: [
    ...['e1000', 'e1000e', 'igb', 'igbvf', 'igc', 'ixgbe', 'ixgbevf', 'i40e', 'iavf', 'ice'],
    ...['bnxt_en', 'tg3', 'bnx2', 'bnx2x', 'qed', 'qede', 'qlcnic', 'mlx4_en', 'mlx5_core'],
    ...['r8169', '8139cp', '8139too', 'be2net', 'sfc', 'cxgb4', 'enic', 'atlantic', 'ionic', 'ena'],
    ...[
      'forcedeth',
      'sky2',
      'alx',
      'atl1c',
      'pcnet32',
      'usbnet',
      'ax88179_178a',
      'r8152',
      'cdc_ether',
      'cdc_ncm',
    ],
    ...['realtek', 'broadcom', 'marvell', 'bcm87xx', 'aquantia'],
  ],
  storage: [
    ...['nvme', 'ahci', 'ata_piix', 'ata_generic', 'sd_mod', 'sr_mod', 'ses', 'sg', 'isci'],
    ...[
      'megaraid_sas',
      'mpt3sas',
      'mpi3mr',
      'mptsas',
      'mptspi',
      'aacraid',
      'smartpqi',
      'hpsa',
      '3w-sas',
      '3w-9xxx',
    ],
    ...[
      'mvsas',
      'pm80xx',
      'arcmsr',
      'esas2r',
      'sym53c8xx',
      'vmd',
      'sdhci-pci',
      'mmc_block',
      'uas',
      'usb-storage',
    ],
    ...['raid0', 'raid1', 'raid10', 'raid456', 'dm-mod', 'dm-crypt', 'loop'],
  ],
  filesystems: [
    'ext4',
    'xfs',
    'btrfs',
    'squashfs',
    'vfat',
    'nls_cp437',
    'nls_ascii',
    'nls_iso8859-1',
    'nls_utf8',
    'efivarfs',
  ],
  // ext4, xfs and btrfs ask for "crc32c" by algorithm name: no dependency says so.
  checksums: ['crc32c_generic', 'crc32c-intel', 'crct10dif-pclmul', 'xxhash_generic'],
  network: ['af_packet', 'bonding', '8021q'],
  management: [
    'ipmi_si',
    'ipmi_ssif',
    'ipmi_devintf',
    'ipmi_watchdog',
    'iTCO_wdt',
    'i6300esb',
    'sp5100_tco',
    'hpwdt',
  ],
  platform: [
    ...[
      'tpm_tis',
      'tpm_crb',
      'coretemp',
      'k10temp',
      'i2c-i801',
      'i2c-piix4',
      'lpc_ich',
      'intel_rapl_msr',
      'msr',
    ],
    ...[
      'xhci-pci',
      'ehci-pci',
      'uhci-hcd',
      'ohci-pci',
      'usbhid',
      'hid-generic',
      'i8042',
      'atkbd',
      'qemu_fw_cfg',
    ],
  ],
}

/** Loaded before `/usr` is there, which they are needed for. */
export const EARLY_MODULES: readonly string[] = ['loop', 'squashfs']

/** Applets of busybox that `/init` uses before `/usr` is there. */
export const EARLY_APPLETS: readonly string[] = [
  'sh',
  'mount',
  'insmod',
  'sed',
  'cut',
  'cat',
  'sleep',
  'sync',
  'reboot',
]

/** Without these a ramdisk is useless, whatever the kernel: their absence fails the build. */
export const REQUIRED_MODULES: readonly string[] = [
  'virtio_net',
  'e1000e',
  'ixgbe',
  'nvme',
  'ahci',
  'sd_mod',
  'ext4',
  'loop',
  'squashfs',
]

/** Firmware beyond what the shipped modules name (paths below `lib/firmware`). */
export const EXTRA_FIRMWARE: readonly RegExp[] = [/^intel\/ice\/ddp\/.*\.pkg$/]
