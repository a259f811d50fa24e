import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { hasIpmiSim, simUser, startIpmiSim } from '../../test/ipmi-sim.ts'
import { makeBmcPassword } from '../codec/bmc-password.ts'
import { createIpmiClient, getDeviceId } from '../services/ipmi/index.ts'
import { createBmcAccount, findPlaces } from './bmc-account.ts'
import { type RunCommand, runCommand } from './run-command.ts'

const canSimulate = await hasIpmiSim()

test('passwords obey the rules of all makers, and are never the same', () => {
  const made = Array.from({ length: 500 }, () => makeBmcPassword((below) => randomInt(below)))
  expect(new Set(made).size).toBe(500)
  for (const password of made) {
    expect(password).toHaveLength(16)
    for (const set of [/[A-Z]/g, /[a-z]/g, /[0-9]/g])
      expect(password.match(set)?.length, password).toBeGreaterThanOrEqual(2)
    expect(password).toMatch(/^[A-Za-z0-9]+-[A-Za-z0-9]+$/)
    expect(password).not.toMatch(/(.)\1/)
  }
})

test.each([
  [
    '1,,true,false,false,USER\n2,root,true,true,true,ADMINISTRATOR\n3,,true,false,false,NO ACCESS\n4,,t',
    ['3', '4'],
  ],
  ['1,,t\n2,root,t\n3,,t\n4,dragonfly,t', ['4']],
  ['1,,t\n2,root,t', []],
  ['', []],
])('an account goes to its own place, else to a free one: %j', (list, place) =>
  expect(findPlaces(list, 'dragonfly')).toEqual(place),
)

/** ipmitool as it is in the ramdisk, but over the LAN of a BMC that is simulated; that one knows no address of its own. */
async function onSimulator(work: (run: RunCommand, tool: string[], port: number) => Promise<void>) {
  const sim = await startIpmiSim({ hasMachine: false })
  const run: RunCommand = async (command, options) => {
    const answer = await runCommand(command, options)
    return { ...answer, stdout: answer.stdout.replace(/^(IP Address +): 0\.0\.0\.0$/m, '$1: 127.0.0.1') }
  }
  const { username, password } = simUser
  const login = ['-C', '3', '-p', String(sim.port), '-U', username, '-P', password]
  try {
    await work(run, ['ipmitool', '-I', 'lanplus', '-H', '127.0.0.1', ...login], sim.port)
  } finally {
    await sim.stop()
  }
}

test.runIf(canSimulate)('the account works over the LAN, and a second one replaces it', async () => {
  await onSimulator(async (run, tool, port) => {
    const client = await createIpmiClient()
    const login = async (password: string) => {
      const session = await client.open({ address: '127.0.0.1', port, username: 'dragonfly', password })
      await getDeviceId(session)
      await session.close()
    }
    const [first, second] = [0, 1].map(() => makeBmcPassword((below) => randomInt(below)))
    if (!first || !second) throw new Error('two passwords')
    const account = { address: '127.0.0.1', username: 'dragonfly', password: first }
    expect(await createBmcAccount(run, account, tool)).toEqual({ kind: 'made', account })
    await login(first)
    expect(await createBmcAccount(run, { ...account, password: second }, tool)).toMatchObject({
      kind: 'made',
    })
    await login(second)
    await expect(login(first)).rejects.toThrow()
    await client.close()
  })
})

test('a BMC that refuses is quoted without the password; one without an address is not touched', async () => {
  const asked: string[] = []
  const create = (address: string) =>
    createBmcAccount(
      async (command) => {
        asked.push(command.join(' '))
        if (command.includes('print')) return { code: 0, stdout: `IP Address : ${address}\n`, stderr: '' }
        if (command.includes('list')) return { code: 0, stdout: '2,,t', stderr: '' }
        return { code: 1, stdout: '', stderr: 'can’t set "Secret-123" here' }
      },
      { username: 'dragonfly', password: 'Secret-123' },
    )
  const refused = await create('10.0.0.17')
  expect(refused).toMatchObject({ kind: 'failed', message: expect.stringContaining('The BMC refused') })
  expect(JSON.stringify(refused)).not.toContain('Secret-123')
  asked.length = 0
  expect(await create('0.0.0.0')).toMatchObject({ kind: 'failed' })
  expect(asked.every((command) => command.includes('lan print'))).toBe(true)
})

/** A BMC that says no to some words, and what it was asked besides looking. */
async function createOn(refuses: (words: string) => boolean) {
  const asked: string[] = []
  const outcome = await createBmcAccount(
    async (command) => {
      const words = command.slice(1).join(' ')
      if (words.startsWith('lan print')) return { code: 0, stdout: 'IP Address : 10.0.0.17\n', stderr: '' }
      if (words.includes('user list')) return { code: 0, stdout: '2,root,t\n3,,t\n4,,t', stderr: '' }
      asked.push(words)
      return { code: refuses(words) ? 1 : 0, stdout: '', stderr: '' }
    },
    { username: 'dragonfly', password: 'Secret-123' },
  )
  return { asked, kind: outcome.kind }
}

test('where a place is reserved, or a password has to be longer, the other way is tried; consoles may refuse', async () => {
  const refusals = ['set name 3', 'Secret-123 16', 'sol payload']
  expect(await createOn((words) => refusals.some((text) => words.includes(text)))).toEqual({
    kind: 'made',
    asked: [
      'user set name 3 dragonfly',
      'user set name 4 dragonfly',
      'user set password 4 Secret-123 16',
      'user set password 4 Secret-123 20',
      'channel setaccess 1 4 callin=off ipmi=on link=on privilege=4',
      'user enable 4',
      'sol payload enable 1 4',
    ],
  })
  expect((await createOn((words) => words.includes('set name'))).asked).toHaveLength(2)
})
