import { randomUUID } from 'node:crypto'
import type { AgentFrame } from '@dragonfly/schema/wire'
import type { RamdiskLink } from './link.ts'

type AccountFrame = Extract<AgentFrame, { type: 'bmc-account' }>
type MadeAccount = NonNullable<AccountFrame['account']>
export type AccountAnswer = { kind: 'made'; account: MadeAccount } | { kind: 'failed'; message: string }

/** Accounts that ramdisks were asked to make on their machines' BMCs. Nothing of them is written down. */
export interface BmcAccounts {
  ask(link: RamdiskLink): Promise<AccountAnswer>
  take(link: RamdiskLink, frame: AccountFrame): void
}

const username = 'dragonfly'
/** BMCs take their time with accounts. */
const answerWithinMs = 90_000

export function createBmcAccounts(): BmcAccounts {
  const waiting = new Map<string, { link: RamdiskLink; settle: (answer: AccountAnswer) => void }>()
  return {
    ask: (link) =>
      new Promise((resolve) => {
        const requestId = randomUUID()
        const message =
          'The ramdisk did not answer: its boot bundle may be too old for this. Whether there is an account is not known.'
        const timer = setTimeout(() => settle({ kind: 'failed', message }), answerWithinMs)
        const settle = (answer: AccountAnswer): void => {
          clearTimeout(timer)
          waiting.delete(requestId)
          resolve(answer)
        }
        waiting.set(requestId, { link, settle })
        link.send({ type: 'create-bmc-account', requestId, username })
      }),
    take: (link, { requestId, account, message }) => {
      const request = waiting.get(requestId)
      // Only the boot that was asked may answer; after a reconnect it is another link of the same session.
      if (request?.link.session.session !== link.session.session) return
      if (account) request.settle({ kind: 'made', account })
      else request.settle({ kind: 'failed', message: message ?? 'The BMC did not take the account.' })
    },
  }
}
