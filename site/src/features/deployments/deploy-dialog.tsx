import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { sortProblem } from '../../api/problem.ts'
import { imagesQuery, keys, machineQuery, sshKeysQuery } from '../../api/queries.ts'
import type { Deployment, Image, MachineDetail, SshKey } from '../../api/views.ts'
import { paths } from '../../app/paths.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { showToast } from '../../components/toast-store.ts'
import { waitsForWork } from '../machine/ramdisk-note.tsx'
import { DeployConfirm } from './deploy-confirm.tsx'
import { DeployFields } from './deploy-fields.tsx'
import {
  checkDeployForm,
  createDeployForm,
  deployCodes,
  deployFields,
  deploymentBody,
  diskRuleOf,
  withoutKeys,
} from './deploy-form.ts'
import { previewDisk } from './disk-preview.ts'
import { readRemembered, remember } from './remembered.ts'

interface DeployDialogProps {
  machine: MachineDetail
  /** A deployment to start from, when one is repeated. */
  previous?: Deployment
  onClose: () => void
}

export function DeployDialog(props: DeployDialogProps) {
  const { machine, onClose } = props
  const { data: images } = useQuery(imagesQuery)
  const sshKeys = useQuery(sshKeysQuery)
  const [isTyped, setTyped] = useState(false)
  return (
    <Dialog
      open
      onOpenChange={onClose}
      keepOpen={isTyped}
      wide
      title={`Deploy ${machine.name}`}
      description={
        waitsForWork(machine) ? (
          <span className="text-alive">
            It is in the ramdisk, waiting for work: writing begins as soon as you confirm.
          </span>
        ) : (
          'Arms the machine: the next time it boots from the network, the image is written to its disk.'
        )
      }
    >
      {images &&
        !sshKeys.isPending &&
        (images.length > 0 ? (
          <DeploySteps
            {...props}
            images={images}
            sshKeys={sshKeys.data ?? []}
            onTyped={() => setTyped(true)}
          />
        ) : (
          <NoImages onClose={onClose} />
        ))}
    </Dialog>
  )
}

export function NoImages({ onClose }: { onClose: () => void }) {
  return (
    <>
      <p className="text-lg">
        There is no image yet. Import one first: its address and its checksum are all it takes.
      </p>
      <DialogActions>
        <Button look="quiet" onClick={onClose}>
          Not now
        </Button>
        <Link
          to={paths.images}
          search={{ do: 'import' }}
          className="touchable rounded-md bg-touch-fill px-4 py-1.5 font-semibold text-on-touch hover:bg-touch-fill-hover"
        >
          Import image
        </Link>
      </DialogActions>
    </>
  )
}

function DeploySteps({
  machine,
  previous,
  images,
  sshKeys,
  onClose,
  onTyped,
}: DeployDialogProps & { images: readonly Image[]; sshKeys: readonly SshKey[]; onTyped: () => void }) {
  const [form, setForm] = useState(() =>
    createDeployForm(machine, images, readRemembered(), previous, sshKeys),
  )
  const [reviewing, setReviewing] = useState(false)
  const [tried, setTried] = useState(false)
  const deploying = useDeploy(machine, onClose, () => setReviewing(false))
  const errors = checkDeployForm(form)
  const refused = sortProblem(deploying.error, deployFields, deployCodes)
  const rule = diskRuleOf(form)
  const image = images.find((other) => other.imageId === form.imageId)
  const preview = rule && previewDisk(rule, machine.inventory?.disks ?? null, image?.sizeBytes ?? 0)

  if (reviewing && rule && preview && image)
    return (
      <DeployConfirm
        machine={machine}
        form={form}
        image={image}
        preview={preview}
        rule={rule}
        busy={deploying.isPending}
        error={deploying.error}
        onBack={() => setReviewing(false)}
        onDeploy={() => {
          remember({ sshKeys: withoutKeys(form.sshKeys, sshKeys), user: form.user })
          deploying.mutate(deploymentBody(form, machine.machineId, rule))
        }}
      />
    )
  const review = (): void => {
    setTried(true)
    if (Object.keys(errors).length > 0 || preview?.kind === 'none') return
    deploying.reset()
    setReviewing(true)
  }
  return (
    <DeployFields
      machine={machine}
      images={images}
      form={form}
      onChange={(change) => {
        onTyped()
        setForm((current) => ({ ...current, ...change }))
      }}
      errors={{ ...refused.fields, ...errors }}
      problem={refused.form}
      tried={tried}
      preview={preview}
      onCancel={onClose}
      onReview={review}
    />
  )
}

function useDeploy(machine: MachineDetail, onDone: () => void, onRefused: () => void) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (body: ReturnType<typeof deploymentBody>) => take(api.POST('/api/v1/deployments', { body })),
    onSuccess: async () => {
      showToast({
        text: waitsForWork(machine)
          ? `${machine.name} takes its order now.`
          : `${machine.name} is armed. Restart it, or power it on, with network boot first.`,
      })
      onDone()
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: machineQuery(machine.machineId).queryKey }),
        queryClient.invalidateQueries({ queryKey: keys.machines }),
        queryClient.invalidateQueries({ queryKey: keys.deployments }),
        navigate({ to: '/machines/$machineId', params: { machineId: machine.machineId }, search: {} }),
      ])
    },
    onError: (error) => {
      // Refused for a field: back to the form, where everything typed still stands.
      if (Object.keys(sortProblem(error, deployFields, deployCodes).fields).length > 0) onRefused()
    },
  })
}
