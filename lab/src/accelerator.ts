import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import type { Accelerator } from './qemu.ts'

/**
 * KVM when this host can really run a guest on it. A /dev/kvm on a CPU without vmx or svm exists as well
 * (paravirtual nesting); there it interprets firmware so slowly that plain emulation is faster.
 */
export async function chooseAccelerator(): Promise<Accelerator> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK)
    return /^flags\s*:.*\b(vmx|svm)\b/m.test(await readFile('/proc/cpuinfo', 'utf8')) ? 'kvm' : 'tcg'
  } catch {
    return 'tcg'
  }
}
