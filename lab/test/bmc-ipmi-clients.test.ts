import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { lightChassis } from '../src/bmc/light-chassis.ts'
import { type SimulatedBmcOptions, startSimulatedBmc } from '../src/bmc/simulated-bmc.ts'
import { type CommandResult, runCommand, tryCommand } from '../src/command.ts'
import { ensureHostPackages, hostPackages } from '../src/host-packages.ts'

/** A simulated BMC without QEMU, and the clients that know nothing of it, on loopback. */
async function startBmc(options: Partial<SimulatedBmcOptions> = {}) {
  const chassis = lightChassis(7, { softOffMs: 200 })
  const started = await startSimulatedBmc({ chassis, ...options })
  const port = String(started.ipmiPort)
  const base = ['ipmitool', '-I', 'lanplus', '-H', '127.0.0.1', '-p', port, '-U', 'admin', '-P', 'secret']
  const freeipmi = ['-h', `127.0.0.1:${port}`, '-u', 'admin', '-p', 'secret', '-D', 'LAN_2_0']
  return {
    ...started,
    chassis,
    ipmitool: (...args: string[]) => runCommand([...base, ...args], { timeoutMs: 60_000 }),
    tryIpmitool: (...args: string[]): Promise<CommandResult> =>
      tryCommand([...base, ...args], { timeoutMs: 60_000 }),
    freeipmi: (program: string, ...args: string[]) =>
      runCommand([program, ...freeipmi, ...args], { env, timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: () => started.close(),
  }
}

let env = process.env

beforeAll(async () => {
  await ensureHostPackages(hostPackages.bmcClients)
  // FreeIPMI keeps what it read of a BMC in the home directory; two BMCs on one port number are not the same.
  env = { ...process.env, HOME: await mkdtemp(join(tmpdir(), 'freeipmi-')) }
})

describe('ipmitool', () => {
  test.each(['3', '17'])('switches the machine, suite %s', async (suite) => {
    await using bmc = await startBmc()
    expect(await bmc.ipmitool('-C', suite, 'power', 'status')).toBe('Chassis Power is off\n')
    await bmc.ipmitool('-C', suite, 'power', 'on')
    expect(await bmc.ipmitool('-C', suite, 'power', 'status')).toBe('Chassis Power is on\n')
    await bmc.ipmitool('-C', suite, 'power', 'soft')
    await sleep(600)
    expect(await bmc.ipmitool('-C', suite, 'power', 'status')).toBe('Chassis Power is off\n')
    expect(bmc.ipmiSessionCount()).toBe(0)
  })

  test('is told that a machine which is off cannot be reset', async () => {
    await using bmc = await startBmc()
    const result = await bmc.tryIpmitool('power', 'reset')
    expect([result.exitCode, result.stderr]).toEqual([1, expect.stringContaining('present state')])
  })

  test('sets the boot device: once, UEFI; read back, and gone after the start', async () => {
    await using bmc = await startBmc()
    await bmc.ipmitool('chassis', 'bootdev', 'pxe', 'options=efiboot')
    const flags = await bmc.ipmitool('chassis', 'bootparam', 'get', '5')
    expect(flags).toMatch(/Boot Flag Valid[\s\S]*only next boot[\s\S]*EFI boot[\s\S]*Force PXE/)
    await bmc.ipmitool('power', 'on')
    await bmc.bmc.settled()
    expect(bmc.chassis.starts).toEqual([{ device: 'pxe', isUefi: true }])
    expect(await bmc.ipmitool('chassis', 'bootparam', 'get', '5')).toContain('Boot Flag Invalid')
  })

  test('sets it for good', async () => {
    await using bmc = await startBmc()
    await bmc.ipmitool('chassis', 'bootdev', 'disk', 'options=persistent')
    await bmc.ipmitool('power', 'on')
    await bmc.ipmitool('power', 'reset')
    await bmc.bmc.settled()
    expect(bmc.chassis.starts.map((start) => start?.device)).toEqual(['disk', 'disk'])
  })

  test('reads sensors, draw, log, labels and network', async () => {
    await using bmc = await startBmc()
    const { identity } = bmc.chassis
    expect(await bmc.ipmitool('sdr', 'elist')).toMatch(/CPU1 Temp +\| 02h \| ns/)
    await bmc.ipmitool('power', 'on')
    const sensors = await bmc.ipmitool('sdr', 'elist')
    expect(sensors).toMatch(/Fan1 +\| 03h \| ok +\| 29.1 \| \d{4} RPM/)
    expect(sensors).toMatch(/12V +\| 05h \| ok +\| +7.1 \| 1[12]\.\d+ Volts/)
    expect(await bmc.ipmitool('dcmi', 'power', 'reading')).toMatch(
      /Instantaneous power reading: +\d{3} Watts/,
    )
    expect(await bmc.ipmitool('sel', 'elist')).toContain('S0/G0: working | Asserted')
    expect(await bmc.ipmitool('fru', 'print')).toContain(`Product Serial        : ${identity.serialNumber}`)
    expect(await bmc.ipmitool('mc', 'guid')).toContain(identity.uuid)
    expect(await bmc.ipmitool('lan', 'print')).toContain(bmc.bmc.network.mac)
    await bmc.ipmitool('sel', 'clear')
    expect((await bmc.tryIpmitool('sel', 'elist')).stderr).toContain('no entries')
  })

  test('limits the power draw', async () => {
    await using bmc = await startBmc()
    await bmc.ipmitool('dcmi', 'power', 'set_limit', 'limit', '300')
    await bmc.ipmitool('dcmi', 'power', 'activate')
    expect(await bmc.ipmitool('dcmi', 'power', 'get_limit')).toMatch(/Limit Active[\s\S]*300 Watts/)
  })

  test('makes an account that can log in then', async () => {
    await using bmc = await startBmc()
    await bmc.ipmitool('user', 'set', 'name', '3', 'bob')
    await bmc.ipmitool('user', 'set', 'password', '3', 'Passw0rd')
    await bmc.ipmitool('channel', 'setaccess', '1', '3', 'privilege=3', 'ipmi=on', 'link=on')
    const asBob = ['-U', 'bob', '-P', 'Passw0rd', '-L', 'OPERATOR', 'power', 'status']
    expect((await bmc.tryIpmitool(...asBob)).exitCode).toBe(1)
    await bmc.ipmitool('user', 'enable', '3')
    expect((await bmc.tryIpmitool(...asBob)).stdout).toContain('is off')
  })

  test('needs the right password, and the K_g where there is one', async () => {
    const kg = Buffer.from('0102030405060708090a0b0c0d0e0f1011121314', 'hex')
    await using bmc = await startBmc({ kg })
    expect((await bmc.tryIpmitool('-P', 'wrong', 'power', 'status')).exitCode).toBe(1)
    expect((await bmc.tryIpmitool('power', 'status')).exitCode).toBe(1)
    expect(await bmc.ipmitool('-y', kg.toString('hex'), 'power', 'status')).toContain('is off')
  })

  test('gets through a network that loses a tenth of the packets, each way', async () => {
    // Always the same losses.
    let state = 1
    const random = () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
    await using bmc = await startBmc({ faults: { lossRate: 0.1 }, random })
    expect(await bmc.ipmitool('-C', '17', 'power', 'on')).toContain('Up/On')
    expect(await bmc.ipmitool('-C', '17', 'mc', 'info')).toContain('Dell')
    // Each was done once, however often it was asked for.
    expect(bmc.bmc.eventLog.events).toHaveLength(1)
  })

  test('finds no session when all are taken', async () => {
    await using bmc = await startBmc({ faults: { noFreeSession: true } })
    const result = await bmc.tryIpmitool('-C', '17', 'power', 'status')
    expect(result.stderr).toContain('insufficient resources')
  })

  test('is at the console: what is typed comes back, once', async () => {
    await using bmc = await startBmc()
    await bmc.ipmitool('power', 'on')
    const port = String(bmc.ipmiPort)
    const login = `ipmitool -I lanplus -C 17 -H 127.0.0.1 -p ${port} -U admin -P secret sol activate`
    const typed = `(sleep 2; printf 'hello bmc\\r'; sleep 1; printf '~.') | script -qec '${login}' /dev/null`
    const { stdout } = await tryCommand(['sh', '-c', typed], { timeoutMs: 30_000 })
    expect(stdout.match(/hello bmc/g)).toHaveLength(1)
    expect(stdout).toContain('terminated ipmitool')
    expect(bmc.ipmiSessionCount()).toBe(0)
  })
})

describe('FreeIPMI', () => {
  test.each(['3', '17'])('ipmipower switches the machine, suite %s', async (suite) => {
    await using bmc = await startBmc()
    expect(await bmc.freeipmi('ipmipower', '-I', suite, '--on')).toBe('127.0.0.1: ok\n')
    expect(await bmc.freeipmi('ipmipower', '-I', suite, '--stat')).toBe('127.0.0.1: on\n')
  })

  test('ipmi-sensors reads what ipmitool reads', async () => {
    await using bmc = await startBmc()
    await bmc.ipmitool('power', 'on')
    const sensors = await bmc.freeipmi('ipmi-sensors', '--sdr-cache-recreate', '--quiet-cache')
    expect(sensors).toMatch(/Inlet Temp +\| Temperature +\| 2\d\.00 +\| C +\| 'OK'/)
    expect(sensors).toMatch(/Pwr Consumption .*\| \d{3}\.00 +\| W +\| 'OK'/)
  })

  test('ipmi-sel and ipmi-dcmi agree with it', async () => {
    await using bmc = await startBmc()
    await bmc.ipmitool('power', 'on')
    expect(await bmc.freeipmi('ipmi-sel', '--sdr-cache-recreate', '--quiet-cache')).toMatch(
      /ACPI State .*S0\/G0/,
    )
    const draw = await bmc.freeipmi('ipmi-dcmi', '--get-system-power-statistics')
    expect(draw).toMatch(/Current Power +: \d{3} Watts/)
  })
})

test('a BMC that offers suite 17 alone refuses suite 3', async () => {
  await using bmc = await startBmc({ personality: 'openbmc' })
  expect((await bmc.tryIpmitool('-C', '3', 'power', 'status')).exitCode).toBe(1)
  expect(await bmc.ipmitool('-C', '17', 'power', 'status')).toContain('is off')
})
