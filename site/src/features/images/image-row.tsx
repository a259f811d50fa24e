import { formatBytes } from '@dragonfly/schema/state'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, done, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Image, ImageEdge } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Pole } from '../../components/pole.tsx'
import { showToast } from '../../components/toast-store.ts'
import { describeEdge, isMoving, nameEdge } from './image-progress.ts'

const statusWords: Record<Image['status'], { text: string; colour: string }> = {
  waiting: { text: 'Waiting for an edge', colour: 'text-wanted' },
  importing: { text: 'Importing', colour: 'text-alive' },
  ready: { text: 'Ready', colour: 'text-ink-soft' },
  failed: { text: 'Failed', colour: 'text-failed' },
}

export function ImageRow({ image }: { image: Image }) {
  const queryClient = useQueryClient()
  const [deleting, setDeleting] = useState(false)
  const status = statusWords[image.status]
  const retrying = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/images/{imageId}/retry', { params: { path: { imageId: image.imageId } } })),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.images }),
  })
  const someFailed = image.edges.some((edge) => edge.status === 'failed')
  return (
    <li aria-label={image.name} className="py-5">
      <div className="flex flex-wrap items-baseline gap-x-6 gap-y-1">
        <h2 className="text-xl font-semibold">{image.name}</h2>
        <span className={status.colour}>{status.text}</span>
        <span className="num text-ink-soft">{describeSize(image)}</span>
        <span className="ml-auto flex gap-2">
          {someFailed && (
            <Button may="images" busy={retrying.isPending} onClick={() => retrying.mutate()}>
              Try again
            </Button>
          )}
          <Button may="images" look="quiet" onClick={() => setDeleting(true)}>
            Delete
          </Button>
        </span>
      </div>
      <p className="mt-0.5 font-mono text-[0.8rem] leading-relaxed break-all text-ink-faint">
        {describeSource(image.url)}
        <br />
        {image.checksum.algorithm} {image.checksum.value.slice(0, 24)}…
      </p>
      <ul aria-label="Edges" className="mt-3 space-y-3">
        {image.edges
          .filter((edge) => edge.status !== 'ready')
          .map((edge) => (
            <EdgeProgress key={edge.edgeId} image={image} edge={edge} />
          ))}
      </ul>
      <Holders edges={image.edges} />
      {image.edges.length === 0 && (
        <p className="mt-3 text-ink-soft">It is imported as soon as an edge is enrolled.</p>
      )}
      {deleting && <DeleteImage image={image} onClose={() => setDeleting(false)} />}
    </li>
  )
}

/** Where it is complete, in one line however many they are. */
function Holders({ edges }: { edges: readonly ImageEdge[] }) {
  const sites = [...new Set(edges.filter((edge) => edge.status === 'ready').map((edge) => edge.siteName))]
  if (sites.length === 0) return null
  const named = sites.slice(0, 6)
  return (
    <p className="mt-2 text-ink-faint">
      At {named.join(', ')}
      {sites.length > named.length && ` and ${sites.length - named.length} more sites`}.
    </p>
  )
}

/** An uploaded image comes from this server itself. */
function describeSource(url: string): string {
  if (!url.startsWith('/')) return url
  return `uploaded: ${new URLSearchParams(url.split('?')[1]).get('name') ?? 'a file'}`
}

/** "3.2 GB, stored as 412 MB": zeros left out, the rest compressed. */
function describeSize(image: Image): string {
  if (image.sizeBytes === null) return ''
  const stored = image.storedBytes === null ? '' : `, stored as ${formatBytes(image.storedBytes)}`
  return `${formatBytes(image.sizeBytes)}${stored}`
}

function EdgeProgress({ image, edge }: { image: Image; edge: ImageEdge }) {
  const name = nameEdge(image, edge)
  const words = describeEdge(image, edge)
  return (
    <li className="grid gap-x-6 gap-y-1 sm:grid-cols-[12rem_minmax(0,1fr)]">
      <span>{name}</span>
      <div className="min-w-0 max-w-2xl">
        {isMoving(edge) && edge.bytesTotal ? (
          <>
            <Pole
              label={`${name} ${words}`}
              work={`${image.imageId}/${edge.edgeId}/${edge.status}`}
              bytesDone={edge.bytesDone ?? 0}
              bytesTotal={edge.bytesTotal}
            />
            <span className="text-[0.95rem] text-ink-faint">{words}</span>
          </>
        ) : isMoving(edge) ? (
          <span className="num text-alive">
            {words}
            {edge.bytesDone !== null && `, ${formatBytes(edge.bytesDone)} so far`}
          </span>
        ) : edge.failure ? (
          <p className="border-l-[3px] border-failed pl-3">
            {edge.failure.message} <span className="text-ink-soft">{edge.failure.nextStep}</span>
          </p>
        ) : (
          <span className="text-ink-faint">{words}</span>
        )}
      </div>
    </li>
  )
}

function DeleteImage({ image, onClose }: { image: Image; onClose: () => void }) {
  const queryClient = useQueryClient()
  const deleting = useMutation({
    mutationFn: () =>
      done(api.DELETE('/api/v1/images/{imageId}', { params: { path: { imageId: image.imageId } } })),
    onSuccess: async () => {
      onClose()
      showToast({ text: `${image.name} is removed from every edge.` })
      await queryClient.invalidateQueries({ queryKey: keys.images })
    },
  })
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Delete ${image.name}?`}
      action="Delete"
      danger
      busy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
    >
      <p>Every edge forgets it. Machines that run it are not touched.</p>
    </ConfirmDialog>
  )
}
