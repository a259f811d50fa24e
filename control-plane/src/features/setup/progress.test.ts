import { expect, it } from 'vitest'
import { createDeployable, createHarness } from '../../testing/harness.ts'

it('keeps what was said about each step, and ends when somebody says so', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const path = '/api/v1/setup/progress'
  const statusOf = async (step: string) =>
    (await harness.call('GET', path)).body.steps.find((entry: { step: string }) => entry.step === step).status
  expect(await statusOf('organisation')).toBe('open')
  await harness.call('PUT', '/api/v1/organisation', { name: ' Example Ltd ' })
  await harness.call('PATCH', path, { step: { step: 'organisation', status: 'done' } })
  await harness.call('PATCH', path, { step: { step: 'image', status: 'skipped' } })
  expect(await statusOf('organisation')).toBe('done')
  expect(await statusOf('image')).toBe('skipped')
  expect((await harness.call('GET', '/api/v1/setup')).body.organisation).toBe('Example Ltd')
  await harness.call('PATCH', path, { step: { step: 'organisation', status: 'open' } })
  expect(await statusOf('organisation')).toBe('open')
  expect((await harness.call('PATCH', path, { dismissed: true })).body.dismissed).toBe(true)
  expect((await harness.call('PATCH', path, { dismissed: false })).body.dismissed).toBe(false)
  await createDeployable(harness)
  expect(await statusOf('site')).toBe('done')
  expect(await statusOf('image')).toBe('done')
})
