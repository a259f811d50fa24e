/** Events on their way to the supervisor. */
export interface EventBatch<Event> {
  add: (event: Event) => void
  /** Posts what waits, now. */
  flush: () => void
}

/** At a time, so that a message stays small. */
const mostEvents = 100

/**
 * The first event goes at once, those that follow it within `everyMs` go together: a site that starts at once would wake the
 * supervisor for each packet, while the processor is wanted for answers.
 */
export function createEventBatch<Event>(everyMs: number, post: (events: Event[]) => void): EventBatch<Event> {
  let waiting: Event[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    const events = waiting
    waiting = []
    if (events.length > 0) post(events)
  }
  const end = (): void => {
    timer = undefined
    if (waiting.length === 0) return
    flush()
    timer = setTimeout(end, everyMs)
  }
  return {
    flush,
    add: (event) => {
      waiting.push(event)
      if (timer === undefined || waiting.length >= mostEvents) flush()
      timer ??= setTimeout(end, everyMs)
    },
  }
}
