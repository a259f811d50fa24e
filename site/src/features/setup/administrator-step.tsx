import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../../api/queries.ts'
import { MfaSection } from '../account/mfa-section.tsx'
import { PasskeySection } from '../account/passkey-section.tsx'

export function AdministratorStep() {
  const { data: me } = useQuery(meQuery)
  if (!me) return null
  return (
    <>
      <PasskeySection me={me} />
      <MfaSection me={me} />
    </>
  )
}
