import { redact } from './redact.ts'

/** What of an error is logged. */
export interface LoggedError {
  name: string
  message: string
  code?: string
  stack?: string[]
  cause?: LoggedError
}

const longestMessage = 2000
const mostFrames = 12
const deepestCause = 3

/** An error as data: its message and causes, bounded and without secrets; a stack only of the outermost. */
export function describeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { name: typeof error, message: clean(renderThrown(error)) }
  const { code, cause } = error as Error & { code?: unknown }
  const stack = depth === 0 ? framesOf(error) : []
  return {
    name: error.name,
    message: clean(withoutParameters(error.message)),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code).slice(0, 100) } : {}),
    ...(stack.length > 0 ? { stack } : {}),
    ...(cause !== undefined && cause !== null && depth < deepestCause
      ? { cause: describeError(cause, depth + 1) }
      : {}),
  }
}

/** A failed statement's message ends with its parameters: what people typed, hashes, sealed things. */
function withoutParameters(message: string): string {
  return message.replace(/(^Failed query: [\s\S]*?)\nparams: [\s\S]*$/, '$1')
}

/** The frames alone: what stands above them is the message again, with everything that it holds. */
function framesOf({ stack = '', message }: Error): string[] {
  const messageAt = stack.indexOf(message)
  const frames = messageAt < 0 ? '' : stack.slice(messageAt + message.length)
  return frames
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, mostFrames)
    .map((line) => line.trim())
}

function renderThrown(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}

const clean = (text: string): string => redact(text.slice(0, longestMessage))
