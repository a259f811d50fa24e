import type { OpenAPIHono } from '@hono/zod-openapi'
import type { WSContext } from 'hono/ws'
import type { AppEnv } from '../../deps.ts'
import { edgeOf, personOf } from '../../enforce-access.ts'
import { AppError } from '../../errors.ts'
import { requireUpgrade } from '../../upgrade.ts'
import { getMachine } from '../machines/service.ts'
import type { ConsoleSocket, EdgeSide } from './pipe.ts'
import { readRecording, renderAsciicast, renderText } from './recording.ts'
import * as routes from './routes.ts'
import { type ConsoleWatch, watchConsole } from './watch.ts'

/** A person's consoles, on all their screens. */
const maxConsolesPerPerson = 16
/** Frames of one socket that come before it is set up. */
const maxEarlyFrames = 64

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
  const open = new Map<string, number>()
  const count = (userId: string, step: 1 | -1) => {
    const now = (open.get(userId) ?? 0) + step
    if (now > 0) open.set(userId, now)
    else open.delete(userId)
  }
  app.get(routes.openConsole.path.replace('{machineId}', ':machineId'), async (c, next) => {
    const deps = c.get('deps')
    const upgrade = requireUpgrade(c)
    const person = personOf(c)
    const machineId = c.req.param('machineId') ?? ''
    const from = { headers: c.req.raw.headers, address: c.get('clientAddress') }
    await getMachine(deps, machineId)
    if ((open.get(person.userId) ?? 0) >= maxConsolesPerPerson) {
      throw new AppError({
        code: 'too-many-sockets',
        status: 429,
        message: `You have ${maxConsolesPerPerson} consoles open: close some.`,
      })
    }
    return upgrade(() => {
      let watch: ConsoleWatch | null = null
      let early: unknown[] = []
      let isGone = false
      const leave = () => {
        if (isGone) return
        isGone = true
        count(person.userId, -1)
        watch?.end()
      }
      return {
        onOpen(_event, socket) {
          count(person.userId, 1)
          watchConsole(deps, person, machineId, from, wrap(socket))
            .then((made) => {
              watch = made
              if (isGone) return made.end()
              for (const data of early) made.handleMessage(data)
              early = []
            })
            .catch((error: unknown) => {
              deps.logError('opening a console', error)
              socket.close(1011, 'internal error')
            })
        },
        onMessage({ data }) {
          if (watch) watch.handleMessage(data)
          else if (early.length < maxEarlyFrames) early.push(data)
        },
        onClose: leave,
        onError: leave,
      }
    })(c, next)
  })
}

function mountEdgeSide(app: OpenAPIHono<AppEnv>): void {
  app.get(routes.openEdgeConsole.path.replace('{consoleId}', ':consoleId'), (c, next) => {
    const deps = c.get('deps')
    const edge = edgeOf(c)
    const upgrade = requireUpgrade(c)
    const consoleId = c.req.param('consoleId') ?? ''
    let side: EdgeSide | null = null
    return upgrade(() => ({
      onOpen(_event, socket) {
        side = deps.consoles.attach(consoleId, edge, wrap(socket))
        if (!side) socket.close(4404, 'nobody asked for this console')
      },
      onMessage: ({ data }) => side?.handleMessage(data),
      onClose: () => side?.handleClose(),
      onError: () => side?.handleClose(),
    }))(c, next)
  })
}

function wrap(socket: WSContext): ConsoleSocket {
  const raw = socket.raw as { bufferedAmount?: number } | undefined
  return {
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    unsentBytes: () => raw?.bufferedAmount ?? 0,
  }
}
