import { idSchema, problemSchema } from '@dragonfly/schema/api'
import { z } from '@hono/zod-openapi'

const problemTitles = {
  400: 'The request can’t be read',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'No such thing, or not visible to you',
  409: 'Refused by the state of things',
  410: 'Expired',
  413: 'Too large',
  415: 'Not a format that is understood',
  422: 'Invalid input',
  426: 'A WebSocket is wanted here',
  428: 'Safe mode: a confirmation is wanted',
  429: 'Too many tries',
  503: 'Not available at the moment',
} as const
type ProblemStatus = keyof typeof problemTitles

type ProblemResponse = {
  description: string
  content: { 'application/problem+json': { schema: typeof problemSchema } }
}

/** Problem responses (RFC 9457) of an operation. */
export function problems<const S extends ProblemStatus>(...statuses: S[]): { [K in S]: ProblemResponse } {
  const entries = statuses.map((status) => [
    status,
    {
      description: problemTitles[status],
      content: { 'application/problem+json': { schema: problemSchema } },
    },
  ])
  return Object.fromEntries(entries) as { [K in S]: ProblemResponse }
}

export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } } as const
}

export function jsonResponse<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { 'application/json': { schema } } } as const
}

/** A list is always an object, so that it can grow (a cursor, a total) without breaking its readers. */
export function listOf<T extends z.ZodType>(schema: T) {
  return z.object({ items: z.array(schema) })
}

export const noContent = { description: 'Done' } as const

/** A parameter in the path that is an id. */
export const idParam = (name: string) => idSchema.openapi({ param: { name, in: 'path' } })

/** A whole number in the query, which arrives as text. */
export const countQuery = (least: number, most: number) =>
  z.coerce.number().int().min(least).max(most).openapi({ type: 'integer', minimum: least, maximum: most })
