import { createRoute, type RouteConfig } from '@hono/zod-openapi'

/**
 * Who may call an operation. `signed-in`: every person may read; a viewer changes nothing.
 * `edge`: an enrolled edge, by its own key.
 */
export const accessLevels = ['public', 'signed-in', 'administrator', 'edge'] as const
export type Access = (typeof accessLevels)[number]

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
