import { describe, expect, test } from 'vitest'
import { type Quirk, readTree, refusal, startRedfish, type Tree } from '../../../test/redfish-server.ts'
import {
  changePassword,
  createAccount,
  findMachine,
  followEvents,
  insertMedia,
  openRedfish,
  readEventLog,
  readPowerState,
  readSensors,
  setBootOverride,
  setPower,
} from './index.ts'

const system = '/redfish/v1/Systems/System.Embedded.1'
const pxeOnce = { device: 'pxe', persistent: false, uefi: true } as const

/** A small Dell, unless it is changed. */
function small(change: (tree: Tree) => void = () => undefined): Tree {
  const tree = readTree('dell-idrac9')
  change(tree)
  return tree
}

async function start(quirk?: Quirk, tree: Tree = small()) {
  const bmc = await startRedfish(tree, quirk)
  const session = await bmc.open({ retryMs: 1, tries: 3 })
  const machine = await findMachine(session)
  return {
    ...bmc,
    session,
    machine,
    tree,
    async [Symbol.asyncDispose]() {
      await session.close()
      await bmc[Symbol.asyncDispose]()
    },
  }
}

/** Answers so many times, then leaves it to the tree. */
function times(count: number, quirk: Quirk): Quirk {
  let left = count
  return (asked) => {
    const answer = left > 0 ? quirk(asked) : undefined
    if (answer) left--
    return answer
  }
}

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
    await using bmc = await start()
    bmc.renewCertificate()
    await expect(bmc.session.write('PATCH', system, {}, { what: 'x' })).rejects.toMatchObject({
      reason: 'certificate-changed',
    })
  })
})

