import { expect, it } from 'vitest'
import { createHarness } from './testing/harness.ts'

it('refuses a large body without reading it, when its length is not said', async () => {
  const harness = await createHarness()
  let pulled = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 65536
      controller.enqueue(new Uint8Array(65536))
    },
  })
  const headers = {
    origin: 'http://localhost:3000',
    host: 'localhost:3000',
    'content-type': 'application/json',
  }
  const init = { method: 'POST', headers, body: endless, duplex: 'half' } as RequestInit
  const answer = await harness.app.request('/api/edge/v1/enrol', init)
  expect(answer.status).toBe(413)
  expect(pulled).toBeLessThan(4 * 1024 * 1024)
})
