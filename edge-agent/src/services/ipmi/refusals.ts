import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'

/** Whether the BMC answered, and said no; with one of these codes, where some are given. */
export function isRefusal(error: unknown, ...codes: number[]): error is IpmiError {
  if (!(error instanceof IpmiError) || error.completionCode === undefined) return false
  return codes.length === 0 || codes.includes(error.completionCode)
}

/** What `ask` answers; undefined where the BMC refuses, or answers nonsense. */
export async function orRefused<Answer>(ask: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask
  } catch (error) {
    if (isRefusal(error) || (error instanceof IpmiError && error.reason === 'malformed')) return undefined
    throw error
  }
}
