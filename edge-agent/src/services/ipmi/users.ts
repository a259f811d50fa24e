import { getUserAccess, setUserAccess, type UserAccess } from '../../codec/ipmi/user-access.ts'
import { getUserName, setUserName } from '../../codec/ipmi/user-name.ts'
import { setUserPassword } from '../../codec/ipmi/user-password.ts'
import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'
import { findLanChannel } from './lan.ts'
import { isRefusal, orRefused } from './refusals.ts'
import type { IpmiSession } from './session.ts'

export interface BmcUser {
  id: number
  name: string
  privilege: 'none' | 'callback' | 'user' | 'operator' | 'administrator' | 'oem'
  isEnabled: boolean | undefined
  hasIpmiMessaging: boolean
}

export interface NewUser {
  /** Up to 16 characters. */
  name: string
  /** Up to 20; 16 and fewer work everywhere. */
  password: string
  privilege: 'user' | 'operator' | 'administrator'
}

const privilegeNames = ['none', 'callback', 'user', 'operator', 'administrator', 'oem'] as const
const privilegeNumbers = { user: 2, operator: 3, administrator: 4 } as const

/** The named users. A slot that the BMC refuses to name is empty. */
export async function listUsers(session: IpmiSession): Promise<BmcUser[]> {
  const slots = await readSlots(session, await findLanChannel(session))
  return slots.flatMap(({ id, name, access }) =>
    name === '' || !access
      ? []
      : {
          id,
          name,
          privilege: privilegeNames[access.privilege] ?? 'none',
          isEnabled: access.isEnabled,
          hasIpmiMessaging: access.hasIpmiMessaging,
        },
  )
}

interface Slot {
  id: number
  name: string
  access: UserAccess | undefined
}

async function readSlots(session: IpmiSession, channel: number): Promise<Slot[]> {
  const first = await session.request(getUserAccess, { channel, user: 1 })
  const slots: Slot[] = []
  for (let id = 1; id <= first.slotCount; id++) {
    const access = id === 1 ? first : await orRefused(session.request(getUserAccess, { channel, user: id }))
    const name = (await orRefused(session.request(getUserName, { user: id }))) ?? ''
    slots.push({ id, name, access })
  }
  return slots
}

/** Makes the user, or gives the one of that name this password and privilege. The order is the one that works with every maker. */
export async function setUser(session: IpmiSession, user: NewUser): Promise<{ id: number }> {
  checkNewUser(session, user)
  const channel = await findLanChannel(session)
  const slots = await readSlots(session, channel)
  // Slot 1 is the null user's on most BMCs.
  const slot =
    slots.find(({ name }) => name === user.name) ?? slots.find(({ id, name }) => id > 1 && name === '')
  if (!slot)
    throw new IpmiError(
      'refused',
      `${session.name}: all user slots of the BMC are taken; remove a user first.`,
    )
  const { id } = slot
  const privilege = privilegeNumbers[user.privilege]
  // Writing a name that is there already is refused by some.
  if (slot.name !== user.name) await session.request(setUserName, { user: id, name: user.name })
  await session.request(setUserPassword, { user: id, operation: 'set', password: user.password })
  await session.request(setUserPassword, { user: id, operation: 'enable' })
  await session.request(setUserAccess, { channel, user: id, privilege, hasIpmiMessaging: false })
  await session.request(setUserAccess, { channel, user: id, privilege, hasIpmiMessaging: true })
  return { id }
}

function checkNewUser(session: IpmiSession, { name, password }: NewUser): void {
  const isFit = (text: string, longest: number): boolean =>
    text.length > 0 && text.length <= longest && !/[^ -~]/.test(text)
  if (!isFit(name, 16) || !isFit(password, 20))
    throw new IpmiError(
      'bad-credentials',
      `${session.name}: a BMC takes names of 1 to 16 and passwords of 1 to 20 plain characters.`,
    )
}

/** Whether that is the user’s password. */
export async function testUserPassword(session: IpmiSession, id: number, password: string): Promise<boolean> {
  try {
    await session.request(setUserPassword, { user: id, operation: 'test', password })
    return true
  } catch (error) {
    if (isRefusal(error, 0x80, 0x81)) return false
    throw error
  }
}

/** Switches a user off, and keeps its slot. */
export async function disableUser(session: IpmiSession, id: number): Promise<void> {
  await session.request(setUserPassword, { user: id, operation: 'disable' })
}
