import type { ConsoleRecording } from '@dragonfly/schema/api'
import { consoleParts, deployments } from '@dragonfly/schema/db'
import { asc, eq } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { notFound } from '../../errors.ts'

/** What a machine wrote on its console during a deployment. */
export async function readRecording(deps: Pick<Deps, 'db'>, deploymentId: string): Promise<ConsoleRecording> {
  const [deployment] = await deps.db
    .select({ sizeBytes: deployments.consoleBytes })
    .from(deployments)
    .where(eq(deployments.deploymentId, deploymentId))
  if (!deployment) throw notFound('deployment')
  const parts = await deps.db
    .select({ frames: consoleParts.frames })
    .from(consoleParts)
    .where(eq(consoleParts.deploymentId, deploymentId))
    .orderBy(asc(consoleParts.ordinal))
  const frames = parts.flatMap((part) => part.frames)
  return { startedAt: frames[0]?.at ?? null, sizeBytes: deployment.sizeBytes, frames }
}

/** Without what moves the cursor and colours, for reading and searching. */
export function renderText(recording: ConsoleRecording): string {
  return decodeFrames(recording)
    .map(({ text }) => text)
    .join('')
    .replaceAll(escapeSequences, '')
    .replaceAll('\r\n', '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const escapeSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g

/** asciicast v2 (docs.asciinema.org/manual/asciicast/v2): a header, then one line per event. */
export function renderAsciicast(recording: ConsoleRecording, title: string): string {
  const startedAt = recording.startedAt ?? 0
  const header = { version: 2, width: 100, height: 30, timestamp: Math.floor(startedAt / 1000), title }
  const events = decodeFrames(recording).map(({ at, text }) =>
    JSON.stringify([Math.max(0, at - startedAt) / 1000, 'o', text]),
  )
  return `${[JSON.stringify(header), ...events].join('\n')}\n`
}

/** A character may be spread over two frames: it belongs to the later one. */
function decodeFrames({ frames }: ConsoleRecording): { at: number; text: string }[] {
  const decoder = new TextDecoder()
  return frames.map(({ at, data }) => ({
    at,
    text: decoder.decode(
      Uint8Array.from(atob(data), (character) => character.charCodeAt(0)),
      { stream: true },
    ),
  }))
}
