/** Text frames of a machine's console. The OpenAPI document can't describe a WebSocket's frames, so they are named here. */
export type ConsoleNews =
  /** What was shown is void: the scroll-back follows. */
  | { type: 'reset' }
  | { type: 'state'; state: LineStateName; message: string | null }
  | { type: 'keyboard'; holder: string | null; isMine: boolean; watchers: number; refusal: string | null }

type LineStateName = 'opening' | 'open' | 'waiting' | 'in-use' | 'failed' | 'away'

export interface ConsoleRequest {
  type: 'take-keyboard' | 'release-keyboard' | 'break' | 'take-over'
}

/** Of what is typed, in one frame. */
export const maxTypedBytes = 4096

const types = new Set(['reset', 'state', 'keyboard'])

/** Undefined for anything that is not a known frame: a newer server may send more kinds. */
export function parseConsoleNews(text: string): ConsoleNews | undefined {
  try {
    const frame: unknown = JSON.parse(text)
    if (typeof frame !== 'object' || frame === null || !('type' in frame)) return undefined
    return types.has(String(frame.type)) ? (frame as ConsoleNews) : undefined
  } catch {
    return undefined
  }
}
