import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../../api/queries.ts'
import { MfaSection } from '../account/mfa-section.tsx'

export function AdministratorStep() {
  const { data: me } = useQuery(meQuery)
  return me ? <MfaSection me={me} /> : null
}
