import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { lightChassis } from '../src/bmc/light-chassis.ts'
import type { PersonalityName } from '../src/bmc/personality.ts'
import { startSimulatedBmc } from '../src/bmc/simulated-bmc.ts'
import { runCommand } from '../src/command.ts'
import { ensureHostPackages, hostPackages } from '../src/host-packages.ts'

const sushyProgram = fileURLToPath(new URL('./support/sushy-session.py', import.meta.url))
/** Debian's Python, and no bundle of certificates that would overrule "do not verify". */
const env = { PATH: '/usr/bin:/bin' }

async function startBmc(personality: PersonalityName) {
  const chassis = lightChassis(7, { softOffMs: 200 })
  const started = await startSimulatedBmc({ chassis, personality })
  const where = `127.0.0.1:${started.redfishPort}`
  const base = ['redfishtool', '-r', where, '-u', 'admin', '-p', 'secret', '-S', 'Always']
  return {
    ...started,
    chassis,
    redfishtool: (...args: string[]) => runCommand([...base, ...args], { env, timeoutMs: 60_000 }),
    sushy: async (login: string) => {
      const argv = ['/usr/bin/python3', sushyProgram, `https://${where}/`, 'admin', 'secret', login]
      return JSON.parse(await runCommand(argv, { env, timeoutMs: 60_000 })) as Record<string, unknown>
    },
    [Symbol.asyncDispose]: () => started.close(),
  }
}

beforeAll(() => ensureHostPackages(hostPackages.bmcClients))

const image = 'https://127.0.0.1:1/images/rescue.iso'

describe.each([
  ['dell', 'session', undefined],
  ['hpe', 'session', [image, true, false]],
  ['lenovo', 'session', undefined],
  ['supermicro', 'basic', [image, true, false]],
  ['openbmc', 'session', [image, true, false]],
  ['ami', 'basic', [image, true, false]],
] as const)('sushy with %s, %s', (personality, login, disc) => {
  test('reads the machine, sets what it starts from, switches it on, and uses the virtual drive', async () => {
    await using bmc = await startBmc(personality)
    const { identity } = bmc.chassis
    const seen = await bmc.sushy(login)
    expect(seen).toMatchObject({
      uuid: identity.uuid,
      macs: identity.macs.map((mac) => mac.toUpperCase()),
      power: ['Off', 'On'],
      boot: ['Pxe', 'Once', 'UEFI'],
      bootAfterStart: 'Disabled',
      manager: bmc.bmc.personality.firmwareVersion.text,
    })
    expect(seen.disc).toEqual(disc)
    expect(bmc.chassis.starts).toEqual([{ device: 'pxe', isUefi: true }])
  })
})

test('redfishtool switches the machine, tells it what to start from, and reads its draw', async () => {
  await using bmc = await startBmc('dell')
  await bmc.redfishtool('-F', 'Systems', 'setBootOverride', 'Once', 'Pxe')
  await bmc.redfishtool('-F', 'Systems', 'reset', 'On')
  await bmc.bmc.settled()
  expect(bmc.chassis.starts).toEqual([{ device: 'pxe', isUefi: true }])
  expect(JSON.parse(await bmc.redfishtool('-F', 'Systems'))).toMatchObject({ PowerState: 'On' })
  const power = JSON.parse(await bmc.redfishtool('-F', 'Chassis', 'Power'))
  expect(power.PowerControl[0].PowerConsumedWatts).toBeGreaterThan(100)
  expect(await bmc.redfishtool('SessionService', 'login')).toContain('X-Auth-Token')
})
