import { Link } from '@tanstack/react-router'
import { paths } from '../../app/paths.ts'
import { FrontPageSection } from '../settings/front-page-section.tsx'

export function FrontPageStep() {
  return (
    <>
      <FrontPageSection />
      <p className="mt-5 max-w-2xl text-ink-soft">
        Who may reach this server at all is another question:{' '}
        <Link to={paths.settings} hash="allowlist" className="text-touch underline">
          set an allowlist of addresses
        </Link>
        .
      </p>
    </>
  )
}
