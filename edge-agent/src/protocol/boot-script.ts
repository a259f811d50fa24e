import { type IpxeStatement, renderIpxeScript, setting } from '../codec/ipxe.ts'
import { renderMacWithHyphens } from '../codec/mac.ts'
import type { BootDecision } from './boot-decision.ts'
import { type BootCaller, type BootHttpOrigin, renderBootFileUrl, renderScriptUrl } from './boot-urls.ts'

/** What a script needs besides the decision. */
export interface BootScriptContext {
  caller: BootCaller
  origin: BootHttpOrigin
  /** Port of the supervisor, which the ramdisk calls. */
  agentPort: number
  /** False while the boot bundle has not arrived: there is no kernel to give. */
  bundleReady: boolean
  /** Makes the one-time token of this boot; called only for a script that starts the ramdisk. */
  mintToken: () => string
}

const retrySeconds = 10
const holdSeconds = 30

/** The iPXE script for a decision. One script for BIOS and UEFI: it asks iPXE's own `platform`. */
export function renderBootScript(decision: BootDecision, context: BootScriptContext): string {
  switch (decision.kind) {
    case 'ramdisk':
    case 'discover':
      return renderIpxeScript(
        context.bundleReady
          ? ramdisk(decision.reason, context)
          : waitAndAskAgain('The edge is still fetching its boot files.', retrySeconds, context),
      )
    case 'hold':
      return renderIpxeScript(waitAndAskAgain(decision.reason, holdSeconds, context))
    case 'local':
    case 'ignore':
      return renderIpxeScript(localDisk(decision.reason, context))
  }
}

/** Never ends: what fails is said, and asked for again with a new decision, so that disarming it helps. */
function ramdisk(reason: string, context: BootScriptContext): IpxeStatement[] {
  const { origin, caller } = context
  return [
    say(reason),
    run(['imgfree'], 'continue'),
    ...emulatedTimer(),
    run(
      [
        'kernel',
        '--name',
        'vmlinuz',
        renderBootFileUrl(origin, 'vmlinuz', caller.mac),
        'initrd=initrd.img',
        ...kernelArguments(context),
        [setting('timer')],
      ],
      'failed',
    ),
    run(['initrd', '--name', 'initrd.img', renderBootFileUrl(origin, 'initrd.img', caller.mac)], 'failed'),
    run(['boot'], 'failed'),
    { kind: 'label', name: 'failed' },
    run(['imgfree'], 'continue'),
    say(`Could not fetch or start the ramdisk from ${origin.address}, TCP port ${origin.port}.`),
    say(`If this goes on, look at the edge, and at firewalls between it and this machine.`),
    ...askAgain(retrySeconds, 'failed', context),
  ]
}

/**
 * A busy emulator delivers the first timer interrupts late, and the kernel then panics ("IO-APIC + timer doesn't
 * work"). Only there is its check left out: on metal it finds broken boards.
 */
function emulatedTimer(): IpxeStatement[] {
  return [
    run(['iseq', [setting('manufacturer')], 'QEMU'], 'metal'),
    run(['set', 'timer', 'no_timer_check'], 'continue'),
    { kind: 'label', name: 'metal' },
  ]
}

/** The ramdisk's command line. */
export function kernelArguments(context: BootScriptContext): string[] {
  const { origin, caller, agentPort } = context
  return [
    `dragonfly.edge=${origin.address}:${agentPort}`,
    `dragonfly.token=${context.mintToken()}`,
    `BOOTIF=01-${renderMacWithHyphens(caller.mac)}`,
    'console=tty0',
    'console=ttyS0,115200',
    'quiet',
    // A machine that panics starts over instead of standing still until somebody finds it.
    'panic=10',
  ]
}

function waitAndAskAgain(reason: string, seconds: number, context: BootScriptContext): IpxeStatement[] {
  return [{ kind: 'label', name: 'hold' }, say(reason), ...askAgain(seconds, 'hold', context)]
}

function askAgain(seconds: number, otherwise: string, context: BootScriptContext): IpxeStatement[] {
  const url = renderScriptUrl(context.origin, context.caller)
  return [
    say(`Asking again in ${seconds} seconds.`),
    // A key pressed on the machine ends the sleep with an error.
    run(['sleep', String(seconds)], 'continue'),
    run(['chain', '--autofree', '--replace', url], otherwise),
  ]
}

/**
 * BIOS: the first disk, else back to the BIOS. UEFI: our GRUB, which starts what the disk's EFI partition holds;
 * else `exit 1`, for a plain `exit` counts as success and leaves some firmware in its boot menu for ever.
 */
function localDisk(reason: string, context: BootScriptContext): IpxeStatement[] {
  return [
    say(`Starting from its own disk. ${reason}`),
    run(['iseq', [setting('platform')], 'efi'], 'bios'),
    run(['chain', '--autofree', renderBootFileUrl(context.origin, 'local-x64.efi')], 'continue'),
    say('Back to the firmware, for its next boot entry.'),
    run(['exit', '1']),
    { kind: 'label', name: 'bios' },
    run(['sanboot', '--no-describe', '--drive', '0x80'], 'continue'),
    say('No disk could be started. Back to the firmware, for its next boot entry.'),
    run(['exit', '1']),
  ]
}

function say(text: string): IpxeStatement {
  return { kind: 'echo', text: `Dragonfly: ${text}` }
}

function run(
  words: Extract<IpxeStatement, { kind: 'run' }>['words'],
  orElse?: 'continue' | (string & {}),
): IpxeStatement {
  if (orElse === undefined) return { kind: 'run', words }
  return { kind: 'run', words, orElse: orElse === 'continue' ? 'continue' : { goto: orElse } }
}
