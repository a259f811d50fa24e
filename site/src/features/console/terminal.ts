import { FitAddon } from '@xterm/addon-fit'
import { type ITheme, Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'

/** Serial consoles draw for 80 by 24: a smaller window scrolls. */
const leastSize = { columns: 80, rows: 24 }
const scrollBackLines = 5000

export interface ConsoleTerminal {
  terminal: Terminal
  /** What is selected; else all there is. */
  copyText(): string
  setFontSize(sizePixels: number): void
  /** Whether keys go to the machine; otherwise they do what they do elsewhere on the page. */
  setTyping(isTyping: boolean): void
  dispose(): void
}

/** A terminal in `parent` that follows its size and the portal's theme. `onLeave`: the keys to get out of it were pressed. */
export function createTerminal(
  parent: HTMLElement,
  options: { fontSize: number; label: string; onLeave: () => void },
): ConsoleTerminal {
  passStylePolicy()
  const terminal = new Terminal({
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono') || 'monospace',
    fontSize: options.fontSize,
    scrollback: scrollBackLines,
    disableStdin: true,
    cursorInactiveStyle: 'outline',
    minimumContrastRatio: 4.5,
    theme: readTheme(),
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.open(parent)
  terminal.textarea?.setAttribute('aria-label', options.label)
  let isTyping = false
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key === 'F6' && event.shiftKey) {
      event.preventDefault()
      if (event.type === 'keydown') options.onLeave()
      return false
    }
    return isTyping
  })
  const resize = (): void => {
    const fitting = fit.proposeDimensions()
    if (!fitting || Number.isNaN(fitting.cols) || Number.isNaN(fitting.rows)) return
    terminal.resize(Math.max(fitting.cols, leastSize.columns), Math.max(fitting.rows, leastSize.rows))
  }
  resize()
  const sizes = new ResizeObserver(resize)
  sizes.observe(parent)
  const themes = new MutationObserver(() => {
    terminal.options.theme = readTheme()
  })
  themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return {
    terminal,
    copyText: () => terminal.getSelection() || readAll(terminal),
    setFontSize: (sizePixels) => {
      terminal.options.fontSize = sizePixels
      resize()
    },
    setTyping: (next) => {
      isTyping = next
      terminal.options.disableStdin = !next
    },
    dispose: () => {
      sizes.disconnect()
      themes.disconnect()
      terminal.dispose()
    },
  }
}

function readAll({ buffer: { active } }: Terminal): string {
  const lines: string[] = []
  for (let row = 0; row < active.length; row++) {
    const line = active.getLine(row)
    const text = line?.translateToString(true) ?? ''
    if (line?.isWrapped && lines.length > 0) lines.push(`${lines.pop()}${text}`)
    else lines.push(text)
  }
  return `${lines.join('\n').trimEnd()}\n`
}

let passesStylePolicy = false

/**
 * The server's content security policy lets a style element pass by the page's nonce only, and xterm.js makes some
 * without asking for one.
 */
function passStylePolicy(): void {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content
  if (passesStylePolicy || !nonce) return
  passesStylePolicy = true
  const create = document.createElement.bind(document)
  document.createElement = (name: string, options?: ElementCreationOptions): HTMLElement => {
    const element = create(name, options)
    if (element instanceof HTMLStyleElement) element.nonce = nonce
    return element
  }
}

function readTheme(): ITheme {
  const styles = getComputedStyle(document.documentElement)
  const colour = (name: string) => styles.getPropertyValue(name).trim()
  const isDark = document.documentElement.dataset.theme !== 'light'
  return {
    background: colour(isDark ? '--glass' : '--raised'),
    foreground: colour('--ink'),
    cursor: colour('--touch'),
    cursorAccent: colour('--ground'),
    selectionBackground: isDark ? '#4a3f78' : '#d9cff7',
    ...(isDark ? darkColours : lightColours),
  }
}

const darkColours: ITheme = {
  black: '#272234',
  red: '#ff7377',
  green: '#5fd787',
  yellow: '#ffb83d',
  blue: '#7aa2ff',
  magenta: '#d08cff',
  cyan: '#5fd7d7',
  white: '#d9d3e4',
  brightBlack: '#928aa4',
  brightRed: '#ff9a9d',
  brightGreen: '#87ffaf',
  brightYellow: '#ffd07a',
  brightBlue: '#a3bfff',
  brightMagenta: '#e0b3ff',
  brightCyan: '#87ffff',
  brightWhite: '#ffffff',
}

const lightColours: ITheme = {
  black: '#221d2c',
  red: '#b3232f',
  green: '#00753a',
  yellow: '#8c5400',
  blue: '#2450b5',
  magenta: '#8a2bb0',
  cyan: '#006d75',
  white: '#6d6577',
  brightBlack: '#554d61',
  brightRed: '#c8323c',
  brightGreen: '#00803f',
  brightYellow: '#9a5f00',
  brightBlue: '#3563d0',
  brightMagenta: '#9c3ec2',
  brightCyan: '#007a83',
  brightWhite: '#221d2c',
}
