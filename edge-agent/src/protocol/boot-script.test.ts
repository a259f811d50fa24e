// iPXE's own expansions look like a forgotten template string.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: see above
import { describe, expect, it } from 'vitest'
import { type BootScriptContext, renderBootScript } from './boot-script.ts'
import { parseBootRequest, renderScriptUrl } from './boot-urls.ts'

const context: BootScriptContext = {
  caller: { mac: '52:54:00:77:00:01', uuid: '77000000-0000-4000-8000-000000000001' },
  origin: { address: '10.77.0.2', port: 6870 },
  agentPort: 6872,
  bundleReady: true,
  mintToken: () => 'claims.mac',
}
const again = 'http://10.77.0.2:6870/ipxe/52-54-00-77-00-01?uuid=77000000-0000-4000-8000-000000000001'

describe('the iPXE script', () => {
  it('for the ramdisk fetches kernel and initrd, and never falls out of iPXE', () => {
    expect(renderBootScript({ kind: 'ramdisk', reason: 'Deploying Debian.' }, context)).toBe(`#!ipxe
echo Dragonfly: Deploying Debian.
imgfree ||
iseq \${manufacturer} QEMU || goto metal
set timer no_timer_check ||
:metal
kernel --name vmlinuz http://10.77.0.2:6870/boot/vmlinuz?mac=52-54-00-77-00-01 initrd=initrd.img dragonfly.edge=10.77.0.2:6872 dragonfly.token=claims.mac BOOTIF=01-52-54-00-77-00-01 console=tty0 console=ttyS0,115200 quiet panic=10 \${timer} || goto failed
initrd --name initrd.img http://10.77.0.2:6870/boot/initrd.img?mac=52-54-00-77-00-01 || goto failed
boot || goto failed
:failed
imgfree ||
echo Dragonfly: Could not fetch or start the ramdisk from 10.77.0.2, TCP port 6870.
echo Dragonfly: If this goes on, look at the edge, and at firewalls between it and this machine.
echo Dragonfly: Asking again in 10 seconds.
sleep 10 ||
chain --autofree --replace ${again} || goto failed
`)
  })

  it('for local boot starts the first disk on BIOS, and on UEFI our GRUB, else leaves with an error', () => {
    expect(renderBootScript({ kind: 'local', reason: 'Nothing is armed.' }, context)).toBe(`#!ipxe
echo Dragonfly: Starting from its own disk. Nothing is armed.
iseq \${platform} efi || goto bios
chain --autofree http://10.77.0.2:6870/boot/local-x64.efi ||
echo Dragonfly: Back to the firmware, for its next boot entry.
exit 1
:bios
sanboot --no-describe --drive 0x80 ||
echo Dragonfly: No disk could be started. Back to the firmware, for its next boot entry.
exit 1
`)
  })

  it('for a held machine asks again and again', () => {
    expect(renderBootScript({ kind: 'hold', reason: 'Wait.' }, context)).toBe(`#!ipxe
:hold
echo Dragonfly: Wait.
echo Dragonfly: Asking again in 30 seconds.
sleep 30 ||
chain --autofree --replace ${again} || goto hold
`)
  })

  it('waits, and spends no token, while there is no boot bundle', () => {
    const mintToken = () => {
      throw new Error('a token for nothing')
    }
    const script = renderBootScript(
      { kind: 'discover', reason: 'New.' },
      { ...context, bundleReady: false, mintToken },
    )
    expect(script).toContain('still fetching its boot files')
    expect(script).not.toContain('kernel')
  })

  it('lets no reason become a command', () => {
    const reason = 'x\nshell\n${net0/mac} || shell'
    const script = renderBootScript({ kind: 'local', reason }, context)
    expect(script.split('\n').some((line) => line.trim().startsWith('shell'))).toBe(false)
    expect(script).not.toContain('${net0')
    expect(script).not.toContain('|| shell')
  })
})

describe('the address of a script', () => {
  it('is read back as it was written', () => {
    expect(renderScriptUrl(context.origin, context.caller)).toBe(again)
    expect(parseBootRequest(again.slice('http://10.77.0.2:6870'.length))).toEqual({
      kind: 'script',
      caller: context.caller,
    })
  })

  it.each([
    ['/ipxe/52:54:00:77:00:01?uuid=x&platform=efi', { kind: 'script', caller: { mac: '52:54:00:77:00:01' } }],
    [
      '/boot/vmlinuz?mac=52%3A54%3A00%3A77%3A00%3A01',
      { kind: 'boot-file', name: 'vmlinuz', mac: '52:54:00:77:00:01' },
    ],
    ['/boot/../../etc/passwd', { kind: 'boot-file', name: '../../etc/passwd' }],
    ['/healthz', { kind: 'health' }],
    ['/', { kind: 'not-found' }],
    ['', { kind: 'not-found' }],
  ])('%s is understood', (target, expected) => {
    expect(parseBootRequest(target)).toEqual(expected)
  })

  it.each(['/ipxe/', '/ipxe/garbage', `/ipxe/${'a'.repeat(5000)}`])('%s is refused', (target) => {
    expect(parseBootRequest(target).kind).toBe('bad-request')
  })
})
