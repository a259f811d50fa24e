import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { recordingQuery } from '../../api/queries.ts'
import type { Deployment } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { formatDuration } from '../../format/time.ts'
import { countUntil, createPlayback, type Playback } from './playback.ts'
import { type ConsoleTerminal, createTerminal } from './terminal.ts'

const speeds = [1, 4, 16] as const
const beatMs = 50

/** Plays what a machine wrote on its console during a deployment. */
export default function RecordingDialog({
  deployment,
  onClose,
}: {
  deployment: Deployment
  onClose: () => void
}) {
  const { data: recording, error } = useQuery(recordingQuery(deployment.deploymentId))
  const playback = useMemo(() => recording && createPlayback(recording.frames), [recording])
  const path = `/api/v1/deployments/${deployment.deploymentId}/console/download`
  return (
    <Dialog
      open
      wide
      onOpenChange={onClose}
      title="Console recording"
      description={`What ${deployment.machineName} wrote on its serial console. Long silences are shortened.`}
    >
      <ProblemNote error={error} />
      {playback && <Player playback={playback} />}
      <p className="mt-3 mb-6 flex flex-wrap gap-x-6 gap-y-1">
        <Download href={`${path}?format=text`}>Download as text</Download>
        <Download href={`${path}?format=asciicast`}>Download for asciinema</Download>
      </p>
    </Dialog>
  )
}

function Download({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} download className="touchable text-touch underline underline-offset-4">
      {children}
    </a>
  )
}

function Player({ playback }: { playback: Playback }) {
  const screen = useRef<HTMLDivElement>(null)
  const [atMs, setAtMs] = useState(0)
  const [isPlaying, setPlaying] = useState(true)
  const [speed, setSpeed] = useState<(typeof speeds)[number]>(4)
  usePlayedTerminal(screen, playback, atMs)
  const isOver = atMs >= playback.durationMs
  useEffect(() => {
    if (!isPlaying || isOver) return
    const timer = setInterval(
      () => setAtMs((before) => Math.min(playback.durationMs, before + beatMs * speed)),
      beatMs,
    )
    return () => clearInterval(timer)
  }, [isPlaying, isOver, speed, playback])
  const press = (): void => {
    if (isOver) setAtMs(0)
    setPlaying(isOver || !isPlaying)
  }
  return (
    <>
      <div className="overflow-auto rounded-md border border-line bg-raised p-2 in-data-[theme=dark]:bg-glass">
        <div ref={screen} className="h-[22rem] min-w-fit" />
      </div>
      <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button look="primary" onClick={press}>
          {isOver ? 'Play again' : isPlaying ? 'Pause' : 'Play'}
        </Button>
        <input
          type="range"
          aria-label="Time"
          aria-valuetext={formatDuration(atMs)}
          min={0}
          max={Math.max(1, playback.durationMs)}
          step={100}
          value={atMs}
          onChange={(event) => setAtMs(Number(event.target.value))}
          className="touchable min-w-40 grow accent-touch"
        />
        <span className="num text-ink-soft">
          {formatDuration(atMs)} of {formatDuration(playback.durationMs)}
        </span>
        <Speed speed={speed} onChange={setSpeed} />
      </div>
    </>
  )
}

function Speed({ speed, onChange }: { speed: number; onChange: (speed: (typeof speeds)[number]) => void }) {
  return (
    <fieldset aria-label="Speed" className="flex gap-1">
      {speeds.map((one) => (
        <Button
          key={one}
          look="quiet"
          className={`px-2.5! ${one === speed ? 'font-semibold underline underline-offset-4' : ''}`}
          aria-pressed={one === speed}
          onClick={() => onChange(one)}
        >
          {one}×
        </Button>
      ))}
    </fieldset>
  )
}

/** A terminal that shows what was written until `atMs`; to go back, it is written anew. */
function usePlayedTerminal(
  screen: { readonly current: HTMLDivElement | null },
  playback: Playback,
  atMs: number,
): void {
  const terminal = useRef<ConsoleTerminal | null>(null)
  const shown = useRef(0)
  useEffect(() => {
    if (!screen.current) return
    const made = createTerminal(screen.current, {
      fontSize: matchMedia('(max-width: 639px)').matches ? 8 : 12,
      label: 'Recorded console',
      onLeave: () => undefined,
    })
    terminal.current = made
    shown.current = 0
    return () => {
      terminal.current = null
      made.dispose()
    }
  }, [screen])
  useEffect(() => {
    const made = terminal.current?.terminal
    if (!made) return
    const until = countUntil(playback, atMs)
    if (until < shown.current) {
      made.reset()
      shown.current = 0
    }
    for (const { bytes } of playback.frames.slice(shown.current, until)) made.write(bytes)
    shown.current = until
  }, [playback, atMs])
}
