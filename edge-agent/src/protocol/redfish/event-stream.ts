import { parseJson } from './messages.ts'
import { asResource, listAt, parseTime, type Resource, textAt, valueAt } from './resource.ts'

const longestEvent = 256 * 1024

/** One event that a BMC sent. */
export interface RedfishEvent {
  /** The last part of its message's id. */
  messageId: string | null
  text: string | null
  severity: string | null
  at: number | null
  origin: string | null
}

/** Takes a stream of server-sent events apart (WHATWG HTML, 9.2). `skipped` counts what was too long or no JSON. */
export function createEventStreamParser() {
  let rest = ''
  let isTooLong = false
  const parser = {
    skipped: 0,
    lastEventId: null as string | null,
    push(chunk: string): RedfishEvent[] {
      rest += chunk
      const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/)
      rest = blocks.pop() ?? ''
      // The end of one whose beginning was thrown away.
      if (isTooLong && blocks.length > 0) {
        blocks.shift()
        isTooLong = false
      }
      if (rest.length > longestEvent) {
        rest = ''
        isTooLong = true
        parser.skipped++
      }
      return blocks.flatMap(take)
    },
  }
  const take = (block: string): RedfishEvent[] => {
    const data: string[] = []
    for (const line of block.split(/\r\n|\n|\r/)) {
      const [, name, value] = /^(data|id):? ?(.*)$/.exec(line) ?? []
      if (name === 'data') data.push(value ?? '')
      else if (name === 'id' && value !== undefined && value.length < 100) parser.lastEventId = value
    }
    if (data.length === 0) return []
    const parsed = parseJson(data.join('\n'))
    if (parsed === undefined) parser.skipped++
    return parseEvents(asResource(parsed))
  }
  return parser
}

/** The events of one delivery, pushed or streamed. */
export function parseEvents(body: Resource): RedfishEvent[] {
  return listAt(body, 'Events')
    .slice(0, 100)
    .map((event) => ({
      messageId: textAt(event, 'MessageId')?.split('.').at(-1) ?? null,
      text: textAt(event, 'Message'),
      severity: textAt(event, 'MessageSeverity') ?? textAt(event, 'Severity'),
      at: parseTime(valueAt(event, 'EventTimestamp')),
      origin: textAt(event, 'OriginOfCondition', '@odata.id'),
    }))
}
