import { ensureBundle, keepLogs } from '../../src/deploy.ts'
import { createLab, type Lab } from '../../src/lab.ts'

/** Gives a test a rack of its own; when it fails, what is needed to understand it is kept. */
export async function inRack(
  name: string,
  work: (lab: Lab) => Promise<void>,
  options: { dhcpServer?: boolean } = {},
): Promise<void> {
  await ensureBundle()
  await using lab = await createLab({ name, ...options })
  try {
    await work(lab)
  } catch (error) {
    console.error(`logs are kept in ${await keepLogs(lab)}`)
    throw error
  }
}
