import { readFile } from 'node:fs/promises'

interface CommittedOperation {
  operationId: string
  method: string
  path: string
  access: string
}

const committed = JSON.parse(await readFile(new URL('../../openapi.json', import.meta.url), 'utf8'))

/** Every operation of the committed openapi.json, for tests that walk them all. */
export const committedOperations: CommittedOperation[] = Object.entries<
  Record<string, { operationId: string; 'x-access': string }>
>(committed.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, 'x-access': access }]) => ({
    operationId,
    method: method.toUpperCase(),
    path,
    access,
  })),
)
