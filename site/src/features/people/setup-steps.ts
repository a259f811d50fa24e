import type { Edge, Image, Machine, Setup } from '../../api/views.ts'

export interface SetupStep {
  id: 'bundle' | 'edge' | 'interface' | 'image' | 'machine'
  title: string
  sentence: string
  done: boolean
}

const bundleTitles = {
  missing: 'The boot bundle is missing',
  building: 'The boot bundle is being made ready',
  failed: 'The boot bundle could not be built',
}

/**
 * What is left to do before a first machine can be deployed, in order; empty once it is all done. Null stands for
 * what was not heard from the server yet: no step is shown for a moment only.
 */
export function decideNextSteps(
  setup: Setup | null,
  edges: readonly Edge[] | null,
  images: readonly Image[] | null,
  machines: readonly Machine[],
): SetupStep[] {
  if (!setup || !edges || !images) return []
  const known = edges.filter((edge) => edge.status !== 'revoked')
  const isOn = known.some((edge) => edge.interfaces.some((netInterface) => netInterface.mode !== 'off'))
  const steps: SetupStep[] = [
    {
      id: 'edge',
      title: 'Enrol an edge',
      sentence: 'One small program on each LAN where machines boot. It needs no open port: it calls home.',
      done: known.length > 0,
    },
    {
      id: 'interface',
      title: 'Turn on an interface',
      sentence:
        'Choose on which network the edge answers machines that ask to boot. Your own DHCP server stays as it is.',
      done: isOn,
    },
    {
      id: 'image',
      title: 'Import an image',
      sentence:
        'A disk image with cloud-init, by its address and checksum: Debian’s and Ubuntu’s cloud images do.',
      done: images.length > 0,
    },
    {
      id: 'machine',
      title: 'Power on a machine',
      sentence:
        'With network boot first in its firmware. It shows up here, and keeps its disk until you say otherwise.',
      done: machines.length > 0,
    },
  ]
  // Once the first machine is there the rest is known; a bundle in trouble is then one of the things that want you.
  if (steps.every((step) => step.done)) return []
  const { bundle } = setup
  if (bundle.status !== 'ready')
    steps.unshift({
      id: 'bundle',
      title: bundleTitles[bundle.status],
      sentence:
        bundle.message ??
        'Machines can boot from the network once it is done; the rest need not wait for it.',
      done: false,
    })
  return steps
}
