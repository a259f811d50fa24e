import { describe, expect, test } from 'vitest'
import { pxeOnce, small, startMachine, system, times } from '../../../test/redfish-machine.ts'
import { type Quirk, readTree, refusal, startRedfish } from '../../../test/redfish-server.ts'
import {
  changePassword,
  createAccount,
  openRedfish,
  readPowerState,
  readSensors,
  setBootOverride,
  setPower,
} from './index.ts'

describe('the certificate', () => {
  test('is taken at first sight, told, and nothing is sent to another one', async () => {
    await using bmc = await startRedfish(small())
    const session = await bmc.open()
    expect(session.tlsPin).toMatch(/^[0-9a-f]{64}$/)
    await session.close()
    const pinned = { ...bmc.target, tlsPin: session.tlsPin }
    await (await openRedfish(pinned)).close()
    bmc.renewCertificate()
    const before = bmc.asked.length
    await expect(openRedfish(pinned)).rejects.toMatchObject({
      reason: 'certificate-changed',
      message: expect.stringContaining(session.tlsPin),
    })
    expect(bmc.asked.length).toBe(before)
  })

  test('that changes under an open session ends it', async () => {
    await using bmc = await startMachine()
    bmc.renewCertificate()
    await expect(bmc.session.write('PATCH', system, {}, { what: 'x' })).rejects.toMatchObject({
      reason: 'certificate-changed',
    })
  })
})

describe('logging in', () => {
  test('a session that ended is renewed once', async () => {
    await using bmc = await startMachine()
    bmc.tokens.clear()
    await Promise.all([readPowerState(bmc.machine), readPowerState(bmc.machine), readPowerState(bmc.machine)])
    const logins = bmc.asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/Sessions'))
    expect(logins.length).toBe(2)
  })

  test('a wrong password is tried once, and named', async () => {
    await using bmc = await startRedfish(small())
    await expect(openRedfish({ ...bmc.target, password: 'wrong' })).rejects.toMatchObject({
      reason: 'wrong-password',
    })
    expect(bmc.asked.length).toBe(2)
  })

  test.each([404, 405, 503])(
    'where no session can be had (%i), each request says who asks',
    async (status) => {
      await using bmc = await startMachine(({ path, method }) =>
        method === 'POST' && path.endsWith('/Sessions')
          ? refusal(status, 'SessionLimitExceeded', 'Full.')
          : undefined,
      )
      expect(await readPowerState(bmc.machine)).toBe('on')
    },
  )

  test('a location that is a URL of elsewhere is asked for here', async () => {
    await using bmc = await startRedfish(small(), ({ path, method }) => {
      if (method !== 'POST' || !path.endsWith('/Sessions')) return undefined
      bmc.tokens.add('t')
      const location = 'https://evil.example/redfish/v1/SessionService/Sessions/7'
      return { status: 201, body: {}, headers: { 'x-auth-token': 't', location } }
    })
    await (await bmc.open()).close()
    expect(bmc.asked.at(-1)).toMatchObject({
      method: 'DELETE',
      path: '/redfish/v1/SessionService/Sessions/7',
    })
  })

  test('a password that has to be changed is said so, and changed by a client that reads nothing else', async () => {
    const account = '/redfish/v1/AccountService/Accounts/2'
    let isOld = true
    await using bmc = await startRedfish(small(), ({ method, path, body }) => {
      if (!isOld || path === '/redfish/v1/') return undefined
      if (path.endsWith('/Sessions')) {
        bmc.tokens.add('t')
        const info = [{ MessageId: 'Base.1.8.PasswordChangeRequired', MessageArgs: [account] }]
        return { status: 201, body: { '@Message.ExtendedInfo': info }, headers: { 'x-auth-token': 't' } }
      }
      if (method !== 'PATCH' || path !== account)
        return refusal(403, 'PasswordChangeRequired', 'Change it.', [account])
      isOld = body.Password !== 'new-secret'
      return { status: 204 }
    })
    const session = await bmc.open()
    await expect(session.get('/redfish/v1/Systems')).rejects.toMatchObject({
      reason: 'password-change-required',
    })
    await changePassword(bmc.target, 'new-secret')
    expect(isOld).toBe(false)
  })
})

