import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { meQuery } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { DeployDialog } from '../deployments/deploy-dialog.tsx'
import { AdoptDialog } from '../machines/adopt-dialog.tsx'
import { AbortDialog } from './abort-dialog.tsx'
import { DeleteDialog } from './delete-dialog.tsx'
import { refusal } from './facts.ts'
import { LockDialog } from './lock-dialog.tsx'

type Asked = 'adopt' | 'deploy' | 'abort' | 'lock' | 'delete' | null

/** The actions on a machine. One that is not allowed stays in its place and says why. */
export function MachineButtons({ machine }: { machine: MachineDetail }) {
  const [asked, setAsked] = useState<Asked>(null)
  const { data: me } = useQuery(meQuery)
  const close = (): void => setAsked(null)
  const isActive = machine.status === 'armed' || machine.status === 'deploying'
  return (
    <div className="flex flex-wrap items-center gap-3 sm:pt-3">
      {!machine.adopted && (
        <Button look="primary" onClick={() => setAsked('adopt')}>
          Adopt
        </Button>
      )}
      <Button
        look={machine.adopted ? 'primary' : 'plain'}
        refusal={refusal('deploy', machine)}
        onClick={() => setAsked('deploy')}
      >
        Deploy
      </Button>
      {(isActive || machine.deployment?.abortRequested) && (
        <Button refusal={refusal('abort', machine)} onClick={() => setAsked('abort')}>
          Abort
        </Button>
      )}
      <Button
        look="quiet"
        refusal={me?.role === 'administrator' ? null : 'Only an administrator may lock or unlock a machine.'}
        onClick={() => setAsked('lock')}
      >
        {machine.locked ? 'Unlock' : 'Lock'}
      </Button>
      <Button look="quiet" refusal={refusal('delete', machine)} onClick={() => setAsked('delete')}>
        Delete
      </Button>
      {asked === 'adopt' && <AdoptDialog machine={machine} onClose={close} />}
      {asked === 'deploy' && <DeployDialog machine={machine} onClose={close} />}
      {asked === 'abort' && machine.deployment && (
        <AbortDialog machine={machine} deploymentId={machine.deployment.deploymentId} onClose={close} />
      )}
      {asked === 'lock' && <LockDialog machine={machine} onClose={close} />}
      {asked === 'delete' && <DeleteDialog machine={machine} onClose={close} />}
    </div>
  )
}
