import { ApiError } from '../api/problem.ts'
import { Sentence } from './sentence.tsx'

/** What the server refused, in its own words; nothing when there is no error. */
export function ProblemNote({ error, text }: { error?: unknown; text?: string | null }) {
  if (!error && !text) return null
  const problem = error instanceof ApiError ? error.problem : null
  const detail = text ?? problem?.detail ?? String(error)
  return (
    <div role="alert" className="mt-4 border-l-2 border-failed py-1 pl-4">
      {problem && !text && <p className="font-semibold text-failed">{problem.title}</p>}
      <p>
        <Sentence text={detail} />
      </p>
    </div>
  )
}
