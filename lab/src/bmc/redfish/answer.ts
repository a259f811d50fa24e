import type { BmcUser } from '../users.ts'

export interface RedfishRequest {
  method: string
  /** Without the slash at its end. */
  path: string
  /** The parsed JSON; an empty object when there was none. */
  body: Record<string, unknown>
  user: BmcUser | undefined
}

export interface RedfishAnswer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

export type Handler = (request: RedfishRequest) => RedfishAnswer | Promise<RedfishAnswer>

/** What one address can do. Who asks has been checked by then. */
export interface Resource {
  get?: () => object | Promise<object>
  patch?: Handler
  post?: Handler
  delete?: Handler
  /** Needs nobody to be logged in. */
  isPublic?: boolean
  /** IPMI's number of what changing it needs; 3, operator, where it is not said. */
  privilege?: number
}

/** An error as Redfish words it (DSP0266, 8.6): the last part of the message's id is what clients go by. */
export function redfishError(
  status: number,
  messageId: string,
  message: string,
  args: string[] = [],
): RedfishAnswer {
  const id = `Base.1.13.${messageId}`
  const entry = {
    MessageId: id,
    Message: message,
    MessageArgs: args,
    Severity: 'Critical',
    Resolution: 'None.',
  }
  const body = { error: { code: id, message, '@Message.ExtendedInfo': [entry] } }
  return { status, body }
}

export const done: RedfishAnswer = { status: 204 }

export function textField(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name]
  return typeof value === 'string' ? value : undefined
}

export function objectField(
  body: Record<string, unknown>,
  name: string,
): Record<string, unknown> | undefined {
  const value = body[name]
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

export const link = (path: string) => ({ '@odata.id': path })

export function collection(path: string, name: string, type: string, members: readonly string[]): object {
  return {
    '@odata.id': path,
    '@odata.type': `#${type}.${type}`,
    Name: name,
    'Members@odata.count': members.length,
    Members: members.map(link),
  }
}
