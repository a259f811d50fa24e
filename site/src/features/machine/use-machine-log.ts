import { useEffect, useState } from 'react'
import { api, take } from '../../api/client.ts'
import { onMachineLog } from '../../api/live.ts'
import type { LogLine } from '../../api/views.ts'
import { appendLines } from './log-lines.ts'

const pageLines = 1000

export interface MachineLog {
  lines: readonly LogLine[]
  loaded: boolean
  error: unknown
}

/** A machine's log, growing while it is looked at: the live socket says when there is more to fetch. */
export function useMachineLog(machineId: string): MachineLog {
  const [log, setLog] = useState<MachineLog>({ lines: [], loaded: false, error: null })
  useEffect(() => {
    let after: number | undefined
    let fetching = false
    let wanted = false
    let stopped = false

    const fetchMore = async (): Promise<void> => {
      wanted = true
      if (fetching) return
      fetching = true
      try {
        while (wanted && !stopped) {
          wanted = false
          const query = after === undefined ? { limit: pageLines } : { limit: pageLines, after }
          const page = await take(
            api.GET('/api/v1/machines/{machineId}/log', { params: { path: { machineId }, query } }),
          )
          if (stopped) return
          wanted ||= after !== undefined && page.lines.length >= pageLines
          after = page.next
          setLog(({ lines }) => ({ lines: appendLines(lines, page.lines), loaded: true, error: null }))
        }
      } catch (error) {
        if (!stopped) setLog((log) => ({ ...log, error }))
      } finally {
        fetching = false
      }
    }

    void fetchMore()
    const stop = onMachineLog(machineId, () => void fetchMore())
    // What the socket missed while it was away.
    const timer = setInterval(() => void fetchMore(), 15_000)
    return () => {
      stopped = true
      stop()
      clearInterval(timer)
    }
  }, [machineId])
  return log
}
