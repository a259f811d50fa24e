import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { describe, expect, test } from 'vitest'
import { lightChassis } from '../light-chassis.ts'
import type { PersonalityName } from '../personality.ts'
import { type SimulatedBmcOptions, startSimulatedBmc } from '../simulated-bmc.ts'

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
  body: any
}

async function start(personality: PersonalityName = 'dell', options: Partial<SimulatedBmcOptions> = {}) {
  const chassis = lightChassis(1)
  const started = await startSimulatedBmc({ chassis, personality, ...options })
  const basic = `Basic ${Buffer.from('admin:secret').toString('base64')}`
  /** Trusts this BMC's own certificate and no other. */
  const tls = { ca: started.certificate, checkServerIdentity: () => undefined }
  const ask = (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { authorization: basic },
  ) =>
    new Promise<Answer>((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const where = { host: started.address, port: started.redfishPort, path, method, agent: false as const }
      const sent = request(
        { ...where, ...tls, headers: { 'content-length': Buffer.byteLength(text), ...headers } },
        (response) => {
          let answer = ''
          response.on('data', (part: Buffer) => (answer += part.toString()))
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: answer ? JSON.parse(answer) : undefined,
            }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(text)
    })
  return { ...started, chassis, ask, basic, tls, [Symbol.asyncDispose]: () => started.close() }
}

const messageOf = (answer: Answer): string =>
  answer.body.error['@Message.ExtendedInfo'][0].MessageId.split('.').at(-1)
const pxeOnce = {
  Boot: {
    BootSourceOverrideTarget: 'Pxe',
    BootSourceOverrideEnabled: 'Once',
    BootSourceOverrideMode: 'UEFI',
  },
}

describe.each(['dell', 'hpe', 'lenovo', 'supermicro', 'openbmc', 'ami'] as const)('%s', (personality) => {
  test('every link leads to something that says where it is', async () => {
    await using bmc = await start(personality)
    const seen = new Set<string>()
    const waiting = ['/redfish/v1/']
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const [key, entry] of Object.entries(value)) {
        const isLink = (key === '@odata.id' || key === '@Redfish.ActionInfo') && typeof entry === 'string'
        if (isLink && !entry.includes('#') && !seen.has(entry)) waiting.push(entry)
        else collect(entry)
      }
    }
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue
      seen.add(path)
      const slashed = personality === 'hpe' && !path.endsWith('/') ? `${path}/` : path
      // Roles are named only, and an entry of the log is part of its list.
      if (/Roles\/|Entries\/\d/.test(path)) continue
      const answer = await bmc.ask('GET', slashed)
      expect([path, answer.status]).toEqual([path, 200])
      expect(answer.body['@odata.id'].replace(/\/$/, '')).toBe(path.replace(/\/$/, ''))
      collect(answer.body)
    }
    expect(seen.size).toBeGreaterThan(25)
  })
})

