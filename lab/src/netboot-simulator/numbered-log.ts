import type { AgentFrame } from '@dragonfly/schema/wire'

/** One boot's log: lines that count themselves, each followed by a ping whose pong says that the edge holds it. */
export interface NumberedLog {
  /** Sends the next line, unless there is no link. */
  say(send: (frame: AgentFrame) => boolean): void
  /** The edge answered a ping: pings are answered in their order. */
  handlePong(): void
  /** The link is another one: what was on its way may have come, or not. */
  forgetPings(): void
}

export function createNumberedLog(
  renderLine: (line: number) => string,
  /** The line is on the edge's disk. */
  onLogged: (line: number) => void,
): NumberedLog {
  let lines = 0
  let pings: number[] = []
  return {
    say(send) {
      const text = renderLine(lines + 1)
      if (!send({ type: 'log', lines: [{ at: Date.now(), level: 'info', text }] })) return
      lines++
      pings.push(lines)
      send({ type: 'ping' })
    },
    handlePong() {
      const line = pings.shift()
      if (line !== undefined) onLogged(line)
    },
    forgetPings() {
      pings = []
    },
  }
}