describe('HTTP', () => {
  test('308 to a slash is followed, and remembered', async () => {
    await using bmc = await startMachine(({ path }) =>
      path.endsWith('/')
        ? undefined
        : { status: 308, headers: { location: `https://other.example${path}/` } },
    )
    await setPower(bmc.machine, 'off')
    expect(bmc.writes().at(-1)).toMatchObject({
      path: `${system}/Actions/ComputerSystem.Reset/`,
      body: { ResetType: 'ForceOff' },
    })
    const redirected = bmc.asked.filter(({ path }) => !path.endsWith('/'))
    expect(redirected.length).toBeLessThan(3)
  })

  test('redirects in circles end', async () => {
    await using bmc = await startRedfish(small(), () => ({
      status: 302,
      headers: { location: '/redfish/v1/' },
    }))
    await expect(bmc.open()).rejects.toMatchObject({ reason: 'malformed' })
  })

  test('406 to an identity encoding is asked again without', async () => {
    await using bmc = await startMachine(({ headers }) =>
      headers['accept-encoding'] ? { status: 406 } : undefined,
    )
    expect(await readPowerState(bmc.machine)).toBe('on')
  })

  test('reading is repeated over a 503 and a lost connection, writing is not', async () => {
    const isRead: Quirk = ({ method, path }) =>
      method === 'GET' && path === system ? refusal(503, 'ServiceTemporarilyUnavailable', 'Wait.') : undefined
    await using flaky = await startMachine(times(2, isRead))
    expect(await readPowerState(flaky.machine)).toBe('on')
    await using broken = await startMachine(
      times(2, (asked) => (asked.path === system ? 'hang-up' : undefined)),
    )
    expect(await readPowerState(broken.machine)).toBe('on')
    await using deaf = await startMachine(({ method, path }) =>
      method === 'POST' && path.endsWith('Reset') ? 'hang-up' : undefined,
    )
    await expect(setPower(deaf.machine, 'off')).rejects.toMatchObject({ reason: 'unreachable' })
    expect(deaf.writes().length).toBe(1)
  })

  test('too long an answer is not read', async () => {
    await using bmc = await startMachine(({ path }) =>
      path.endsWith('/Thermal') ? { status: 200, raw: `{"a":"${'x'.repeat(9 * 1024 * 1024)}"}` } : undefined,
    )
    await expect(bmc.session.get('/redfish/v1/Thermal')).rejects.toMatchObject({ reason: 'too-large' })
  })

  test.each(['{"a":', '[]', '"text"', 'null', '<html>'])(
    '%s instead of a resource breaks nothing',
    async (raw) => {
      await using bmc = await startMachine(({ path }) =>
        /Thermal|Power$|Sensors/.test(path) ? { status: 200, raw } : undefined,
      )
      expect(await readSensors(bmc.machine)).toEqual([])
    },
  )

  test('what is no Redfish is named so', async () => {
    await using bmc = await startRedfish(small(), () => ({ status: 200, raw: '<html>It works!</html>' }))
    await expect(bmc.open()).rejects.toMatchObject({ reason: 'not-redfish' })
    await expect(openRedfish({ ...bmc.target, port: 9 })).rejects.toMatchObject({ reason: 'not-redfish' })
  })
})

describe('writing', () => {
  const needing =
    (wanted: string | undefined, status: number): Quirk =>
    ({ method, headers }) =>
      method === 'PATCH' && headers['if-match'] !== wanted
        ? refusal(status, 'PreconditionFailed', 'No.')
        : undefined
  const tagged = small((tree) => {
    const resource = tree[system]
    if (resource) resource['@odata.etag'] = 'W/"17"'
  })
  test.each([
    ['W/"17"', 412],
    ['"17"', 412],
    ['17', 412],
    [undefined, 412],
    ['*', 428],
  ])('If-Match: firmware that wants %s gets it', async (wanted, status) => {
    await using bmc = await startMachine(needing(wanted, status), tagged)
    await setBootOverride(bmc.machine, pxeOnce)
    expect(bmc.asked.findLast(({ method }) => method === 'PATCH')?.headers['if-match']).toBe(wanted)
  })

  test('never with an action', async () => {
    await using bmc = await startMachine(undefined, tagged)
    await setPower(bmc.machine, 'off')
    expect(bmc.writes()[0]?.headers['if-match']).toBeUndefined()
  })

  test('a settings object with an override of its own is where it is written', async () => {
    const settings = `${system}/Settings`
    const tree = small((all) => {
      Object.assign(all[system] ?? {}, { '@Redfish.Settings': { SettingsObject: { '@odata.id': settings } } })
      all[settings] = { Boot: { BootSourceOverrideTarget: 'None' }, '@odata.etag': '"s"' }
    })
    await using bmc = await startMachine(undefined, tree)
    await setBootOverride(bmc.machine, pxeOnce)
    expect(bmc.writes()).toMatchObject([{ path: settings, headers: { 'if-match': '"s"' } }])
  })

  test('a password that a BMC repeats in its refusal is not passed on', async () => {
    const repeating: Quirk = ({ method, body }) =>
      method === 'POST' && body.RoleId
        ? refusal(400, 'PropertyValueFormatError', `The value ${body.Password} is bad.`)
        : undefined
    await using bmc = await startMachine(repeating, readTree('openbmc-stock'))
    const created = createAccount(bmc.session, { username: 'dragonfly', password: 'S3cret-value' })
    await expect(created).rejects.toThrow(/The value ••• is bad/)
  })
})
