import { type BmcCapability, bmcProblemTexts } from '@dragonfly/schema/state'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { bmcQuery, keys } from '../../api/queries.ts'
import type { Bmc, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Facts, Mono } from '../../components/facts.tsx'
import { Empty } from '../../components/page.tsx'
import { Ago } from '../../components/time.tsx'
import { SamplePlots } from '../monitoring/sample-plots.tsx'
import { AccountButton } from './account-button.tsx'
import { BmcDialog } from './bmc-dialog.tsx'
import { BootDeviceForm } from './boot-device.tsx'
import { ChangedCertificate, Fingerprint, NextCertificateDialog } from './certificate.tsx'
import { CommandList } from './command-list.tsx'
import { driverNames } from './driver-names.ts'
import { PowerButtons } from './power-buttons.tsx'
import { PowerLimit } from './power-limit.tsx'
import { PowerMark } from './power-mark.tsx'
import { VirtualMedia } from './virtual-media.tsx'

/** A machine's power, and its BMC. */
export function PowerTab({ machine }: { machine: MachineDetail }) {
  return machine.bmc ? <WithBmc machine={machine} /> : <WithoutBmc machine={machine} />
}

function WithoutBmc({ machine }: { machine: MachineDetail }) {
  const [adding, setAdding] = useState(false)
  const found = machine.inventory?.bmc?.address
  return (
    <>
      <Empty title="No BMC is known.">
        {found
          ? `The ramdisk saw one at ${found}. Add it, and Dragonfly switches this machine by itself.`
          : 'With its address and a password, Dragonfly switches this machine by itself, and starts deployments on it.'}
      </Empty>
      <div className="mt-5 flex flex-wrap gap-3">
        <Button may="bmcs" look="primary" onClick={() => setAdding(true)}>
          Add BMC
        </Button>
        <AccountButton machine={machine} />
      </div>
      <section aria-label="Power" className="mt-10 border-t border-line pt-6">
        <p className="mb-4 max-w-2xl text-ink-soft">
          Until then it is woken by its network card, where that helps; for the rest, a person at the machine
          is asked here.
        </p>
        <PowerButtons machine={machine} />
      </section>
      <CommandList machineId={machine.machineId} />
      {adding && <BmcDialog machine={machine} bmc={null} onClose={() => setAdding(false)} />}
    </>
  )
}

function WithBmc({ machine }: { machine: MachineDetail }) {
  const { data: bmc } = useQuery(bmcQuery(machine.machineId))
  if (!machine.bmc) return null
  const { problem, powerStateAt } = machine.bmc
  return (
    <>
      <section aria-label="Power">
        <p className="flex flex-wrap items-baseline gap-x-4 text-2xl font-light tracking-tight">
          <PowerMark bmc={machine.bmc} />
          {powerStateAt !== null && (
            <span className="text-base text-ink-faint">
              seen <Ago atMs={powerStateAt} />
            </span>
          )}
        </p>
        <BmcTrouble machine={machine} bmc={bmc} />
        <div className="mt-5">
          <PowerButtons machine={machine} />
        </div>
      </section>
      {bmc?.hasDefaultLogin && <DefaultLogin machine={machine} />}
      {bmc && <ChangedCertificate machine={machine} bmc={bmc} />}
      {bmc && bmc.protocol !== 'wake-on-lan' && <BootDeviceForm machine={machine} bmc={bmc} />}
      {bmc && (bmc.protocol === 'auto' || bmc.protocol === 'redfish') && (
        <VirtualMedia machine={machine} bmc={bmc} />
      )}
      {bmc?.protocol !== 'wake-on-lan' && (
        <section aria-label="Draw and temperature" className="mt-10 border-t border-line pt-5">
          <SamplePlots
            key={machine.machineId}
            subject={{ machineId: machine.machineId }}
            whenEmpty={
              problem
                ? 'Nothing was measured in this time: the BMC could not be asked.'
                : 'Nothing was measured in this time. The plot begins a few minutes after the BMC’s first answer; “Look again” says what it can measure.'
            }
          />
        </section>
      )}
      {bmc && bmc.protocol !== 'wake-on-lan' && <PowerLimit machine={machine} />}
      {bmc && <BmcPanel machine={machine} bmc={bmc} />}
      <CommandList machineId={machine.machineId} />
    </>
  )
}

/** Why the BMC can't be used, and what mends it. */
function BmcTrouble({ machine, bmc }: { machine: MachineDetail; bmc: Bmc | undefined }) {
  const [entering, setEntering] = useState(false)
  if (!machine.bmc?.problem) return null
  const { problem, problemKind, problemSince } = machine.bmc
  const { nextStep } = bmcProblemTexts[problemKind ?? 'lost']
  return (
    <div className="mt-2 max-w-2xl border-l-[3px] border-wanted pl-4">
      <p>
        {problem}
        {problemSince !== null && (
          <span className="text-ink-faint">
            {' '}
            That began <Ago atMs={problemSince} />.
          </span>
        )}
      </p>
      {nextStep && bmc && (
        <Button may="bmcs" className="mt-2" onClick={() => setEntering(true)}>
          {nextStep}
        </Button>
      )}
      {entering && bmc && <BmcDialog machine={machine} bmc={bmc} onClose={() => setEntering(false)} />}
    </div>
  )
}

