import { describe, expect, test } from 'vitest'
import { pxeOnce, small, startMachine, system, times } from '../../../test/redfish-machine.ts'
import { readTree, refusal } from '../../../test/redfish-server.ts'
import {
  clearEventLog,
  createAccount,
  ejectMedia,
  followEvents,
  insertMedia,
  readEventLog,
  setBootOverride,
  setPower,
} from './index.ts'

describe('boot device', () => {
  test('Continuous is given up for Once where it is refused', async () => {
    await using bmc = await startMachine(({ body }) => {
      const boot = body.Boot as { BootSourceOverrideEnabled?: string } | undefined
      return boot?.BootSourceOverrideEnabled === 'Continuous'
        ? refusal(400, 'PropertyValueNotInList', 'Not in the list.')
        : undefined
    })
    const wish = { device: 'disk', persistent: true, uefi: null } as const
    expect(await setBootOverride(bmc.machine, wish)).toEqual({ isPersistent: false })
  })

  test('three fields that are refused become two', async () => {
    await using bmc = await startMachine(({ body }) =>
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
    await using bmc = await startMachine(post)
    await setBootOverride(bmc.machine, pxeOnce)
    expect(bmc.writes().length).toBe(4)
  })

  test('a target that the BMC does not list is not asked for', async () => {
    const tree = small((all) => {
      const boot = all[system]?.Boot as Record<string, unknown>
      boot['BootSourceOverrideTarget@Redfish.AllowableValues'] = ['None', 'Hdd']
    })
    await using bmc = await startMachine(undefined, tree)
    await expect(setBootOverride(bmc.machine, pxeOnce)).rejects.toMatchObject({ reason: 'not-supported' })
    expect(bmc.writes()).toEqual([])
  })
})

describe('power', () => {
  test('is asked for only where it is not so', async () => {
    await using bmc = await startMachine()
    await setPower(bmc.machine, 'on')
    expect(bmc.writes()).toEqual([])
  })

  test.each([400, 409])('a refusal (%i) is none when the machine is there already', async (status) => {
    const tree = small()
    await using bmc = await startMachine(({ method, path }) => {
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
    await using bmc = await startMachine(conflict, tree)
    await setPower(bmc.machine, 'on')
    expect(bmc.writes().length).toBe(3)
  })

  test('a task that fails is a failure, and one that ends is the end', async () => {
    const task = '/redfish/v1/TaskService/Tasks/1'
    let state = 'Running'
    await using bmc = await startMachine(({ method, path }) => {
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
    await using bmc = await startMachine(undefined, tree)
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
    await using bmc = await startMachine(({ path, body }) => {
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
    await using bmc = await startMachine(({ path }) =>
      path.endsWith('1/Actions/VirtualMedia.InsertMedia')
        ? refusal(405, 'OperationNotAllowed', 'No.')
        : undefined,
    )
    expect(await insertMedia(bmc.machine, url)).toBe(`${system}/VirtualMedia/2`)
  })

  test('a drive without actions is written', async () => {
    await using bmc = await startMachine(undefined, readTree('lenovo-xcc'))
    await insertMedia(bmc.machine, url)
    expect(bmc.writes().at(-1)).toMatchObject({ method: 'PATCH', body: { Image: url, Inserted: true } })
    await ejectMedia(bmc.machine)
    expect(bmc.writes().at(-1)).toMatchObject({ method: 'PATCH', body: { Image: null, Inserted: false } })
  })
})

describe('accounts', () => {
  const account = { username: 'dragonfly', password: 'S3cret-value' }

  test('where they are slots, the first free one that may be taken is filled', async () => {
    const accounts = '/redfish/v1/AccountService/Accounts'
    const tree = small((all) => {
      const ids = ['1', '2', '3', '4', '5']
      all[accounts] = { Members: ids.map((id) => ({ '@odata.id': `${accounts}/${id}` })) }
      for (const id of ids)
        all[`${accounts}/${id}`] = {
          Id: id,
          UserName: id === '2' || id === '3' ? `u${id}` : '',
          Enabled: false,
        }
    })
    await using bmc = await startMachine(undefined, tree)
    await createAccount(bmc.session, account)
    expect(bmc.writes()).toMatchObject([
      {
        method: 'PATCH',
        path: `${accounts}/4`,
        body: { UserName: 'dragonfly', RoleId: 'Administrator', Enabled: true },
      },
    ])
  })

  test('elsewhere one is made, unless its password would not do', async () => {
    await using bmc = await startMachine(undefined, readTree('openbmc-stock'))
    await expect(createAccount(bmc.session, { ...account, password: 'short' })).rejects.toThrow(/at least 8/)
    await createAccount(bmc.session, account)
    expect(bmc.writes()).toMatchObject([{ method: 'POST', path: '/redfish/v1/AccountService/Accounts' }])
  })
})

test('the event log is cleared by its action, with an empty object', async () => {
  await using bmc = await startMachine()
  await clearEventLog(bmc.machine)
  expect(bmc.writes()).toMatchObject([{ path: expect.stringMatching(/Sel.*ClearLog$/), body: {} }])
})

describe('the event log, once it was read', () => {
  const entriesPath = /LogServices\/Sel\/Entries/

  /** A log whose list begins with the oldest entry, or with the newest; pages of three. */
  async function startLog(order: 'oldest-first' | 'newest-first', takesSkip = true) {
    const entries = Array.from({ length: 8 }, (_, index) => index + 1)
    const served: string[] = []
    const bmc = await startMachine(({ method, path }) => {
      if (method !== 'GET' || !entriesPath.test(path)) return undefined
      served.push(path)
      const [base = '', query = ''] = path.split('?')
      const skip = takesSkip ? Number(new URLSearchParams(query).get('$skip') ?? 0) : 0
      const listed = order === 'oldest-first' ? entries : entries.toReversed()
      const page = listed.slice(skip, skip + 3)
      const next = skip + 3 < listed.length ? { 'Members@odata.nextLink': `${base}?$skip=${skip + 3}` } : {}
      const Members = page.map((id) => ({
        Id: String(id),
        Message: `Event ${id}`,
        Created: new Date(1_700_000_000_000 + id * 1000).toISOString(),
      }))
      return { status: 200, body: { Members, ...next } }
    })
    const read = async (after?: string) =>
      (await readEventLog(bmc.machine, after)).map(({ id }) => Number(id))
    return { bmc, entries, served, read }
  }

  test.each(['oldest-first', 'newest-first'] as const)(
    '%s: only what is behind it is read',
    async (order) => {
      const { bmc, entries, served, read } = await startLog(order)
      await using _ = bmc
      expect(await read()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
      served.length = 0
      entries.push(9, 10)
      const behind = (ids: number[], mark: number) => ids.slice(ids.indexOf(mark) + 1)
      expect(behind(await read('8'), 8)).toEqual([9, 10])
      expect(served).toHaveLength(1)
      entries.push(11)
      expect(behind(await read('10'), 10)).toEqual([11])
      expect(behind(await read('11'), 11)).toEqual([])
      expect(served).toHaveLength(3)
    },
  )

  test('is read as a whole after it was cleared, and where no part of it can be had', async () => {
    const { bmc, entries, read } = await startLog('oldest-first')
    await using _ = bmc
    await read()
    entries.splice(0, 8, 1)
    expect(await read('8')).toEqual([1])
    entries.push(2, 3)
    expect((await read('1')).at(-1)).toBe(3)
  })
})

test('events are followed until they are not wanted any more', async () => {
  const event = { Events: [{ MessageId: 'Alert.1.0.PowerOn', Message: 'On', Severity: 'OK' }] }
  const stream = `: hello\n\nid: 1\ndata: ${JSON.stringify(event)}\n\ndata: {broken\n\n`
  await using bmc = await startMachine(({ path, headers }) =>
    path === '/redfish/v1/SSE' && headers.accept === 'text/event-stream'
      ? { status: 200, raw: stream }
      : undefined,
  )
  const heard: unknown[] = []
  await followEvents(bmc.session, { event: (one) => heard.push(one) }, AbortSignal.timeout(5000))
  expect(heard).toMatchObject([{ messageId: 'PowerOn', text: 'On' }])
})
