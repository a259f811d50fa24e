import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasIpmiSim, type IpmiSim, simUser, startIpmiSim } from '../../../test/ipmi-sim.ts'
import {
  chassisControl,
  clearEventLog,
  createIpmiClient,
  getBootDevice,
  getChassisStatus,
  getDeviceId,
  getLanConfiguration,
  getPowerLimit,
  getSystemGuid,
  type IpmiClient,
  type IpmiSession,
  type IpmiTarget,
  listUsers,
  openConsole,
  readEventLog,
  readFru,
  readPowerDraw,
  readSensors,
  setBootDevice,
  setUser,
} from './index.ts'

const isThere = await hasIpmiSim()

describe.skipIf(!isThere)('OpenIPMI’s simulator', () => {
  let sim: IpmiSim
  let client: IpmiClient
  let session: IpmiSession
  let target: IpmiTarget

  const serialPort = createServer((socket) => {
    socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()))
    socket.on('error', () => socket.destroy())
  })

  beforeAll(async () => {
    await new Promise<void>((resolve) => serialPort.listen(0, '127.0.0.1', resolve))
    const { port: solPort } = serialPort.address() as AddressInfo
    sim = await startIpmiSim({ solPort })
    client = await createIpmiClient()
    target = { address: '127.0.0.1', port: sim.port, ...simUser }
    session = await client.open(target)
  })
  afterAll(async () => {
    await client.close()
    await sim.stop()
    serialPort.close()
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

  it('has sensors with values, units and names', async () => {
    expect(await readSensors(session)).toMatchObject([
      { name: 'CPU Temp', type: 'Temperature', value: 42, unit: '°C', health: 'ok' },
      { name: 'Pwr Consumption', value: 124, unit: 'W', quantity: 'power' },
    ])
  })

  it('has no DCMI, so that its draw comes from a sensor', async () => {
    expect(await readPowerDraw(session)).toMatchObject({ watts: 124, source: 'sensor' })
    await expect(getPowerLimit(session)).rejects.toMatchObject({ reason: 'not-supported' })
  })

  it('has an event log, a LAN, and no FRU inventory', async () => {
    await clearEventLog(session)
    expect(await readEventLog(session)).toEqual([])
    expect(await getLanConfiguration(session)).toMatchObject({ channel: 1 })
    expect(await readFru(session)).toBeUndefined()
  })

  it('takes a new user, who may log in', async () => {
    const user = { name: 'dragonfly', password: 'Abcd1234!xYz' }
    const { id } = await setUser(session, { ...user, privilege: 'operator' })
    expect(await listUsers(session)).toContainEqual(
      expect.objectContaining({ id, name: 'dragonfly', privilege: 'operator' }),
    )
    const { name: username, password } = user
    const other = await client.open({ ...target, username, password, privilege: 'operator' })
    expect(await getChassisStatus(other)).toMatchObject({ power: 'off' })
    await other.close()
  })

  it('has a serial console for one at a time', async () => {
    let text = ''
    const handlers = { data: (bytes: Uint8Array) => (text += Buffer.from(bytes).toString()), ended: () => {} }
    const line = 'a line that is longer than a packet may be. '.repeat(20)
    const opened = await openConsole(session, handlers)
    opened.write(Buffer.from(line))
    await expect.poll(() => text, { timeout: 5000 }).toBe(line.toUpperCase())
    const other = await client.open(target)
    await expect(openConsole(other, handlers)).rejects.toMatchObject({ reason: 'console-in-use' })
    const taken = await openConsole(other, handlers, { takesOver: true })
    await taken.close()
    await other.close()
    await opened.close()
    expect(await getChassisStatus(session)).toMatchObject({ power: 'off' })
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
