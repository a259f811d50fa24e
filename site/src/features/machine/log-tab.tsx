import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { LogLine, MachineDetail } from '../../api/views.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Empty } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { formatClock } from '../../format/time.ts'
import { countOf } from '../../format/words.ts'
import { filterLines, renderLines } from './log-lines.ts'
import { useMachineLog } from './use-machine-log.ts'

export function LogTab({ machine }: { machine: MachineDetail }) {
  const log = useMachineLog(machine.machineId)
  const [text, setText] = useState('')
  const [debug, setDebug] = useState(false)
  const [follow, setFollow] = useState(true)
  const lines = useMemo(() => filterLines(log.lines, { text, debug }), [log.lines, text, debug])
  if (log.loaded && log.lines.length === 0)
    return (
      <Empty title="Silence, so far.">
        What firmware, boot loader, ramdisk and installer say about this machine is written here as it
        happens.
      </Empty>
    )
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-x-5 gap-y-2">
        <input
          type="search"
          aria-label="Search the log"
          placeholder="Search the log"
          value={text}
          onChange={(event) => setText(event.target.value)}
          className="touchable w-full border-b border-control/60 bg-transparent py-1 outline-none placeholder:text-ink-faint focus:border-touch sm:w-72"
        />
        <Toggle label="Follow" checked={follow} onChange={setFollow} />
        <Toggle label="Show debug" checked={debug} onChange={setDebug} />
        <span className="num ml-auto text-[0.9rem] text-ink-faint">{countOf(lines.length, 'line')}</span>
        <CopyButton text={renderLines(lines)} label="Copy log" />
      </div>
      <ProblemNote error={log.error} />
      <LogView lines={lines} follow={follow} onFollow={setFollow} />
    </>
  )
}

function Toggle({
  label,
  checked,
  onChange,
}: {
  label: string
  checked: boolean
  onChange: (checked: boolean) => void
}) {
  return (
    <label className="touchable inline-flex cursor-pointer items-center gap-2">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 accent-touch-fill"
      />
      {label}
    </label>
  )
}

const levelColours: Record<LogLine['level'], string> = {
  debug: 'text-ink-faint',
  info: '',
  warning: 'text-wanted',
  error: 'text-failed',
}

interface LogViewProps {
  lines: readonly LogLine[]
  follow: boolean
  onFollow: (follow: boolean) => void
}

function LogView({ lines, follow, onFollow }: LogViewProps) {
  const scroll = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 23,
    overscan: 20,
    getItemKey: (index) => lines[index]?.id ?? index,
  })
  useEffect(() => {
    if (follow && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: 'end' })
  }, [follow, lines.length, virtualizer])
  const stopFollowing = (): void => {
    const element = scroll.current
    if (follow && element && element.scrollHeight - element.scrollTop - element.clientHeight > 40)
      onFollow(false)
  }
  return (
    <div
      ref={scroll}
      role="log"
      aria-label="Log"
      aria-live="off"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
      tabIndex={0}
      onWheel={stopFollowing}
      onTouchMove={stopFollowing}
      onKeyUp={stopFollowing}
      className="h-[60vh] min-h-72 overflow-y-auto border-y border-line py-2 font-mono text-[0.8rem] leading-[1.7]"
    >
      <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const line = lines[item.index]
          if (!line) return null
          return (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtualizer.measureElement}
              className={`absolute inset-x-0 flex gap-4 ${levelColours[line.level]}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <time
                dateTime={new Date(line.at).toISOString()}
                className="shrink-0 text-ink-faint select-none"
              >
                {formatClock(line.at)}
              </time>
              <span className="min-w-0 break-words whitespace-pre-wrap">
                {line.level === 'error' || line.level === 'warning' ? (
                  <span className="sr-only">{line.level}: </span>
                ) : null}
                {line.text}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}
