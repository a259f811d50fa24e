import { numberAt, type Resource, textAt, valueAt } from './resource.ts'

export interface AccountEntry {
  path: string
  id: string
  userName: string | null
  isEnabled: boolean
}

export function parseAccount(path: string, resource: Resource): AccountEntry {
  return {
    path,
    id: textAt(resource, 'Id') ?? path.replace(/\/$/, '').split('/').at(-1) ?? '',
    userName: textAt(resource, 'UserName'),
    isEnabled: valueAt(resource, 'Enabled') !== false,
  }
}

/** The first slot that nobody has; lower ones are the firmware's own. */
export function chooseFreeSlot(accounts: readonly AccountEntry[], firstSlot: number): AccountEntry | null {
  const free = accounts.filter(({ id, userName }) => userName === null && Number(id) >= firstSlot)
  return free.toSorted((a, b) => Number(a.id) - Number(b.id))[0] ?? null
}

export interface PasswordLimits {
  min: number
  max: number
}

/** Zero, which some write for "no limit", is none. IPMI 2.0 takes 20 bytes at most. */
export function parsePasswordLimits(service: Resource): PasswordLimits {
  const min = numberAt(service, 'MinPasswordLength') ?? 0
  const max = numberAt(service, 'MaxPasswordLength') ?? 0
  return { min: Math.max(0, min), max: max > 0 ? max : 20 }
}

/** Why a password would not do, in a sentence; null for one that does. */
export function refusePassword(password: string, { min, max }: PasswordLimits): string | null {
  if (password.length < min) return `The BMC wants passwords of at least ${min} characters.`
  if (password.length > max) return `The BMC takes passwords of at most ${max} characters.`
  return null
}
