import { api, take } from '../../api/client.ts'
import { ApiError } from '../../api/problem.ts'
import { emptyBmcForm, setBmc } from '../bmc/set-credentials.ts'
import type { ScanRow } from './choose-rows.ts'

/** How the BMCs that are taken in are signed in to. */
export type Login = { kind: 'same'; username: string; password: string } | { kind: 'default' }

export interface Adopted {
  address: string
  /** Null when not even its record could be made. */
  machineId: string | null
  /** Why it went wrong here, before the site was asked. */
  problem: string | null
}

const atOnce = 4

/**
 * Takes in BMCs by their addresses, a few at a time. The password is sealed here once for each: for one machine and one
 * address. With `default` nothing is typed: the site tries what the maker's BMCs are let in with at first.
 */
export async function adoptScanned(
  siteId: string,
  rows: readonly Pick<ScanRow, 'address' | 'machineId'>[],
  login: Login,
  onAdopted: (adopted: Adopted) => void,
): Promise<void> {
  const waiting = [...rows]
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift())
      onAdopted(await adoptOne(siteId, row, login))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

async function adoptOne(
  siteId: string,
  row: Pick<ScanRow, 'address' | 'machineId'>,
  login: Login,
): Promise<Adopted> {
  const { address } = row
  // One that is taken in already was not let in.
  let { machineId } = row
  try {
    machineId ??= (await take(api.POST('/api/v1/bmcs', { body: { siteId, address } }))).machineId
    await signIn(siteId, machineId, address, login)
    return { address, machineId, problem: null }
  } catch (error) {
    return { address, machineId, problem: sentenceOf(error) }
  }
}

async function signIn(siteId: string, machineId: string, address: string, login: Login): Promise<void> {
  if (login.kind === 'same') {
    const { username, password } = login
    await setBmc(siteId, machineId, { ...emptyBmcForm, address, username, password })
  } else {
    await take(
      api.POST('/api/v1/machines/{machineId}/bmc/default-login', { params: { path: { machineId } } }),
    )
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return error.problem.detail ?? error.problem.title
  return 'The server can’t be reached: try again.'
}
