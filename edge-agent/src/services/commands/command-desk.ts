import type { Log } from '@dragonfly/schema/log'
import { personWaitMs } from '@dragonfly/schema/state'
import type { Command, CommandResult, ControlFrame, SiteEvent } from '@dragonfly/schema/wire'
import type { Database, Statement } from '../../io/database.ts'
import {
  findCommand,
  findUnanswered,
  forgetCommands,
  storeResult,
  storeWaiting,
  type TakenCommand,
  takeCommand,
} from '../store/commands.ts'
import type { Journal } from '../store/journal.ts'

type CommandFrame = Extract<ControlFrame, { type: 'command' }>

/** What came of a command; `waiting` when a person was asked, and the answer comes later. */
export type CommandOutcome =
  | { kind: 'ended'; result: Omit<CommandResult, 'commandId'> }
  | { kind: 'waiting'; message: string; attempts: NonNullable<CommandResult['attempts']> }

interface CommandContext {
  commandId: string
  command: Command
}

/** Takes commands, each once however often it is sent, and answers them through the journal. */
export interface CommandDesk {
  take(frame: CommandFrame): Promise<void>
  /** The machine asked to netboot: whoever was to press its button has done it. */
  machineStarted(machineId: string): Promise<void>
  tick(): Promise<void>
}

export interface CommandDeskOptions {
  database: Database
  journal: Journal
  now: () => number
  execute: (context: CommandContext) => Promise<CommandOutcome>
  warn: Log['warn']
}

/** Clocks of the edge and the control plane may differ by this much. */
const leewayMs = 120_000
/** Answers are kept this much longer than the command could be sent. */
const rememberMs = 24 * 3600_000
/** More under way than any person asks for: something is wrong with who sends them. */
const maxUnderWay = 5000

/** What an earlier run left unanswered is answered now: nobody knows how far it came. */
export async function openCommandDesk(options: CommandDeskOptions): Promise<CommandDesk> {
  const { database, journal, now, execute, warn } = options
  const underWay = new Set<string>()
  const waiting = new Map<string, TakenCommand>()

  const commit = async (statement: Statement, event: SiteEvent): Promise<void> => {
    await database.batch([statement, ...journal.statements([event])])
    await journal.appended([event])
  }
  const answer = async (result: CommandResult): Promise<void> => {
    waiting.delete(result.commandId)
    await commit(storeResult(result), { type: 'command.result', ...result })
  }
  const run = async ({ commandId, command, deadline }: CommandFrame): Promise<void> => {
    const outcome = await execute({ commandId, command }).catch((error: unknown): CommandOutcome => {
      warn('A command could not be carried out.', { error })
      const message = 'The edge failed at it: its log says why.'
      return { kind: 'ended', result: { outcome: 'failed', reason: 'internal', message } }
    })
    if (outcome.kind === 'ended') return answer({ commandId, ...outcome.result })
    const { message, attempts } = outcome
    const until = Math.max(deadline, now() + personWaitMs)
    const machineId = machineOf(command)
    waiting.set(commandId, { commandId, machineId, deadline: until, waiting: message, result: null })
    await commit(storeWaiting(commandId, message, until), {
      type: 'command.waiting',
      commandId,
      message,
      attempts,
    })
  }
  /** Sent again: its answer was lost, or is under way. */
  const repeat = async (commandId: string): Promise<void> => {
    const known = await findCommand(database, commandId)
    if (known?.result) await journal.append({ type: 'command.result', ...known.result })
    else if (known?.waiting)
      await journal.append({ type: 'command.waiting', commandId, message: known.waiting })
  }
  const refuse = (commandId: string, reason: string, message: string): Promise<void> =>
    journal.append({ type: 'command.result', commandId, outcome: 'failed', reason, message })

  for (const command of await findUnanswered(database)) {
    if (command.waiting !== null) waiting.set(command.commandId, command)
    else await answer({ commandId: command.commandId, ...interrupted })
  }
  return {
    take: async (frame) => {
      const { commandId, command, deadline } = frame
      if (underWay.has(commandId)) return
      if (underWay.size >= maxUnderWay)
        return refuse(commandId, 'busy', 'The edge has too much to do: try again later.')
      underWay.add(commandId)
      try {
        const machineId = machineOf(command)
        if ((await findCommand(database, commandId)) !== null) return await repeat(commandId)
        if (deadline + leewayMs < now())
          return await refuse(commandId, 'expired', 'It reached the edge too late: ask for it again.')
        if (await takeCommand(database, { commandId, machineId, deadline }, now())) await run(frame)
        else await repeat(commandId)
      } finally {
        underWay.delete(commandId)
      }
    },
    machineStarted: async (machineId) => {
      for (const command of [...waiting.values()]) {
        if (command.machineId !== machineId) continue
        const message = 'The machine was seen starting.'
        await answer({ commandId: command.commandId, outcome: 'done', message })
      }
    },
    tick: async () => {
      for (const command of [...waiting.values()]) {
        if (command.deadline > now()) continue
        const message = 'Nobody did it in time: ask for it again.'
        await answer({ commandId: command.commandId, outcome: 'failed', reason: 'no-answer', message })
      }
      await forgetCommands(database, now() - rememberMs)
    },
  }
}

/** Nobody's, where the command is for the site. */
function machineOf(command: Command): string {
  return 'machineId' in command ? command.machineId : ''
}

const interrupted = {
  outcome: 'failed',
  reason: 'interrupted',
  message: 'The edge restarted while it was at it: look at the machine, and ask for it again.',
} as const