describe('logging in', () => {
  test('a session that ended is renewed once', async () => {
    await using bmc = await start()
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
      await using bmc = await start(({ path, method }) =>
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
    await using bmc = await start(({ path }) =>
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
    await using bmc = await start(({ headers }) => (headers['accept-encoding'] ? { status: 406 } : undefined))
    expect(await readPowerState(bmc.machine)).toBe('on')
  })

  test('reading is repeated over a 503 and a lost connection, writing is not', async () => {
    const isRead: Quirk = ({ method, path }) =>
      method === 'GET' && path === system ? refusal(503, 'ServiceTemporarilyUnavailable', 'Wait.') : undefined
    await using flaky = await start(times(2, isRead))
    expect(await readPowerState(flaky.machine)).toBe('on')
    await using broken = await start(times(2, (asked) => (asked.path === system ? 'hang-up' : undefined)))
    expect(await readPowerState(broken.machine)).toBe('on')
    await using deaf = await start(({ method, path }) =>
      method === 'POST' && path.endsWith('Reset') ? 'hang-up' : undefined,
    )
    await expect(setPower(deaf.machine, 'off')).rejects.toMatchObject({ reason: 'unreachable' })
    expect(deaf.writes().length).toBe(1)
  })

  test('too long an answer is not read', async () => {
    await using bmc = await start(({ path }) =>
      path.endsWith('/Thermal') ? { status: 200, raw: `{"a":"${'x'.repeat(9 * 1024 * 1024)}"}` } : undefined,
    )
    await expect(bmc.session.get('/redfish/v1/Thermal')).rejects.toMatchObject({ reason: 'too-large' })
  })

  test.each(['{"a":', '[]', '"text"', 'null', '<html>'])(
    '%s instead of a resource breaks nothing',
    async (raw) => {
      await using bmc = await start(({ path }) =>
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
    await using bmc = await start(needing(wanted, status), tagged)
    await setBootOverride(bmc.machine, pxeOnce)
    expect(bmc.asked.findLast(({ method }) => method === 'PATCH')?.headers['if-match']).toBe(wanted)
  })

  test('never with an action', async () => {
    await using bmc = await start(undefined, tagged)
    await setPower(bmc.machine, 'off')
    expect(bmc.writes()[0]?.headers['if-match']).toBeUndefined()
  })

  test('a settings object with an override of its own is where it is written', async () => {
    const settings = `${system}/Settings`
    const tree = small((all) => {
      Object.assign(all[system] ?? {}, { '@Redfish.Settings': { SettingsObject: { '@odata.id': settings } } })
      all[settings] = { Boot: { BootSourceOverrideTarget: 'None' }, '@odata.etag': '"s"' }
    })
    await using bmc = await start(undefined, tree)
    await setBootOverride(bmc.machine, pxeOnce)
    expect(bmc.writes()).toMatchObject([{ path: settings, headers: { 'if-match': '"s"' } }])
  })

  test('a password that a BMC repeats in its refusal is not passed on', async () => {
    const repeating: Quirk = ({ method, body }) =>
      method === 'POST' && body.RoleId
        ? refusal(400, 'PropertyValueFormatError', `The value ${body.Password} is bad.`)
        : undefined
    await using bmc = await start(repeating, readTree('openbmc-stock'))
    const created = createAccount(bmc.session, { username: 'dragonfly', password: 'S3cret-value' })
    await expect(created).rejects.toThrow(/The value ••• is bad/)
  })
})

describe('boot device', () => {
  test('Continuous is given up for Once where it is refused', async () => {
    await using bmc = await start(({ body }) => {
      const boot = body.Boot as { BootSourceOverrideEnabled?: string } | undefined
      return boot?.BootSourceOverrideEnabled === 'Continuous'
        ? refusal(400, 'PropertyValueNotInList', 'Not in the list.')
        : undefined
    })
    const wish = { device: 'disk', persistent: true, uefi: null } as const
    expect(await setBootOverride(bmc.machine, wish)).toEqual({ isPersistent: false })
  })

  test('three fields that are refused become two', async () => {
    await using bmc = await start(({ body }) =>
      JSON.stringify(body).includes('Mode') ? refusal(400, 'PropertyUnknown', 'What?') : undefined,
    )
    await setBootOverride(bmc.machine, { ...pxeOnce, uefi: false })
    expect(bmc.tree[system]?.Boot).toMatchObject({
      BootSourceOverrideTarget: 'Pxe',
      BootSourceOverrideEnabled: 'Once',
    })
  })

  test('firmware in POST is waited for', async () => {
    const post = times(3, ({ method }) =>
      method === 'PATCH' ? refusal(400, 'UnableToModifyDuringSystemPOST', 'In POST.') : undefined,
    )
    await using bmc = await start(post)
    await setBootOverride(bmc.machine, pxeOnce)
    expect(bmc.writes().length).toBe(4)
  })

  test('a target that the BMC does not list is not asked for', async () => {
    const tree = small((all) => {
      const boot = all[system]?.Boot as Record<string, unknown>
      boot['BootSourceOverrideTarget@Redfish.AllowableValues'] = ['None', 'Hdd']
    })
    await using bmc = await start(undefined, tree)
    await expect(setBootOverride(bmc.machine, pxeOnce)).rejects.toMatchObject({ reason: 'not-supported' })
    expect(bmc.writes()).toEqual([])
  })
})

describe('power', () => {
  test('is asked for only where it is not so', async () => {
    await using bmc = await start()
    await setPower(bmc.machine, 'on')
    expect(bmc.writes()).toEqual([])
  })

  test.each([400, 409])('a refusal (%i) is none when the machine is there already', async (status) => {
    const tree = small()
    await using bmc = await start(({ method, path }) => {
      if (method !== 'POST' || !path.endsWith('Reset')) return undefined
      Object.assign(tree[system] ?? {}, { PowerState: 'Off' })
      return refusal(status, 'ActionParameterValueConflict', 'Already.')
    }, tree)
    await setPower(bmc.machine, 'off')
  })

  test('on right after off is tried again', async () => {
    const tree = small((all) => Object.assign(all[system] ?? {}, { PowerState: 'Off' }))
    const conflict = times(2, ({ method, path }) =>
      method === 'POST' && path.endsWith('Reset')
        ? refusal(409, 'ActionParameterValueConflict', 'Wait.')
        : undefined,
    )
    await using bmc = await start(conflict, tree)
    await setPower(bmc.machine, 'on')
    expect(bmc.writes().length).toBe(3)
  })

  test('a task that fails is a failure, and one that ends is the end', async () => {
    const task = '/redfish/v1/TaskService/Tasks/1'
    let state = 'Running'
    await using bmc = await start(({ method, path }) => {
      if (method === 'POST' && path.endsWith('Reset'))
        return {
          status: 202,
          headers: { location: `${task}/Monitor` },
          body: { '@odata.id': task, '@odata.type': '#Task.v1.Task', TaskState: 'New' },
        }
      if (path !== task) return undefined
      const body = { TaskState: state, Messages: [{ Message: 'The fuse blew.' }] }
      state = state === 'Running' ? 'Exception' : 'Completed'
      return { status: 200, body }
    })
    await expect(setPower(bmc.machine, 'off')).rejects.toThrow(/Exception.*The fuse blew/)
    await setPower(bmc.machine, 'off')
    expect(bmc.asked.some(({ path }) => path.endsWith('/Monitor'))).toBe(false)
  })
})

describe('lists', () => {
  test('are read page by page, and not in circles', async () => {
    const entries = '/redfish/v1/Managers/iDRAC.Embedded.1/LogServices/Sel/Entries'
    const page = (from: number, next: string) => ({
      Members: [0, 1].map((index) => ({ Id: String(from + index), Message: 'm', Severity: 'OK' })),
      'Members@odata.nextLink': next,
    })
    const tree = small((all) => {
      all[entries] = page(1, `${entries}?$skip=2`)
      all[`${entries}?$skip=2`] = page(3, entries)
    })
    await using bmc = await start(undefined, tree)
    expect((await readEventLog(bmc.machine)).map(({ id }) => id)).toEqual(['1', '2', '3', '4'])
  })
})

describe('virtual media', () => {
  const url = 'http://10.0.0.5/ramdisk.iso'
  test.each([
    ['Image alone', ['Image']],
    ['TransferProtocolType', ['Image', 'TransferProtocolType']],
    ['TransferMethod', ['Image', 'TransferMethod']],
    ['Password', ['Image', 'UserName', 'Password']],
  ])('%s: what a BMC asks for is said', async (_name, needed) => {
    await using bmc = await start(({ path, body }) => {
      if (!path.endsWith('InsertMedia')) return undefined
      const missing = needed.filter((name) => !(name in body))
      return missing.length > 0
        ? refusal(400, 'ActionParameterMissing', `Missing ${missing.join(' and ')}.`, missing)
        : undefined
    })
    expect(await insertMedia(bmc.machine, url)).toBe(`${system}/VirtualMedia/1`)
    expect(bmc.writes().at(-1)?.body).toMatchObject({ Image: url })
    expect(bmc.writes()[0]).toMatchObject({ path: expect.stringContaining('EjectMedia'), body: {} })
  })

  test('a drive that refuses is passed over', async () => {
    await using bmc = await start(({ path }) =>
      path.endsWith('1/Actions/VirtualMedia.InsertMedia')
        ? refusal(405, 'OperationNotAllowed', 'No.')
        : undefined,
    )
    expect(await insertMedia(bmc.machine, url)).toBe(`${system}/VirtualMedia/2`)
  })
})

test('events are followed until they are not wanted any more', async () => {
  const event = { Events: [{ MessageId: 'Alert.1.0.PowerOn', Message: 'On', Severity: 'OK' }] }
  const stream = `: hello\n\nid: 1\ndata: ${JSON.stringify(event)}\n\ndata: {broken\n\n`
  await using bmc = await start(({ path, headers }) =>
    path === '/redfish/v1/SSE' && headers.accept === 'text/event-stream'
      ? { status: 200, raw: stream }
      : undefined,
  )
  const heard: unknown[] = []
  await followEvents(bmc.session, (one) => heard.push(one), AbortSignal.timeout(5000))
  expect(heard).toMatchObject([{ messageId: 'PowerOn', text: 'On' }])
})
