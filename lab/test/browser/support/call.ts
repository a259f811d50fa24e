import type { Page } from 'playwright-core'

export interface CallAnswer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: what an endpoint answers is what a test looks at
  body: any
}

/** A request to the API by the person who is signed in on this page. */
export function call(page: Page, method: string, path: string, body?: unknown): Promise<CallAnswer> {
  return page.evaluate(
    async ([verb, address, text]) => {
      const answer = await fetch(address, {
        method: verb,
        ...(text === null ? {} : { headers: { 'content-type': 'application/json' }, body: text }),
      })
      return { status: answer.status, body: await answer.json().catch(() => null) }
    },
    [method, path, body === undefined ? null : JSON.stringify(body)] as const,
  )
}

/** Machines `node-1`, `node-2`, … at a site "Attic"; gives their ids. */
export async function createMachines(page: Page, count: number): Promise<string[]> {
  const { siteId } = (await call(page, 'POST', '/api/v1/sites', { name: 'Attic' })).body
  const ids: string[] = []
  for (let number = 1; number <= count; number++) {
    const machine = {
      siteId,
      name: `node-${number}`,
      mac: `52:54:00:00:01:${String(number).padStart(2, '0')}`,
    }
    ids.push((await call(page, 'POST', '/api/v1/machines', machine)).body.machineId)
  }
  return ids
}
