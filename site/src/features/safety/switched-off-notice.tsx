import { useQuery } from '@tanstack/react-query'
import { safetyQuery, sitesQuery } from '../../api/queries.ts'
import { describeSwitchedOff } from './switch-texts.ts'

/** Above the machines: what an administrator switched off. */
export function SwitchedOffNotice() {
  const { data: safety } = useQuery(safetyQuery)
  const { data: sites = [] } = useQuery(sitesQuery)
  const sentences = describeSwitchedOff(safety, sites)
  if (sentences.length === 0) return null
  return (
    <p role="status" className="mt-6 mb-6 max-w-3xl border-l-[3px] border-wanted pl-4 first:mt-0">
      {sentences.join(' ')}{' '}
      <span className="text-ink-soft">An administrator did this, and can switch it on again.</span>
    </p>
  )
}
