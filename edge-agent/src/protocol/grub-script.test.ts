import { expect, it } from 'vitest'
import type { BootScriptContext } from './boot-script.ts'
import { grubEntryScript, renderGrubScript } from './grub-script.ts'
import { parseTftpFileName } from './tftp-file-name.ts'

const context: BootScriptContext = {
  caller: { mac: '52:54:00:77:00:01' },
  origin: { address: '10.77.0.2', port: 6870 },
  agentPort: 6872,
  bundleReady: true,
  mintToken: () => 'claims.mac',
}
const folder = '(tftp,10.77.0.2)/grub/machine/52-54-00-77-00-01'

it('for the ramdisk loads the signed kernel, with the command line that iPXE would give it', () => {
  expect(renderGrubScript({ kind: 'ramdisk', reason: "It's armed." }, context)).toBe(
    `echo 'Dragonfly: It\`s armed.'
set timer=
if [ "$manufacturer" = QEMU ]; then set timer=no_timer_check; fi
if linux ${folder}/vmlinuz 'dragonfly.edge=10.77.0.2:6872' 'dragonfly.token=claims.mac' 'BOOTIF=01-52-54-00-77-00-01' 'console=tty0' 'console=ttyS0,115200' 'quiet' 'panic=10' $timer; then
  if initrd ${folder}/initrd.img; then
    boot
  fi
fi
echo 'Dragonfly: Could not fetch or start the ramdisk from 10.77.0.2 by TFTP.'
`,
  )
})

it('for local boot starts what the disk holds', () => {
  const script = renderGrubScript({ kind: 'local', reason: 'Nothing is armed.' }, context)
  expect(script).toBe(
    `echo 'Dragonfly: Starting from its own disk. Nothing is armed.'\nsource ${folder}/local-boot.cfg\n`,
  )
})

it('comes back to where it is asked for again: held, or with nothing to give yet', () => {
  const held = renderGrubScript({ kind: 'hold', reason: 'Wait.' }, context)
  expect(held).toBe("echo 'Dragonfly: Wait.'\nsleep 20\n")
  const early = renderGrubScript({ kind: 'discover', reason: 'New.' }, { ...context, bundleReady: false })
  expect(early).toBe("echo 'Dragonfly: The edge is still fetching its boot files.'\n")
  expect(grubEntryScript).toMatch(/^while true; do\n[\s\S]*source .*\n[\s\S]*sleep 10\ndone\n$/)
})

it('cannot be made to say commands', () => {
  const reason = "x'; reboot; echo '\nreboot\n$(x)é"
  const [line] = renderGrubScript({ kind: 'hold', reason }, context).split('\n')
  expect(line).toBe("echo 'Dragonfly: x`; reboot; echo `?reboot?$(x)?'")
  const token = { ...context, mintToken: () => "a'b" }
  expect(() => renderGrubScript({ kind: 'ramdisk', reason: '' }, token)).toThrow('GRUB script')
})

it('asks for names that the TFTP server understands', () => {
  const script = renderGrubScript({ kind: 'ramdisk', reason: '' }, context)
  const names = [...script.matchAll(/\(tftp,10\.77\.0\.2\)([^\s;]+)/g)]
  expect(names.map(([, path = '']) => parseTftpFileName(path))).toEqual(
    ['vmlinuz', 'initrd.img'].map((name) => ({ kind: 'bundle', name, mac: '52:54:00:77:00:01' })),
  )
})
