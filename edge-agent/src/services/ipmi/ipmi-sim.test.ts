import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasIpmiSim, type IpmiSim, simUser, startIpmiSim } from '../../../test/ipmi-sim.ts'
import {
  chassisControl,
  createIpmiClient,
  getBootDevice,
  getChassisStatus,
  getDeviceId,
  getSystemGuid,
  type IpmiClient,
  type IpmiSession,
  type IpmiTarget,
  setBootDevice,
} from './index.ts'

const isThere = await hasIpmiSim()

describe.skipIf(!isThere)('OpenIPMI’s simulator', () => {
  let sim: IpmiSim
  let client: IpmiClient
  let session: IpmiSession
  let target: IpmiTarget

  beforeAll(async () => {
    sim = await startIpmiSim()
    client = await createIpmiClient()
    target = { address: '127.0.0.1', port: sim.port, ...simUser }
    session = await client.open(target)
  })
  afterAll(async () => {
    await client.close()
    await sim.stop()
  })

  it('is found without credentials', async () => {
    expect(await client.ping(target)).toMatchObject({ isIpmi: true })
    expect(await client.getAuthCapabilities(target)).toMatchObject({ hasIpmi20: true })
    expect(await client.getCipherSuites(target)).toContain(3)
  })

  it('refuses suite 17, and is spoken to with 3', () => {
    expect(session.cipherSuite).toBe(3)
  })

  it('says who it is', async () => {
    expect(await getDeviceId(session)).toMatchObject({ firmware: '9.08', ipmiVersion: '2.0' })
    expect((await getSystemGuid(session)).straight).toBe('a1234567-89ab-cdef-a123-456789abcde1')
  })

  it('switches the machine', async () => {
    await chassisControl(session, 'on')
    expect(await getChassisStatus(session)).toMatchObject({ power: 'on' })
    await chassisControl(session, 'off')
    expect(await getChassisStatus(session)).toMatchObject({ power: 'off' })
  })

  it('takes a boot device', async () => {
    await setBootDevice(session, { device: 'pxe', persistent: false, uefi: false })
    expect(await getBootDevice(session)).toMatchObject({ device: 'pxe' })
  })

  it.each([
    ['wrong-password', { password: 'wrong' }],
    ['unknown-user', { username: 'NOBODY' }],
    ['wrong-kg', { kg: 'some key' }],
    ['no-cipher-suite', { cipherSuites: [17] }],
    ['bad-credentials', { username: 'seventeen letters' }],
    ['bad-credentials', { password: 'more than twenty letters' }],
  ])('ends in “%s” with %o', async (reason, change) => {
    await expect(client.open({ ...target, ...change })).rejects.toMatchObject({ reason })
  })

  it('is a session again after the simulator was started anew', async () => {
    const other = await startIpmiSim()
    const port = other.port
    const kept = await client.open({ ...target, port })
    await other.stop()
    const again = await startIpmiSim({ port })
    await expect(getChassisStatus(kept)).resolves.toMatchObject({ power: 'off' })
    await kept.close()
    await expect(getChassisStatus(kept)).rejects.toMatchObject({ reason: 'closed' })
    await again.stop()
  }, 20_000)
})
