import { parseLanPrint } from './probes/parse-ipmi.ts'
import { describeCommandFailure, type RunCommand } from './run-command.ts'

export interface BmcAccount {
  address: string
  username: string
  password: string
}

export type AccountOutcome = { kind: 'made'; account: BmcAccount } | { kind: 'failed'; message: string }

/** The ramdisk's own way to its machine's BMC: through the driver, without a password. */
const inBand: readonly string[] = ['ipmitool']
const timeoutMs = 20_000

/** What makers' BMCs want in different ways: each way is tried, in this order. */
const oddities = {
  /** Intel's and old ones have the address elsewhere than on channel 1; HPE's iLO on 2. */
  lanChannels: ['1', '8', '2', '3'],
  /** Fixed and reserved places look free in the list, and refuse a name: on that the next one is tried. */
  placesTried: 4,
  /** Room of a password in bytes: IPMI 1.5's, which all know; newer firmware may take nothing but 2.0's. */
  passwordForms: ['16', '20'],
} as const

/**
 * Makes an administrator's account on the BMC of this machine, in the first place that takes its name; one of the same
 * name gets another password. The order of the steps is the one that BMCs of every maker take.
 */
export async function createBmcAccount(
  run: RunCommand,
  { username, password }: Omit<BmcAccount, 'address'>,
  tool: readonly string[] = inBand,
): Promise<AccountOutcome> {
  const ask: Ask = (...words) => run([...tool, ...words], { timeoutMs })
  const lan = await findLan(ask)
  if (!lan)
    return fail('The BMC of this machine has no address on the network, or there is none: look in its setup.')
  const { channel, address } = lan
  const places = findPlaces((await ask('-c', 'user', 'list', channel)).stdout, username)
  const named = await tryInTurn(ask, places.slice(0, oddities.placesTried), (place) => [
    ...['user', 'set', 'name', place, username],
  ])
  if (!named) return fail('The BMC has no free place for an account: remove one that nobody needs.')
  const place = named.value
  const refused = (step: string, answer: Answer) =>
    fail(`The BMC refused at “${step}”: ${describeCommandFailure(answer).replaceAll(password, '…')}`)
  if (named.answer.code !== 0) return refused('user set name', named.answer)
  const set = await tryInTurn(ask, oddities.passwordForms, (size) => [
    ...['user', 'set', 'password', place, password, size],
  ])
  if (set && set.answer.code !== 0) return refused('user set password', set.answer)
  const access = [channel, place, 'callin=off', 'ipmi=on', 'link=on', 'privilege=4']
  const granted = await ask('channel', 'setaccess', ...access)
  if (granted.code !== 0) return refused('channel setaccess', granted)
  const enabled = await ask('user', 'enable', place)
  if (enabled.code !== 0) return refused('user enable', enabled)
  // Without it some let no new user at the serial console; some don't know it, and let everybody.
  await ask('sol', 'payload', 'enable', channel, place)
  return { kind: 'made', account: { address, username, password } }
}

type Answer = Awaited<ReturnType<RunCommand>>
type Ask = (...words: string[]) => Promise<Answer>

/** Asks with each value until one is taken; the last answer when none is. Undefined for no values. */
async function tryInTurn(
  ask: Ask,
  values: readonly string[],
  words: (value: string) => string[],
): Promise<{ value: string; answer: Answer } | undefined> {
  let last: { value: string; answer: Answer } | undefined
  for (const value of values) {
    last = { value, answer: await ask(...words(value)) }
    if (last.answer.code === 0) return last
  }
  return last
}

function fail(message: string): AccountOutcome {
  return { kind: 'failed', message: message.slice(0, 400) }
}

async function findLan(ask: Ask): Promise<{ channel: string; address: string } | null> {
  for (const channel of oddities.lanChannels) {
    const address = parseLanPrint((await ask('lan', 'print', channel)).stdout)?.address
    if (address) return { channel, address }
  }
  return null
}

/** Number of the account of that name; else of those without one. User 1 is the nameless one of the specification. */
export function findPlaces(list: string, username: string): string[] {
  const rows = list.split('\n').flatMap((line) => {
    const [number = '', name = ''] = line.split(',')
    return /^\d{1,2}$/.test(number) && number !== '1' ? [{ number, name: name.trim() }] : []
  })
  const own = rows.find(({ name }) => name === username)
  return own ? [own.number] : rows.filter(({ name }) => name === '').map(({ number }) => number)
}
