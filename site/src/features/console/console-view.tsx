import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { showToast } from '../../components/toast-store.ts'
import { countOf } from '../../format/words.ts'
import { type ConsoleControls, useConsole } from './use-console.ts'

const fontSizes = { least: 8, usual: 14, phone: 8, most: 24 }
const storageKey = 'dragonfly.console-font'

/** A machine's serial console. On a phone it is for reading. */
export default function ConsoleView({
  machine,
  warning,
}: {
  machine: MachineDetail
  warning: string | null
}) {
  const frame = useRef<HTMLElement>(null)
  const screen = useRef<HTMLDivElement>(null)
  const bar = useRef<HTMLDivElement>(null)
  const isPhone = useIsPhone()
  const [fontSize, setFontSize] = useState(readFontSize)
  const controls = useConsole(screen, {
    machineId: machine.machineId,
    label: `Serial console of ${machine.name}. Shift+F6 leaves it.`,
    fontSize: isPhone ? fontSizes.phone : fontSize,
    onLeave: () => bar.current?.querySelector('button')?.focus(),
  })
  const { ask, keyboard } = controls
  // The window was made narrower: somebody else may type.
  useEffect(() => {
    if (isPhone && keyboard.isMine) ask({ type: 'release-keyboard' })
  }, [isPhone, keyboard.isMine, ask])
  const resizeFont = (step: number): void => {
    const next = Math.min(fontSizes.most, Math.max(fontSizes.least, fontSize + step))
    setFontSize(next)
    storeFontSize(next)
  }
  return (
    <section
      ref={frame}
      aria-label="Serial console"
      className="flex flex-col bg-ground [&:fullscreen]:h-dvh [&:fullscreen]:p-4"
    >
      {warning && controls.line.state !== 'open' && (
        <p className="mb-4 max-w-2xl border-l-[3px] border-wanted pl-4">
          When the BMC was looked at, it had no console to offer: {warning}
        </p>
      )}
      <div ref={bar} role="toolbar" aria-label="Console" className="mb-3 flex flex-wrap items-center gap-2">
        {!isPhone && <KeyboardButtons controls={controls} />}
        <LineState controls={controls} />
        <span className="ml-auto flex flex-wrap items-center gap-1">
          {!isPhone && (
            <>
              <Tool label="Smaller letters" onPress={() => resizeFont(-1)}>
                A−
              </Tool>
              <Tool label="Larger letters" onPress={() => resizeFont(1)}>
                A+
              </Tool>
            </>
          )}
          <Tool label="Copy what is selected, or everything" onPress={() => void copy(controls)}>
            Copy
          </Tool>
          <Tool label="Full screen" onPress={() => void toggleFullScreen(frame.current)}>
            Full screen
          </Tool>
          {controls.isWanted ? (
            <Tool label="Disconnect" onPress={controls.disconnect}>
              Disconnect
            </Tool>
          ) : (
            <Tool label="Connect" onPress={controls.connect}>
              Connect
            </Tool>
          )}
        </span>
      </div>
      <div
        className={`min-h-0 overflow-auto rounded-md border ${controls.keyboard.isMine ? 'border-touch' : 'border-line'} bg-raised p-2 in-data-[theme=dark]:bg-glass`}
      >
        <div
          ref={screen}
          className="h-[26rem] min-w-fit in-[:fullscreen]:h-[calc(100dvh-7rem)] sm:h-[34rem]"
        />
      </div>
      <p className="mt-2 text-[0.9rem] text-ink-faint">
        {isPhone
          ? 'Here it is for reading: use a wider screen to type.'
          : 'Shift+F6 leaves the terminal, back to its buttons. What you type goes to the machine as it is; the audit log says that you typed, not what.'}
      </p>
    </section>
  )
}

function Tool({ label, onPress, children }: { label: string; onPress: () => void; children: ReactNode }) {
  return (
    <Button look="quiet" className="px-2.5!" aria-label={label} title={label} onClick={onPress}>
      {children}
    </Button>
  )
}

