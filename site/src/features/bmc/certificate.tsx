import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Bmc, MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Facts, Mono } from '../../components/facts.tsx'

interface CertificateProps {
  machine: MachineDetail
  bmc: Bmc
}

export function Fingerprint({ sha256 }: { sha256: string }) {
  return <Mono>{sha256.match(/.{8}/g)?.join(' ')}</Mono>
}

/** Another certificate than before: whether that is the BMC is for a person to say, with the two side by side. */
export function ChangedCertificate({ machine, bmc }: CertificateProps) {
  const [asked, setAsked] = useState(false)
  const { tlsPin, refusedTlsPin } = bmc
  if (tlsPin === null || refusedTlsPin === null) return null
  return (
    <section aria-label="Changed certificate" className="mt-6 max-w-3xl border-l-[3px] border-wanted pl-4">
      <p>
        Its BMC shows another certificate than before, and nothing is sent to it over Redfish. After a
        firmware update or a reset of the BMC that is to be expected: compare the new one with what the BMC’s
        own page shows. Otherwise somebody may be in between.
      </p>
      <div className="mt-3">
        <CertificatePair tlsPin={tlsPin} refusedTlsPin={refusedTlsPin} />
      </div>
      <div className="mt-4">
        <Button may="bmcs" onClick={() => setAsked(true)}>
          Accept this certificate
        </Button>
      </div>
      {asked && (
        <AcceptDialog
          machine={machine}
          bmc={bmc}
          decision={{ acceptCertificate: refusedTlsPin }}
          title={`Accept the new certificate of the BMC of ${machine.name}?`}
          action="Accept this one"
          onClose={() => setAsked(false)}
        >
          <p>From now on this one is expected, and passwords are sent to who shows it:</p>
          <CertificatePair tlsPin={tlsPin} refusedTlsPin={refusedTlsPin} />
        </AcceptDialog>
      )}
    </section>
  )
}

function CertificatePair({ tlsPin, refusedTlsPin }: { tlsPin: string; refusedTlsPin: string }) {
  return (
    <Facts
      facts={[
        ['SHA-256 before', <Fingerprint key="before" sha256={tlsPin} />],
        ['SHA-256 now', <Fingerprint key="now" sha256={refusedTlsPin} />],
      ]}
    />
  )
}

/** Before it was seen: whatever comes next is taken. */
export function NextCertificateDialog({ machine, bmc, onClose }: CertificateProps & { onClose: () => void }) {
  return (
    <AcceptDialog
      machine={machine}
      bmc={bmc}
      decision={{ forgetCertificate: true }}
      title={`Accept a new certificate of the BMC of ${machine.name}?`}
      action="Accept the next one"
      onClose={onClose}
    >
      <p>
        After a firmware update, or a reset of the BMC, it shows another one. The site looks at it at once,
        and keeps to what it sees then: compare it with what the BMC’s own page shows.
      </p>
    </AcceptDialog>
  )
}

interface AcceptProps extends CertificateProps {
  decision: { acceptCertificate: string } | { forgetCertificate: true }
  title: string
  action: string
  onClose: () => void
  children: React.ReactNode
}

function AcceptDialog({ machine, bmc, decision, title, action, onClose, children }: AcceptProps) {
  const queryClient = useQueryClient()
  const { machineId } = machine
  const accepting = useMutation({
    mutationFn: () => {
      const { address, port, protocol, mac } = bmc
      const body = { address, port, protocol, ...(mac === null ? {} : { mac }), ...decision }
      return take(api.PUT('/api/v1/machines/{machineId}/bmc', { params: { path: { machineId } }, body }))
    },
    onSuccess: async (saved) => {
      onClose()
      queryClient.setQueryData(keys.bmc(machineId), saved)
      await queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={title}
      action={action}
      keep="Keep the old one"
      busy={accepting.isPending}
      error={accepting.error}
      onConfirm={() => accepting.mutate()}
    >
      {children}
    </ConfirmDialog>
  )
}
