import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import type { ConsoleNews } from './console-news.ts'
import { type ConsoleSocket, type ConsoleStatus, openConsoleSocket } from './console-socket.ts'
import { type ConsoleTerminal, createTerminal } from './terminal.ts'

type News<T extends ConsoleNews['type']> = Omit<Extract<ConsoleNews, { type: T }>, 'type'>

export interface ConsoleControls {
  status: ConsoleStatus
  line: News<'state'>
  keyboard: News<'keyboard'>
  terminal: RefObject<ConsoleTerminal | null>
  ask: ConsoleSocket['ask']
  isWanted: boolean
  connect(): void
  disconnect(): void
}

const noKeyboard: News<'keyboard'> = { holder: null, isMine: false, watchers: 0, refusal: null }
const opening: News<'state'> = { state: 'opening', message: null }

/** A terminal in `parent`, joined to a machine's console while it is wanted. */
export function useConsole(
  parent: RefObject<HTMLDivElement | null>,
  options: { machineId: string; label: string; fontSize: number; onLeave: () => void },
): ConsoleControls {
  const { machineId, label } = options
  const [isWanted, setWanted] = useState(true)
  const [status, setStatus] = useState<ConsoleStatus>({ kind: 'connecting' })
  const [line, setLine] = useState(opening)
  const [keyboard, setKeyboard] = useState(noKeyboard)
  const terminal = useRef<ConsoleTerminal | null>(null)
  const socket = useRef<ConsoleSocket | null>(null)
  const first = useRef(options)

  useEffect(() => {
    if (!parent.current) return
    const { fontSize, onLeave } = first.current
    const made = createTerminal(parent.current, { label, fontSize, onLeave })
    terminal.current = made
    const typed = made.terminal.onData((text) => socket.current?.type(text))
    const binary = made.terminal.onBinary((text) => socket.current?.type(text))
    return () => {
      typed.dispose()
      binary.dispose()
      terminal.current = null
      made.dispose()
    }
  }, [parent, label])

  useEffect(() => {
    if (!isWanted) return
    const opened = openConsoleSocket(machineId, {
      data: (bytes) => terminal.current?.terminal.write(bytes),
      status: setStatus,
      news: ({ type, ...news }) => {
        if (type === 'reset') terminal.current?.terminal.reset()
        if (type === 'state') setLine(news as News<'state'>)
        if (type === 'keyboard') setKeyboard(news as News<'keyboard'>)
      },
    })
    socket.current = opened
    return () => {
      socket.current = null
      opened.close()
      setKeyboard(noKeyboard)
      setLine(opening)
    }
  }, [machineId, isWanted])

  const isTyping = keyboard.isMine && status.kind === 'connected'
  useEffect(() => {
    terminal.current?.setTyping(isTyping)
    if (isTyping) terminal.current?.terminal.focus()
  }, [isTyping])
  useEffect(() => terminal.current?.setFontSize(options.fontSize), [options.fontSize])

  const ask = useCallback<ConsoleSocket['ask']>((request) => socket.current?.ask(request), [])
  const isEnded = status.kind === 'ended'
  return {
    status,
    line,
    keyboard,
    terminal,
    ask,
    isWanted: isWanted && !isEnded,
    connect: () => {
      setWanted(false)
      setTimeout(() => setWanted(true))
    },
    disconnect: () => setWanted(false),
  }
}