/** What anybody can look up is not kept. */
function DefaultLogin({ machine }: { machine: MachineDetail }) {
  return (
    <section aria-label="Default password" className="mt-8 max-w-3xl border-l-[3px] border-wanted pl-4">
      <p className="mb-3">
        Its BMC lets the site in with its maker’s default password, which anybody can look up. Have the site
        make an account of its own; then change or remove the default one on the BMC.
      </p>
      <AccountButton machine={machine} look="primary" />
    </section>
  )
}

const capabilityNames: Record<BmcCapability, string> = {
  power: 'Power',
  bootDevice: 'Boot device',
  sensors: 'Sensors',
  powerDraw: 'Power draw',
  console: 'Console',
  virtualMedia: 'Virtual media',
  inventory: 'Inventory',
  identify: 'Identify LED',
  account: 'Accounts',
  eventLog: 'Event log',
}

function BmcPanel({ machine, bmc }: { machine: MachineDetail; bmc: Bmc }) {
  return (
    <section aria-label="BMC" className="mt-10 border-t border-line pt-6">
      <Facts
        facts={[
          [
            'BMC',
            <Mono key="address">
              {bmc.address}
              {bmc.port !== null && `:${bmc.port}`}
            </Mono>,
          ],
          ['Made by', [bmc.vendor, bmc.model].filter(Boolean).join(' ')],
          ['Firmware', bmc.firmware && <Mono key="firmware">{bmc.firmware}</Mono>],
          ['Answered', <Ago key="reachable" atMs={bmc.reachableAt} />],
          ['Certificate', bmc.tlsPin && <Fingerprint key="certificate" sha256={bmc.tlsPin} />],
          [
            'Password',
            bmc.hasDefaultLogin
              ? 'its maker’s default'
              : bmc.hasCredentials
                ? 'sealed for the site'
                : 'none yet',
          ],
          ...bmc.capabilities
            .filter(({ driver }) => driver !== null)
            .map(
              ({ capability, driver }) =>
                [capabilityNames[capability], driver && `by ${driverNames[driver]}`] as const,
            ),
        ]}
      />
      <ul className="mt-4 text-[0.95rem] text-ink-faint">
        {bmc.capabilities
          .filter(({ driver }) => driver === null)
          .map(({ capability, failures }) => (
            <li key={capability}>
              {capabilityNames[capability]}: {failures.map(({ message }) => message).join(' ')}
            </li>
          ))}
      </ul>
      <BmcButtons machine={machine} bmc={bmc} />
    </section>
  )
}

function BmcButtons({ machine, bmc }: { machine: MachineDetail; bmc: Bmc }) {
  const [asked, setAsked] = useState<'edit' | 'forget' | 'certificate' | null>(null)
  const queryClient = useQueryClient()
  const { machineId } = machine
  const params = { path: { machineId } }
  const refresh = () => queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
  const probing = useMutation({
    mutationFn: () => take(api.POST('/api/v1/machines/{machineId}/bmc/probe', { params })),
    onSuccess: refresh,
  })
  const identifying = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/machines/{machineId}/bmc/identify', { params, body: { seconds: 60 } })),
    onSuccess: refresh,
  })
  const forgetting = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/machines/{machineId}/bmc', { params })),
    onSuccess: async () => {
      setAsked(null)
      queryClient.removeQueries({ queryKey: keys.bmc(machineId) })
      await queryClient.invalidateQueries({ queryKey: keys.machine(machineId) })
      await queryClient.invalidateQueries({ queryKey: keys.machines })
    },
  })
  const canIdentify = bmc.capabilities.some(({ capability, driver }) => capability === 'identify' && driver)
  return (
    <div className="mt-5 flex flex-wrap gap-3">
      {canIdentify && (
        <Button may="operate" busy={identifying.isPending} onClick={() => identifying.mutate()}>
          Light its LED for a minute
        </Button>
      )}
      <Button may="operate" busy={probing.isPending} onClick={() => probing.mutate()}>
        Look again
      </Button>
      {!bmc.hasCredentials && <AccountButton machine={machine} />}
      <Button may="bmcs" look="quiet" onClick={() => setAsked('edit')}>
        Change
      </Button>
      {bmc.tlsPin !== null && bmc.refusedTlsPin === null && (
        <Button may="bmcs" look="quiet" onClick={() => setAsked('certificate')}>
          Accept a new certificate
        </Button>
      )}
      <Button may="bmcs" look="quiet" onClick={() => setAsked('forget')}>
        Forget
      </Button>
      {asked === 'edit' && <BmcDialog machine={machine} bmc={bmc} onClose={() => setAsked(null)} />}
      {asked === 'certificate' && (
        <NextCertificateDialog machine={machine} bmc={bmc} onClose={() => setAsked(null)} />
      )}
      {asked === 'forget' && (
        <ConfirmDialog
          open
          onOpenChange={() => setAsked(null)}
          title={`Forget the BMC of ${machine.name}?`}
          action="Forget"
          keep="Keep it"
          busy={forgetting.isPending}
          error={forgetting.error}
          onConfirm={() => forgetting.mutate()}
        >
          <p>Its address and its sealed password are forgotten. Nothing on the machine is altered.</p>
        </ConfirmDialog>
      )}
    </div>
  )
}
