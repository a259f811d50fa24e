import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { bmcScanQuery, edgesQuery, keys, sitesQuery } from '../../api/queries.ts'
import { useRefusal } from '../../api/use-refusal.ts'
import type { BmcScan } from '../../api/views.ts'
import { Empty, Page } from '../../components/page.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { AdoptForm } from '../../features/find-bmcs/adopt-form.tsx'
import { AdoptOutcome } from '../../features/find-bmcs/adopt-outcome.tsx'
import { type Adopted, adoptScanned, type Login } from '../../features/find-bmcs/adopt-scanned.ts'
import { keepChosen } from '../../features/find-bmcs/choose-rows.ts'
import { ScanForm } from '../../features/find-bmcs/scan-form.tsx'
import { ScanProgress } from '../../features/find-bmcs/scan-progress.tsx'
import { ScanTable } from '../../features/find-bmcs/scan-table.tsx'
import { paths } from '../paths.ts'

/** Looks for BMCs in a range of addresses, and takes in many of them at once. */
export function FindBmcsPage() {
  const { site } = useSearch({ from: '/portal/machines/find-bmcs' })
  const navigate = useNavigate({ from: '/machines/find-bmcs' })
  const refusal = useRefusal('bmcs')
  const sites = useQuery(sitesQuery)
  const { data: edges } = useQuery(edgesQuery)
  const siteId = site ?? sites.data?.[0]?.siteId ?? ''
  const { data: scan, error } = useQuery({ ...bmcScanQuery(siteId), enabled: siteId !== '' && !refusal })
  const hasEdge = edges?.some((edge) => edge.siteId === siteId && edge.status !== 'revoked') ?? true
  return (
    <Page
      title="Find BMCs"
      lede="An edge asks each address whether a BMC is there. No password is sent until you adopt."
    >
      {refusal ? (
        <Empty title="Not for you to do.">{refusal}</Empty>
      ) : !hasEdge ? (
        <Empty title="This site has no edge yet.">
          BMCs are reached from the site’s own network.{' '}
          <Link to={paths.sites} search={{ do: 'enrol' }} className="text-touch underline">
            Add an edge first
          </Link>
          .
        </Empty>
      ) : (
        sites.data && (
          <>
            <ScanForm
              sites={sites.data}
              siteId={siteId}
              isScanning={scan?.status === 'pending'}
              onSite={(next) => void navigate({ search: { site: next }, replace: true })}
            />
            <ProblemNote error={error} />
            {scan === null && (
              <Empty title="This site has not been scanned yet.">
                Name the addresses that its BMCs have: what answers is listed here, with its maker as far as
                it tells. A /24 takes some seconds; 4,096 addresses take about a minute and a half.
              </Empty>
            )}
            {scan && <ScanResult key={scan.scanId} scan={scan} />}
          </>
        )
      )}
    </Page>
  )
}

function ScanResult({ scan }: { scan: BmcScan }) {
  const queryClient = useQueryClient()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [adopted, setAdopted] = useState<ReadonlyMap<string, Adopted>>(new Map())
  const [isAdopting, setIsAdopting] = useState(false)
  const fitting = keepChosen(chosen, scan.rows)
  const adopt = async (login: Login): Promise<void> => {
    setIsAdopting(true)
    await adoptScanned(scan.siteId, fitting, login, (one) =>
      setAdopted((before) => new Map(before).set(one.address, one)),
    ).finally(() => setIsAdopting(false))
    setChosen(new Set())
    await Promise.all([
      queryClient.invalidateQueries({ queryKey: keys.machines }),
      queryClient.invalidateQueries({ queryKey: keys.bmcScan(scan.siteId) }),
    ])
  }
  return (
    <section aria-label="Scan" className="mt-10 border-t border-line pt-6">
      <ScanProgress scan={scan} />
      {scan.rows.length > 0 ? (
        <div className="mt-6">
          <ScanTable
            rows={scan.rows}
            chosen={chosen}
            onChosen={setChosen}
            outcome={({ address }) => {
              const one = adopted.get(address)
              return one && <AdoptOutcome adopted={one} />
            }}
          />
          <AdoptForm count={fitting.length} busy={isAdopting} onAdopt={(login) => void adopt(login)} />
        </div>
      ) : (
        scan.status === 'done' && (
          <Empty title="Nothing answered.">
            Is it the BMCs’ network, and not the machines’? Can the edge reach it? IPMI over LAN or Redfish
            has to be switched on in the BMCs.
          </Empty>
        )
      )}
    </section>
  )
}
