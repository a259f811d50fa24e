import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { bmcQuery, keys } from '../../api/queries.ts'
import type { MachineDetail } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { refusal } from '../machine/facts.ts'

/** For a BMC that lets the site in, and for a machine in the ramdisk that sees its BMC: nobody has to know a password of it. */
export function AccountButton({ machine, look }: { machine: MachineDetail; look?: 'primary' }) {
  const queryClient = useQueryClient()
  const [asking, setAsking] = useState(false)
  const { machineId } = machine
  const creating = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/machines/{machineId}/bmc/account', { params: { path: { machineId } } })),
    onSuccess: async () => {
      setAsking(false)
      await queryClient.invalidateQueries({ queryKey: keys.commands(machineId) })
    },
  })
  const { data: bmc } = useQuery({ ...bmcQuery(machineId), enabled: machine.bmc !== null })
  const login = bmc?.hasCredentials && bmc.protocol !== 'wake-on-lan' ? bmc.address : null
  const address = login ?? (machine.ramdiskConnected ? machine.inventory?.bmc?.address : null)
  if (!address) return null
  return (
    <>
      <Button
        may="bmcs"
        {...(look ? { look } : {})}
        refusal={refusal('power', machine)}
        onClick={() => setAsking(true)}
      >
        Create a Dragonfly account on the BMC
      </Button>
      {asking && (
        <ConfirmDialog
          open
          onOpenChange={() => setAsking(false)}
          title={`Create an account on the BMC of ${machine.name}?`}
          action="Create account"
          keep="Leave it as it is"
          busy={creating.isPending}
          error={creating.error}
          onConfirm={() => creating.mutate()}
        >
          <p>
            An administrator “dragonfly” is added to the BMC at {address}, with a password of its own. The
            edge seals that password; nobody is shown it. Other accounts stay as they are; one called
            “dragonfly” gets the new password.
          </p>
        </ConfirmDialog>
      )}
    </>
  )
}
