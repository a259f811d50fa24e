import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { api, take } from '../../api/client.ts'
import { usePageTitle } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { takeNext } from '../../features/account/provider-sign-in.ts'
import { paths } from '../paths.ts'
import { Doorway } from './doorway.tsx'

/** Where the sign-in provider sends people back to. */
export function ProviderPage() {
  usePageTitle('Sign in')
  const queryClient = useQueryClient()
  const router = useRouter()
  const { mutate, error } = useMutation({
    mutationFn: (query: string) => take(api.POST('/api/v1/provider-sign-in', { body: { query } })),
    onSuccess: () => {
      queryClient.clear()
      router.history.replace(takeNext() ?? paths.machines)
    },
  })
  // What the provider sent works once: also when this page is drawn twice.
  const sent = useRef(false)
  useEffect(() => {
    if (sent.current) return
    sent.current = true
    mutate(location.search.slice(1))
  }, [mutate])
  return (
    <Doorway title="Sign in" lede={error ? undefined : 'One moment …'}>
      <ProblemNote error={error} />
      {error && (
        <p className="mt-6">
          <Link to={paths.signIn} className="text-touch underline">
            Back to the sign-in
          </Link>
        </p>
      )}
    </Doorway>
  )
}
