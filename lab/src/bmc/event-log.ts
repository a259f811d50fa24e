export interface LoggedEvent {
  id: number
  /** Seconds since 1970, by the log's own clock. */
  timeSeconds: number
  sensorType: number
  sensorNumber: number
  /** IPMI event/reading type; 0x6f is "sensor-specific". */
  eventType: number
  isDeassertion: boolean
  data: [number, number, number]
  /** For a person. */
  message: string
  severity: 'OK' | 'Warning' | 'Critical'
}

const capacity = 512

/** The system event log: append, read, clear, and a clock that can be set. */
export class EventLog {
  #events: LoggedEvent[] = []
  #nextId = 1
  #clockOffsetMs = 0
  lastAddedSeconds = 0xffffffff
  lastErasedSeconds = 0xffffffff
  readonly #now: () => number
  readonly #listeners = new Set<(event: LoggedEvent) => void>()

  constructor(now: () => number) {
    this.#now = now
  }

  get timeSeconds(): number {
    return Math.floor((this.#now() + this.#clockOffsetMs) / 1000)
  }

  set timeSeconds(seconds: number) {
    this.#clockOffsetMs = seconds * 1000 - this.#now()
  }

  get events(): readonly LoggedEvent[] {
    return this.#events
  }

  get freeEntries(): number {
    return capacity - this.#events.length
  }

  /** Adds an event; the oldest one makes room in a full log. */
  add(event: Omit<LoggedEvent, 'id' | 'timeSeconds'>): LoggedEvent {
    const logged = { ...event, id: this.#nextId, timeSeconds: this.timeSeconds }
    this.#nextId = this.#nextId >= 0xfffe ? 1 : this.#nextId + 1
    this.#events.push(logged)
    if (this.#events.length > capacity) this.#events.shift()
    this.lastAddedSeconds = logged.timeSeconds
    for (const listener of this.#listeners) listener(logged)
    return logged
  }

  clear(): void {
    this.#events = []
    this.lastErasedSeconds = this.timeSeconds
  }

  /** Calls back for every event from now on; returns what ends that. */
  follow(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