function KeyboardButtons({
  controls: { keyboard, line, status, ask, terminal },
}: {
  controls: ConsoleControls
}) {
  const notOpen = status.kind === 'connected' && line.state === 'open' ? null : 'The console is not open.'
  const sendBreak = (): void => {
    ask({ type: 'break' })
    terminal.current?.terminal.focus()
  }
  if (line.state === 'in-use')
    return (
      <Button look="primary" onClick={() => ask({ type: 'take-over' })}>
        Take the console over
      </Button>
    )
  if (keyboard.isMine)
    return (
      <>
        <Button onClick={() => ask({ type: 'release-keyboard' })}>Leave the keyboard</Button>
        <Button look="quiet" refusal={notOpen} onClick={sendBreak}>
          Send break
        </Button>
      </>
    )
  return (
    <Button
      look="primary"
      refusal={keyboard.refusal ?? notOpen}
      onClick={() => ask({ type: 'take-keyboard' })}
    >
      {keyboard.holder ? `Take the keyboard from ${keyboard.holder}` : 'Take the keyboard'}
    </Button>
  )
}

/** One sentence about how the console stands. */
function LineState({ controls }: { controls: ConsoleControls }) {
  const { text, colour } = describe(controls)
  return (
    <span role="status" className={`min-w-0 ${colour}`}>
      {text}
    </span>
  )
}

const soft = 'text-ink-soft'

function describe({ status, line, keyboard, isWanted }: ConsoleControls): { text: string; colour: string } {
  if (status.kind === 'ended') return { text: status.message, colour: 'text-wanted' }
  if (!isWanted) return { text: 'Not connected.', colour: soft }
  if (status.kind === 'reconnecting')
    return { text: 'The control plane is away: trying again.', colour: 'text-wanted' }
  if (status.kind === 'connecting' || line.state === 'opening')
    return { text: line.message ?? 'Opening the console …', colour: soft }
  if (line.state !== 'open')
    return {
      text: line.message ?? 'The console is not open.',
      colour: line.state === 'failed' ? 'text-failed' : 'text-wanted',
    }
  const others = keyboard.watchers > 1 ? ` ${countOf(keyboard.watchers, 'person', 'people')} look on.` : ''
  if (keyboard.isMine) return { text: `You type.${others}`, colour: '' }
  if (keyboard.holder) return { text: `${keyboard.holder} types.${others}`, colour: soft }
  return { text: `${keyboard.refusal ?? 'Nobody types.'}${others}`, colour: soft }
}

async function copy({ terminal }: ConsoleControls): Promise<void> {
  try {
    await navigator.clipboard.writeText(terminal.current?.copyText() ?? '')
    showToast({ text: 'Copied.' })
  } catch {
    showToast({ text: 'The browser does not let the portal copy here: select the text and copy it by hand.' })
  }
}

async function toggleFullScreen(element: HTMLElement | null): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen()
    else await element?.requestFullscreen()
  } catch {
    showToast({ text: 'The browser does not let the console fill the screen.' })
  }
}

const phone = '(max-width: 639px)'

function useIsPhone(): boolean {
  const [isPhone, setPhone] = useState(() => matchMedia(phone).matches)
  useEffect(() => {
    const media = matchMedia(phone)
    const update = (): void => setPhone(media.matches)
    media.addEventListener('change', update)
    return () => media.removeEventListener('change', update)
  }, [])
  return isPhone
}

function readFontSize(): number {
  try {
    const stored = Number(localStorage.getItem(storageKey))
    return stored >= fontSizes.least && stored <= fontSizes.most ? stored : fontSizes.usual
  } catch {
    return fontSizes.usual
  }
}

function storeFontSize(size: number): void {
  try {
    localStorage.setItem(storageKey, String(size))
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
