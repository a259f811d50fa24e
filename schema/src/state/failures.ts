import { deploymentStages } from './stages.ts'

export interface FailureText {
  title: string
  nextStep: string
}

/** What a person can do about each named failure of a deployment, an order or an image. */
export const failures: Record<string, FailureText> = {
  ...Object.fromEntries(
    Object.values(deploymentStages).map((rule) => [
      rule.timeout.reason,
      { title: rule.timeout.message, nextStep: rule.timeout.nextStep },
    ]),
  ),
  'no-matching-disk': {
    title: 'No disk matches the rule',
    nextStep: 'Choose another disk rule, or name a disk by its serial number.',
  },
  'disk-too-small': {
    title: 'The image is larger than the disk',
    nextStep: 'Choose a larger disk or a smaller image.',
  },
  'disk-busy': {
    title: 'The disk is in use',
    nextStep: 'Restart the machine into the ramdisk and deploy again.',
  },
  'disk-write-error': {
    title: 'The disk refused a write',
    nextStep: 'Check the disk’s health on the hardware tab; replace it if it reports errors.',
  },
  'chunk-corrupt': {
    title: 'The edge’s copy of the image is damaged',
    nextStep: 'Import the image again on the images page, then deploy again.',
  },
  'chunk-missing': {
    title: 'A part of the image is missing on the edge',
    nextStep: 'Import the image again on the images page, then deploy again.',
  },
  'image-server-unreachable': {
    title: 'The image server could not be reached',
    nextStep: 'Check that TCP 6871 on the edge is open to the machine.',
  },
  'verify-mismatch': {
    title: 'The disk does not hold what was written to it',
    nextStep: 'The disk or its controller is faulty: replace it.',
  },
  'no-root-filesystem': {
    title: 'No root filesystem was found in the image',
    nextStep: 'Use an image with an ext4 or XFS root that holds /etc, or a template without a seed.',
  },
  'seed-write-error': {
    title: 'The configuration could not be written',
    nextStep: 'Read the log: the image’s filesystem may be full or damaged.',
  },
  'order-refused': {
    title: 'The ramdisk refused the order',
    nextStep: 'Restart the machine into the ramdisk and deploy again.',
  },
  internal: { title: 'The ramdisk failed', nextStep: 'Read the log, and report it with the log attached.' },
  'bad-signature': {
    title: 'The work order’s signature is wrong',
    nextStep: 'The edge trusts another signing key than this control plane’s: enrol the edge again.',
  },
  'unknown-signer': {
    title: 'The work order was signed by a key that the edge does not know',
    nextStep: 'Enrol the edge again.',
  },
  malformed: {
    title: 'The work order could not be read',
    nextStep: 'Update the edge, or the control plane: they disagree on the format.',
  },
  expired: {
    title: 'The work order has expired',
    nextStep: 'Deploy again. If it happens at once, check the clocks of the edge and the control plane.',
  },
  'not-yet-valid': {
    title: 'The work order lies in the future',
    nextStep: 'Check the clocks of the edge and the control plane.',
  },
  'wrong-site': {
    title: 'The work order is for another site',
    nextStep: 'Deploy from the site that the machine belongs to.',
  },
  'wrong-machine': {
    title: 'The work order is for another machine',
    nextStep: 'Compare MAC address and SMBIOS UUID with the machine’s record.',
  },
  'already-used': { title: 'The work order was used already', nextStep: 'Deploy again.' },
  'stale-epoch': {
    title: 'A newer work order exists for this machine',
    nextStep: 'Follow the newer deployment, or deploy again.',
  },
  'plan-altered': {
    title: 'The plan is not the one that was signed',
    nextStep: 'Deploy again; if it returns, look for who alters the traffic.',
  },
  'machine-locked': { title: 'The machine is locked', nextStep: 'Unlock it first.' },
  'reimage-off': {
    title: 'Reimaging is switched off',
    nextStep: 'An administrator can switch it on again, for the site and for all; then deploy again.',
  },
  'power-control-off': {
    title: 'Power control is switched off',
    nextStep: 'An administrator can switch it on again, for the site and for all.',
  },
  'safety-too-low': {
    title: 'The site asks for more safety than the order was given with',
    nextStep: 'Confirm the deployment in safe mode.',
  },
  'checksum-mismatch': {
    title: 'The checksum does not match',
    nextStep:
      'Compare the checksum with the publisher’s; if it is right, the download was altered: try again, or use another mirror.',
  },
  truncated: {
    title: 'The download ended early',
    nextStep: 'Try again; if it returns, the server’s copy is incomplete.',
  },
  unreachable: {
    title: 'The address could not be reached from the site',
    nextStep: 'Check the URL, and that the edge may reach that server.',
  },
  'http-error': { title: 'The server refused the download', nextStep: 'Check the URL in a browser.' },
  'cache-full': {
    title: 'The edge’s image cache is full',
    nextStep:
      'Remove images that are not needed, or give the edge a larger disk: the edge tries again by itself.',
  },
  'bad-url': {
    title: 'The URL can’t be used',
    nextStep: 'Use an http:// or https:// address of a disk image.',
  },
  'not-an-image': {
    title: 'This is not a disk image',
    nextStep: 'Give the address of a raw or qcow2 image, as such or compressed by gzip, xz or zstd.',
  },
  'image-damaged': {
    title: 'The image is damaged inside',
    nextStep:
      'Its checksum fits: the published file itself is broken. Tell its publisher, or use another build.',
  },
  'image-too-large': {
    title: 'The image is larger than any disk it could be for',
    nextStep: 'Use an image whose disk is smaller than 1 TiB; it grows at its first boot.',
  },
  'manifest-changed': {
    title: 'The source no longer holds the same image',
    nextStep: 'Add it as a new image.',
  },
}

export function failureText(reason: string): FailureText {
  return failures[reason] ?? { title: 'It failed', nextStep: 'Read the log.' }
}
