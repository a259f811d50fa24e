import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { signOut } from '../../api/people.ts'
import { setupQuery } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { usePageTitle } from '../../components/page.tsx'
import { paths } from '../paths.ts'
import { Doorway } from './doorway.tsx'

/** For who is signed in and no administrator, while the panel is for those only. */
export function ClosedPage() {
  usePageTitle('Administrators only')
  const { data: setup } = useQuery({ ...setupQuery, refetchInterval: 30_000 })
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const leave = async (): Promise<void> => {
    await signOut()
    queryClient.clear()
    await navigate({ to: paths.signIn })
  }
  return (
    <Doorway
      title="Administrators only"
      lede={`At the moment ${setup?.organisation ?? 'this Dragonfly'} is open to administrators only. If you need to see something, ask one of them.`}
    >
      <div className="flex flex-wrap items-center gap-4">
        {setup && setup.frontPage !== 'administrators' && (
          <Button look="primary" onClick={() => void navigate({ to: paths.machines })}>
            It is open again: go in
          </Button>
        )}
        <Link to={paths.account} className="touchable text-touch hover:underline">
          Your account
        </Link>
        <Button onClick={() => void leave()}>Sign out</Button>
      </div>
    </Doorway>
  )
}
