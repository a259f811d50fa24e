import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

export interface YamlProblem {
  /** Path of the field, dotted; empty for the whole. */
  path: string
  /** Starts with the line: `line 4: unknown field "imge"; did you mean "image"?` */
  message: string
}

export type CheckedYaml<Value> = { ok: true; value: Value } | { ok: false; problems: YamlProblem[] }

/** Reads YAML that a person wrote; every problem says its line. `knownFields` are for guessing what was meant. */
export function parseCheckedYaml<Schema extends z.ZodType>(
  yaml: string,
  schema: Schema,
  knownFields: readonly string[],
): CheckedYaml<z.output<Schema>> {
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      path: '',
      message: `line ${lines.linePos(error.pos[0]).line}: ${error.message}`,
    }))
    return { ok: false, problems }
  }
  // Aliases are refused: a few lines of them unfold to gigabytes.
  const value = toPlain(document)
  if (value === undefined)
    return { ok: false, problems: [{ path: '', message: 'line 1: aliases (*name) are not taken' }] }
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data }
  const lineAt = (path: readonly PropertyKey[]) => lines.linePos(offsetAt(document, path)).line
  // A misspelt field is also a missing one: the cause comes first.
  const issues = result.error.issues.toSorted((a, b) => rank(a) - rank(b))
  return { ok: false, problems: issues.flatMap((issue) => renderIssue(issue, lineAt, knownFields)) }
}

function toPlain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch {
    return undefined
  }
}

type Issue = z.core.$ZodIssue

function rank(issue: Issue): number {
  return issue.code === 'unrecognized_keys' ? 0 : 1
}

function renderIssue(
  issue: Issue,
  lineAt: (path: readonly PropertyKey[]) => number,
  knownFields: readonly string[],
): YamlProblem[] {
  if (issue.code !== 'unrecognized_keys') {
    const path = issue.path.join('.')
    return [{ path, message: `line ${lineAt(issue.path)}: ${path ? `${path}: ` : ''}${issue.message}` }]
  }
  return issue.keys.map((key) => {
    const path = [...issue.path, key]
    const near = nearestField(key, knownFields)
    const hint = near ? `; did you mean "${near}"?` : ''
    return { path: path.join('.'), message: `line ${lineAt(path)}: unknown field "${key}"${hint}` }
  })
}

/** Offset of the key (or list item) that a path leads to; as far as it exists. */
function offsetAt(document: Document, path: readonly PropertyKey[]): number {
  const parentPath = path.slice(0, -1)
  const last = path.at(-1)
  const parent = path.length > 1 ? document.getIn(parentPath, true) : document.contents
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isNode(item.key) && item.key.toString() === String(last))
    if (pair && isNode(pair.key)) return pair.key.range?.[0] ?? 0
  }
  const node = document.getIn(path, true)
  if (isNode(node)) return node.range?.[0] ?? 0
  if (isNode(parent)) return parent.range?.[0] ?? 0
  return 0
}

function nearestField(key: string, knownFields: readonly string[]): string | null {
  const ranked = knownFields
    .map((field) => ({ field, distance: editDistance(key.toLowerCase(), field.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= (key.length < 4 ? 1 : 2) ? best.field : null
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row[b.length] ?? 0
}
