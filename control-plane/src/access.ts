import { type OperationGroup, roleRules } from '@dragonfly/schema/state'
import { createRoute, type RouteConfig } from '@hono/zod-openapi'

/**
 * Who may call an operation: a group of schema's role rules, or one of the others. `signed-in` is short for
 * `read`, and for `operate` where the operation is a change; `administrator` for `settings`.
 * `edge`: an enrolled edge, by its own key.
 */
export type Access = 'public' | 'edge' | 'signed-in' | 'administrator' | OperationGroup
export const accessLevels: readonly string[] = [
  'public',
  'edge',
  'signed-in',
  'administrator',
  ...Object.keys(roleRules),
]

export function operationGroup(access: Exclude<Access, 'public' | 'edge'>, method: string): OperationGroup {
  if (access === 'administrator') return 'settings'
  if (access !== 'signed-in') return access
  return method === 'GET' || method === 'HEAD' ? 'read' : 'operate'
}

export type DeclaredRoute = RouteConfig & {
  operationId: string
  'x-access': Access
  /** Fields of the request's body that the audit log keeps; never one that holds a secret. */
  'x-audit'?: readonly string[]
}

/** A route whose access is declared beside it: `createRoute` that refuses to forget it. */
export function defineRoute<
  const P extends string,
  const R extends Omit<DeclaredRoute, 'path'> & { path: P },
>(route: R) {
  return createRoute<P, R>(route)
}
