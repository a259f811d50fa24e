import { agentFrameSchema, type EdgeToAgentFrame, edgeToAgentFrameSchema } from '@dragonfly/schema/wire'

/** A frame from the edge, or null for what is none. */
export function parseEdgeFrame(text: string): EdgeToAgentFrame | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const parsed = edgeToAgentFrameSchema.safeParse(value)
  return parsed.success ? parsed.data : null
}

/** What is wrong with a frame of ours that the edge would drop; null when it is right. */
export function findFrameFault(frame: unknown): string | null {
  const parsed = agentFrameSchema.safeParse(frame)
  if (parsed.success) return null
  const [issue] = parsed.error.issues
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'unknown'
}
