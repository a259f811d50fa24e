import { tmpdir } from 'node:os'
import { expect, test, vi } from 'vitest'
import { bootView } from '../../test/boot-view.ts'
import { superviseChild } from '../io/child-process.ts'
import type { Problems } from './problems.ts'
import { createResponderProcess } from './responder-process.ts'

// Only counted here; that it serves is tested with the real process.
vi.mock('../io/child-process.ts', () => ({
  superviseChild: vi.fn(() => ({ send: async () => undefined, pid: () => 1, stop: async () => undefined })),
}))

test('it runs while something is served, and never again once it was stopped', async () => {
  const problems = { raise: async () => undefined, clear: async () => undefined } as unknown as Problems
  const responder = createResponderProcess({
    dataDir: tmpdir(),
    onEvent: () => undefined,
    onLeases: () => undefined,
    problems,
    random: Math.random,
  })
  await responder.publish(bootView())
  await responder.publish(bootView({ interfaces: [] }))
  await responder.publish(bootView())
  expect(superviseChild).toHaveBeenCalledTimes(2)
  await responder.stop()
  await responder.publish(bootView())
  expect(superviseChild).toHaveBeenCalledTimes(2)
})
