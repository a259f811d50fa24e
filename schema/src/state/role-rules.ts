import type { Verdict } from './machine.ts'
import { isDestructive, isLoosening } from './safety.ts'

export const roles = ['administrator', 'user', 'viewer'] as const
export type Role = (typeof roles)[number]

/** What an API key may be given; it never does more than its owner's role allows. */
export const apiKeyScopes = ['read', 'operate', 'deploy', 'destroy', 'admin'] as const
export type ApiKeyScope = (typeof apiKeyScopes)[number]

interface OperationRule {
  roles: readonly Role[]
  /** What an API key needs; null where only a person at the portal will do. */
  scope: ApiKeyScope | null
  /** The end of the sentence "Your role does not let you …". */
  verb: string
}

const administrators: readonly Role[] = ['administrator']

/** Who may do what: the API enforces this table, and the buttons ask it. */
export const roleRules = {
  self: { roles, scope: 'read', verb: 'see who you are' },
  read: { roles, scope: 'read', verb: 'see this' },
  operate: { roles: ['administrator', 'user'], scope: 'operate', verb: 'adopt or name machines' },
  deploy: { roles: administrators, scope: 'deploy', verb: 'deploy to machines' },
  delete: { roles: administrators, scope: 'destroy', verb: 'delete machines' },
  // A confirmation does nothing by itself: what it is sent with asks for its own scopes.
  confirm: { roles: administrators, scope: 'read', verb: 'confirm what is dangerous' },
  power: { roles: administrators, scope: 'destroy', verb: 'switch machines on or off' },
  // A console shows whatever the machine writes, and takes a root password.
  console: { roles: administrators, scope: 'destroy', verb: 'use serial consoles' },
  bmcs: { roles: administrators, scope: 'admin', verb: 'set up BMCs' },
  sites: { roles: administrators, scope: 'admin', verb: 'change sites' },
  edges: { roles: administrators, scope: 'admin', verb: 'change edges' },
  images: { roles: administrators, scope: 'admin', verb: 'change images' },
  templates: { roles: administrators, scope: 'admin', verb: 'change templates' },
  people: { roles: administrators, scope: 'admin', verb: 'manage people' },
  settings: { roles: administrators, scope: 'admin', verb: 'change settings' },
  // One's own name, password, sessions and keys: a stolen key must not be able to renew itself.
  account: { roles, scope: null, verb: 'change your account' },
} as const satisfies Record<string, OperationRule>
export type OperationGroup = keyof typeof roleRules

/** Whether a role may do something, and if not, why: for the API's answer and for the button. */
export function can(role: Role, group: OperationGroup): Verdict {
  const rule: OperationRule = roleRules[group]
  if (rule.roles.includes(role)) return { allowed: true }
  const who = rule.roles.includes('user') ? 'a user or an administrator' : 'an administrator'
  return { allowed: false, reason: `As a ${role} you may not ${rule.verb}: ask ${who}.` }
}

/**
 * Whether an API key's scopes cover an operation; the owner's role is asked separately. What deletes something
 * wants the scope "destroy" besides that of its group; to deploy is what "deploy" is for, and to let go of a guard
 * is a setting.
 */
export function scopesCover(
  scopes: readonly string[],
  group: OperationGroup,
  operation: string | null = null,
): Verdict {
  const { scope }: OperationRule = roleRules[group]
  if (scope === null)
    return { allowed: false, reason: 'An API key can’t do this: sign in at the portal instead.' }
  const wanted: ApiKeyScope[] = [scope]
  const isOwnScope = group === 'deploy' || (operation !== null && isLoosening(operation))
  if (operation !== null && isDestructive(operation) && !isOwnScope) wanted.push('destroy')
  const missing = wanted.find((one) => !scopes.includes(one))
  if (missing === undefined) return { allowed: true }
  return {
    allowed: false,
    reason: `This API key lacks the scope "${missing}": make one that has it, in your account.`,
  }
}
