import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { edgeOf, personOf } from '../../enforce-access.ts'
import { requireUpgrade } from '../../sockets.ts'
import { getMachine } from '../machines/service.ts'
import { readRecording, renderAsciicast, renderText } from './recording.ts'
import * as routes from './routes.ts'

export function mountConsoles(app: OpenAPIHono<AppEnv>): void {
  mountWatching(app)
  mountEdgeSide(app)
  app.openapi(routes.getConsoleRecording, async (c) => {
    c.header('cache-control', 'no-store')
    return c.json(await readRecording(c.get('deps'), c.req.valid('param').deploymentId), 200)
  })
  app.openapi(routes.downloadConsoleRecording, async (c) => {
    const { deploymentId } = c.req.valid('param')
    const isText = c.req.valid('query').format === 'text'
    const recording = await readRecording(c.get('deps'), deploymentId)
    const body = isText ? renderText(recording) : renderAsciicast(recording, `Deployment ${deploymentId}`)
    return c.body(body, 200, {
      'content-type': isText ? 'text/plain; charset=utf-8' : 'application/x-asciicast',
      'content-disposition': `attachment; filename="console-${deploymentId}.${isText ? 'txt' : 'cast'}"`,
      'cache-control': 'no-store',
    })
  })
}

function mountWatching(app: OpenAPIHono<AppEnv>): void {
  app.get(routes.openConsole.path.replace('{machineId}', ':machineId'), async (c) => {
    const sockets = requireUpgrade(c)
    const { machineId, siteId } = await getMachine(c.get('deps'), c.req.param('machineId') ?? '')
    return sockets.openConsole(c, personOf(c), { machineId, siteId })
  })
}

function mountEdgeSide(app: OpenAPIHono<AppEnv>): void {
  app.get(routes.openEdgeConsole.path.replace('{consoleId}', ':consoleId'), (c) =>
    requireUpgrade(c).openEdgeConsole(c, edgeOf(c), c.req.param('consoleId') ?? ''),
  )
}
