import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ApiError } from '../../api/problem.ts'
import { summaryQuery } from '../../api/queries.ts'
import { Logo } from '../../components/logo.tsx'
import { usePageTitle } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { SummaryView } from '../../features/front/summary-view.tsx'
import { paths } from '../paths.ts'

/** The open front page: numbers for anybody. */
export function FrontPage() {
  usePageTitle('Overview')
  const { data: summary, error } = useQuery(summaryQuery)
  const isClosed = error instanceof ApiError && error.problem.status === 401
  return (
    <div className="mx-auto w-full max-w-[92rem] px-4 pb-16 sm:px-8">
      <header className="flex h-14 items-center justify-between gap-4">
        <span className="flex items-center gap-2.5">
          <Logo alive={summary !== undefined && !error} />
          <span className="text-[1.2rem] font-semibold tracking-tight">dragonfly</span>
        </span>
        <Link to={paths.signIn} className="touchable flex items-center text-touch hover:underline">
          Sign in
        </Link>
      </header>
      <main className="pt-8 md:pt-12">
        {isClosed ? (
          <p className="text-2xl font-light">This front page is closed: sign in to see more.</p>
        ) : (
          <>
            <ProblemNote error={error} />
            {summary && <SummaryView summary={summary} />}
          </>
        )}
      </main>
    </div>
  )
}
