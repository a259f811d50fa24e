import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { ApiError } from '../api/problem.ts'
import { Button } from '../components/button.tsx'
import { usePageTitle } from '../components/page.tsx'

/** When a page could not be drawn: says why, and offers to try again. */
export function Broken({ error }: { error: unknown }) {
  const router = useRouter()
  const queryClient = useQueryClient()
  usePageTitle('Trouble')
  const title = error instanceof ApiError ? error.problem.title : 'The portal stumbled'
  const detail =
    error instanceof ApiError
      ? error.problem.detail
      : `That is a fault of ours, not yours: ${error instanceof Error ? error.message : String(error)}`
  return (
    <main className="mx-auto max-w-xl px-6 py-24">
      <h1 className="text-4xl font-light tracking-tight">{title}</h1>
      <p role="alert" className="mt-4 text-lg text-ink-soft">
        {detail}
      </p>
      <Button
        look="primary"
        className="mt-6"
        onClick={() => {
          void queryClient.invalidateQueries()
          void router.invalidate()
        }}
      >
        Try again
      </Button>
    </main>
  )
}
