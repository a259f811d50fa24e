import { renderMacWithHyphens } from '../codec/mac.ts'
import type { BootDecision } from './boot-decision.ts'
import { type BootScriptContext, kernelArguments } from './boot-script.ts'

// For machines with Secure Boot: Debian's signed GRUB instead of iPXE. It has no HTTP: all that it loads comes by TFTP.

const retrySeconds = 10
const holdSeconds = 30

/**
 * What GRUB asks for first (`$prefix/grub.cfg`), the same for every machine: it goes on to the script of this
 * one, and asks for that again whenever it comes back from it, so that disarming a machine helps.
 */
export const grubEntryScript = `while true; do
  set uuid=
  set manufacturer=
  smbios --type 1 --get-uuid 8 --set uuid
  smbios --type 1 --get-string 4 --set manufacturer
  source "$prefix/machine/$net_default_mac/$uuid"
  echo 'Dragonfly: Asking again in ${retrySeconds} seconds.'
  sleep ${retrySeconds}
done
`

/** The GRUB script for a decision (GRUB's own shell: no \`&&\`, quotes as in sh). */
export function renderGrubScript(decision: BootDecision, context: BootScriptContext): string {
  switch (decision.kind) {
    case 'ramdisk':
    case 'discover':
      return context.bundleReady
        ? ramdisk(decision.reason, context)
        : say('The edge is still fetching its boot files.')
    case 'hold':
      return `${say(decision.reason)}sleep ${holdSeconds - retrySeconds}\n`
    case 'local':
    case 'ignore':
      return `${say(`Starting from its own disk. ${decision.reason}`)}source ${fileOf('local-boot.cfg', context)}\n`
  }
}

function ramdisk(reason: string, context: BootScriptContext): string {
  const words = kernelArguments(context).map(quote).join(' ')
  return `${say(reason)}set timer=
if [ "$manufacturer" = QEMU ]; then set timer=no_timer_check; fi
if linux ${fileOf('vmlinuz', context)} ${words} $timer; then
  if initrd ${fileOf('initrd.img', context)}; then
    boot
  fi
fi
${say(`Could not fetch or start the ramdisk from ${context.origin.address} by TFTP.`)}`
}

/** The name tells whose fetch it is. */
function fileOf(name: string, { origin, caller }: BootScriptContext): string {
  return `(tftp,${origin.address})/grub/machine/${renderMacWithHyphens(caller.mac)}/${name}`
}

function say(text: string): string {
  const plain = text
    .replace(/[^\x20-\x7e]/g, '?')
    .replaceAll("'", '`')
    .slice(0, 200)
  return `echo 'Dragonfly: ${plain}'\n`
}

/** @throws Error for a word that would end its quotes. */
function quote(word: string): string {
  if (!/^[\x21-\x7e]+$/.test(word) || word.includes("'"))
    throw new Error(`${JSON.stringify(word)} cannot stand in a GRUB script`)
  return `'${word}'`
}
