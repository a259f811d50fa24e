import { activateSol, deactivateSol, type SolActivation } from '../../codec/ipmi/payload-activation.ts'
import { decodeSolPacket } from '../../codec/sol/packet.ts'
import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'
import {
  createSolStream,
  type SolAction,
  type SolEvent,
  transitionSol,
} from '../../protocol/ipmi/sol-stream.ts'
import { quirksOfBmc } from './chassis.ts'
import { isRefusal, orRefused } from './refusals.ts'
import type { IpmiSession } from './session.ts'

export interface ConsoleHandlers {
  /** What the machine wrote. */
  data: (bytes: Uint8Array) => void
  /** The BMC lost some of it. */
  overrun?: () => void
  /** `taken-over` or switched off by the BMC, or it does not answer any more. The console is closed. */
  ended: (reason: 'deactivated' | 'silent') => void
}

export interface ConsoleOptions {
  /** Ends the console that somebody else has open. */
  takesOver?: boolean
}

/** A machine's serial console. The session's commands go on beside it. */
export interface BmcConsole {
  write: (bytes: Uint8Array) => void
  sendBreak: () => void
  close: () => Promise<void>
}

/** Encrypted and authenticated; serial alerts are held back; CTS and DCD not asserted at the start. */
const usualActivation = 0xc6
const alreadyActive = 0x80

/** Opens the machine's serial console (Serial over LAN) in this session. @throws IpmiError `console-in-use` */
export async function openConsole(
  session: IpmiSession,
  handlers: ConsoleHandlers,
  options: ConsoleOptions = {},
): Promise<BmcConsole> {
  const { largestInboundBytes } = await activate(session, options.takesOver ?? false)
  let stream = createSolStream(largestInboundBytes)
  let timer: NodeJS.Timeout | undefined
  let isOpen = true
  const stop = (): void => {
    isOpen = false
    clearTimeout(timer)
    session.onSol(undefined)
  }
  const run = (event: SolEvent): void => {
    if (!isOpen) return
    const step = transitionSol(stream, event)
    stream = step.stream
    for (const action of step.actions) perform(action)
  }
  const perform = (action: SolAction): void => {
    if (action.kind === 'send') session.sendSol(action.payload)
    else if (action.kind === 'data') handlers.data(action.bytes)
    else if (action.kind === 'overrun') handlers.overrun?.()
    else if (action.kind === 'ended') {
      stop()
      handlers.ended(action.reason)
    } else {
      clearTimeout(timer)
      if (action.kind === 'set-timer') timer = setTimeout(run, action.delayMs, { kind: 'timer' })
    }
  }
  session.onSol(
    (payload) => run({ kind: 'received', packet: decodeSolPacket(payload) }),
    () => {
      if (!isOpen) return
      stop()
      handlers.ended('silent')
    },
  )
  return {
    write: (bytes) => run({ kind: 'typed', bytes }),
    sendBreak: () => run({ kind: 'break' }),
    close: async () => {
      if (!isOpen) return
      stop()
      await orRefused(session.request(deactivateSol, undefined))
    },
  }
}

async function activate(session: IpmiSession, takesOver: boolean): Promise<SolActivation> {
  const { solActivation: auxiliary = usualActivation } = await quirksOfBmc(session)
  try {
    return await session.request(activateSol, { auxiliary })
  } catch (error) {
    if (!isRefusal(error, alreadyActive)) throw error
    if (!takesOver) {
      const message = `${session.name}: somebody else has this machine’s console open. Take it over, or wait until it is closed.`
      throw new IpmiError('console-in-use', message, { cause: error })
    }
    await orRefused(session.request(deactivateSol, undefined))
    return session.request(activateSol, { auxiliary })
  }
}
