import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../../api/queries.ts'
import { Empty, Page, Section } from '../../components/page.tsx'
import { settingsSections } from '../../features/settings/sections.ts'

export function SettingsPage() {
  const { data: me } = useQuery(meQuery)
  if (!me) return null
  if (me.role !== 'administrator') {
    return (
      <Page title="Settings">
        <Empty title="Administrators decide these.">Ask one of them if something should be different.</Empty>
      </Page>
    )
  }
  return (
    <Page title="Settings" lede="What holds for everybody here.">
      <div className="lg:grid lg:grid-cols-[13rem_minmax(0,1fr)] lg:gap-x-12">
        <nav aria-label="Settings" className="hidden lg:block">
          <ul className="sticky top-20 space-y-1 border-l border-line">
            {settingsSections.map(({ id, title }) => (
              <li key={id}>
                <a
                  href={`#${id}`}
                  className="-ml-px block border-l-2 border-transparent py-1 pl-4 text-ink-soft hover:border-touch hover:text-ink"
                >
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div>
          {settingsSections.map(({ id, title, lede, Content }) => (
            <div key={id} id={id} className="mt-12 scroll-mt-20 first:mt-0">
              <Section title={title}>
                <p className="mb-4 max-w-2xl text-ink-soft">{lede}</p>
                <Content />
              </Section>
            </div>
          ))}
        </div>
      </div>
    </Page>
  )
}
