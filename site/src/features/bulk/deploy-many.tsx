import { type DiskRule, describeDiskRule } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client.ts'
import { imagesQuery, sshKeysQuery } from '../../api/queries.ts'
import type { Image, SshKey } from '../../api/views.ts'
import { Dialog } from '../../components/dialog.tsx'
import { countOf } from '../../format/words.ts'
import { NoImages } from '../deployments/deploy-dialog.tsx'
import { DeployFields } from '../deployments/deploy-fields.tsx'
import {
  checkDeployForm,
  createDeployForm,
  type DeployForm,
  deploymentBody,
  diskRuleOf,
  withoutKeys,
} from '../deployments/deploy-form.ts'
import { readRemembered, remember } from '../deployments/remembered.ts'
import { suggestHostname } from '../machines/hostname.ts'
import { BulkSteps } from './bulk-steps.tsx'
import type { ManyProps } from './delete-many.tsx'

export function DeployMany(props: ManyProps) {
  const { data: images } = useQuery(imagesQuery)
  const sshKeys = useQuery(sshKeysQuery)
  const [isTyped, setTyped] = useState(false)
  return (
    <Dialog
      open
      onOpenChange={props.onClose}
      keepOpen={isTyped}
      wide
      title={`Deploy ${countOf(props.split.able.length, 'machine')}`}
      description="Arms them: the next time each boots from the network, the image is written to its disk. Its name here becomes its host name."
    >
      {images &&
        !sshKeys.isPending &&
        (images.length > 0 ? (
          <Steps {...props} images={images} sshKeys={sshKeys.data ?? []} onTyped={() => setTyped(true)} />
        ) : (
          <NoImages onClose={props.onClose} />
        ))}
    </Dialog>
  )
}

function Steps({
  split,
  images,
  sshKeys,
  onClose,
  onDone,
  onTyped,
}: ManyProps & { images: readonly Image[]; sshKeys: readonly SshKey[]; onTyped: () => void }) {
  // Each machine has a host name of its own: the form's is not shown, and not sent.
  const [form, setForm] = useState(() =>
    createDeployForm({ name: 'many' }, images, readRemembered(), undefined, sshKeys),
  )
  const [reviewing, setReviewing] = useState(false)
  const [tried, setTried] = useState(false)
  const errors = checkDeployForm(form)
  const rule = diskRuleOf(form)
  const image = images.find((other) => other.imageId === form.imageId)
  if (reviewing && rule && image)
    return (
      <BulkSteps
        {...split}
        action="Overwrite and deploy"
        danger
        done="armed"
        back={{ label: 'Back', go: () => setReviewing(false) }}
        run={(machineIds) => {
          remember({ sshKeys: withoutKeys(form.sshKeys, sshKeys), user: form.user })
          return take(
            api.POST('/api/v1/bulk/deploy', { body: deployManyBody(form, machineIds, rule, split) }),
          )
        }}
        onDone={onDone}
      >
        <p>
          This overwrites <strong className="font-semibold">{describeDiskRule(rule)}</strong> of each of these{' '}
          <strong className="font-semibold">{countOf(split.able.length, 'machine')}</strong> with {image.name}
          . What is on those disks is lost.
        </p>
      </BulkSteps>
    )
  return (
    <DeployFields
      machine={null}
      images={images}
      form={form}
      onChange={(change) => {
        onTyped()
        setForm((current) => ({ ...current, ...change }))
      }}
      errors={errors}
      problem={null}
      tried={tried}
      preview={null}
      onCancel={onClose}
      onReview={() => {
        setTried(true)
        if (Object.keys(errors).length === 0) setReviewing(true)
      }}
    />
  )
}

/** The body of POST /api/v1/bulk/deploy: each machine under its own name. */
function deployManyBody(
  form: DeployForm,
  machineIds: string[],
  rule: DiskRule,
  { able }: ManyProps['split'],
) {
  const { machineId: _machineId, hostname: _hostname, ...choices } = deploymentBody(form, '', rule)
  const hostnames = Object.fromEntries(able.map(({ machineId, name }) => [machineId, suggestHostname(name)]))
  return { ...choices, machineIds, count: machineIds.length, hostnames }
}
