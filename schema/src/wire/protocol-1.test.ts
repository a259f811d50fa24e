import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import {
  agentFrameSchema,
  bmcOrderSchema,
  commandSchema,
  controlFrameSchema,
  edgeFrameSchema,
  edgeToAgentFrameSchema,
  enrolRequestSchema,
  enrolResponseSchema,
  oldestWireProtocol,
  siteEventSchema,
  siteStateSchema,
  workOrderSchema,
} from './index.ts'

/**
 * The least that a peer of protocol 1 says: every message, with what it always has. Never edited, for such peers are out
 * there: what is new is optional, or raises the protocol. It goes when `oldestWireProtocol` is past 1.
 */
const said: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('./fixtures/protocol-1.json', import.meta.url), 'utf8'),
)

const schemas: Record<string, z.ZodType> = {
  edgeFrames: edgeFrameSchema,
  events: siteEventSchema,
  controlFrames: controlFrameSchema,
  commands: commandSchema,
  state: siteStateSchema,
  workOrder: workOrderSchema,
  bmcOrder: bmcOrderSchema,
  enrolRequest: enrolRequestSchema,
  enrolResponse: enrolResponseSchema,
  agentFrameSchema,
  edgeToAgentFrameSchema,
}

const messages = Object.entries(schemas).flatMap(([group, schema]) =>
  [said[group]].flat().map((message) => {
    const { type, kind } = message as { type?: string; kind?: string }
    return [[group, type ?? kind].filter(Boolean).join(' '), schema, message] as const
  }),
)

/** The same from a newer peer: it says more, wherever it says something. */
function addUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(addUnknown)
  if (typeof value !== 'object' || value === null) return value
  const known = Object.entries(value).map(([name, part]) => [name, addUnknown(part)])
  return Object.fromEntries([...known, ['fromTheFuture', { since: 3 }]])
}

describe.runIf(oldestWireProtocol <= 1)('what protocol 1 says', () => {
  it('is all there', () => {
    expect(Object.keys(said).sort()).toEqual(Object.keys(schemas).sort())
    expect(messages.length).toBeGreaterThan(50)
  })

  it.each(messages)('is understood: %s', (_name, schema, message) => {
    expect(schema.safeParse(message).error?.issues ?? []).toEqual([])
  })

  it.each(messages)('is understood with more in it: %s', (_name, schema, message) => {
    expect(schema.safeParse(addUnknown(message)).data).toEqual(schema.parse(message))
  })
})
