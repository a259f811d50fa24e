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

/**
 * Makes an administrator's account on the BMC of this machine, in the first free place; one of the same name gets another
 * password. The order of the steps is the one that BMCs of every maker take.
 */
export async function createBmcAccount(
  run: RunCommand,
  { username, password }: Omit<BmcAccount, 'address'>,
  tool: readonly string[] = inBand,
): Promise<AccountOutcome> {
  const ask = (...words: string[]) => run([...tool, ...words], { timeoutMs })
  const lan = await findLan(ask)
  if (!lan)
    return fail('The BMC of this machine has no address on the network, or there is none: look in its setup.')
  const listed = await ask('-c', 'user', 'list', lan.channel)
  const place = findPlace(listed.stdout, username)
  if (!place) return fail('The BMC has no free place for an account: remove one that nobody needs.')
  const steps: readonly (readonly string[])[] = [
    ['user', 'set', 'name', place, username],
    ['user', 'set', 'password', place, password, '16'],
    ['user', 'enable', place],
    ['channel', 'setaccess', lan.channel, place, 'callin=off', 'ipmi=on', 'link=on', 'privilege=4'],
  ]
  for (const step of steps) {
    const done = await ask(...step)
    if (done.code === 0) continue
    const reason = describeCommandFailure(done).replaceAll(password, '…')
    return fail(`The BMC refused at “${step.slice(0, 3).join(' ')}”: ${reason}`)
  }
  return { kind: 'made', account: { address: lan.address, username, password } }
}

function fail(message: string): AccountOutcome {
  return { kind: 'failed', message: message.slice(0, 400) }
}

type Ask = (...words: string[]) => ReturnType<RunCommand>

/** The channel that has the BMC's address: mostly 1; on some boards 8 or 2. */
async function findLan(ask: Ask): Promise<{ channel: string; address: string } | null> {
  for (const channel of ['1', '8', '2', '3']) {
    const address = parseLanPrint((await ask('lan', 'print', channel)).stdout)?.address
    if (address) return { channel, address }
  }
  return null
}

/** Number of the account of that name, else of the first without a name. User 1 is the nameless one of the specification. */
export function findPlace(list: string, username: string): string | null {
  const rows = list.split('\n').flatMap((line) => {
    const [number = '', name = ''] = line.split(',')
    return /^\d{1,2}$/.test(number) && number !== '1' ? [{ number, name: name.trim() }] : []
  })
  const own = rows.find(({ name }) => name === username)
  return (own ?? rows.find(({ name }) => name === ''))?.number ?? null
}