describe('the service', () => {
  test('shows a certificate of its own making', async () => {
    await using bmc = await start()
    const certificate = new X509Certificate(bmc.certificate ?? '')
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.subject).toBe(`CN=${bmc.chassis.identity.serialNumber}`)
    expect((await bmc.ask('GET', '/redfish/v1/', undefined, {})).status).toBe(200)
  })

  test('lets nobody else in, and ends a session on request', async () => {
    await using bmc = await start()
    const system = '/redfish/v1/Systems/System.Embedded.1'
    expect((await bmc.ask('GET', system, undefined, {})).status).toBe(401)
    const wrong = { UserName: 'admin', Password: 'wrong' }
    expect((await bmc.ask('POST', '/redfish/v1/SessionService/Sessions', wrong, {})).status).toBe(401)
    const login = await bmc.ask(
      'POST',
      '/redfish/v1/SessionService/Sessions',
      { UserName: 'admin', Password: 'secret' },
      {},
    )
    const token = { 'x-auth-token': String(login.headers['x-auth-token']) }
    expect([login.status, (await bmc.ask('GET', system, undefined, token)).status]).toEqual([201, 200])
    expect((await bmc.ask('DELETE', String(login.headers.location), undefined, token)).status).toBe(204)
    expect((await bmc.ask('GET', system, undefined, token)).status).toBe(401)
  })

  test('a user who may only read may only read', async () => {
    const users = [{ name: 'admin', password: 'secret', privilege: 2 }]
    await using bmc = await start('dell', { users })
    const system = '/redfish/v1/Systems/System.Embedded.1'
    expect((await bmc.ask('GET', system)).status).toBe(200)
    expect(messageOf(await bmc.ask('PATCH', system, pxeOnce))).toBe('InsufficientPrivilege')
  })

  test('IPMI and Redfish are one BMC: a boot override of the one shows in the other', async () => {
    await using bmc = await start()
    await bmc.bmc.setBootOverride({ device: 'disk', isPersistent: true, isUefi: true, ipmiDevice: 8 })
    const { body } = await bmc.ask('GET', '/redfish/v1/Systems/System.Embedded.1')
    expect(body.Boot).toMatchObject({
      BootSourceOverrideTarget: 'Hdd',
      BootSourceOverrideEnabled: 'Continuous',
    })
  })

  test('tells who listens that the machine went on', async () => {
    await using bmc = await start()
    const where = { host: bmc.address, port: bmc.redfishPort, path: '/redfish/v1/SSE', agent: false as const }
    const heard = new Promise<string>((resolve) => {
      const sent = request({ ...where, ...bmc.tls, headers: { authorization: bmc.basic } }, (response) => {
        let text = ''
        response.on('data', (part: Buffer) => {
          text += part.toString()
          if (text.includes(': connected')) bmc.bmc.control('on')
          if (text.includes('data: ')) resolve(text)
        })
        response.on('error', () => undefined)
      })
      sent.end()
    })
    expect(await heard).toMatch(/id: 1\ndata: .*powered on/)
  })
})

describe('makers differ', () => {
  test('Dell refuses a reset to the state that the machine is in', async () => {
    await using bmc = await start()
    const reset = '/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset'
    expect((await bmc.ask('POST', reset, { ResetType: 'On' })).status).toBe(204)
    await bmc.bmc.settled()
    expect((await bmc.ask('POST', reset, { ResetType: 'On' })).status).toBe(409)
    expect(messageOf(await bmc.ask('POST', reset, { ResetType: 'ForceOn' }))).toBe(
      'ActionParameterNotSupported',
    )
  })

  test('HPE redirects to the path with a slash, and wants a body', async () => {
    await using bmc = await start('hpe')
    const plain = await bmc.ask('GET', '/redfish/v1/Systems/1')
    expect([plain.status, plain.headers.location]).toEqual([308, '/redfish/v1/Systems/1/'])
    const clear = '/redfish/v1/Systems/1/LogServices/IML/Actions/LogService.ClearLog/'
    expect((await bmc.ask('POST', clear)).status).toBe(400)
    expect((await bmc.ask('POST', clear, {})).status).toBe(204)
  })

  test('Lenovo takes boot overrides in its settings object, with If-Match, and once only', async () => {
    await using bmc = await start('lenovo')
    expect(
      (
        await bmc.ask('PATCH', '/redfish/v1/Systems/1', pxeOnce, {
          authorization: bmc.basic,
          'if-match': '*',
        })
      ).status,
    ).toBe(400)
    const pending = '/redfish/v1/Systems/1/Pending'
    expect((await bmc.ask('PATCH', pending, pxeOnce)).status).toBe(428)
    const stale = { authorization: bmc.basic, 'if-match': '"0123"' }
    expect((await bmc.ask('PATCH', pending, pxeOnce, stale)).status).toBe(412)
    const { headers } = await bmc.ask('GET', pending)
    const fresh = { authorization: bmc.basic, 'if-match': String(headers.etag) }
    expect((await bmc.ask('PATCH', pending, pxeOnce, fresh)).status).toBe(204)
    expect(bmc.bmc.bootOverride).toMatchObject({ device: 'pxe', isPersistent: false })
    const forGood = { Boot: { ...pxeOnce.Boot, BootSourceOverrideEnabled: 'Continuous' } }
    const any = { authorization: bmc.basic, 'if-match': '*' }
    expect(messageOf(await bmc.ask('PATCH', pending, forGood, any))).toBe('PropertyValueNotInList')
  })

  test('AMI wants target, enabled and mode together', async () => {
    await using bmc = await start('ami')
    const any = { authorization: bmc.basic, 'if-match': '*' }
    const system = '/redfish/v1/Systems/Self'
    const short = { Boot: { BootSourceOverrideTarget: 'Pxe', BootSourceOverrideEnabled: 'Once' } }
    expect(messageOf(await bmc.ask('PATCH', system, short, any))).toBe('PropertyMissing')
    expect((await bmc.ask('PATCH', system, pxeOnce, any)).status).toBe(204)
  })

  test('a disc goes in by an action, or by writing the slot; OpenBMC has it over https only', async () => {
    const image = 'http://10.0.0.1/a.iso'
    await using openbmc = await start('openbmc')
    const insert = '/redfish/v1/Managers/bmc/VirtualMedia/Slot_0/Actions/VirtualMedia.InsertMedia'
    expect((await openbmc.ask('POST', insert, { Image: image })).status).toBe(400)
    await using lenovo = await start('lenovo')
    const slot = '/redfish/v1/Systems/1/VirtualMedia/EXT1'
    const any = { authorization: lenovo.basic, 'if-match': '*' }
    expect((await lenovo.ask('PATCH', slot, { Image: image, Inserted: true }, any)).status).toBe(204)
    expect([lenovo.chassis.media, (await lenovo.ask('GET', slot)).body.Inserted]).toEqual([image, true])
    expect((await lenovo.ask('PATCH', slot, { Image: null, Inserted: false }, any)).status).toBe(204)
    expect(lenovo.chassis.media).toBeUndefined()
  })
})

