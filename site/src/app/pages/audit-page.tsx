import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { Empty, Page } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'
import { AuditEntries } from '../../features/audit/audit-entries.tsx'
import { AuditFilters } from '../../features/audit/audit-filters.tsx'
import { exportHref, renderAuditQuery } from '../../features/audit/audit-search.ts'

export function AuditPage() {
  const search = useSearch({ from: '/portal/audit' })
  const navigate = useNavigate({ from: '/audit' })
  const query = renderAuditQuery(search)
  const pages = useInfiniteQuery({
    queryKey: [...keys.audit, query],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/audit', {
          params: { query: { ...query, ...(pageParam === undefined ? {} : { before: pageParam }) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 0,
  })
  const entries = pages.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Page
      title="Audit log"
      lede="Who did what, and what was refused. Entries are never changed or removed; each one seals those before it."
      actions={
        <>
          <CheckChain />
          <a
            href={exportHref(search)}
            download
            className="touchable inline-flex items-center rounded-md border border-control/60 px-4 py-1.5 text-touch hover:border-touch hover:bg-hover"
          >
            Export as JSON lines
          </a>
        </>
      }
    >
      <AuditFilters
        search={search}
        onChange={(change) =>
          void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })
        }
      />
      <ProblemNote error={pages.error} />
      {entries.length > 0 && <AuditEntries entries={entries} />}
      {pages.isSuccess && entries.length === 0 && (
        <Empty title="Nothing like that happened.">Widen the filters to see more.</Empty>
      )}
      {pages.hasNextPage && (
        <div className="mt-5">
          <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            Older entries
          </Button>
        </div>
      )}
    </Page>
  )
}

function CheckChain() {
  const checking = useMutation({
    mutationFn: () => take(api.GET('/api/v1/audit/verify')),
    onSuccess: (verdict) =>
      showToast(
        verdict.intact
          ? { text: `All ${verdict.entries} entries are as they were written.` }
          : {
              text: `Entry ${verdict.brokenAt} was altered or taken out: compare with an export, or a backup.`,
              tone: 'failed',
            },
      ),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
  })
  return (
    <Button look="quiet" busy={checking.isPending} onClick={() => checking.mutate()}>
      Check the chain
    </Button>
  )
}
