import type { Context } from 'hono'
import type { UpgradeWebSocket } from 'hono/ws'
import type { AppEnv } from './deps.ts'
import { AppError } from './errors.ts'

/** What opens a WebSocket on this platform; 426 when the request does not ask for one. */
export function requireUpgrade(c: Context<AppEnv>): UpgradeWebSocket {
  const { upgradeWebSocket } = c.get('deps')
  if (!upgradeWebSocket || c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    throw new AppError({
      code: 'upgrade-required',
      status: 426,
      message: 'Open this address as a WebSocket.',
    })
  }
  return upgradeWebSocket
}
