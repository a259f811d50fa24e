import { formatBytes } from '@dragonfly/schema/state'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api, done } from '../../api/client.ts'
import { imageUploadsQuery, keys } from '../../api/queries.ts'
import type { ImageUpload } from '../../api/views.ts'
import { Button } from '../../components/button.tsx'
import { PoleBar } from '../../components/pole.tsx'
import { showToast } from '../../components/toast-store.ts'
import { percentDone } from '../deployments/rate.ts'
import { uploads, useUploads } from './upload-store.ts'
import type { RunningUpload } from './uploads.ts'

/** Files on their way to the server; what another tab sends shows by how far the server has it. */
export function UploadRows() {
  const running = useUploads()
  const { data } = useQuery(imageUploadsQuery)
  const queryClient = useQueryClient()
  const count = running.length
  const before = useRef(count)
  useEffect(() => {
    // One has ended: it is an image now.
    if (count < before.current) {
      void queryClient.invalidateQueries({ queryKey: keys.imageUploads })
      void queryClient.invalidateQueries({ queryKey: keys.images })
    }
    before.current = count
  }, [count, queryClient])
  if (!data || data.items.length === 0) return null
  return (
    <ul aria-label="Uploads" className="mb-8 divide-y divide-line border-y border-line">
      {data.items.map((upload) => (
        <UploadRow
          key={upload.uploadId}
          upload={upload}
          running={running.find(({ uploadId }) => uploadId === upload.uploadId) ?? null}
        />
      ))}
    </ul>
  )
}

const words: Record<RunningUpload['state'], string> = {
  sending: 'Uploading',
  paused: 'Paused',
  waiting: 'Waiting',
  finishing: 'Checking',
  failed: 'Failed',
}

function UploadRow({ upload, running }: { upload: ImageUpload; running: RunningUpload | null }) {
  const sentBytes = running?.sentBytes ?? upload.receivedBytes
  const percent = percentDone(sentBytes, upload.sizeBytes)
  const isMoving = running?.state === 'sending' || running?.state === 'finishing'
  return (
    <li aria-label={`Upload of ${upload.name}`} className="py-4">
      <div className="flex flex-wrap items-baseline gap-x-6 gap-y-1">
        <h2 className="text-xl font-semibold">{upload.name}</h2>
        <span
          className={running?.state === 'failed' ? 'text-failed' : isMoving ? 'text-alive' : 'text-wanted'}
        >
          {running ? words[running.state] : 'Not complete'}
        </span>
        <span className="ml-auto flex gap-2">
          <UploadButtons upload={upload} running={running} />
        </span>
      </div>
      <div className="mt-2 max-w-2xl">
        <PoleBar label={`${upload.name} uploaded`} percent={percent} turning={isMoving} />
        <p className="num mt-1.5 text-[0.95rem] text-ink-soft">
          {percent.toFixed(percent < 10 ? 1 : 0)} %, {formatBytes(sentBytes)} of{' '}
          {formatBytes(upload.sizeBytes)}
        </p>
        {running?.message && <p className="mt-1 text-ink-soft">{running.message}</p>}
        {!running && (
          <p className="mt-1 text-ink-soft">
            Choose <span className="font-mono text-[0.9em] break-all">{upload.fileName}</span> again: it goes
            on where it stopped.
          </p>
        )}
      </div>
    </li>
  )
}

function UploadButtons({ upload, running }: { upload: ImageUpload; running: RunningUpload | null }) {
  const { uploadId } = upload
  const queryClient = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const [looking, setLooking] = useState(false)
  const cancelling = useMutation({
    mutationFn: () => {
      uploads.forget(uploadId)
      return done(api.DELETE('/api/v1/image-uploads/{uploadId}', { params: { path: { uploadId } } }))
    },
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.imageUploads }),
  })
  const goOn = async (file: File): Promise<void> => {
    setLooking(true)
    const fault = await uploads.start(upload, file)
    setLooking(false)
    if (fault) showToast({ text: fault, tone: 'failed' })
  }
  return (
    <>
      {running && ['sending', 'waiting'].includes(running.state) && (
        <Button onClick={() => uploads.pause(uploadId)}>Pause</Button>
      )}
      {running && ['paused', 'failed'].includes(running.state) && (
        <Button onClick={() => uploads.resume(uploadId)}>Go on</Button>
      )}
      {!running && (
        <>
          <input
            ref={input}
            type="file"
            aria-label={`File of ${upload.name}`}
            className="sr-only"
            tabIndex={-1}
            onChange={(event) => {
              const file = event.target.files?.[0]
              if (file) void goOn(file)
            }}
          />
          <Button busy={looking} onClick={() => input.current?.click()}>
            Choose the file
          </Button>
        </>
      )}
      {running?.state !== 'finishing' && (
        <Button look="quiet" busy={cancelling.isPending} onClick={() => cancelling.mutate()}>
          Cancel upload
        </Button>
      )}
    </>
  )
}
