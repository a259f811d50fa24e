import { expect, test } from 'vitest'
import { runIpxeScript } from './ipxe-script.ts'

const script = `#!ipxe
echo Dragonfly: a test
iseq \${platform} efi || goto bios
chain --autofree http://edge/boot/local-x64.efi ||
:bios
kernel --name vmlinuz http://edge/boot/vmlinuz dragonfly.token=x quiet || goto failed
boot || goto failed
:failed
sleep 10 ||
chain --autofree --replace http://edge/ipxe/a || goto failed
`

function run(platform: string, isThere: boolean) {
  const slept: number[] = []
  const outcome = runIpxeScript(script, {
    settings: { platform },
    fetchFile: async () => isThere,
    sleep: async (ms) => void slept.push(ms),
  })
  return outcome.then((ended) => ({ ...ended, slept }))
}

test('a script goes where its conditions and failures lead', async () => {
  expect(await run('pcbios', true)).toEqual({
    kind: 'boot',
    kernelArguments: ['dragonfly.token=x', 'quiet'],
    slept: [],
  })
  expect(await run('efi', true)).toMatchObject({ kind: 'chain', url: 'http://edge/boot/local-x64.efi' })
  expect(await run('pcbios', false)).toEqual({ kind: 'chain', url: 'http://edge/ipxe/a', slept: [10_000] })
})
