import { Link } from '@tanstack/react-router'
import { Logo } from '../../components/logo.tsx'
import { usePageTitle } from '../../components/page.tsx'
import { paths } from '../paths.ts'

export function NotFoundPage() {
  usePageTitle('Not found')
  return (
    <main className="mx-auto max-w-xl px-6 py-24">
      <div className="w-fit -rotate-45">
        <Logo alive={false} size={72} />
      </div>
      <h1 className="mt-8 text-4xl font-light tracking-tight">Nothing lives here</h1>
      <p className="mt-3 text-lg text-ink-soft">
        This address leads nowhere, or what was here was deleted, or it is not yours to see.
      </p>
      <p className="mt-5">
        <Link to={paths.machines} className="text-touch underline">
          Back to the machines
        </Link>
      </p>
    </main>
  )
}
