import {
  type AccountEntry,
  chooseFreeSlot,
  parseAccount,
  parsePasswordLimits,
  refusePassword,
} from '../../protocol/redfish/accounts.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { linkAt, type Resource } from '../../protocol/redfish/resource.ts'
import { patch, read, readIfThere, readMembers } from './resources.ts'
import { openRedfish, type RedfishOptions, type RedfishSession, type RedfishTarget } from './session.ts'

const mostAccounts = 64

export async function listAccounts(session: RedfishSession): Promise<AccountEntry[]> {
  const service = await readService(session)
  const members = await readMembers(session, linkAt(service, 'Accounts'), mostAccounts)
  return members.flatMap(({ path, resource }) => (path === null ? [] : [parseAccount(path, resource)]))
}

async function readService(session: RedfishSession): Promise<Resource> {
  const path = linkAt(session.root, 'AccountService') ?? '/redfish/v1/AccountService'
  return read(session, path, 'reading the accounts')
}

/** An account that may do everything. Some BMCs make one on request; on others it is a free slot that is filled. */
export async function createAccount(
  session: RedfishSession,
  { username, password }: { username: string; password: string },
): Promise<void> {
  const what = 'creating an account'
  session.keepSecret(password)
  const service = await readService(session)
  const unfit = refusePassword(password, parsePasswordLimits(service))
  if (unfit) throw new RedfishError('refused', unfit)
  const accounts = await listAccounts(session)
  if (accounts.some(({ userName }) => userName === username))
    throw new RedfishError('refused', `The BMC has an account ${username} already.`)
  const wish = { UserName: username, Password: password, RoleId: 'Administrator' }
  const firstSlot = session.rules.firstAccountSlot
  const collection = linkAt(service, 'Accounts')
  if (firstSlot === null && collection !== null) {
    try {
      await session.write('POST', collection, wish, { what })
      return
    } catch (error) {
      const isSlotted =
        error instanceof RedfishError && (error.status === 405 || error.reason === 'not-supported')
      if (!isSlotted) throw error
    }
  }
  const slot = chooseFreeSlot(accounts, firstSlot ?? 2)
  if (!slot) throw new RedfishError('refused', 'All accounts of the BMC are taken.')
  await patch(session, slot.path, { ...wish, Enabled: true }, { what })
}

/** Makes the account, or gives the one of that name a new password, and every right. */
export async function setAccount(
  session: RedfishSession,
  account: { username: string; password: string },
): Promise<void> {
  const own = (await listAccounts(session)).find(({ userName }) => userName === account.username)
  if (!own) return createAccount(session, account)
  session.keepSecret(account.password)
  const unfit = refusePassword(account.password, parsePasswordLimits(await readService(session)))
  if (unfit) throw new RedfishError('refused', unfit)
  const change = { Password: account.password, RoleId: 'Administrator', Enabled: true }
  await patch(session, own.path, change, { what: 'changing the password' })
}

/**
 * Gives the account that logs in a new password. It reads nothing else first: a BMC that insists on a new password
 * refuses everything else until then.
 */
export async function changePassword(
  target: RedfishTarget,
  newPassword: string,
  options: Partial<RedfishOptions> = {},
): Promise<void> {
  const session = await openRedfish(target, options)
  try {
    session.keepSecret(newPassword)
    const path = session.passwordChangeRequired ?? (await findOwnAccount(session, target.username))
    // The tag can't always be read by then.
    const etag = await session.get(path).then(
      (answer) => answer.etag,
      () => null,
    )
    await patch(session, path, { Password: newPassword }, { what: 'changing the password', etag })
  } finally {
    await session.close()
  }
}

async function findOwnAccount(session: RedfishSession, username: string): Promise<string> {
  const service = await readIfThere(session, linkAt(session.root, 'AccountService')).catch(() => null)
  const collection = (service && linkAt(service, 'Accounts')) ?? '/redfish/v1/AccountService/Accounts'
  const members = await readMembers(session, collection, mostAccounts).catch(() => [])
  const own = members.find(
    ({ path, resource }) => path !== null && parseAccount(path, resource).userName === username,
  )
  // Where accounts are not shown, some name them by their users.
  return own?.path ?? `${collection}/${encodeURIComponent(username)}`
}
