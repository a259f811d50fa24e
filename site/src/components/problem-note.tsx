import { ApiError } from '../api/problem.ts'
import type { Problem } from '../api/views.ts'
import { Sentence } from './sentence.tsx'

/** By what its log finds a fault of the server's; a refusal explains itself. */
function RequestId({ problem }: { problem: Problem | null }) {
  if (!problem?.requestId || problem.status < 500) return null
  return (
    <p className="mt-1 text-muted text-sm">
      Request <span className="select-all font-mono">{problem.requestId}</span>: the server’s log has more
      under this id.
    </p>
  )
}

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
      <RequestId problem={problem} />
    </div>
  )
}