describe('faults', () => {
  test('a password that must be changed is all that can be changed', async () => {
    await using bmc = await start('openbmc', { faults: { passwordChangeRequired: true } })
    const login = await bmc.ask(
      'POST',
      '/redfish/v1/SessionService/Sessions',
      { UserName: 'admin', Password: 'secret' },
      {},
    )
    const [info] = login.body['@Message.ExtendedInfo']
    expect(info.MessageId).toMatch(/PasswordChangeRequired$/)
    expect(messageOf(await bmc.ask('GET', '/redfish/v1/Systems'))).toBe('PasswordChangeRequired')
    expect((await bmc.ask('PATCH', info.MessageArgs[0], { Password: 'n3w-secret' })).status).toBe(204)
    const changed = { authorization: `Basic ${Buffer.from('admin:n3w-secret').toString('base64')}` }
    expect((await bmc.ask('GET', '/redfish/v1/Systems', undefined, changed)).status).toBe(200)
  })

  test('5xx, and no free session, as long as they are wanted', async () => {
    await using bmc = await start('dell', { faults: { httpStatus: 503 } })
    expect((await bmc.ask('GET', '/redfish/v1/Systems')).status).toBe(503)
    bmc.bmc.faults = { ...bmc.bmc.faults, httpStatus: undefined, noFreeSession: true }
    const login = { UserName: 'admin', Password: 'secret' }
    expect((await bmc.ask('POST', '/redfish/v1/SessionService/Sessions', login, {})).status).toBe(503)
    expect((await bmc.ask('GET', '/redfish/v1/Systems')).status).toBe(200)
  })
})

test('an account is made, and may then log in by both protocols', async () => {
  await using bmc = await start('openbmc')
  const account = { UserName: 'dragonfly', Password: 'Abcdefgh1234', RoleId: 'Operator' }
  const made = await bmc.ask('POST', '/redfish/v1/AccountService/Accounts', account)
  expect([made.status, made.headers.location]).toEqual([201, '/redfish/v1/AccountService/Accounts/dragonfly'])
  expect(bmc.bmc.users.find((user) => user.name === 'dragonfly')).toMatchObject({
    privilege: 3,
    mayUseIpmi: true,
  })
})
