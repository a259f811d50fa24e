import { createRecoveryKey, sealFor } from '@dragonfly/schema/sealing'
import { expect, test } from 'vitest'
import { recoverCredentials } from './recover.ts'

const typed = { format: 1 as const, siteId: 's', username: 'ADMIN', password: 'only-on-paper' }

async function createExport() {
  const [key, stranger] = [await createRecoveryKey(), await createRecoveryKey()]
  const item = async (machineId: string, to = key, sealedFor = machineId) => ({
    siteName: 'Attic',
    machineId,
    machineName: null,
    address: '10.0.0.5',
    credentials: await sealFor({ ...typed, machineId: sealedFor, address: '10.0.0.5' }, [
      { kid: to.kid, jwk: to.publicJwk },
    ]),
  })
  const items = [await item('m1'), await item('m2', stranger), await item('m3', key, 'm1')]
  return { words: key.words, text: JSON.stringify({ format: 1, exportedAt: 1, items }) }
}

test('opens what was sealed to the key, and names what was not or was moved', async () => {
  const { words, text } = await createExport()
  expect(text).not.toContain(typed.password)
  expect(await recoverCredentials(text, words)).toEqual({
    kind: 'opened',
    lines: ['Attic\tm1\t10.0.0.5\tADMIN\tonly-on-paper'],
    unopened: ['Attic, m2 (10.0.0.5)', 'Attic, m3 (10.0.0.5)'],
  })
})

test('says what is wrong with the words or the file', async () => {
  const { words, text } = await createExport()
  expect(await recoverCredentials(text, 'zoo zoo')).toMatchObject({ kind: 'refused' })
  expect(await recoverCredentials('{}', words)).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('not an export'),
  })
})
