/** IPMI privilege limits; 15 is "no access". */
export const privileges = { callback: 1, user: 2, operator: 3, administrator: 4, none: 15 } as const

export interface BmcUser {
  /** 1 to 16; 1 is the anonymous user, whose name is empty. */
  id: number
  name: string
  password: string
  privilege: number
  isEnabled: boolean
  mayUseIpmi: boolean
  mayUseConsole: boolean
}

export const userSlots = 16

const emptyUser = { name: '', password: '', privilege: privileges.none as number }

/** All slots of a BMC, with the given accounts from slot 2 on. */
export function createUsers(accounts: readonly { name: string; password: string; privilege?: number }[]) {
  return Array.from({ length: userSlots }, (_, index): BmcUser => {
    const account = accounts[index - 1]
    const isSet = account !== undefined
    return {
      ...emptyUser,
      ...(account ?? {}),
      id: index + 1,
      privilege: isSet ? (account.privilege ?? privileges.administrator) : privileges.none,
      isEnabled: isSet,
      mayUseIpmi: isSet,
      mayUseConsole: isSet,
    }
  })
}

/** The enabled user of this name, as both protocols look one up. */
export function findUser(users: readonly BmcUser[], name: string): BmcUser | undefined {
  return users.find((user) => user.name === name && user.isEnabled && (user.name !== '' || user.id === 1))
}
