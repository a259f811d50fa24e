export const deploymentStageNames = [
  'powering',
  'firmware',
  'bootloader',
  'kernel',
  'ramdisk',
  'writing',
  'configuring',
  'restarting',
  'first-boot',
  'deployed',
] as const
export type DeploymentStage = (typeof deploymentStageNames)[number]

export interface StageRule {
  title: string
  /** What is going on, for the person who watches. */
  doing: string
  /** Without any sign of life for this long, the stage is given up. Null: waits for a person. */
  watchdogMs: number | null
  /** Where the next try starts. */
  retryFrom: 'powering' | null
  /** Why the watchdog fired, and what a person can do about it. */
  timeout: { reason: string; message: string; nextStep: string }
}

const minutes = (count: number): number => count * 60_000

/** Tries of one deployment in all. A power cut in the middle costs one. */
export const maxDeploymentAttempts = 3

/** The stages of a deployment, in order. Writing is watched by bytes: any progress feeds the watchdog. */
export const deploymentStages: Record<DeploymentStage, StageRule> = {
  powering: {
    title: 'Powering on',
    doing:
      'Waiting for the machine to ask the network for a boot file. Power it on, or restart it, with network boot first.',
    watchdogMs: null,
    retryFrom: null,
    timeout: {
      reason: 'never-powered-on',
      message: 'The machine did not ask to boot from the network before the deployment expired.',
      nextStep: 'Check its power and its cable, set network boot first in its firmware, and deploy again.',
    },
  },
  firmware: {
    title: 'Firmware',
    doing: 'The firmware has asked for an address and a boot file.',
    watchdogMs: minutes(3),
    retryFrom: 'powering',
    timeout: {
      reason: 'boot-file-not-fetched',
      message: 'The firmware asked for a boot file and then never fetched it.',
      nextStep:
        'Look for a firewall between the machine and the edge (UDP 69 and 4011, TCP 6870), or a second PXE server on this LAN.',
    },
  },
  bootloader: {
    title: 'Boot loader',
    doing: 'iPXE is running and fetches its script.',
    watchdogMs: minutes(3),
    retryFrom: 'powering',
    timeout: {
      reason: 'kernel-not-fetched',
      message: 'iPXE started, but did not fetch the kernel.',
      nextStep:
        'Look at the machine’s screen: iPXE shows there what it could not do. TCP 6870 to the edge has to be open.',
    },
  },
  kernel: {
    title: 'Kernel',
    doing: 'The kernel and the ramdisk are loading.',
    watchdogMs: minutes(5),
    retryFrom: 'powering',
    timeout: {
      reason: 'ramdisk-silent',
      message: 'The kernel was fetched, but the ramdisk never reported.',
      nextStep:
        'Look at the machine’s screen for a kernel panic; it needs 512 MB of memory, and a network card that the ramdisk has a driver for.',
    },
  },
  ramdisk: {
    title: 'Ramdisk',
    doing: 'The ramdisk runs: it takes stock of the hardware.',
    watchdogMs: minutes(5),
    retryFrom: 'powering',
    timeout: {
      reason: 'ramdisk-lost',
      message: 'The ramdisk reported, and then fell silent before it took its order.',
      nextStep: 'Read the machine’s log, then restart it: it will try again.',
    },
  },
  writing: {
    title: 'Writing',
    doing: 'The image is being written to the disk, every chunk verified.',
    watchdogMs: minutes(3),
    retryFrom: 'powering',
    timeout: {
      reason: 'writing-stalled',
      message:
        'No byte was written for three minutes: the machine lost its power or its network, or the disk hangs.',
      nextStep:
        'Check the machine’s power, cable and disk, then restart it: the deployment starts over by itself while tries are left.',
    },
  },
  configuring: {
    title: 'Configuring',
    doing: 'Host name, users, keys and network are being written to the installed system.',
    watchdogMs: minutes(3),
    retryFrom: 'powering',
    timeout: {
      reason: 'configuring-stalled',
      message: 'The image was written, but its configuration was not finished.',
      nextStep: 'Read the machine’s log; the last line says what it was at.',
    },
  },
  restarting: {
    title: 'Restarting',
    doing: 'The machine restarts into the installed system.',
    watchdogMs: minutes(10),
    retryFrom: null,
    timeout: {
      reason: 'no-restart',
      message: 'The disk was written, but the machine was not seen starting again.',
      nextStep: 'Look at the machine’s screen, and restart it by hand: the installed system is on the disk.',
    },
  },
  'first-boot': {
    title: 'First boot',
    doing: 'The installed system starts for the first time.',
    watchdogMs: minutes(15),
    retryFrom: null,
    timeout: {
      reason: 'os-silent',
      message: 'The disk was written and the machine restarted, but the installed system never reported in.',
      nextStep:
        'Look at the machine’s screen: either it does not boot from this disk, or its network does not come up. The image needs cloud-init (or the like) to report in.',
    },
  },
  deployed: {
    title: 'Deployed',
    doing: 'The installed system reported in.',
    watchdogMs: null,
    retryFrom: null,
    timeout: {
      reason: 'none',
      message: 'A deployed machine is not watched by a stage.',
      nextStep: 'Nothing to do.',
    },
  },
}

export function stageIndex(stage: DeploymentStage): number {
  return deploymentStageNames.indexOf(stage)
}
