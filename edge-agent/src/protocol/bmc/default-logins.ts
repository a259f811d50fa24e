/** A user name and password that a maker's BMCs leave the factory with. Anybody can look them up. */
export interface DefaultLogin {
  /** As `services/bmc/vendors.ts` and the Redfish rules name makers. */
  vendor: string
  username: string
  password: string
}

/** From the makers' own manuals. Newer boards of several of them have a password of their own on a sticker instead. */
const logins: readonly DefaultLogin[] = [
  { vendor: 'Supermicro', username: 'ADMIN', password: 'ADMIN' },
  { vendor: 'Dell', username: 'root', password: 'calvin' },
  { vendor: 'OpenBMC', username: 'root', password: '0penBmc' },
  { vendor: 'Lenovo', username: 'USERID', password: 'PASSW0RD' },
  { vendor: 'IBM', username: 'USERID', password: 'PASSW0RD' },
  { vendor: 'ASRock Rack', username: 'admin', password: 'admin' },
  { vendor: 'AMI', username: 'admin', password: 'admin' },
  { vendor: 'Gigabyte', username: 'admin', password: 'password' },
  { vendor: 'Fujitsu', username: 'admin', password: 'admin' },
  { vendor: 'Inspur', username: 'admin', password: 'admin' },
  { vendor: 'Huawei', username: 'Administrator', password: 'Admin@9000' },
  { vendor: 'Cisco', username: 'admin', password: 'password' },
  { vendor: 'Oracle', username: 'root', password: 'changeme' },
  { vendor: 'Tyan', username: 'root', password: 'superuser' },
]

/** Makers that give each unit a password of its own, and where it is found. */
const ownPasswords: Record<string, string> = {
  HPE: 'HPE gives each unit a password of its own: it is on the pull-out tag at the front, beside “Administrator”.',
  Intel: 'Intel’s BMCs have no default password: one is set in the machine’s firmware setup.',
}

/** Where a default login may have been replaced before the machine was delivered. */
const stickers: Record<string, string> = {
  Supermicro:
    'Boards made since 2020 have a password of their own, on a sticker on the board or the tag at the front.',
  Dell: 'Machines that were ordered with a secure default have theirs on the pull-out tag.',
  Lenovo: 'Lenovo asks for another password at the first sign-in: it may have been changed.',
}

export type DefaultLoginDecision =
  | { kind: 'logins'; logins: readonly DefaultLogin[] }
  | { kind: 'none'; message: string }

/** BMCs lock an account after three to five wrong passwords: two stay harmless. */
const mostPerUser = 2

/** What is worth trying: a maker's own; where the maker is not known, each once, and no user name more than twice. */
export function decideDefaultLogins(vendor: string | null): DefaultLoginDecision {
  const own = ownPasswords[vendor ?? '']
  if (own) return { kind: 'none', message: `${own} Enter it here.` }
  const fitting = logins.filter((login) => login.vendor === vendor)
  if (fitting.length > 0) return { kind: 'logins', logins: fitting }
  if (vendor !== null) {
    const message = `No default login of ${vendor} is known here: look it up in its manual, and enter it.`
    return { kind: 'none', message }
  }
  const each = logins.filter(
    ({ username, password }, index) =>
      logins.findIndex((other) => other.username === username && other.password === password) === index,
  )
  return {
    kind: 'logins',
    logins: each.filter(({ username }, index) => {
      const before = each.slice(0, index).filter((other) => other.username === username)
      return before.length < mostPerUser
    }),
  }
}

/** What to do when none of them was let in. */
export function describeNoLogin(vendor: string | null): string {
  const hint = stickers[vendor ?? '']
  return `No default login${vendor ? ` of ${vendor}` : ''} was let in.${hint ? ` ${hint}` : ''} Enter its user name and password.`
}
