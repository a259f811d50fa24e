import document from '../../openapi.json' with { type: 'json' }

interface CommittedOperation {
  operationId: string
  method: string
  path: string
  access: string
}

interface CommittedDescription {
  operationId: string
  'x-access': string
  responses?: Record<string, unknown>
}

/** The committed openapi.json. */
export const committed = document as unknown as {
  paths: Record<string, Record<string, CommittedDescription>>
}

/** Every operation of the committed openapi.json, for tests that walk them all. */
export const committedOperations: CommittedOperation[] = Object.entries(committed.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, 'x-access': access }]) => ({
      operationId,
      method: method.toUpperCase(),
      path,
      access,
    })),
)
