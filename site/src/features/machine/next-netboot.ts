import type { Site } from '../../api/views.ts'

/** What a deleted machine does when it boots from the network again: a matter of its site's policy. */
export function describeNextNetboot(policy: Site['unknownMachines']): string {
  switch (policy) {
    case 'discover':
      return 'Its disk is not touched. When it boots from the network again, it is discovered like a new machine, and waits to be adopted.'
    case 'hold':
      return 'Its disk is not touched. When it boots from the network again, it is held at the boot loader until somebody adds it.'
    case 'ignore':
      return 'Its disk is not touched. When it boots from the network again, nobody answers it, and its firmware goes on to the next boot device.'
  }
}
